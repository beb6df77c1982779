"""A second lower bound of lateness, in whole units: tight where work comes in a few lengths that one unit measures."""

from collections import Counter, deque
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
_COUNTED_AT = 100
# Where work fills no more than this share of the time, what is lost of it is not looked at.
_TIGHT = 0.9


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
        late = busy = since = 0
        longest: list[int] = []
        for place in self._counted_at():
            for task in self._tasks[since : place + 1]:
                units = self._of(task.work_s)
                heappush(longest, -units)
                busy += units
            time = self._time_until(place, busy)
            while busy > time:
                busy += heappop(longest)
                late += 1
            since = place + 1
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

    def _time_until(self, place: int, busy: int) -> int:
        """The time until the deadline of a task that work due by then can use, of which ``busy`` has use for so much."""
        due_s = self._tasks[place].due_s
        each = [self._of(min(person.end_s, due_s) - person.start_s) for person in self._people]
        time = sum(each)
        return time - self._lost(each, place) if 0 < _TIGHT * time < busy else time

    def _lost(self, each: Sequence[int], place: int) -> int:
        """How many of the units that each has until a deadline are lost for want of tasks that are due so late.

        Whoever works past a moment ends a task that is due later, each another one: so no more people do than there are
        tasks due between that moment and the deadline. The fewest units are lost when, wherever there are too many at
        once, the one that ends last is given up.
        """
        first = max(0, place + 1 - sum(units > 0 for units in each))
        dues = [task.due_s * self._parts for task in self._tasks[first : place + 1]]
        busy: deque[int] = deque()
        lost = passed = 0
        for end in self._ends_after(dues[0] if first else 0, each):
            while dues[passed] <= end - self._seconds:
                passed += 1
                lost += _too_many(busy, dues[passed - 1], len(dues) - passed)
            busy.append(end)
            lost += _too_many(busy, end - self._seconds, len(dues) - passed)
        return lost + sum(_too_many(busy, due, len(dues) - 1 - at) for at, due in enumerate(dues) if at >= passed)

    def _ends_after(self, moment: int, each: Sequence[int]) -> list[int]:
        """When the units of everybody end, those after a moment; all times are parts of seconds."""
        ends: list[int] = []
        for person, units in zip(self._people, each, strict=True):
            start = person.start_s * self._parts
            skipped = max(0, (moment - start) // self._seconds)
            ends.extend(range(start + (skipped + 1) * self._seconds, start + units * self._seconds + 1, self._seconds))
        return sorted(ends)


def _too_many(busy: deque[int], moment: int, most: int) -> int:
    """Of units in order of their ends keep those that go beyond a moment, and at most so many; how many had to go for that."""
    while busy and busy[0] <= moment:
        busy.popleft()
    lost = max(0, len(busy) - most)
    for _ in range(lost):
        busy.pop()
    return lost
