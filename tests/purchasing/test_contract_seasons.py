"""The season of a contract: what should have come by a day, when it is behind, and the one that follows."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.contract_service import end_contract, promise_of, renew_contract, renewal_of
from fulfillment.purchasing.growers.rules import SAME_TERMS, Standing, expected_g, next_season
from tests.purchasing.world import WEIGHER, make_contract
from tests.world import NOW


def test_a_contract_is_renewed_once_with_the_same_terms_for_the_next_season(session: Session) -> None:
    last = make_contract(
        session, quote_days=7, median_days=5, over_rule=SAME_TERMS, deductions={"一级": 0, "二级": 600}
    )
    renewed = renew_contract(session, last.id, now=NOW, by=WEIGHER)
    assert (renewed.season_start, renewed.season_end) == (date(2027, 10, 25), date(2028, 1, 23))
    assert replace(promise_of(renewed), season_start=last.season_start, season_end=last.season_end) == promise_of(last)
    assert (renewed.delivered_g, renewed.renews_id) == (0, last.id)
    assert renew_contract(session, last.id, now=NOW, by=WEIGHER) == renewed
    end_contract(session, renewed.id, reason="不种了", now=NOW, by=WEIGHER)
    assert renewal_of(session, last.id) is None
    assert renew_contract(session, last.id, now=NOW, by=WEIGHER).id != renewed.id


@pytest.mark.parametrize(
    ("start", "end", "following"),
    [
        (date(2026, 11, 1), date(2027, 3, 31), (date(2027, 11, 1), date(2028, 3, 31))),
        (date(2026, 1, 1), date(2026, 12, 31), (date(2027, 1, 1), date(2027, 12, 31))),
        (date(2024, 2, 29), date(2024, 3, 1), (date(2025, 2, 28), date(2025, 3, 1))),
        (date(2026, 1, 1), date(2027, 6, 30), (date(2027, 7, 1), date(2028, 12, 27))),
    ],
)
def test_the_next_season_never_overlaps_with_the_last(start: date, end: date, following: tuple[date, date]) -> None:
    assert next_season(start, end) == following
    assert following[0] > end


@pytest.mark.parametrize(
    ("on", "grams"),
    [
        (date(2026, 10, 31), 0),
        (date(2026, 11, 1), 10_000),
        (date(2026, 11, 5), 50_000),
        (date(2026, 11, 10), 100_000),
        (date(2027, 1, 1), 100_000),
    ],
)
def test_what_should_have_come_by_a_day(on: date, grams: int) -> None:
    assert expected_g(100_000, date(2026, 11, 1), date(2026, 11, 10), on) == grams


def test_a_contract_is_behind_when_more_is_missing_than_its_tolerance() -> None:
    standing = Standing(agreed_g=100_000, delivered_g=40_000, expected_g=50_000, tolerance_bps=1_000)
    assert (standing.left_g, standing.short_g, standing.is_behind) == (60_000, 10_000, False)
    assert replace(standing, delivered_g=39_999).is_behind
    assert not replace(standing, delivered_g=60_000).is_behind
