"""The forecast on planted data: within its own range about as often as it says; honest with little history."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fulfillment.purchasing.planning.forecasting import forecast
from fulfillment.purchasing.planning.rules import Range

# Ranges that hold eight weeks of ten: with 6 sets of 12 weeks that hang together, between these bounds.
LEAST_WITHIN, MOST_WITHIN = 0.66, 0.94


def planted(seed: int, weeks: int = 168) -> list[int]:
    """Kilograms a week with a season of a year and noise, in grams."""
    chance = random.Random(seed)
    return [
        round(1000 * max(0.0, 60 + 25 * math.sin(2 * math.pi * week / 52.18 + seed) + chance.gauss(0, 6)))
        for week in range(weeks)
    ]


def share_within(widen: float) -> float:
    """The share of held-back weeks that fell between low and high, each range made ``widen`` times as wide."""
    within = total = 0
    for seed in range(6):
        sold = planted(seed)
        course = forecast(sold[:156], 12)
        assert course.method == "season"
        for was, said in zip(sold[156:], course.weeks, strict=True):
            low, high = (said.mid_g + (bound - said.mid_g) * widen for bound in (said.low_g, said.high_g))
            within += low <= was <= high
            total += 1
    return within / total


def test_weeks_fall_within_the_range_about_as_often_as_it_says():
    assert LEAST_WITHIN <= share_within(1) <= MOST_WITHIN


@pytest.mark.parametrize("widen", [0.3, 4])
def test_ranges_that_are_too_narrow_or_too_wide_are_found_out(widen):
    """The control: the same measure refuses a range that claims too much, and one that says nothing."""
    assert not LEAST_WITHIN <= share_within(widen) <= MOST_WITHIN


def test_the_season_is_seen():
    sold = planted(0)
    course = forecast(sold[:156], 12)
    last_weeks = sum(sold[152:156]) / 4
    error = sum(abs(was - said.mid_g) for was, said in zip(sold[156:], course.weeks, strict=True))
    assert error < sum(abs(was - last_weeks) for was in sold[156:])


@settings(max_examples=25)
@given(st.lists(st.integers(0, 5_000_000), max_size=103), st.integers(1, 12))
def test_with_less_than_two_years_the_range_is_plain_and_in_order(sold, ahead):
    course = forecast(sold, ahead)
    assert course.method == ("none" if len(sold) < 6 else "recent" if len(sold) < 55 else "last_year")
    assert len(course.weeks) == ahead
    assert all(0 <= week.low_g <= week.mid_g <= week.high_g for week in course.weeks)


@pytest.mark.parametrize("sold", [[0] * 160, [1000] * 160, [0] * 150 + [9_000_000_000] * 10, [5000, 0] * 80])
def test_odd_histories_give_ranges_in_order(sold):
    course = forecast(sold, 12)
    assert all(0 <= week.low_g <= week.mid_g <= week.high_g for week in course.weeks)


def test_nothing_is_said_of_five_weeks():
    assert forecast([1000] * 5, 2).weeks == [Range(0, 0, 0)] * 2
