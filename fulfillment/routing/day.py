"""What planning knows of a day: tasks, people, weights, and the plan that comes out. Whole seconds, fen and grams."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

# Later than any deadline: the due time of work that can no longer be in time and is done all the same.
SOME_DAY: Final = 2**60

NOBODY_CAN: Final = "nobody_can"
NO_TIME: Final = "no_time"


@dataclass(frozen=True, slots=True)
class Task:
    """Work on one parcel; times in seconds from the day's ``now``.

    ``place`` is its rank by due time among the day's tasks, unique, so that lists of work sort by one number.
    """

    id: str
    place: int
    due_s: int
    work_s: int
    rate_fen: int
    needs: frozenset[str] = frozenset()
    mix: str = ""
    weight_g: int = 0

    @property
    def is_put_off(self) -> bool:
        """Whether the deadline was given up."""
        return self.due_s == SOME_DAY

    def put_off(self, tasks: int) -> "Task":
        """The same work without its deadline, behind all ``tasks`` that have one."""
        return replace(self, due_s=SOME_DAY, place=self.place + tasks)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who packs: there from ``start_s`` until ``end_s``; what was earned before counts in what is fair.

    ``priority`` is 0 (none) to 2 (the household that is helped first). ``most_tasks`` and ``most_g`` bound one batch.
    """

    id: str
    start_s: int
    end_s: int
    abilities: frozenset[str] = frozenset()
    earned_fen: int = 0
    worked_s: int = 0
    priority: int = 0
    most_tasks: int = 3
    most_g: int | None = None

    @property
    def free_s(self) -> int:
        """How long the person can still work."""
        return max(0, self.end_s - self.start_s)

    def could_do(self, task: Task) -> bool:
        """Whether the person could do the task in time if it were the only one."""
        return self.start_s + task.work_s <= min(task.due_s, self.end_s) and task.needs <= self.abilities


@dataclass(frozen=True, slots=True)
class Weights:
    """What one thing is worth against another; settings, in points.

    ``late``: a parcel less that is late. ``fairness``: one yuan an hour less between two people. ``keeping``: a task that
    stays with the person it was planned for. ``set_up``: a change of goods less at the bench.
    """

    late: int = 100_000
    fairness: int = 100
    keeping: int = 30
    set_up: int = 1


@dataclass(frozen=True, slots=True)
class Day:
    """Everything to plan; ``before`` is who had which tasks, in order, in the plan to mend."""

    tasks: Sequence[Task]
    people: Sequence[Person]
    weights: Weights = field(default_factory=Weights)
    before: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """Tasks of one mix that a person packs one after the other, in seconds from ``now``."""

    person: str
    tasks: tuple[Task, ...]
    start_s: int
    end_s: int

    @property
    def mix(self) -> str:
        """The goods of each of its parcels."""
        return self.tasks[0].mix


@dataclass(frozen=True, slots=True)
class Plan:
    """Who does what when.

    ``late`` are the ids of work that ends after its due time; ``unassigned`` says why, ``NOBODY_CAN`` or ``NO_TIME``.
    ``per_hour_fen`` counts what was earned before; it is empty for who is not there at all.
    ``least_late`` is what no plan can go below for the two together. ``moved`` counts tasks that left the person they were
    planned for before.
    """

    batches: Sequence[Batch]
    late: Sequence[str]
    unassigned: Mapping[str, str]
    earnings_fen: Mapping[str, int]
    per_hour_fen: Mapping[str, float | None]
    moved: int
    least_late: int

    @property
    def rates_fen(self) -> list[float]:
        """What everybody who is or was there earns an hour."""
        return [fen for fen in self.per_hour_fen.values() if fen is not None]

    @property
    def not_in_time(self) -> int:
        """How many parcels are late or not assigned."""
        return len(self.late) + len(self.unassigned)

    @property
    def set_ups(self) -> int:
        """How often somebody changes to other goods."""
        pairs = zip(self.batches, self.batches[1:], strict=False)
        return sum(one.person == other.person and one.mix != other.mix for one, other in pairs)


def in_order(tasks: Sequence[Task]) -> list[Task]:
    """The tasks by due time, each with its place; of two that are due together the longer first, then by id."""
    ranked = sorted(tasks, key=lambda task: (task.due_s, -task.work_s, task.id))
    return [replace(task, place=place) for place, task in enumerate(ranked)]
