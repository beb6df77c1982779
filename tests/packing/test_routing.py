"""Who gets which work, as pure decisions."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.routing.rules import (
    Hands,
    WaitingTask,
    batch_size,
    fair_share,
    may_do,
    needs_in_words,
    needs_that_suit,
    next_tasks,
)

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
ABILITIES = ("fine_motor", "lift", "read")
abilities = st.frozensets(st.sampled_from(ABILITIES))
piles = st.lists(
    st.builds(
        WaitingTask,
        id=st.integers(1, 10_000),
        due_at=st.integers(0, 6).map(lambda hours: MONDAY + timedelta(hours=hours)),
        needs=abilities,
    ),
    unique_by=lambda task: task.id,
    max_size=12,
)


@given(pile=piles, can=abilities, most=st.integers(1, 5))
def test_a_batch_suits_and_passes_over_nothing_that_is_due_earlier(
    pile: list[WaitingTask], can: frozenset[str], most: int
) -> None:
    hands = Hands(can)
    batch = next_tasks(pile, hands, most)
    suitable = [task for task in pile if may_do(hands, task)]
    assert len(batch) == min(most, len(suitable))
    assert all(may_do(hands, task) for task in batch)
    left = [(task.due_at, task.id) for task in suitable if task not in batch]
    assert not left or not batch or max((task.due_at, task.id) for task in batch) < min(left)


@given(needs=abilities, can=abilities)
def test_the_database_leaves_out_exactly_what_does_not_suit(needs: frozenset[str], can: frozenset[str]) -> None:
    task = WaitingTask(1, MONDAY, needs)
    assert (needs_in_words(needs) in needs_that_suit(Hands(can))) == may_do(Hands(can), task)


@given(earned=st.lists(st.integers(0, 50_000), min_size=1, max_size=9), largest=st.integers(1, 6))
def test_whoever_has_earned_less_gets_no_smaller_batch(earned: list[int], largest: int) -> None:
    sizes = [batch_size(fen, min(earned), max(earned), largest) for fen in sorted(earned)]
    assert sizes == sorted(sizes, reverse=True)
    assert all(1 <= size <= largest for size in sizes)
    assert sizes[0] == largest, "whoever has earned least gets the largest batch"


@given(waiting=st.integers(0, 500), people=st.integers(0, 60))
def test_the_last_parcels_are_shared_by_those_with_empty_hands(waiting: int, people: int) -> None:
    share = fair_share(waiting, people)
    assert share >= 1
    assert share * max(1, people) >= waiting, "nothing stays on the table"
    assert (share - 1) * max(1, people) < max(1, waiting), "and nobody takes more than a share, rounded up"
