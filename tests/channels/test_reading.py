"""Reading: what rows add up to, which rows are no orders, and what is refused with row and column."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.channels import rules
from shop.channels.addresses import split_line, without_parts
from shop.channels.facts import SoldOrder
from shop.channels.states import (
    CLOSED,
    DONE,
    PART_SHIPPED,
    REFUNDED,
    REFUNDS,
    SHIPPED,
    STATUSES,
    TO_SHIP,
    UNKNOWN,
    UNPAID,
)
from tests.channels.conftest import as_csv, douyin_order, douyin_rows, read, sample
from tests.channels.files import csv_of

Rows = list[dict[str, str]]


def douyin(*rows: dict[str, str]) -> list[SoldOrder]:
    """The orders of some Douyin rows."""
    return list(read("douyin", as_csv(list(rows))).orders)


def rows_of(platform: str) -> Rows:
    """The sample of a platform that exports CSV, as rows."""
    text = sample(platform)[0].decode("utf-8-sig" if platform != "taobao" else "gb18030")
    return list(csv.DictReader(io.StringIO(text, newline="")))


# ---- sub-orders of one order ----


def test_a_sub_order_that_was_closed_is_left_out_and_the_rest_is_packed() -> None:
    kept, closed = douyin_rows()[1:3]
    (order,) = douyin(kept, {**closed, "订单状态": "已关闭", "售后状态": "退款成功"})
    assert (order.status, order.refund) == (TO_SHIP, "partial_refunded")
    assert [item.to_pack for item in order.items] == [True, False]
    assert rules.may_ship(order.status, order.refund)
    known = rules.Known(order.status, order.refund, order.words, order.items, order.receiver)
    assert rules.reason_to_ask(known) is None


def test_a_sub_order_that_has_left_is_not_packed_again() -> None:
    first, second = douyin_rows()[1:3]
    (order,) = douyin({**first, "订单状态": "已发货"}, second)
    assert order.status == PART_SHIPPED
    assert [item.to_pack for item in order.items] == [False, True]


def test_a_refund_asked_for_one_sub_order_stops_the_whole_order() -> None:
    first, second = douyin_rows()[1:3]
    (order,) = douyin({**first, "售后状态": "待商家处理"}, second)
    assert order.refund == "applying"
    assert not rules.may_ship(order.status, order.refund)


def test_rows_of_one_order_need_not_stand_together() -> None:
    first, second = douyin_rows()[1:3]
    orders = douyin(first, douyin_order(), second)
    assert [(order.row, len(order.items)) for order in orders] == [(2, 2), (3, 1)]


def test_an_exact_duplicate_row_counts_once_and_a_second_line_of_the_same_goods_twice() -> None:
    row = douyin_order()
    assert [item.quantity for item in douyin(row, row)[0].items] == [1]
    again = {**row, "子订单编号": "\t6920000000000000099"}
    assert [item.quantity for item in douyin(row, again)[0].items] == [1, 1]


@given(st.lists(st.sampled_from(STATUSES), min_size=1, max_size=5))
def test_an_order_never_looks_more_ready_than_one_of_its_parts(statuses: list[str]) -> None:
    whole = rules.combined_status(statuses)
    if whole == TO_SHIP:
        assert set(statuses) <= {TO_SHIP, CLOSED}
    if UNKNOWN in statuses:
        assert whole == UNKNOWN
    if UNPAID in statuses:
        assert whole in (UNPAID, UNKNOWN)
    if set(statuses) <= {SHIPPED, DONE}:
        assert whole in (SHIPPED, DONE)
    assert rules.combined_status(statuses[::-1]) == whole


@given(st.lists(st.sampled_from(REFUNDS), min_size=1, max_size=5))
def test_a_refund_under_way_is_never_lost_among_other_lines(refunds: list[str]) -> None:
    whole = rules.combined_refund(refunds)
    if set(refunds) & {"applying", "refunding", UNKNOWN}:
        assert whole in ("applying", "refunding", UNKNOWN)
    assert (whole == REFUNDED) == (set(refunds) == {REFUNDED})
    assert rules.combined_refund(refunds[::-1]) == whole


@given(
    st.sampled_from(REFUNDS),
    st.sampled_from(STATUSES),
    st.integers(0, 10**6),
    st.none() | st.integers(0, 10**6),
)
def test_no_more_goes_back_than_was_paid(refund: str, status: str, paid: int, amount: int | None) -> None:
    settled, went_back = rules.settled_refund(refund, status=status, paid_fen=paid, amount_fen=amount)
    assert went_back is None or 0 <= went_back <= paid
    if settled == REFUNDED:
        assert went_back == paid


# ---- words that nobody knows ----


@pytest.mark.parametrize(("column", "word"), [("订单状态", "等待揽收"), ("售后状态", "平台介入"), ("订单状态", "")])
def test_an_unknown_word_is_unknown_and_stops_the_order(column: str, word: str) -> None:
    (order,) = douyin(douyin_order(**{column: word}))
    assert UNKNOWN in (order.status, order.refund)
    assert not rules.may_ship(order.status, order.refund)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=12))
def test_no_word_is_packed_by_accident(word: str) -> None:
    (order,) = douyin(douyin_order(订单状态=word))
    known = {"待发货", "备货中", "已支付", "部分发货"}
    if rules.may_ship(order.status, order.refund):
        assert "".join(order.words["订单状态"].split()) in known


def test_an_order_that_pinduoduo_still_looks_at_is_not_packed() -> None:
    row = rows_of("pdd")[0]
    (order,) = read("pdd", as_csv([{**row, "是否审核中": "是"}])).orders
    assert order.status == UNKNOWN
    assert order.words["是否审核中"] == "是"


def test_an_order_that_tiktok_sends_from_its_own_warehouse_is_not_packed() -> None:
    row = rows_of("tiktok")[1]
    (order,) = read("tiktok", as_csv([{**row, "Fulfillment Type": "Fulfillment by TikTok"}])).orders
    assert order.status == UNKNOWN


def test_tiktok_cancellations_stop_packing_until_they_are_through() -> None:
    row = rows_of("tiktok")[1]
    (asked,) = read("tiktok", as_csv([{**row, "Cancelation/Return Type": "Cancel"}])).orders
    assert asked.refund == "applying"
    (through,) = read(
        "tiktok", as_csv([{**row, "Cancelation/Return Type": "Cancel", "Order Status": "Canceled"}])
    ).orders
    assert (through.status, through.refund) == (CLOSED, "none")


# ---- rows that are no orders ----


@pytest.mark.parametrize("word", ["合计", "总计：", "Total", "小计"])
@pytest.mark.parametrize("place", ["商品", "订单号"])
def test_a_row_of_totals_is_no_order(word: str, place: str) -> None:
    rows = rows_of("pdd")[:2]
    totals = dict.fromkeys(rows[0], "") | {place: word, "商品总价(元)": "229.40"}
    reading = read("pdd", as_csv([*rows, totals]))
    assert len(reading.orders) == 2
    assert reading.refused == ()


def test_the_row_of_descriptions_is_no_order() -> None:
    reading = read("tiktok", sample("tiktok")[0])
    assert len(reading.orders) == 12
    assert reading.refused == ()


def test_empty_rows_and_a_title_above_the_header_are_passed_over() -> None:
    rows = rows_of("pdd")[:1]
    header = list(rows[0])
    raw = csv_of([["订单导出 2026-08-03"], [], header, [], list(rows[0].values()), ["", ""]], "utf-8-sig")
    (order,) = read("pdd", raw).orders
    assert order.row == 5


# ---- what is refused ----


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"主订单编号": "6.92E+18"}, "主订单编号"),
        ({"子订单编号": "6.92E+18"}, "子订单编号"),
        ({"主订单编号": ""}, "主订单编号"),
        ({"商品数量": "一"}, "商品数量"),
        ({"商品数量": "0"}, "商品数量"),
        ({"商品单价": "四十九"}, "商品单价"),
        ({"订单应付金额": "-1"}, "订单应付金额"),
        ({"订单提交时间": "昨天"}, "订单提交时间"),
        ({"订单提交时间": ""}, "订单提交时间"),
        ({"买家留言": "很" * 2001}, "买家留言"),
    ],
)
def test_a_bad_cell_refuses_its_order_by_row_and_column(changes: dict[str, str], column: str) -> None:
    rows = [douyin_rows()[1], douyin_order(**changes)]
    reading = read("douyin", as_csv(rows))
    assert len(reading.orders) == 1
    (refused,) = reading.refused
    assert (refused.row, refused.column) == (3, column)
    assert column in refused.sentence.zh
    assert column in refused.sentence.en


def test_one_bad_sub_order_refuses_the_whole_order() -> None:
    first, second = douyin_rows()[1:3]
    reading = read("douyin", as_csv([first, {**second, "商品数量": "?"}]))
    assert reading.orders == ()
    assert [(row.row, row.order) for row in reading.refused] == [(3, "6920000000000000050")]


def test_a_comma_that_moved_the_columns_refuses_the_row() -> None:
    lines = as_csv([douyin_order()]).decode("utf-8-sig").splitlines()
    reading = read("douyin", "\n".join([lines[0], lines[1] + ",多出来的"]).encode())
    assert reading.orders == ()
    assert "comma" in reading.refused[0].reason.en


def test_an_order_with_more_rows_than_any_buyer_orders_is_refused() -> None:
    rows = [douyin_order(子订单编号=f"69200000000000{number:05d}") for number in range(201)]
    reading = read("douyin", as_csv([*rows, douyin_rows()[1]]))
    assert [row.order for row in reading.refused] == ["6920000000000000013"]
    assert len(reading.orders) == 1


def test_every_good_order_is_kept_beside_the_bad_ones() -> None:
    rows = douyin_rows()
    broken = [{**row, "商品单价": "?"} if index % 3 == 0 else row for index, row in enumerate(rows)]
    reading = read("douyin", as_csv(broken))
    spoiled = {row["主订单编号"].strip() for index, row in enumerate(rows) if index % 3 == 0}
    assert {refused.order for refused in reading.refused} == spoiled
    assert {order.order_id for order in reading.orders} == {row["主订单编号"].strip() for row in rows} - spoiled


def test_an_order_without_lines_in_the_second_file_is_refused() -> None:
    orders, details = sample("taobao")
    assert details is not None
    lines = details.decode("gb18030").splitlines(keepends=True)
    reading = read("taobao", orders, "".join(lines[:2]).encode("gb18030"))
    assert len(reading.orders) == 1
    assert len(reading.refused) == 11
    assert "detail file" in reading.refused[0].reason.en


def test_a_line_whose_order_number_was_destroyed_takes_its_order_with_it() -> None:
    orders, details = sample("taobao")
    assert details is not None
    spoiled = details.replace(b'="5113000000000017"', b"5.113E+18").replace(b'="5113000000000000017"', b"5.113E+18")
    reading = read("taobao", orders, spoiled)
    assert [row.order for row in reading.refused] == ["5113000000000000017"]


def test_unknown_columns_are_named() -> None:
    reading = read("douyin", as_csv([douyin_order(新列甲="1", 新列乙="")]))
    assert reading.unknown_columns == ("新列甲", "新列乙")
    assert len(reading.orders) == 1


# ---- receivers ----


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("浙江省 杭州市 余杭区 五常街道 荆长路8号(000000)", ["浙江省", "杭州市", "余杭区", "五常街道", "荆长路8号"]),
        ("广东省 中山市 小榄镇 示例大道3号", ["广东省", "中山市", "", "小榄镇", "示例大道3号"]),
        ("海南省 文昌市 文城镇 示例路77号,海边", ["海南省", "", "文昌市", "文城镇", "示例路77号,海边"]),
        (
            "内蒙古自治区 呼和浩特市 赛罕区 示例小区12-3-401",
            ["内蒙古自治区", "呼和浩特市", "赛罕区", "", "示例小区12-3-401"],
        ),
        ("浙江省 丽水市 庆元县 濛洲街道 一路 3 号 院", ["浙江省", "丽水市", "庆元县", "濛洲街道", "一路 3 号 院"]),
        ("香菇街1号", ["", "", "", "", "香菇街1号"]),
        ("", ["", "", "", "", ""]),
    ],
)
def test_an_address_in_one_cell_comes_apart(line: str, parts: list[str]) -> None:
    assert split_line(line)[0] == parts


@given(st.text(max_size=80))
def test_nothing_of_an_address_is_lost(line: str) -> None:
    parts, zip_code = split_line(line)
    rest = line.rpartition("(")[0] or line.rpartition("（")[0] if zip_code else line
    assert "".join("".join(parts).split()) == "".join(rest.split())


def test_an_address_that_repeats_its_parts_is_shortened_only_by_them() -> None:
    assert without_parts("浙江省杭州市余杭区五常街道8号", "浙江省", "杭州市", "余杭区", "五常街道") == "8号"
    assert without_parts("杭州市8号", "浙江省", "杭州市", "", "") == "杭州市8号".removeprefix("杭州市")
    assert without_parts("8号", "浙江省", "杭州市", "", "") == "8号"


def test_a_changed_address_wins_and_one_that_cannot_be_read_refuses_the_order() -> None:
    rows = rows_of("taobao")
    details = sample("taobao")[1]
    spoiled = [{**row, "修改后的收货地址": "李改名 地址看不懂"} if row["修改后的收货地址"] else row for row in rows]
    reading = read("taobao", as_csv(spoiled, "gb18030"), details)
    assert [refused.column for refused in reading.refused] == ["修改后的收货地址"]


def test_encrypted_receivers_are_kept_as_they_are_and_marked() -> None:
    (order,) = douyin(douyin_order(收件人="##Z2ZpWgh##", 详细地址="##b2hhc2g##"))
    assert order.receiver.encrypted
    assert order.receiver.name == "##Z2ZpWgh##"


def test_the_first_row_of_a_shopify_order_carries_it() -> None:
    rows = rows_of("shopify")
    reading = read("shopify", as_csv(rows[2:3]))
    assert reading.orders == ()
    assert "first row" in reading.refused[0].reason.en


def test_two_equal_lines_of_a_shopify_order_are_two_lines() -> None:
    rows = rows_of("shopify")
    (order,) = read("shopify", as_csv([rows[1], rows[2], rows[2]])).orders
    assert [item.sku for item in order.items] == ["QY-HG-500", "QY-YE-100", "QY-YE-100"]


@pytest.mark.parametrize(
    "encode", [lambda text: text.encode("gb18030"), lambda text: text.encode("utf-16"), lambda text: text.encode()]
)
def test_every_encoding_gives_the_same_orders(encode: Callable[[str], bytes]) -> None:
    raw = sample("douyin")[0]
    assert read("douyin", encode(raw.decode("utf-8-sig"))) == read("douyin", raw)


def test_a_refund_amount_and_a_courier_are_read_where_the_export_has_them() -> None:
    row = douyin_order(订单状态="已完成", 售后状态="退款成功", 退款金额="12.00", 快递信息="78000000000128-中通快递")
    (order,) = douyin(row)
    assert (order.refund, order.refund_fen) == ("partial_refunded", 1200)
    assert (order.carrier, order.tracking) == ("中通快递", "78000000000128")
