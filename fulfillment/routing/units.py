"""A second lower bound of lateness, in whole units: tight where work comes in a few lengths that one unit measures."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from heapq import heappop, heappush
from itertools import pairwise

from fulfillment.routing.day import Person, Task

# Units are sought among the parts of the shortest work; the best few are tried.
_MOST_PARTS, _MOST_TRIED = 12, 2
# Where work comes in more lengths than this no unit measures them all.
_MOST_LENGTHS = 50
# At so many deadlines, evenly spread, the time is counted.
_COUNTED_AT = 200


def least_late_in_units(by_due: Sequence[Task], people: Sequence[Person]) -> int:
    """A lower bound of tasks, given in order of due time, that these people do not do in time.

    Work and time are both rounded down to whole units: what fits into a time fits in units too, because rounded parts add
    up to no more than the rounded whole. So all that a person's time has beyond whole units is known to be lost.
    """
    return max((_Units(by_due, people, unit).least_late() for unit in _units(by_due, people)), default=0)


def _units(tasks: Sequence[Task], people: Sequence[Person]) -> list[Fraction]:
    """The units, in seconds, by which there is most work for the time."""
    lengths = Counter(task.work_s for task in tasks if task.work_s)
    if not 0 < len(lengths) <= _MOST_LENGTHS:
        return []
    shortest, free_s = min(lengths), Counter(person.free_s for person in people)
    units = {
        min(Fraction(length, round(length * parts / shortest)) for length in lengths)
        for parts in range(1, _MOST_PARTS + 1)
    }

    def fullness(unit: Fraction) -> tuple[Fraction, Fraction]:
        return Fraction(_measured(lengths, unit), max(1, _measured(free_s, unit))), unit

    return sorted(units, key=fullness, reverse=True)[:_MOST_TRIED]


def _measured(counted_s: Mapping[int, int], unit: Fraction) -> int:
    return sum(count * int(seconds // unit) for seconds, count in counted_s.items())


class _Units:
    """Work and people measured by one unit."""

    def __init__(self, by_due: Sequence[Task], people: Sequence[Person], unit: Fraction) -> None:
        self._tasks = by_due
        self._people = people
        self._dues = [task.due_s for task in by_due]
        self._longest_s = max(task.work_s for task in by_due)
        self._seconds, self._parts = unit.numerator, unit.denominator

    def _of(self, seconds: int) -> int:
        return seconds * self._parts // self._seconds if seconds > 0 else 0

    def least_late(self) -> int:
        """Moore and Hodgson: at each deadline where there is more work than time the longest goes.

        Of a task that is due soon after a deadline a part must be done before, because one person does it without a
        pause: the task counts from then on, and with all of its work when it goes.
        """
        late = busy = since = until = 0
        longest: list[int] = []
        ahead: list[Task] = []
        for place in self._counted_at():
            due_s = self._tasks[place].due_s
            busy += sum(self._of(task.work_s) for task in self._tasks[since : place + 1])
            since, seen = place + 1, until
            until = bisect_right(self._dues, due_s + self._longest_s)
            over = busy + sum(self._begun(task, due_s) for task in self._tasks[since:until]) - self._time_until(due_s)
            ahead += self._tasks[seen:until]
            for task in ahead:
                if self._begun(task, due_s):
                    heappush(longest, -self._of(task.work_s))
            ahead = [task for task in ahead if not self._begun(task, due_s)]
            while over > 0:
                gone = -heappop(longest)
                over -= gone
                busy -= gone
                late += 1
        return late

    def _counted_at(self) -> Iterator[int]:
        """The places of tasks at whose deadlines the time is counted, each the last that is due then."""
        few = len(self._tasks) // _COUNTED_AT
        since = 0
        for place, (task, following) in enumerate(pairwise(self._tasks)):
            if place - since >= few and following.due_s > task.due_s:
                yield place
                since = place + 1
        yield len(self._tasks) - 1

    def _begun(self, task: Task, by_s: int) -> int:
        """How much of the task must be done by some moment, for it to be in time."""
        return self._of(task.work_s - max(0, task.due_s - by_s))

    def _time_until(self, due_s: int) -> int:
        return sum(self._of(min(person.end_s, due_s) - person.start_s) for person in self._people)
