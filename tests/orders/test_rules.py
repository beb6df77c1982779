"""Postage, promised days, provinces, addresses and phones: what is typed becomes what is meant, or is asked for again."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.parse import FieldError
from shop.orders.forms import read_phone
from shop.orders.rules import (
    PROVINCES,
    REMOTE_PROVINCES,
    Address,
    ShippingTerms,
    full_province,
    request_hash,
    ship_by,
    shipping_fen,
    split_address,
)
from tests.world import NOW, TERMS

FEN = st.integers(0, 100_000_000)
TERMS_OF_ANY_SHOP = st.builds(ShippingTerms, flat_fen=FEN, free_from_fen=FEN, remote_surcharge_fen=FEN)
PROVINCE = st.sampled_from(PROVINCES)


@pytest.mark.parametrize(
    ("goods_fen", "province", "postage"),
    [
        (9_899, "浙江省", 600),
        (9_900, "浙江省", 0),
        (9_899, "新疆维吾尔自治区", 2_100),
        (9_900, "海南省", 1_500),
        (0, "浙江省", 600),
    ],
)
def test_postage_is_free_from_an_amount_and_more_to_remote_places(goods_fen: int, province: str, postage: int) -> None:
    assert shipping_fen(goods_fen, 500, province, TERMS) == postage


@given(goods=FEN, more=FEN, province=PROVINCE, terms=TERMS_OF_ANY_SHOP)
def test_postage_is_never_negative_and_never_rises_with_the_order(
    goods: int, more: int, province: str, terms: ShippingTerms
) -> None:
    postage = shipping_fen(goods, 500, province, terms)
    assert 0 <= shipping_fen(goods + more, 500, province, terms) <= postage
    assert postage <= terms.flat_fen + terms.remote_surcharge_fen


@given(goods=FEN, terms=TERMS_OF_ANY_SHOP)
def test_remote_places_pay_exactly_the_surcharge_more(goods: int, terms: ShippingTerms) -> None:
    near = shipping_fen(goods, 500, "浙江省", terms)
    assert {shipping_fen(goods, 500, place, terms) - near for place in REMOTE_PROVINCES} == {terms.remote_surcharge_fen}


def test_fresh_goods_are_promised_in_a_day_and_dried_in_two() -> None:
    assert ship_by(NOW, has_fresh=True) - NOW == timedelta(hours=24)
    assert ship_by(NOW, has_fresh=False) - NOW == timedelta(hours=48)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("浙江", "浙江省"),
        (" 浙江省 ", "浙江省"),
        ("内蒙古", "内蒙古自治区"),
        ("新疆", "新疆维吾尔自治区"),
        ("北京", "北京市"),
        ("浙", None),
        ("", None),
        ("浙江省丽水市", None),
        ("Zhejiang", None),
    ],
)
def test_a_province_is_known_by_its_full_or_short_name(typed: str, name: str | None) -> None:
    assert full_province(typed) == name


@pytest.mark.parametrize(
    ("line", "province", "detail"),
    [
        ("浙江省丽水市庆元县松源街道示例路8号", "浙江省", "丽水市庆元县松源街道示例路8号"),
        ("浙江 丽水 庆元 示例路8号", "浙江省", "丽水 庆元 示例路8号"),
        ("  北京市朝阳区  示例路8号 ", "北京市", "朝阳区 示例路8号"),
        ("内蒙古呼和浩特市示例路8号", "内蒙古自治区", "呼和浩特市示例路8号"),
        ("广西都安瑶族自治县示例路8号", "广西壮族自治区", "都安瑶族自治县示例路8号"),
        ("吉林市船营区示例路8号", "吉林省", "吉林市船营区示例路8号"),
        ("吉林长春市示例路8号", "吉林省", "长春市示例路8号"),
        ("海南三亚市示例路8号", "海南省", "三亚市示例路8号"),
        ("香港九龙示例道8号", "香港特别行政区", "九龙示例道8号"),
    ],
)
def test_an_address_on_one_line_loses_only_its_province(line: str, province: str, detail: str) -> None:
    assert split_address(line) == Address(province, "", "", "", detail)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "浙江省",
        "丽水市庆元县示例路8号",
        "上海路8号",
        "四川北路1号",
        "西藏中路18号",
        "北京东路8号",
        "山西大街3号",
        "海南藏族自治州共和县",
        "河南蒙古族自治县优干宁镇",
    ],
)
def test_an_address_that_could_be_elsewhere_is_asked_for_in_parts(line: str) -> None:
    assert split_address(line) is None


@given(province=PROVINCE, rest=st.text("丽水市庆元县示例幸福8号 AB1-", min_size=1, max_size=40))
def test_splitting_an_address_loses_nothing(province: str, rest: str) -> None:
    wanted = " ".join(rest.split())
    address = split_address(f"{province}{rest}")
    assert (address.province + address.detail if address else province) == province + wanted


MOBILE = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
LANDLINE = st.from_regex(r"0[1-9][0-9][0-9]{8}", fullmatch=True)
EXTENSION = st.from_regex(r"[0-9]{1,6}", fullmatch=True)


@pytest.mark.parametrize(
    ("typed", "number", "extension"),
    [
        ("13800008000", "13800008000", None),
        ("138 0000 8000", "13800008000", None),
        ("138-0000-8000", "13800008000", None),
        ("+86 138 0000 8000", "13800008000", None),
        ("0086-13800008000", "13800008000", None),
        ("１３８００００８０００", "13800008000", None),
        ("18400913965-7576", "18400913965", "7576"),
        ("18400913965转7576", "18400913965", "7576"),
        ("18400913965，7576", "18400913965", "7576"),
        ("0578-6123456", "05786123456", None),
        ("(0578) 6123456", "05786123456", None),
        ("010-1234567-8", "0101234567", "8"),
        ("021-6123-4567", "02161234567", None),
        ("0578-6123456-801", "05786123456", "801"),
        ("+44 20 7946 0958", "+442079460958", None),
        ("+44-20-7946-0958", "+442079460958", None),
    ],
)
def test_a_phone_is_read_as_people_write_it(typed: str, number: str, extension: str | None) -> None:
    assert read_phone(typed) == (number, extension)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "12800008000",
        "1380000800",
        "138000080001",
        "１３８",
        "٠١٢٣٤٥٦٧٨٩",
        "+1",
        "-7576",
        "a" * 50,
        None,
        138,
        "\x00",
    ],
)
def test_what_is_no_phone_is_asked_for_again(typed: object) -> None:
    with pytest.raises(FieldError):
        read_phone(typed)


@given(number=MOBILE | LANDLINE, extension=EXTENSION, mark=st.sampled_from(["-", "，", ",", "转", " - "]))
def test_a_virtual_number_keeps_its_extension(number: str, extension: str, mark: str) -> None:
    assert read_phone(f"{number}{mark}{extension}") == (number, extension)


@given(number=MOBILE, cuts=st.sets(st.integers(1, 10)), mark=st.sampled_from([" ", "-"]))
def test_spaces_and_hyphens_do_not_change_a_mobile_number(number: str, cuts: set[int], mark: str) -> None:
    typed = "".join(mark + digit if place in cuts else digit for place, digit in enumerate(number))
    assert read_phone(typed) == (number, None)


@given(typed=st.text(max_size=60))
def test_any_text_is_a_phone_of_ascii_digits_or_refused(typed: str) -> None:
    try:
        number, extension = read_phone(typed)
    except FieldError:
        return
    assert number.removeprefix("+").isascii()
    assert number.removeprefix("+").isdigit()
    assert extension is None or extension.isdigit()
    assert read_phone(number) == (number, None)


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
def test_the_same_wish_has_the_same_mark_whatever_the_order_of_its_fields(body: dict[str, object]) -> None:
    assert request_hash(body) == request_hash(dict(reversed(body.items())))
    assert request_hash(body) != request_hash({**body, "one more": 1})
