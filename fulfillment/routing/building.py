"""A first plan: every task to the able person with the lowest earnings an hour who can still do everything in time."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter

from fulfillment.routing.day import Task
from fulfillment.routing.effort import Effort
from fulfillment.routing.loads import Load

_Standing = tuple[float, int, int]


class Crew:
    """The loads of everybody, kept in order: lowest earnings an hour first, priority ahead at equal."""

    def __init__(self, loads: Sequence[Load]) -> None:
        self.loads = loads
        self._at = {load.person.id: index for index, load in enumerate(loads)}
        self._ranked = sorted(self._standing(load) for load in loads)
        self._able: dict[frozenset[str], set[int]] = {}

    def _standing(self, load: Load) -> _Standing:
        return (load.per_hour(), -load.person.priority, self._at[load.person.id])

    def ranked(self) -> list[Load]:
        """Everybody, lowest earnings an hour first."""
        return [self.loads[i] for _, _, i in self._ranked]

    def able(self, needs: frozenset[str]) -> set[int]:
        """Who meets these needs, as places in ``loads``."""
        if needs not in self._able:
            self._able[needs] = {i for i, load in enumerate(self.loads) if needs <= load.person.abilities}
        return self._able[needs]

    def able_loads(self, needs: frozenset[str]) -> list[Load]:
        """Who meets these needs, lowest earnings an hour first."""
        able = self.able(needs)
        return [self.loads[i] for _, _, i in self._ranked if i in able]

    def give(self, load: Load, task: Task) -> None:
        """Add a task to a person's load."""
        self._forget(load)
        load.add(task)
        insort(self._ranked, self._standing(load))

    def take(self, load: Load, task: Task) -> None:
        """Take a task from a person's load."""
        self._forget(load)
        load.drop(task)
        insort(self._ranked, self._standing(load))

    def deal(self, giver: Load, taker: Load, given: Task, got: Task | None) -> None:
        """``given`` changes hands, for ``got`` if there is one."""
        self.take(giver, given)
        if got is not None:
            self.take(taker, got)
            self.give(giver, got)
        self.give(taker, given)

    def _forget(self, load: Load) -> None:
        del self._ranked[bisect_left(self._ranked, self._standing(load))]


Choice = Callable[[Task, Iterable[Load]], Load | None]


def poorest(task: Task, able: Iterable[Load]) -> Load | None:
    """The first who has room, of people who come lowest earnings an hour first."""
    return next((load for load in able if load.has_room(task)), None)


def tightest(task: Task, able: Iterable[Load]) -> Load | None:
    """Who has room, and least to spare: large gaps stay for large tasks."""
    spare = [(missing_s, load) for load in able if (missing_s := load.missing_s(task)) <= 0]
    return max(spare, key=itemgetter(0))[1] if spare else None


def build(crew: Crew, tasks: Iterable[Task], effort: Effort, choose: Choice = poorest) -> list[Task]:
    """Give out what can be in time; returns what cannot. What few have time for comes first, then what is due first."""
    tasks = list(tasks)
    able_s = {
        needs: sum(crew.loads[i].person.free_s for i in crew.able(needs)) for needs in {task.needs for task in tasks}
    }
    late = []
    for task in sorted(tasks, key=lambda task: (able_s[task.needs], task.place)):
        left_over = _place(crew, task, effort, choose)
        if left_over is not None:
            late.append(left_over)
    return late


def _place(crew: Crew, task: Task, effort: Effort, choose: Choice) -> Task | None:
    """The task where there is room for it, or else in the place of a longer one.

    Returns what is left over: nothing, the longer task, or the task itself.
    """
    able = crew.able_loads(task.needs)
    if not effort.spend(len(able)):
        return task
    load = choose(task, able)
    if load is None:
        return put_out_longer(crew, task, effort) or task
    crew.give(load, task)
    return None


def put_out_longer(crew: Crew, task: Task, effort: Effort) -> Task | None:
    """Give the task the place of the longest one that makes room for it (Moore and Hodgson 1968); returns that one."""
    best: tuple[Load, Task] | None = None
    longest_s = task.work_s
    for load in crew.able_loads(task.needs):
        if not effort.spend():
            break
        for other in load.tasks:
            if other.work_s > longest_s and load.has_room_instead(task, other):
                best, longest_s = (load, other), other.work_s
    if best is None:
        return None
    load, other = best
    crew.take(load, other)
    crew.give(load, task)
    return other


def fill_up(crew: Crew, tasks: Iterable[Task], kept_by: Mapping[str, str]) -> list[Task]:
    """Work without a deadline (``Task.put_off``) to whoever has time left, short before long so that most is done.

    It stays with the person it was planned for before, if that goes. Returns what nobody has time for.
    """
    left = []
    for task in sorted(tasks, key=lambda task: (task.work_s, task.place)):
        roomy = [load for load in crew.able_loads(task.needs) if load.left_s >= task.work_s]
        if roomy:
            keeper = kept_by.get(task.id)
            crew.give(next((load for load in roomy if load.person.id == keeper), roomy[0]), task)
        else:
            left.append(task)
    return left
