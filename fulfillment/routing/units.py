"""A second lower bound of lateness, in whole units: tight where work comes in a few lengths that one unit measures."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from heapq import heappop, heappush

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
        self._seconds, self._parts = unit.numerator, unit.denominator

    def _of(self, seconds: int) -> int:
        return seconds * self._parts // self._seconds if seconds > 0 else 0

    def least_late(self) -> int:
        """Moore and Hodgson: at each deadline where there is more work than time the longest goes."""
        late = busy = 0
        longest: list[int] = []
        for some, time in self._deadlines():
            for task in some:
                units = self._of(task.work_s)
                heappush(longest, -units)
                busy += units
            while busy > time:
                busy += heappop(longest)
                late += 1
        return late

    def _deadlines(self) -> Iterator[tuple[Sequence[Task], int]]:
        """Tasks up to some deadline, each once, and the time until then."""
        few = len(self._tasks) // _COUNTED_AT
        since = 0
        for place, task in enumerate(self._tasks[:-1]):
            if place - since >= few and self._tasks[place + 1].due_s > task.due_s:
                yield self._tasks[since : place + 1], sum(self._each_until(task.due_s))
                since = place + 1
        yield self._tasks[since:], self._until_the_last()

    def _each_until(self, due_s: int) -> list[int]:
        return [self._of(min(person.end_s, due_s) - person.start_s) for person in self._people]

    def _until_the_last(self) -> int:
        """The time until the last deadline that anybody can use.

        A person works past a deadline only with a task that is due later: when three are, three people do at most.
        """
        each = self._each_until(self._tasks[-1].due_s)
        time = 0
        for later, task in enumerate(reversed(self._tasks)):
            if later >= len(self._people):
                break
            before = self._each_until(task.due_s)
            gains = sorted((now - then for now, then in zip(each, before, strict=True)), reverse=True)
            time += sum(gains[:later])
            each = before
        else:
            # Nobody is busy without a task.
            return time + sum(sorted(each, reverse=True)[: len(self._tasks)])
        return time + sum(each)
