"""What scales type, what is taken for a right weight, and which goods explain a wrong one."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.couriers.terms import SendingTerms
from fulfillment.couriers.weighing.rules import Piece, read_scale, tolerance_g, verdict, what_may_be_wrong
from kernel.parse import FieldError

TERMS = SendingTerms(ZoneInfo("Asia/Shanghai"), tolerance_g=60, tolerance_bps=300)
PIECES = [Piece("花菇 250g", 3, 300), Piece("银耳 100g", 2, 130)]


@pytest.mark.parametrize(
    ("typed", "grams"),
    [
        ("1.25", 1_250), ("1.25kg", 1_250), ("1250g", 1_250), ("ST,GS,+  1.235kg", 1_235), ("+1.2 公斤", 1_200),
        ("２斤", 1_000), (" 0.3 ", 300), ("ST,NT, 0.455KG", 455), ("50", 50_000),
    ],
)  # fmt: skip
def test_what_a_scale_types_is_understood(typed: str, grams: int) -> None:
    assert read_scale(typed) == grams


@pytest.mark.parametrize(
    "typed", ["", "0", "-1", "US,GS,+ 1.2kg", "50.1", "1,25", "1e3", "٣", "heavy", None, 5, "1" * 400]
)
def test_what_is_no_weight_is_refused(typed: object) -> None:
    with pytest.raises(FieldError):
        read_scale(typed)


@given(st.integers(1, 50_000), st.integers(1, 50_000))
def test_within_the_tolerance_is_right_and_beyond_it_is_not(weight: int, expected: int) -> None:
    tolerance = tolerance_g(expected, TERMS)
    assert tolerance >= max(60, expected * 3 // 100)
    assert (verdict(weight, expected, tolerance) == "right") == (abs(weight - expected) <= tolerance)
    assert bool(what_may_be_wrong(weight, expected, tolerance, PIECES).zh) == (abs(weight - expected) > tolerance)


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (960, "轻了 0.30 公斤，可能少了 1 件“花菇 250g”。"),
        (1_000, "轻了 0.26 公斤，可能少了 1 件“花菇 250g”。"),
        (1_130, "轻了 0.13 公斤，可能少了 1 件“银耳 100g”。"),
        (1_400, "重了 0.14 公斤，可能多了 1 件“银耳 100g”。"),
        (1_040, "轻了 0.22 公斤，可能少了 2 件“银耳 100g”。"),
        (1_260, ""),
        (100, "轻了 1.16 公斤，请打开看看少了什么。"),
    ],
)
def test_the_words_name_the_goods_that_explain_it(weight: int, said: str) -> None:
    assert what_may_be_wrong(weight, 1_260, 60, PIECES).zh == said
