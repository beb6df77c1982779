"""Planning's rules: ranges in order, presale within the contract, more supply never less to sell, whom to call."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.purchasing.planning.call_rules import why_call
from fulfillment.purchasing.planning.quality_rules import MonthQuality, advice
from fulfillment.purchasing.planning.rules import (
    Keeping,
    Promise,
    Range,
    comes_of,
    keeping_of,
    presale_g,
    quantile,
    spread,
    supply,
    warn,
    weeks_from,
)

TODAY = date(2026, 11, 26)
grams = st.integers(0, 10_000_000)
keepings = st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)).map(lambda two: Keeping(min(two), max(two), 9))


@st.composite
def promises(draw: st.DrawFn) -> Promise:
    start = TODAY + timedelta(days=draw(st.integers(-200, 40)))
    end = start + timedelta(days=draw(st.integers(0, 300)))
    agreed_g = draw(st.integers(1, 5_000_000))
    return Promise(1, start, end, agreed_g, draw(st.integers(0, agreed_g * 3 // 2)))


@given(promises(), keepings)
def test_what_comes_is_a_range_in_order_and_never_above_the_contract(promise, keeping):
    comes = comes_of(promise, keeping, TODAY)
    assert 0 <= comes.low_g <= comes.mid_g <= comes.high_g <= promise.rest_g


@given(st.lists(promises(), max_size=6), keepings)
def test_weeks_are_in_order_and_their_low_sum_is_within_the_rest(many, keeping):
    weeks = supply(many, keeping, weeks_from(TODAY), TODAY)
    assert all(0 <= week.low_g <= week.mid_g <= week.high_g for week in weeks)
    assert sum(week.low_g for week in weeks) <= sum(promise.rest_g for promise in many)


@given(promises(), grams)
def test_spreading_over_the_whole_season_loses_no_gram(promise, total):
    if promise.season_end < TODAY:
        return
    shares = spread(promise, total, weeks_from(TODAY, 60), TODAY)
    assert sum(shares) == total
    assert min(shares) >= 0


@given(grams, grams, grams)
def test_presale_is_never_above_the_contracts_rest(low_g, rest_g, offered_g):
    assert 0 <= presale_g(low_g, rest_g, offered_g) <= rest_g
    assert presale_g(low_g, rest_g, offered_g) <= low_g


def test_presale_stops_at_the_contract_and_at_what_is_offered_already():
    assert presale_g(900, 500, 0) == 500
    assert presale_g(900, 500, 450) == 50
    assert presale_g(400, 500, 450) == 0


@given(grams, grams, grams, grams, grams)
def test_more_supply_never_lowers_presale(low_g, rest_g, offered_g, more_low, more_rest):
    assert presale_g(low_g + more_low, rest_g + more_rest, offered_g) >= presale_g(low_g, rest_g, offered_g)


@given(promises(), promises(), keepings)
def test_another_contract_never_lowers_what_comes(one, other, keeping):
    alone = supply([one], keeping, weeks_from(TODAY), TODAY)
    both = supply([one, other], keeping, weeks_from(TODAY), TODAY)
    assert all(a.low_g <= b.low_g and a.mid_g <= b.mid_g for a, b in zip(alone, both, strict=True))


@given(grams, grams, st.lists(st.tuples(grams, grams), min_size=12, max_size=12))
def test_more_stock_never_makes_a_shortfall_larger(stock_g, more_g, weeks):
    demand = [Range(d // 2, d, 2 * d) for d, _ in weeks]
    coming = [Range(c // 2, c, 2 * c) for _, c in weeks]
    before, after = (warn(have, demand, coming, weeks_from(TODAY)) for have in (stock_g, stock_g + more_g))
    order = {"likely": 0, "possible": 1, None: 2, "glut": 3}
    kinds = [order[found.kind if found else None] for found in (before, after)]
    assert kinds[0] <= kinds[1]
    if before and after and kinds[0] == kinds[1] < 2:
        assert after.grams <= before.grams
        assert after.week >= before.week


@pytest.mark.parametrize(
    ("stock_g", "comes_g", "sold_g", "said"),
    [
        (0, 10_000, 20_000, ("likely", 120_000, weeks_from(TODAY)[0])),
        (100_000, 10_000, 20_000, ("likely", 20_000, weeks_from(TODAY)[10])),
        (0, 20_000, 20_000, ("possible", 360_000, weeks_from(TODAY)[0])),
        (900_000, 20_000, 20_000, ("glut", 540_000, weeks_from(TODAY)[11])),
        (300_000, 20_000, 20_000, ("possible", 60_000, weeks_from(TODAY)[10])),
        (400_000, 20_000, 20_000, None),
    ],
)
def test_what_is_said_of_twelve_weeks(stock_g, comes_g, sold_g, said):
    demand, coming = [Range(sold_g // 2, sold_g, sold_g * 2)] * 12, [Range(comes_g // 2, comes_g, comes_g)] * 12
    found = warn(stock_g, demand, coming, weeks_from(TODAY))
    assert (found and (found.kind, found.grams, found.week)) == said


def test_few_ended_contracts_are_no_ground_for_a_share():
    assert keeping_of([10_000] * 4) == Keeping(6_000, 8_500, 0)
    assert keeping_of([4_000, 9_000, 9_000, 12_000, 10_000]) == Keeping(4_000, 9_000, 5)


@given(st.lists(grams, min_size=1, max_size=40))
def test_quantiles_are_values_in_order(values):
    found = [quantile(values, percent) for percent in (10, 50, 90)]
    assert found == sorted(found)
    assert set(found) <= set(values)


SEASON = (TODAY - timedelta(days=50), TODAY + timedelta(days=49))


@pytest.mark.parametrize(
    ("season", "delivered_kg", "lies_over", "said"),
    [
        (SEASON, 50, False, None),
        (SEASON, 34, False, ("behind", 16_000)),
        (SEASON, 34, True, ("glut", 66_000)),
        (SEASON, 100, False, None),
        ((TODAY - timedelta(days=90), TODAY + timedelta(days=9)), 85, False, ("ends", 15_000)),
        ((TODAY - timedelta(days=90), TODAY + timedelta(days=9)), 95, False, None),
        ((TODAY - timedelta(days=5), TODAY + timedelta(days=94)), 0, False, None),
        ((TODAY + timedelta(days=1), TODAY + timedelta(days=94)), 0, True, None),
    ],
)
def test_whom_to_call(season, delivered_kg, lies_over, said):
    reason = why_call(Promise(1, *season, 100_000, delivered_kg * 1_000), TODAY, lies_over=lies_over)
    assert (reason and (reason.kind, reason.grams)) == said


def _month(number: int = 11, **facts: int) -> MonthQuality:
    usual = {
        "deliveries": 2,
        "net_g": 50_000,
        "best_grade_bps": 9_000,
        "moisture_bps": 1_290,
        "over_bps": 0,
        "foreign_bps": 40,
        "refused_g": 0,
        "turned_away": 0,
    }
    return MonthQuality(date(2026, number, 1), "huagu", "dry", **{**usual, **facts})


@pytest.mark.parametrize(
    ("months", "said"),
    [
        ([], "none"),
        ([_month()], "good"),
        ([_month(over_bps=80, foreign_bps=300)], "drier"),
        ([_month(foreign_bps=150)], "cleaner"),
        ([_month(refused_g=2_000)], "sorting"),
        ([_month(best_grade_bps=5_000)], "picking"),
        ([_month(5, over_bps=900), _month(9), _month(10), _month(11)], "good"),
        ([_month(net_g=0, deliveries=0, turned_away=2)], "none"),
    ],
)
def test_the_one_thing_that_helps_most(months, said):
    assert advice(months) == said
