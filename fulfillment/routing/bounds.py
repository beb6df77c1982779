"""A number of parcels that no plan can have less of late: for judging plans, ours included."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush
from itertools import accumulate, combinations, groupby, islice
from operator import itemgetter

from fulfillment.routing.day import Person, Task
from fulfillment.routing.units import least_late_in_units

_MOST_FAMILIES = 32
# On a very large day fewer families are looked at: so many tasks in all.
_MOST_LOOKED_AT = 160_000
# At so many deadlines the time is counted exactly; that costs a look at every person for each.
_EXACT_AT = 100
# In a longer time there is nothing that tasks could not fill.
_LONGEST_S = 24 * 3600


def least_late(tasks: Sequence[Task], people: Sequence[Person]) -> int:
    """A lower bound of parcels that are not done by their due time.

    Pour the time of everybody together, so that work may be cut and handed on at will: the rule of Moore and Hodgson (1968)
    is exact then, and no real plan is better. Each family of needs is looked at by itself with only those who can do some
    of it, and a person's time until a deadline counts only as far as whole tasks can fill it. What nobody
    could do in time even alone is counted apart. The family that is shortest of time is looked at once more in whole units.
    """
    possible = [task for task in tasks if any(person.could_do(task) for person in people)]
    by_due = sorted(possible, key=lambda task: task.due_s)
    judged = [(_least_late_of(some, able), some, able) for some, able in _families(by_due, people) if some]
    if not judged:
        return len(tasks) - len(possible)
    least, some, able = max(judged, key=itemgetter(0))
    return len(tasks) - len(possible) + max(least, least_late_in_units(some, able))


def _families(tasks: Sequence[Task], people: Sequence[Person]) -> Iterator[tuple[Sequence[Task], Sequence[Person]]]:
    """Everything, and work that asks at least for one of some sets of needs, each with those who can do any of it."""
    kinds = sorted({task.needs for task in tasks}, key=lambda needs: (-len(needs), sorted(needs)))
    unions = (union for size in range(1, len(kinds) + 1) for union in combinations(kinds, size))
    asked = (frozenset(kind for kind in kinds if any(kind >= least for least in union)) for union in unions)
    seen = dict.fromkeys([frozenset(kinds), *islice(asked, 4 * _MOST_FAMILIES)])
    for some in islice(seen, max(4, min(_MOST_FAMILIES, _MOST_LOOKED_AT // max(1, len(tasks))))):
        yield (
            [task for task in tasks if task.needs in some],
            [person for person in people if any(needs <= person.abilities for needs in some)],
        )


def _least_late_of(tasks: Sequence[Task], people: Sequence[Person]) -> int:
    """Moore and Hodgson: by due time, and whenever there is more work than time, the longest goes."""
    time = _Time(tasks, people)
    late = busy_s = 0
    longest: list[int] = []
    for due_s, group in groupby(tasks, key=lambda task: task.due_s):
        for task in group:
            heappush(longest, -task.work_s)
            busy_s += task.work_s
            time.see(task)
        time_s = time.until(due_s, busy_s)
        while busy_s > time_s:
            busy_s += heappop(longest)
            late += 1
    return late


class _Time:
    """How much some people can do until a deadline."""

    def __init__(self, tasks: Sequence[Task], people: Sequence[Person]) -> None:
        self._people = people
        self._filling = _Filling(tasks, max(person.end_s - person.start_s for person in people))
        self._most_lost_s = len(people) * max(task.work_s for task in tasks)
        self._starts = _Steps([person.start_s for person in people])
        self._ends = _Steps([person.end_s for person in people])
        dues = sorted({task.due_s for task in tasks})
        self._exact_at = set(dues[:: -(-len(dues) // _EXACT_AT) or 1]) | set(dues[-1:])

    def see(self, task: Task) -> None:
        """One more task is due by the deadlines asked about from now on."""
        self._filling.add(task.work_s)

    def until(self, due_s: int, busy_s: int) -> int:
        """The time until a deadline in seconds, exact only where it is less than ``busy_s`` and may be looked at."""
        time_s = self._starts.passed_s(due_s) - self._ends.passed_s(due_s)
        if busy_s <= time_s - self._most_lost_s or due_s not in self._exact_at:
            return time_s
        return sum(self._filling.most_s(min(person.end_s, due_s) - person.start_s) for person in self._people)


class _Steps:
    """How long ago some moments were, added up."""

    def __init__(self, moments: Sequence[int]) -> None:
        self._moments = sorted(moments)
        self._sums = list(accumulate(self._moments, initial=0))

    def passed_s(self, at_s: int) -> int:
        count = bisect_left(self._moments, at_s)
        return count * at_s - self._sums[count]


class _Filling:
    """How much of a time whole tasks can fill: every sum of some of the tasks seen so far, as bits of one number."""

    def __init__(self, tasks: Sequence[Task], longest_s: int) -> None:
        self._unit_s = math.gcd(*(task.work_s for task in tasks)) or 1
        self._units = min(max(0, longest_s), _LONGEST_S) // self._unit_s
        self._mask = (1 << self._units + 1) - 1
        self._sums = 1

    def add(self, work_s: int) -> None:
        """One more task."""
        self._sums |= (self._sums << work_s // self._unit_s) & self._mask

    def most_s(self, time_s: int) -> int:
        """The most that tasks can fill of a time; of a very long one, all of it."""
        units = max(0, time_s) // self._unit_s
        if units > self._units:
            return time_s
        reached = self._sums & ((1 << units + 1) - 1)
        return (reached.bit_length() - 1) * self._unit_s
