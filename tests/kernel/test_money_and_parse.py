"""Money, weights and typed text: exact, bounded, digits only."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import round_half_up, spoken_yuan, yuan
from kernel.parse import FieldError, clean_text, parse_bps, parse_count, parse_date, parse_grams, parse_yuan

FEN = st.integers(min_value=0, max_value=10**12)


@given(FEN)
def test_money_shown_and_typed_again_is_the_same(fen: int) -> None:
    assert parse_yuan(yuan(fen), 10**12) == fen


@given(st.integers(min_value=-(10**9), max_value=10**9))
def test_halves_go_away_from_zero(doubled: int) -> None:
    rounded = round_half_up(Decimal(doubled) / 2)
    assert abs(rounded) == (abs(doubled) + 1) // 2


@given(st.integers(min_value=0, max_value=10**9))
def test_grams_typed_as_kilograms_lose_nothing(grams: int) -> None:
    assert parse_grams(f"{grams // 1000}.{grams % 1000:03d}", 10**9) == grams


@given(st.text())
def test_cleaned_text_can_be_stored_and_is_within_bounds(raw: str) -> None:
    try:
        kept = clean_text(raw, 50)
    except FieldError:
        return
    kept.encode("utf-8")
    assert 0 < len(kept) <= 50
    assert "\x00" not in kept


@pytest.mark.parametrize("turn", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_a_name_cannot_turn_round_what_is_printed_after_it(turn: str) -> None:
    assert clean_text(f"{turn}张三", 20) == "张三"


def test_joiners_and_marks_that_letters_need_stay() -> None:
    for word in ("👩\u200d🌾", "نه\u200cخواه", "胡𠮷明"):
        assert clean_text(word, 20) == word


@pytest.mark.parametrize("raw", ["", " ", "\u200b", "\u3000\u200d", "\u2060", "\u202e", "\ufeff \u00a0"])
def test_a_name_that_nobody_can_see_is_no_name(raw: str) -> None:
    with pytest.raises(FieldError):
        clean_text(raw, 20)
    assert len(clean_text(raw, 20, required=False)) <= len(raw)


@pytest.mark.parametrize(
    "raw", ["１", "٣", "1e3", "+1", "-1", " ", "", "0x1", "1_000", True, None, 1.0, "9" * 400, "100"]
)
def test_only_ascii_digits_within_bounds_are_a_count(raw: object) -> None:
    with pytest.raises(FieldError):
        parse_count(raw, 1, 99)


@pytest.mark.parametrize("raw", ["1.234", "1,2,3.456", "NaN", "Infinity", "1e5", "-0.01", "１.00", "99999999999999"])
def test_odd_money_is_refused(raw: str) -> None:
    with pytest.raises(FieldError):
        parse_yuan(raw, 10**7)


def test_percent_becomes_basis_points() -> None:
    assert parse_bps("12.5", 10_000) == 1_250


@pytest.mark.parametrize("raw", ["2026-02-30", "2026-13-01", "yesterday", "２０２６-01-01", "0000-01-01"])
def test_dates_that_are_none_are_refused(raw: str) -> None:
    with pytest.raises(FieldError):
        parse_date(raw)


def test_yuan_is_spoken_without_what_is_zero() -> None:
    assert [spoken_yuan(fen) for fen in (960, 1000, 5, 0)] == ["9 元 6 角", "10 元", "5 分", "0 元"]
