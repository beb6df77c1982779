"""The farmer's price: the worked cases to the fen, and what holds for every case."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.purchasing.rules import (
    Price,
    Quote,
    QuoteRule,
    Rejected,
    Terms,
    Weighed,
    choose_quote,
    price_to_farmer,
)
from tests.purchasing.world import TODAY

CASES = json.loads((Path(__file__).parents[1] / "data/rules/purchase_price_cases.json").read_text("utf-8"))["cases"]


def worked(case: dict[str, object]) -> Price:
    """A case of the file in our units."""

    def units(name: str, per_one: int, otherwise: object = 0) -> int:
        return int(Decimal(str(case.get(name, otherwise))) * per_one)

    terms = Terms(
        units("premium", 10_000),
        units("floor_yuan_per_kg", 100),
        units("standard_moisture", 10_000),
        units("reject_above", 10_000, "0.9999"),
    )
    weighed = Weighed(
        units("net_kg", 1_000),
        units("moisture", 10_000),
        units("foreign_matter", 10_000),
        units("grade_deduction", 10_000),
    )
    return price_to_farmer(units("market_yuan_per_kg", 100), terms, weighed)


@pytest.mark.parametrize("case", [case for case in CASES if not case["expected"]["rejected"]])
def test_worked_cases_come_out_to_the_fen(case: dict[str, dict[str, str]]) -> None:
    price, expected = worked(case), case["expected"]
    assert f"{price.unit_fen_per_kg / 100:.2f}" == expected["unit_yuan_per_kg"]
    assert f"{price.settle_g / 1000:.2f}" == expected["settle_kg"]
    assert f"{price.pay_fen / 100:.2f}" == expected["pay_yuan"]


def test_goods_that_are_too_moist_are_refused() -> None:
    refused = [case for case in CASES if case["expected"]["rejected"]]
    assert len(refused) == 1
    with pytest.raises(Rejected, match="19 %"):
        worked(refused[0])


def test_all_six_cases_were_worked() -> None:
    assert len(CASES) == 6


terms = st.builds(
    Terms,
    premium_bps=st.integers(1_000, 1_500),
    floor_fen_per_kg=st.integers(0, 100_000),
    standard_moisture_bps=st.sampled_from([0, 1_200, 1_300, 9_000]),
)
goods = st.builds(
    Weighed,
    net_g=st.integers(1, 5_000_000),
    moisture_bps=st.integers(0, 9_999),
    foreign_bps=st.integers(0, 9_999),
    grade_deduction_bps=st.integers(0, 9_999),
)
markets = st.integers(1, 1_000_000)


def half_up(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


@given(markets, terms, goods)
def test_each_line_is_the_exact_figure_rounded_half_up(market: int, terms: Terms, goods: Weighed) -> None:
    """The whole working again in exact fractions, by other code."""
    price = price_to_farmer(market, terms, goods)
    with_premium = half_up(Fraction(market * (10_000 + terms.premium_bps), 10_000))
    promised = max(with_premium, terms.floor_fen_per_kg)
    unit = half_up(Fraction(promised * (10_000 - goods.grade_deduction_bps), 10_000))
    weight = Fraction(goods.net_g * (10_000 - goods.foreign_bps), 10_000)
    if goods.moisture_bps > terms.standard_moisture_bps:
        weight *= Fraction(10_000 - goods.moisture_bps, 10_000 - terms.standard_moisture_bps)
    settle = half_up(weight / 10) * 10
    assert (price.with_premium_fen_per_kg, price.promised_fen_per_kg, price.unit_fen_per_kg) == (
        with_premium,
        promised,
        unit,
    )
    assert (price.settle_g, price.pay_fen) == (settle, half_up(Fraction(unit * settle, 1_000)))


@given(markets, terms, goods)
def test_the_promise_is_never_below_market_plus_ten_percent_nor_the_floor(
    market: int, terms: Terms, goods: Weighed
) -> None:
    price = price_to_farmer(market, terms, goods)
    assert price.promised_fen_per_kg >= half_up(Fraction(market * 11, 10))
    assert price.promised_fen_per_kg >= terms.floor_fen_per_kg
    assert price.pay_fen >= price.market_pay_fen


@given(markets, st.integers(0, 1_000_000), terms, goods)
def test_a_better_market_never_pays_less(market: int, more: int, terms: Terms, goods: Weighed) -> None:
    assert price_to_farmer(market + more, terms, goods).pay_fen >= price_to_farmer(market, terms, goods).pay_fen


@given(
    markets,
    terms,
    goods,
    st.sampled_from(["moisture_bps", "foreign_bps", "grade_deduction_bps"]),
    st.integers(1, 9_999),
)
def test_better_goods_never_pay_less(market: int, terms: Terms, goods: Weighed, fault: str, less: int) -> None:
    better = replace(goods, **{fault: max(0, getattr(goods, fault) - less)})
    assert price_to_farmer(market, terms, better).pay_fen >= price_to_farmer(market, terms, goods).pay_fen


@given(markets, terms, goods, st.integers(1, 1_000_000))
def test_more_goods_never_pay_less(market: int, terms: Terms, goods: Weighed, more_g: int) -> None:
    heavier = replace(goods, net_g=goods.net_g + more_g)
    assert price_to_farmer(market, terms, heavier).pay_fen >= price_to_farmer(market, terms, goods).pay_fen


@given(markets, terms, goods)
def test_drier_than_the_standard_is_neither_charged_nor_rewarded(market: int, terms: Terms, goods: Weighed) -> None:
    at_standard = replace(goods, moisture_bps=terms.standard_moisture_bps)
    drier = replace(goods, moisture_bps=terms.standard_moisture_bps // 2)
    assert price_to_farmer(market, terms, drier) == price_to_farmer(market, terms, at_standard)


@pytest.mark.parametrize("premium_bps", [0, 999, 1_501, 2_000])
def test_a_premium_outside_ten_to_fifteen_percent_is_an_error(premium_bps: int) -> None:
    with pytest.raises(ValueError, match="10 % to 15 %"):
        price_to_farmer(8_000, Terms(premium_bps, 0, 1_300), Weighed(1_000, 1_300))


@pytest.mark.parametrize(
    "weighed",
    [
        Weighed(0, 0),
        Weighed(-1, 0),
        Weighed(1, 10_000),
        Weighed(1, 13_000),
        Weighed(1, 0, -1),
        Weighed(1, 0, 0, 10_000),
    ],
)
def test_weights_and_rates_that_cannot_be_are_errors(weighed: Weighed) -> None:
    with pytest.raises(ValueError, match="must be"):
        price_to_farmer(8_000, Terms(1_000, 0, 1_300), weighed)


def quote(number: int, days_back: int, fen: int = 8_000, market: str = "A") -> Quote:
    return Quote(number, market, "manual", TODAY - timedelta(days=days_back), fen)


def chosen(found: list[Quote], days: int, median_days: int = 1) -> Quote | None:
    choice = choose_quote(found, TODAY, QuoteRule(days, median_days))
    return choice.quote if choice else None


def test_the_quote_of_the_day_wins_over_a_better_older_one() -> None:
    assert chosen([quote(1, 1, 9_000), quote(2, 0)], 3) == quote(2, 0)


def test_the_newest_within_the_days_is_used_and_none_that_is_older_or_later() -> None:
    assert chosen([quote(1, 3), quote(2, 2), quote(3, -1)], 3) == quote(2, 2)
    assert chosen([quote(1, 4), quote(2, -1)], 3) is None
    assert chosen([quote(1, 1)], 0) is None


@pytest.mark.parametrize(
    ("fen_by_days_back", "median_days", "fen"),
    [
        ({0: 9_900, 1: 8_000, 2: 8_200}, 3, 8_200),
        ({0: 9_900, 1: 8_000, 2: 8_200}, 1, 9_900),
        # Two in the middle: the dearer, in the farmer's favour, and a price that was really quoted.
        ({0: 8_000, 1: 9_000}, 2, 9_000),
        ({0: 8_000, 1: 9_000, 2: 8_400, 3: 8_600}, 4, 8_600),
        # Of five days only two have a price: those two.
        ({1: 8_000, 4: 8_500}, 5, 8_500),
        # The last three that have one, however far apart, within the days.
        ({0: 1, 2: 2, 4: 3, 5: 9_999}, 3, 2),
        ({0: 1, 2: 2, 6: 9_999, 7: 9_999}, 3, 2),
    ],
)
def test_the_middle_price_of_the_last_days_is_one_that_was_quoted(
    fen_by_days_back: dict[int, int], median_days: int, fen: int
) -> None:
    found = [quote(number, back, price) for number, (back, price) in enumerate(fen_by_days_back.items(), start=1)]
    choice = choose_quote(found, TODAY, QuoteRule(5, median_days))
    assert choice
    assert choice.quote.fen_per_kg == fen
    assert choice.quote in choice.looked_at


def test_one_day_of_several_markets_counts_once_in_a_median() -> None:
    found = [quote(1, 0, 9_000, "A"), quote(2, 0, 9_500, "B"), quote(3, 1, 8_000), quote(4, 2, 8_100)]
    choice = choose_quote(found, TODAY, QuoteRule(5, 3))
    assert choice
    assert [each.id for each in choice.looked_at] == [2, 3, 4]
    assert choice.quote.id == 4


quotes = st.lists(
    st.builds(
        quote,
        st.integers(1, 50),
        st.integers(-2, 6),
        st.integers(1, 20_000),
        st.sampled_from(["A", "B"]),
    ),
    unique_by=lambda quote: quote.id,
)


@given(quotes, st.integers(1, 6), st.randoms())
def test_the_order_in_which_quotes_were_written_does_not_matter(
    found: list[Quote], median_days: int, random: object
) -> None:
    shuffled, rule = list(found), QuoteRule(5, median_days)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose_quote(found, TODAY, rule) == choose_quote(shuffled, TODAY, rule)


@given(quotes)
def test_of_several_markets_the_farmer_gets_the_best_of_the_newest_day(found: list[Quote]) -> None:
    best = chosen(found, 3)
    usable = [each for each in found if 0 <= (TODAY - each.day).days <= 3]
    assert (best is None) == (not usable)
    if best:
        newest = max(each.day for each in usable)
        assert (best.day, best.fen_per_kg) == (
            newest,
            max(each.fen_per_kg for each in usable if each.day == newest),
        )


@given(quotes, st.integers(1, 6))
def test_half_of_the_days_looked_at_were_no_dearer_and_a_rise_of_the_market_lowers_no_price(
    found: list[Quote], median_days: int
) -> None:
    rule = QuoteRule(5, median_days)
    choice = choose_quote(found, TODAY, rule)
    if choice is None:
        return
    assert len(choice.looked_at) <= median_days
    no_dearer = sum(each.fen_per_kg <= choice.quote.fen_per_kg for each in choice.looked_at)
    assert 2 * no_dearer > len(choice.looked_at)
    risen = choose_quote([replace(each, fen_per_kg=each.fen_per_kg + 100) for each in found], TODAY, rule)
    assert risen
    assert risen.quote.fen_per_kg == choice.quote.fen_per_kg + 100
