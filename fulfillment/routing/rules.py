"""Which waiting task a packer gets next: suits the person, earliest due first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

# From this weight on a parcel needs lifting; a choice of ours, below the 15 kg that standing work usually allows.
LIFT_FROM_G = 8_000


@dataclass(frozen=True)
class WaitingTask:
    """A task as routing sees it."""

    id: int
    due_at: datetime
    needs: frozenset[str]
    mix: str


@dataclass(frozen=True)
class Hands:
    """What a person can do, as ability words: ``lift``, ``read``, ``fine_motor``, ``see_small``."""

    abilities: frozenset[str]


def may_do(hands: Hands, task: WaitingTask) -> bool:
    """Whether the work suits the person."""
    return task.needs <= hands.abilities


def next_tasks(tasks: Iterable[WaitingTask], hands: Hands, most: int) -> Sequence[WaitingTask]:
    """The next batch: the earliest due task that suits, with others of the same mix that are due the same day.

    The person who asks is served at once, so among people it is the batch size that is fair: whoever has earned
    least today gets the larger one (see :func:`batch_size`).
    """
    suitable = sorted((task for task in tasks if may_do(hands, task)), key=lambda task: (task.due_at, task.id))
    if not suitable:
        return []
    first = suitable[0]
    same = [task for task in suitable if task.mix == first.mix and task.due_at.date() == first.due_at.date()]
    return same[:most]


def batch_size(earned_fen: int, least_fen: int, most_fen: int, largest: int) -> int:
    """How many tasks at once: the largest batch for whoever has earned least today, one for whoever has earned most."""
    if most_fen <= least_fen:
        return largest
    ahead = (earned_fen - least_fen) / (most_fen - least_fen)
    return max(1, round(largest - (largest - 1) * min(1.0, max(0.0, ahead))))
