"""One person's work in order of due time, and whether some more, or some other, still leaves everything in time."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import accumulate

from fulfillment.routing.day import Person, Task


class Load:
    """The tasks of one person, earliest due first, done without a pause from when the person is there.

    In this order everything is in time if any order is (Jackson 1955), so it is the only one that is ever tried.
    ``margins`` says for each task by how much it is early; ``slack`` the least margin from a task on.
    """

    __slots__ = ("busy_s", "ends", "fen", "hours_s", "margins", "person", "places", "slack", "tasks")

    def __init__(self, person: Person, tasks: Iterable[Task] = ()) -> None:
        self.person = person
        self.hours_s = person.worked_s + person.free_s
        self.tasks = sorted(tasks, key=lambda task: task.place)
        self.places = [task.place for task in self.tasks]
        self.busy_s = sum(task.work_s for task in self.tasks)
        self.fen = person.earned_fen + sum(task.rate_fen for task in self.tasks)
        start, end = person.start_s, person.end_s
        self.ends = list(accumulate((task.work_s for task in self.tasks), initial=start))[1:]
        self.margins = [min(task.due_s, end) - done for task, done in zip(self.tasks, self.ends, strict=True)]
        self.slack = list(accumulate(reversed(self.margins), min))[::-1]

    def per_hour(self) -> float:
        """Fen an hour of presence, what was earned before included."""
        return self.fen * 3600 / self.hours_s if self.hours_s else 0.0

    @property
    def left_s(self) -> int:
        """The time that is not filled."""
        return self.person.free_s - self.busy_s

    @property
    def is_in_time(self) -> bool:
        """Whether everything is."""
        return not self.slack or self.slack[0] >= 0

    def can(self, task: Task) -> bool:
        """Whether the work suits the person at all."""
        return task.needs <= self.person.abilities

    def missing_s(self, task: Task) -> int:
        """By how many seconds there is no room for the task; 0 or less when there is."""
        at = bisect_left(self.places, task.place)
        before = self.ends[at - 1] if at else self.person.start_s
        missing = before + task.work_s - min(task.due_s, self.person.end_s)
        return max(missing, task.work_s - self.slack[at]) if at < len(self.slack) else missing

    def tightest_place(self, task: Task) -> int:
        """Up to which place there would have to be less work before there is room for the task."""
        at = bisect_left(self.places, task.place)
        before = self.ends[at - 1] if at else self.person.start_s
        own_s = before + task.work_s - min(task.due_s, self.person.end_s)
        if at == len(self.slack) or own_s >= task.work_s - self.slack[at]:
            return task.place
        return next(
            place for place, margin in zip(self.places[at:], self.margins[at:], strict=True) if margin < task.work_s
        )

    def has_room(self, task: Task) -> bool:
        """Whether everything is in time with the task added."""
        return self.missing_s(task) <= 0

    def has_room_instead(self, task: Task, out: Task) -> bool:
        """Whether everything is in time with the task added and ``out``, one of this person's, taken away."""
        at = bisect_left(self.places, task.place)
        gone = bisect_left(self.places, out.place)
        more = task.work_s - out.work_s
        before = self.ends[at - 1] if at else self.person.start_s
        if at <= gone:
            if before + task.work_s > min(task.due_s, self.person.end_s):
                return False
            if at < gone and min(self.margins[at:gone]) < task.work_s:
                return False
            return gone + 1 == len(self.slack) or self.slack[gone + 1] >= more
        if before + more > min(task.due_s, self.person.end_s):
            return False
        return at == len(self.slack) or self.slack[at] >= more

    def add(self, task: Task) -> None:
        """Put the task where its due time belongs."""
        at = bisect_left(self.places, task.place)
        before = self.ends[at - 1] if at else self.person.start_s
        self.tasks.insert(at, task)
        self.places.insert(at, task.place)
        self._shift(at, task.work_s)
        self.ends.insert(at, before + task.work_s)
        self.margins.insert(at, min(task.due_s, self.person.end_s) - before - task.work_s)
        self.slack.insert(at, 0)
        self._renew_slack(at)
        self.busy_s += task.work_s
        self.fen += task.rate_fen

    def drop(self, task: Task) -> None:
        """Take one of the tasks away."""
        at = bisect_left(self.places, task.place)
        for column in (self.tasks, self.places, self.ends, self.margins, self.slack):
            del column[at]
        self._shift(at, -task.work_s)
        self._renew_slack(at - 1)
        self.busy_s -= task.work_s
        self.fen -= task.rate_fen

    def _shift(self, at: int, by_s: int) -> None:
        """Everything from ``at`` on ends so much later."""
        self.ends[at:] = [end + by_s for end in self.ends[at:]]
        self.margins[at:] = [margin - by_s for margin in self.margins[at:]]
        self.slack[at:] = [slack - by_s for slack in self.slack[at:]]

    def _renew_slack(self, at: int) -> None:
        """Slack from ``at`` back to where it stays what it was."""
        known = self.slack[at + 1] if at + 1 < len(self.slack) else None
        first = at
        while at >= 0:
            least = self.margins[at] if known is None else min(known, self.margins[at])
            if at < first and least == self.slack[at]:
                return
            self.slack[at] = known = least
            at -= 1
