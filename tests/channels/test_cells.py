"""Cells: what is left when the wrappings of platforms and spreadsheets are off."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.parse import FieldError
from shop.channels import cells
from tests.channels.conftest import ZONE

texts = st.text(st.characters(codec="utf-8"), max_size=60)
wrappings = st.sampled_from(["{}", "\t{}", "{}\t", "'{}", '="{}"', " {} ", "\ufeff{}", "'\t{}", '="\t{}"'])


@given(texts)
def test_a_bare_cell_stays_as_it_is(text: str) -> None:
    bare = cells.plain(text)
    assert cells.plain(bare) == bare
    assert bare == bare.strip()


@given(st.from_regex(r"[0-9]{1,22}", fullmatch=True), wrappings, wrappings)
def test_a_number_comes_out_of_every_wrapping_whole(digits: str, inner: str, outer: str) -> None:
    assert cells.plain(outer.format(inner.format(digits))) == digits


@given(st.sampled_from(["", "-", "--", "—", "/", "null", "'null", "\t-", '=""', '="-"', None]))
def test_every_word_for_nothing_is_empty(cell: str | None) -> None:
    assert cells.plain(cell) == ""


@pytest.mark.parametrize(
    "text", ["=1+1 开玩笑的", "+86 家里老人收", "送礼,不要放价格单", "第一行\n第二行", "A-1", "1/2 斤"]
)
def test_what_a_buyer_wrote_is_not_touched(text: str) -> None:
    assert cells.plain(text) == text


def test_controls_and_broken_characters_are_dropped() -> None:
    assert cells.plain("张\x00三\r\n\ud800李\x07四") == "张三\n李四"


@given(st.integers(0, cells.MOST_FEN), st.sampled_from(["{}", "￥{}", "¥{}", "{}元", " {} "]), st.booleans())
def test_money_is_read_as_it_was_written(fen: int, frame: str, has_commas: bool) -> None:
    yuan = f"{fen // 100:,}" if has_commas else str(fen // 100)
    assert cells.money_fen(frame.format(f"{yuan}.{fen % 100:02d}")) == fen


@pytest.mark.parametrize(
    ("text", "fen"), [("49.8", 4980), ("49", 4900), ("0.00元", 0), ("￥1，422.00", 142_200), ("5.500", 550)]
)
def test_money_in_other_hands(text: str, fen: int) -> None:
    assert cells.money_fen(text) == fen


@pytest.mark.parametrize(
    "text", ["", "四十九", "-5.00", "1.005", "1e3", "１２.00", "49.80.00", "NaN", "99999999999", "4 9"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        cells.money_fen(text)


@given(st.integers(1, cells.MOST_PIECES), st.sampled_from(["{}", "{}.0", "{}.00"]))
def test_a_quantity_may_have_been_a_spreadsheets_number(quantity: int, form: str) -> None:
    assert cells.pieces(form.format(quantity)) == quantity


@pytest.mark.parametrize("text", ["", "0", "-1", "1.5", "10000", "３", "一", "1 2"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        cells.pieces(text)


@pytest.mark.parametrize("text", ["6.92E+18", "6.92e+18", "6E18", "6.92000000000000E+18"])
def test_an_id_that_a_spreadsheet_destroyed_is_refused_and_says_so(text: str) -> None:
    with pytest.raises(FieldError, match="spreadsheet has destroyed"):
        cells.order_id(text)


@given(st.floats(min_value=1e15, max_value=1e22))
def test_a_long_id_that_was_stored_as_a_number_has_lost_its_end_and_is_refused(number: float) -> None:
    with pytest.raises(FieldError, match="spreadsheet has destroyed"):
        cells.order_id(cells.plain(number))


@given(st.integers(1, 10**15 - 1))
def test_a_short_id_that_was_stored_as_a_number_is_whole(number: int) -> None:
    assert cells.order_id(cells.plain(float(number))) == str(number)


@pytest.mark.parametrize("text", ["6920000000000000013", "260803-400000294410900", "#1001", "R-7_b.2"])
def test_ids_of_all_platforms_are_known(text: str) -> None:
    assert cells.order_id(text) == text


@pytest.mark.parametrize("text", ["", "合计", "a b", "6920'; --", "x" * 65, "١٢٣"])
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        cells.order_id(text)


@given(st.datetimes(datetime(2010, 1, 2), datetime(2099, 12, 30)).map(lambda moment: moment.replace(microsecond=0)))  # noqa: DTZ001
def test_times_are_the_workshops_unless_they_say_otherwise(moment: datetime) -> None:
    there = moment.replace(tzinfo=ZONE)
    assert cells.moment(f"{moment:%Y-%m-%d %H:%M:%S}", ZONE) == there
    assert cells.moment(f"{moment:%Y/%m/%d %H:%M:%S}", ZONE) == there
    assert cells.moment(f"{moment:%d/%m/%Y %H:%M:%S}", ZONE, cells.DAY_FIRST) == there
    assert cells.moment(f"{moment:%Y-%m-%d %H:%M:%S} +0000", ZONE) == moment.replace(tzinfo=UTC)


def test_a_time_without_seconds_is_a_time() -> None:
    assert cells.moment("2026/6/6 13:41", ZONE) == datetime(2026, 6, 6, 13, 41, tzinfo=ZONE)


@pytest.mark.parametrize(
    "text", ["", "昨天", "2026-02-30 10:00:00", "1999-01-01 00:00:00", "9999-12-31 23:59:59", "45123.5"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(FieldError):
        cells.moment(text, ZONE)


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.sampled_from(["-", ",", "，", "转", " 转 "]),
    st.from_regex(r"[0-9]{1,6}", fullmatch=True),
)
def test_a_virtual_number_keeps_its_extension(phone: str, between: str, extension: str) -> None:
    assert cells.split_phone(f"{phone}{between}{extension}") == (phone, extension)


@pytest.mark.parametrize(
    ("text", "phone"),
    [
        ("+86 138 0000 0000", "13800000000"),
        ("0086-13800000000", "13800000000"),
        ("138 0000 0000", "13800000000"),
        ("138****8000", "138****8000"),
        ("0431-85250000", "0431-85250000"),
        ("(617) 555-0100", "(617) 555-0100"),
        ("(+60)1*****00", "(+60)1*****00"),
        ("(+86)13800000000", "13800000000"),
        ("13000000860", "13000000860"),
        ("", ""),
    ],
)
def test_other_numbers_stay_whole(text: str, phone: str) -> None:
    assert cells.split_phone(text) == (phone, None)


def test_stars_of_the_platform_are_seen_and_a_star_in_an_address_is_not_taken_for_one() -> None:
    assert cells.is_masked("刘*", "13800000000", "浙江省", "示例路1号")
    assert cells.is_masked("刘三", "138****0000", "浙江省", "示例路1号")
    assert cells.is_masked("刘三", "13800000000", "****", "示例路1号")
    assert not cells.is_masked("刘三", "13800000000", "浙江省", "示例路5*8库房")


@pytest.mark.parametrize("text", ["##Z2Zp##", "$$aGVs$$", "~AgAAAA==~1~"])
def test_ciphers_are_seen(text: str) -> None:
    assert cells.is_encrypted("张三", text)
    assert not cells.is_encrypted("张三", "示例路1号#2-9-4", "#")


@given(st.decimals(Decimal(0), Decimal(99_999), places=2))
def test_a_spreadsheets_number_is_the_same_money(amount: Decimal) -> None:
    assert cells.money_fen(cells.plain(float(amount))) == int(amount * 100)


def test_status_words_are_compared_without_width_blanks_and_case() -> None:
    words = {"已发货，待收货": "shipped", "To ship": "to_ship"}
    assert cells.known_word(words, "已发货,待收货", "?") == "shipped"
    assert cells.known_word(words, " to  SHIP ", "?") == "to_ship"
    assert cells.known_word(words, "已发货", "?") == "?"
