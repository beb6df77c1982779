"""A farmer's payment: never below zero, never above the cap, the order of lines irrelevant, no fen lost or made."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulfillment.purchasing.runs import rules as runs
from fulfillment.purchasing.runs.rules import Chosen, Known
from fulfillment.purchasing.settlements import rules
from fulfillment.purchasing.settlements.rules import OpenEntry, most_set_off, plan_payment

FENS = st.integers(1, 10_000_000)
PAYABLES = st.lists(FENS, max_size=8)
LEFTS = st.lists(st.integers(-10_000_000, 10_000_000).filter(bool), max_size=8)
CAP = st.integers(0, 10_000)


def entries_of(lefts: list[int]) -> list[OpenEntry]:
    return [OpenEntry(number, left) for number, left in enumerate(lefts, 1)]


@given(PAYABLES, LEFTS, CAP, st.integers(0, 100_000_000))
def test_a_payment_adds_up_is_never_negative_and_keeps_at_most_the_cap(
    payables: list[int], lefts: list[int], cap_bps: int, asked: int
) -> None:
    entries = entries_of(lefts)
    gross = sum(payables) + sum(left for left in lefts if left > 0)
    most = most_set_off(gross, [entry for entry in entries if entry.left_fen < 0], cap_bps)
    if asked > most:
        with pytest.raises(rules.TooMuchSetOff) as refused:
            plan_payment(payables, entries, asked, cap_bps)
        assert refused.value.most_fen == most
        asked = most
    plan = plan_payment(payables, entries, asked, cap_bps)
    assert plan.total_fen >= 0
    assert plan.kept_fen * 10_000 <= plan.gross_fen * cap_bps
    assert plan.total_fen == sum(payables) + sum(part.left_fen for part in plan.parts)
    before = {entry.entry_id: entry.left_fen for entry in entries}
    for part in plan.parts:
        assert 0 < abs(part.left_fen) <= abs(before[part.entry_id])
        assert (part.left_fen > 0) == (before[part.entry_id] > 0)


@given(PAYABLES, LEFTS, CAP, st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(payables: list[int], lefts: list[int], cap_bps: int, shuffle) -> None:  # type: ignore[no-untyped-def]
    entries = entries_of(lefts)
    gross = sum(payables) + sum(left for left in lefts if left > 0)
    most = most_set_off(gross, [entry for entry in entries if entry.left_fen < 0], cap_bps)
    first = plan_payment(payables, entries, most, cap_bps)
    shuffle.shuffle(entries)
    shuffle.shuffle(payables)
    assert plan_payment(payables, entries, most, cap_bps) == first


@given(LEFTS, st.lists(st.tuples(PAYABLES, CAP), max_size=6))
def test_what_is_owed_never_drifts_over_many_payments(lefts: list[int], payments: list[tuple[list[int], int]]) -> None:
    """Balance before = what was paid + balance after, whatever is set off when."""
    left = {entry.entry_id: entry.left_fen for entry in entries_of(lefts)}
    owed = sum(left.values()) + sum(sum(payables) for payables, _ in payments)
    paid = 0
    for payables, cap_bps in payments:
        entries = [OpenEntry(id_, fen) for id_, fen in left.items() if fen]
        gross = sum(payables) + sum(entry.left_fen for entry in entries if entry.left_fen > 0)
        most = most_set_off(gross, [entry for entry in entries if entry.left_fen < 0], cap_bps)
        plan = plan_payment(payables, entries, most, cap_bps)
        paid += plan.total_fen
        for part in plan.parts:
            left[part.entry_id] -= part.left_fen
    assert owed == paid + sum(left.values())


def test_debts_are_set_off_oldest_first_and_the_rest_is_carried_over() -> None:
    plan = plan_payment([100_000], [OpenEntry(9, -20_000), OpenEntry(4, -25_000), OpenEntry(7, 5_000)], 30_000, 3_000)
    assert plan.parts == [OpenEntry(7, 5_000), OpenEntry(4, -25_000), OpenEntry(9, -5_000)]
    assert (plan.gross_fen, plan.kept_fen, plan.total_fen) == (105_000, 30_000, 75_000)


def test_nothing_is_kept_that_nobody_asked_for() -> None:
    plan = plan_payment([100_000], [OpenEntry(1, -50_000)], 0, 10_000)
    assert (plan.total_fen, plan.parts) == (100_000, [])
    with pytest.raises(ValueError, match="less than zero"):
        plan_payment([100_000], [], -1, 10_000)


LONG_AGO, AGO, LATELY = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 6, 9))
USUAL = Known([100_000, 90_000, 110_000], AGO, True, True, LONG_AGO)
ORDINARY = Chosen(120_000, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("known", "chosen", "expected"),
    [
        (USUAL, ORDINARY, ()),
        (Known([], None, False, False, None), ORDINARY, (runs.FIRST,)),
        (Known([100_000], AGO, True, True, LATELY), ORDINARY, (runs.NEW_ACCOUNT,)),
        (Known([100_000], AGO, True, False, LATELY), ORDINARY, (runs.NO_ACCOUNT,)),
        (USUAL, Chosen(200_001, 0, 0, 0, 0), (runs.MUCH_MORE,)),
        (USUAL, Chosen(200_000, 0, 0, 0, 0), ()),
        (Known([1_000], AGO, False, False, None), Chosen(9_000, 0, 0, 0, 0), ()),
        (USUAL, Chosen(100_000, 1, 2, 9, 8), (runs.QUESTIONED, runs.GONE, runs.LESS_KEPT)),
    ],
)
def test_what_is_unusual_is_marked(known: Known, chosen: Chosen, expected: tuple[str, ...]) -> None:
    assert runs.marks(known, chosen) == expected


@pytest.mark.parametrize(
    ("is_paid", "is_returned", "expected"),
    [(False, False, "to_pay"), (True, False, "paid"), (True, True, "came_back"), (False, True, "reversed")],
)
def test_a_settlement_has_one_result(is_paid: bool, is_returned: bool, expected: str) -> None:
    assert rules.result_of(is_paid=is_paid, is_returned=is_returned) == expected
