"""Which waiting work a packer gets next: suits the person, earliest due first, then who has earned least today."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

# From this weight on a parcel needs lifting; a choice of ours, below the 15 kg that standing work usually allows.
LIFT_FROM_G = 8_000


@dataclass(frozen=True)
class WaitingTask:
    """A task as routing sees it."""

    id: int
    due_at: datetime
    needs: frozenset[str]


@dataclass(frozen=True)
class Hands:
    """What a person can do, as ability words: ``lift``, ``read``, ``fine_motor``."""

    abilities: frozenset[str]


def may_do(hands: Hands, task: WaitingTask) -> bool:
    """Whether the work suits the person."""
    return task.needs <= hands.abilities


def needs_in_words(needs: Iterable[str]) -> str:
    """Needs as one word list in a fixed order, the form in which they are stored."""
    return " ".join(sorted(needs))


def needs_that_suit(hands: Hands) -> list[str]:
    """Every word list of needs that the person meets, so that the database can leave out the rest."""
    words = sorted(hands.abilities)
    return [" ".join(some) for length in range(len(words) + 1) for some in combinations(words, length)]


def next_tasks(tasks: Iterable[WaitingTask], hands: Hands, most: int) -> Sequence[WaitingTask]:
    """The next batch: the earliest due tasks that suit.

    Nobody passes over work that is due earlier. The person who asks is served at once, so among people it is the
    size of the batch that is fair (:func:`batch_size`, :func:`fair_share`).
    """
    return sorted((task for task in tasks if may_do(hands, task)), key=lambda task: (task.due_at, task.id))[:most]


def batch_size(earned_fen: int, least_fen: int, most_fen: int, largest: int) -> int:
    """How many tasks at once: the largest batch for whoever has earned least today, one for whoever has earned most."""
    if most_fen <= least_fen:
        return largest
    ahead = (earned_fen - least_fen) / (most_fen - least_fen)
    return max(1, round(largest - (largest - 1) * min(1.0, max(0.0, ahead))))


def fair_share(waiting: int, idle_people: int) -> int:
    """How many tasks one person may take when others stand there with empty hands: at least one, rounded up."""
    return max(1, -(-waiting // max(1, idle_people)))
