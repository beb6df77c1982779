"""Where an order stands and how a moment is said."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest

from shop.orders.rules import PROVINCES
from shop.storefront.rules import (
    Standing,
    above_market_percent,
    may_cancel,
    may_pay,
    province_word,
    refund_word,
    said_moment,
    shown_state,
    standing,
    steps,
)
from tests.world import NOW

ZONE = ZoneInfo("Asia/Shanghai")
SOON = NOW + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("state", "hold_until", "is_checking", "expected"),
    [
        ("held", SOON, False, "waiting"),
        ("held", SOON, True, "checking"),
        ("held", NOW, False, "lapsed"),
        ("held", NOW, True, "checking"),
        ("expired", NOW, True, "checking"),
        ("expired", NOW, False, "expired"),
        ("paid", SOON, True, "paid"),
        ("cancelled", SOON, True, "cancelled"),
        ("refunded", None, False, "refunded"),
    ],
)
def test_while_money_may_be_under_way_nobody_is_told_it_failed(
    state: str, hold_until: datetime | None, is_checking: bool, expected: str
) -> None:
    assert standing(state, hold_until, NOW, is_checking=is_checking) == expected


def test_only_an_order_that_waits_can_be_paid_and_only_one_still_here_cancelled() -> None:
    assert [found for found in get_args(Standing) if may_pay(found, is_under_way=True)] == ["waiting"]
    assert [found for found in get_args(Standing) if may_pay(found, is_under_way=False)] == ["waiting", "checking"]
    assert [found for found in get_args(Standing) if may_cancel(found)] == ["waiting", "paid"]


@pytest.mark.parametrize(
    ("states", "word"),
    [
        ([], "done"),
        (["succeeded"], "done"),
        (["requested"], "under_way"),
        (["succeeded", "pending"], "under_way"),
        (["failed"], "failed"),
        (["failed", "requested"], "under_way"),
        (["succeeded", "failed"], "failed"),
    ],
)
def test_refunds_together_say_the_worst_that_is_true(states: list[str], word: str) -> None:
    assert refund_word(states) == word


def test_a_hold_that_is_over_reads_as_expired_before_anybody_wrote_that_down() -> None:
    assert shown_state("held", NOW, NOW) == "expired"
    assert shown_state("held", SOON, NOW) == "held"
    assert shown_state("shipped", NOW, NOW) == "shipped"


def test_every_province_has_a_word_in_both_languages() -> None:
    words = [province_word(name) for name in PROVINCES]
    assert [word.zh for word in words] == list(PROVINCES)
    assert len({word.en for word in words}) == len(PROVINCES)


def test_steps_that_lie_ahead_have_no_time() -> None:
    way = steps(NOW, SOON, {"shipped": SOON})
    assert [step.at for step in way] == [NOW, SOON, SOON, None]


@pytest.mark.parametrize(
    ("moment", "zh", "en"),
    [
        (datetime(2026, 11, 24, 12, 30, tzinfo=UTC), "今天 20:30", "today, 20:30"),
        # Midnight is the workshop's: 16:00 UTC is tomorrow there.
        (datetime(2026, 11, 24, 16, 0, tzinfo=UTC), "明天 00:00", "tomorrow, 00:00"),
        (datetime(2026, 11, 28, 12, 0, tzinfo=UTC), "11月28日 周六 20:00", "Sat 28 Nov, 20:00"),
        (datetime(2027, 1, 1, 12, 0, tzinfo=UTC), "2027年1月1日 周五 20:00", "Fri 1 Jan 2027, 20:00"),
    ],
)
def test_a_moment_is_said_as_people_say_it(moment: datetime, zh: str, en: str) -> None:
    said = said_moment(moment, NOW, ZONE)
    assert (said.zh, said.en) == (zh, en)


@pytest.mark.parametrize(
    ("promised", "quote", "percent"),
    [(9_200, 8_000, "15"), (9_199, 8_000, "14.9"), (12_135, 11_032, "10"), (8_000, 8_000, "0"), (100, 0, "0")],
)
def test_what_the_grower_gets_above_market_is_never_rounded_up(promised: int, quote: int, percent: str) -> None:
    assert above_market_percent(promised, quote) == percent
