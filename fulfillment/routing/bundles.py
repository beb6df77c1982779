"""Deals of up to two tasks against up to two: for people whose hours are so full that no single exchange fits."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from heapq import nsmallest
from itertools import combinations
from operator import itemgetter

from fulfillment.routing.building import Crew
from fulfillment.routing.day import Task
from fulfillment.routing.loads import Load

_MOST_TRIED = 30
# Of tasks with the same length and pay only so many are looked at, those that are due last.
_OF_A_KIND = 2

Tasks = tuple[Task, ...]
# Work in seconds, pay in fen, the tasks.
_Bundle = tuple[int, int, Tasks]
_work = itemgetter(0)
_closest = itemgetter(0)


def deal_in_bundles(crew: Crew, poor: Load, rich: Load, want_fen: float) -> bool:
    """Make the deal that brings the poorer of two closest to ``want_fen`` more; whether there was any."""
    for _, given, got in nsmallest(_MOST_TRIED, _deals(poor, rich, want_fen), key=_closest):
        _exchange(crew, rich, poor, given, got)
        if poor.is_in_time and rich.is_in_time:
            return True
        _exchange(crew, poor, rich, given, got)
    return False


def _exchange(crew: Crew, giver: Load, taker: Load, given: Tasks, got: Tasks) -> None:
    """``given`` and ``got`` change hands, whether in time or not."""
    for task in given:
        crew.take(giver, task)
    for task in got:
        crew.take(taker, task)
        crew.give(giver, task)
    for task in given:
        crew.give(taker, task)


def _deals(poor: Load, rich: Load, want_fen: float) -> Iterator[tuple[float, Tasks, Tasks]]:
    """What the two could exchange within their hours, each with how far it is from what is wanted."""
    gets: list[_Bundle] = [(0, 0, ()), *_bundles(poor, rich)]
    gets.sort(key=_work)
    for work_s, pay_fen, given in _bundles(rich, poor):
        first = bisect_left(gets, work_s - poor.left_s, key=_work)
        last = bisect_right(gets, work_s + rich.left_s, key=_work)
        for _, less_fen, got in gets[first:last]:
            more_fen = pay_fen - less_fen
            if 0 < more_fen < 2 * want_fen:
                yield abs(more_fen - want_fen), given, got


def _bundles(load: Load, other: Load) -> Iterator[_Bundle]:
    """One or two of a person's tasks that the other can do."""
    some = _one_of_each(load, other)
    for task in some:
        yield task.work_s, task.rate_fen, (task,)
    for one, two in combinations(some, 2):
        yield one.work_s + two.work_s, one.rate_fen + two.rate_fen, (one, two)


def _one_of_each(load: Load, other: Load) -> Sequence[Task]:
    counts: dict[tuple[int, int], int] = {}
    some = []
    for task in reversed(load.tasks):
        kind = (task.work_s, task.rate_fen)
        if other.can(task) and counts.get(kind, 0) < _OF_A_KIND:
            counts[kind] = counts.get(kind, 0) + 1
            some.append(task)
    return some
