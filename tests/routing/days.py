"""Small days for tests: made by hand, by Hypothesis, and all their plans tried one by one."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from hypothesis import strategies as st

from fulfillment.routing.day import NO_TIME, NOBODY_CAN, Day, Person, Plan, Task, in_order

ABILITIES = ("lift", "read")
_needs = st.frozensets(st.sampled_from(ABILITIES), max_size=1)


def task(name: str, due_s: int, work_s: int, rate_fen: int = 60, **facts: Any) -> Task:
    """A task, times in seconds."""
    return Task(name, 0, due_s, work_s, rate_fen, **facts)


def person(name: str, start_s: int, end_s: int, *abilities: str, **facts: Any) -> Person:
    """Somebody who is there from one second to another."""
    return Person(name, start_s, end_s, frozenset(abilities), **facts)


def day(tasks: Sequence[Task], people: Sequence[Person], **facts: Any) -> Day:
    """A day of these."""
    return Day(in_order(tasks), people, **facts)


@st.composite
def days(draw: st.DrawFn, most_tasks: int = 14, most_people: int = 4) -> Day:
    """Any small day: overdue and impossible work, people whose hours are over, work that takes no time."""
    tasks = draw(
        st.lists(
            st.builds(
                Task,
                id=st.uuids().map(str),
                place=st.just(0),
                due_s=st.integers(-60, 900),
                work_s=st.sampled_from((0, 60, 90, 120, 200)),
                rate_fen=st.sampled_from((0, 60, 80, 150)),
                needs=_needs,
                mix=st.sampled_from("abc"),
                weight_g=st.sampled_from((300, 2_000, 9_000)),
            ),
            max_size=most_tasks,
            unique_by=lambda one: one.id,
        )
    )
    people = []
    for place in range(draw(st.integers(0, most_people))):
        start_s = draw(st.integers(0, 300))
        people.append(
            Person(
                f"p{place}",
                start_s,
                start_s + draw(st.integers(-200, 800)),
                draw(st.frozensets(st.sampled_from(ABILITIES))),
                draw(st.integers(0, 3_000)),
                draw(st.sampled_from((0, 1_800, 7_200))),
                draw(st.integers(0, 2)),
                draw(st.integers(1, 4)),
                draw(st.sampled_from((None, 4_000))),
            )
        )
    return day(tasks, people)


def check_hard_rules(planned: Day, plan: Plan) -> None:
    """Everything that must hold of any plan of any day."""
    people = {one.id: one for one in planned.people}
    tasks = {one.id: one for one in planned.tasks}
    free_from = {name: one.start_s for name, one in people.items()}
    ends: dict[str, int] = {}
    for batch in plan.batches:
        who = people[batch.person]
        assert batch.start_s >= free_from[who.id], "two batches of one person overlap"
        assert batch.end_s <= who.end_s, "beyond the person's hours"
        assert batch.end_s == batch.start_s + sum(one.work_s for one in batch.tasks)
        assert 1 <= len(batch.tasks) <= who.most_tasks
        assert len({one.mix for one in batch.tasks}) == 1
        weight_g = sum(one.weight_g for one in batch.tasks)
        assert len(batch.tasks) == 1 or who.most_g is None or weight_g <= who.most_g
        clock_s = batch.start_s
        for one in batch.tasks:
            assert tasks[one.id] == one
            assert one.needs <= who.abilities
            assert one.id not in ends, "given out twice"
            clock_s += one.work_s
            ends[one.id] = clock_s
        free_from[who.id] = batch.end_s
    assert ends.keys() | plan.unassigned.keys() == tasks.keys()
    assert not ends.keys() & plan.unassigned.keys()
    assert set(plan.late) == {name for name, end_s in ends.items() if end_s > tasks[name].due_s}
    assert plan.least_late <= plan.not_in_time
    _check_unassigned(planned, plan, free_from)


def _check_unassigned(planned: Day, plan: Plan, free_from: dict[str, int]) -> None:
    """Work is left over only when nobody able has any time left."""
    by_id = {one.id: one for one in planned.tasks}
    for name, reason in plan.unassigned.items():
        able = [one for one in planned.people if by_id[name].needs <= one.abilities and one.free_s > 0]
        assert reason == (NO_TIME if able else NOBODY_CAN)
        assert all(free_from[one.id] + by_id[name].work_s > one.end_s for one in able)


def least_late_by_trying(planned: Day) -> int:
    """The least parcels not in time, by trying every way to share them out; for days of a handful of tasks."""
    tasks = planned.tasks
    everybody = [one for one in planned.people if one.free_s > 0]

    @cache
    def most_in_time(place: int, clocks: tuple[int, ...]) -> int:
        if place == len(tasks):
            return 0
        best = most_in_time(place + 1, clocks)
        one = tasks[place]
        for index, who in enumerate(everybody):
            end_s = clocks[index] + one.work_s
            if one.needs <= who.abilities and end_s <= min(one.due_s, who.end_s):
                later = (*clocks[:index], end_s, *clocks[index + 1 :])
                best = max(best, 1 + most_in_time(place + 1, later))
        return best

    return len(tasks) - most_in_time(0, tuple(one.start_s for one in everybody))
