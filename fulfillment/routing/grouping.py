"""The same goods together: tasks that are alike but for their goods are sorted among people, and a person's work into batches."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from fulfillment.routing.building import Crew
from fulfillment.routing.day import Batch, Task
from fulfillment.routing.loads import Load

# How far ahead in a person's work the same goods are looked for.
_LOOK_AHEAD = 300


def sort_goods(crew: Crew, kept_by: Mapping[str, str]) -> None:
    """Exchange tasks with the same due time, length, pay and needs so that each person has fewer kinds of goods.

    Nothing else changes by it. What is with the person it was planned for before stays there.
    """
    alike: dict[tuple[object, ...], list[tuple[Load, Task]]] = defaultdict(list)
    goods = {load.person.id: Counter(task.mix for task in load.tasks) for load in crew.loads}
    for load in crew.loads:
        for task in load.tasks:
            if kept_by.get(task.id) != load.person.id:
                alike[task.due_s, task.work_s, task.rate_fen, task.needs].append((load, task))
    for rows in alike.values():
        if len({load.person.id for load, _ in rows}) > 1 and len({task.mix for _, task in rows}) > 1:
            _sort_alike(crew, rows, goods)


def _sort_alike(crew: Crew, rows: Sequence[tuple[Load, Task]], goods: Mapping[str, Counter[str]]) -> None:
    shares = Counter(load.person.id for load, _ in rows)
    loads = {load.person.id: load for load, _ in rows}
    pool: dict[str, list[Task]] = defaultdict(list)
    for load, task in rows:
        pool[task.mix].append(task)
        goods[load.person.id][task.mix] -= 1
        crew.take(load, task)
    for person, share in shares.most_common():
        for _ in range(share):
            own = goods[person]
            mix = max(pool, key=lambda mix: (own[mix], len(pool[mix]), mix))
            crew.give(loads[person], pool[mix].pop())
            own[mix] += 1
            if not pool[mix]:
                del pool[mix]


def batches_of(load: Load, tasks: Mapping[str, Task]) -> Iterator[Batch]:
    """One person's work as batches of one mix, none larger than suits the person; ``tasks`` have the real due times.

    What can no longer be in time comes as soon as it makes nothing else late. A batch ends before the first due time of
    what is in it, so that nothing in it waits for the rest.
    """
    row = _Row(load)
    while row.tasks or row.late:
        start_s = row.clock_s
        batch = row.next_batch()
        yield Batch(load.person.id, tuple(tasks[task.id] for task in batch), start_s, row.clock_s)


class _Row:
    """What a person has still to do: ``tasks`` by due time, each with the margin by which it is early, and ``late`` ones."""

    def __init__(self, load: Load) -> None:
        self._person = load.person
        self.tasks = [task for task in load.tasks if not task.is_put_off]
        self.margins = load.margins[: len(self.tasks)]
        self.late = [task for task in load.tasks if task.is_put_off]
        self.clock_s = load.person.start_s

    def next_batch(self) -> list[Task]:
        """Take the next task, and those with the same goods that can come forward to it."""
        if self.late and self._can_wait(self.late[0].work_s, len(self.tasks)):
            batch = [self._take_late(0)]
        else:
            batch = [self._take(0)]
        last_end_s = self._last_end_s(batch[0])
        self._join_late(batch, last_end_s)
        self._join(batch, last_end_s)
        return batch

    def _join_late(self, batch: list[Task], last_end_s: int) -> None:
        place = 0
        while place < min(len(self.late), _LOOK_AHEAD):
            task = self.late[place]
            if self._belongs(batch, task, last_end_s) and self._can_wait(task.work_s, len(self.tasks)):
                batch.append(self._take_late(place))
            else:
                place += 1

    def _join(self, batch: list[Task], last_end_s: int) -> None:
        place = 0
        while place < min(len(self.tasks), _LOOK_AHEAD):
            task = self.tasks[place]
            if self._belongs(batch, task, last_end_s) and self._can_wait(task.work_s, place):
                last_end_s = min(last_end_s, self._last_end_s(task))
                batch.append(self._take(place))
            else:
                place += 1

    def _belongs(self, batch: list[Task], task: Task, last_end_s: int) -> bool:
        """Whether the task has the same goods and the batch, with it, is not too large, too heavy or too late."""
        if task.mix != batch[0].mix or len(batch) >= self._person.most_tasks:
            return False
        most_g = self._person.most_g
        if most_g is not None and sum(one.weight_g for one in batch) + task.weight_g > most_g:
            return False
        return self.clock_s + task.work_s <= min(last_end_s, self._last_end_s(task))

    def _last_end_s(self, task: Task) -> int:
        return min(task.due_s, self._person.end_s)

    def _can_wait(self, work_s: int, first: int) -> bool:
        """Whether the first so many tasks stay in time when this much work comes before them."""
        return min(self.margins[:first], default=work_s) >= work_s

    def _take_late(self, place: int) -> Task:
        task = self.late.pop(place)
        self._done(task, len(self.tasks))
        return task

    def _take(self, place: int) -> Task:
        task = self.tasks.pop(place)
        del self.margins[place]
        self._done(task, place)
        return task

    def _done(self, task: Task, first: int) -> None:
        """The task is done next; so many tasks that were before it come later by its work."""
        self.clock_s += task.work_s
        if first:
            self.margins[:first] = [margin - task.work_s for margin in self.margins[:first]]
