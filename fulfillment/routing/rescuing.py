"""Room for work that would be late: others' tasks change hands until small gaps of many make one gap that is large enough."""

from collections.abc import Iterator
from heapq import nlargest
from operator import itemgetter
from random import Random

from fulfillment.routing.building import Crew, put_out_longer
from fulfillment.routing.day import Task
from fulfillment.routing.effort import Effort
from fulfillment.routing.loads import Load

# How many people, those nearest to having room, are asked to make room for one task.
_MOST_ASKED = 10
# Looking at every pair of two people's tasks takes so many steps.
_PAIRS_COST = 5
_MOST_PAIRS = 40
# So many people are asked in one step whether they have room.
_LOOKS_A_STEP = 10
_gain = itemgetter(0)


def rescue(
    crew: Crew, late: list[Task], effort: Effort, *, least: int, most_moves: int, most_shakes: int
) -> list[Task]:
    """Fit in what can be fitted in; returns what is late still, ``least`` tasks at best.

    Nothing that was in time becomes late, but for a longer task whose place a shorter one takes. When nothing moves any
    more, tasks are shaken to and fro and it begins anew, ``most_shakes`` times. At most ``most_moves`` tasks change hands for one rescued.
    """
    chance = Random(1)  # noqa: S311 - the same day shall give the same plan
    still = _rounds(crew, late, effort, most_moves)
    for _ in range(most_shakes):
        if len(still) <= least or effort.left <= 0:
            break
        _shake(crew, chance)
        still = _rounds(crew, still, effort, most_moves)
    return still


def _rounds(crew: Crew, late: list[Task], effort: Effort, most_moves: int) -> list[Task]:
    still = sorted(late, key=_shortest_first)
    while _one_round(crew, still, effort, most_moves) and effort.left > 0:
        still.sort(key=_shortest_first)
    return still


def _shortest_first(task: Task) -> tuple[int, int]:
    return (task.work_s, -task.place)


def _one_round(crew: Crew, still: list[Task], effort: Effort, most_moves: int) -> bool:
    """Try each late task once, bringing ``still`` up to date; whether anything became better."""
    failed: list[Task] = []
    is_better = False
    for task in list(still):
        if any(_is_no_harder(other, task) for other in failed):
            continue
        if not effort.spend(len(crew.loads) // _LOOKS_A_STEP + 1):
            return False
        if _squeeze_in(crew, task, effort, most_moves):
            still.remove(task)
        elif (longer := put_out_longer(crew, task, effort)) is not None:
            still.remove(task)
            still.append(longer)
        else:
            failed.append(task)
            continue
        is_better = True
    return is_better


def _is_no_harder(other: Task, task: Task) -> bool:
    """Whether there is room for ``other`` wherever there is room for ``task``."""
    return other.needs <= task.needs and other.due_s >= task.due_s and other.work_s <= task.work_s


def _squeeze_in(crew: Crew, task: Task, effort: Effort, most_moves: int) -> bool:
    """Find or make room for the task at one of those who come nearest to having it; whether that went."""
    able = [crew.loads[i] for i in sorted(crew.able(task.needs))]
    missing = sorted((load.missing_s(task), place) for place, load in enumerate(able))
    for missing_s, place in missing[:_MOST_ASKED]:
        load = able[place]
        if missing_s <= 0 or _make_room(crew, load, task, effort, most_moves):
            crew.give(load, task)
            return True
    return False


def _make_room(crew: Crew, load: Load, task: Task, effort: Effort, most_moves: int) -> bool:
    """Deal this person's work away, piece by piece, until there is room for the task; whether there is."""
    missing_s = load.missing_s(task)
    while missing_s > 0 and most_moves > 0:
        missing_s = _one_deal(crew, load, task, missing_s, effort)
        most_moves -= 1
    return missing_s == 0


def _one_deal(crew: Crew, load: Load, task: Task, missing_s: int, effort: Effort) -> int:
    """Make the first deal that brings room for the task nearer; returns what is missing then: -1 when no deal does."""
    for other, given, got in _deals(crew, load, load.tightest_place(task), effort):
        crew.deal(load, other, given, got)
        now_s = load.missing_s(task)
        if now_s < missing_s:
            return max(0, now_s)
        crew.deal(other, load, given, got)
    return -1


def _deals(crew: Crew, load: Load, until: int, effort: Effort) -> Iterator[tuple[Load, Task, Task | None]]:
    """What this person can give to others so that there is less work up to a place, for something else or for nothing."""
    for other in sorted((other for other in crew.loads if other is not load), key=lambda other: -other.left_s):
        if not effort.spend(_PAIRS_COST):
            return
        for given, got in _pairs(load, other, until):
            if got is None:
                fits = other.has_room(given)
            else:
                fits = other.has_room_instead(given, got) and load.has_room_instead(got, given)
            if fits:
                yield other, given, got


def _pairs(load: Load, other: Load, until: int) -> list[tuple[Task, Task | None]]:
    """Tasks of both that could change hands so that the first has less to do up to a place, the most first."""
    gives = [task for task in load.tasks if task.place <= until and task.work_s > 0 and other.can(task)]
    gets: list[tuple[int, int, Task | None]] = [(0, 0, None)]
    gets += [(task.work_s, task.work_s if task.place <= until else 0, task) for task in other.tasks if load.can(task)]
    most_s, least_s = other.left_s, -load.left_s
    pairs = [
        (given.work_s - early_s, given, got)
        for given in gives
        for work_s, early_s, got in gets
        if given.work_s > early_s and least_s <= given.work_s - work_s <= most_s
    ]
    return [(given, got) for _, given, got in nlargest(_MOST_PAIRS, pairs, key=_gain)]


def _shake(crew: Crew, chance: Random) -> None:
    """Let tasks change hands by chance where everything stays in time."""
    for _ in range(4 * len(crew.loads)):
        busy = [load for load in crew.loads if load.tasks]
        if len(busy) < 2:
            return
        one, other = chance.sample(busy, 2)
        given, got = chance.choice(one.tasks), chance.choice(other.tasks)
        if not other.can(given):
            continue
        if one.can(got) and other.has_room_instead(given, got) and one.has_room_instead(got, given):
            crew.deal(one, other, given, got)
        elif other.has_room(given):
            crew.deal(one, other, given, None)
