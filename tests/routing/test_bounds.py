"""The bound of lateness in whole units: never above what is possible, and tight where seconds are not."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from fulfillment.routing.day import Day
from fulfillment.routing.planning import plan_day
from fulfillment.routing.units import least_late_in_units
from tests.routing.days import day, days, least_late_by_trying, person, task

# Two, three, four and six units of about ten seconds, rounded up as minutes are.
ROUNDED_S: Final = (20, 31, 41, 62)


@st.composite
def full_days(draw: st.DrawFn) -> Day:
    """Work of a few lengths, somewhat more than three people have time for."""
    ends = draw(st.lists(st.integers(40, 110), min_size=1, max_size=3))
    lengths = draw(st.lists(st.sampled_from(ROUNDED_S), max_size=7))
    dues = [draw(st.integers(20, 110)) for _ in lengths]
    return day(
        [task(f"t{place}", due_s, work_s) for place, (due_s, work_s) in enumerate(zip(dues, lengths, strict=True))],
        [person(f"p{place}", draw(st.integers(0, 20)), end_s) for place, end_s in enumerate(ends)],
    )


@given(planned=days(most_tasks=6, most_people=3) | full_days())
def test_the_bound_in_units_is_never_above_the_least_lateness(planned: Day) -> None:
    people = [one for one in planned.people if one.free_s > 0]
    assert least_late_in_units(planned.tasks, people) <= least_late_by_trying(planned)


def test_nobody_works_past_a_deadline_without_a_task_that_is_due_later() -> None:
    tasks = [task(f"early {place:02}", 90, 10) for place in range(16)] + [task("last", 100, 40)]
    planned = day(tasks, [person("甲", 0, 100), person("乙", 0, 100)])
    # Together they have time for all of it, but only one of them has work for the last ten seconds.
    assert sum(one.work_s for one in tasks) == sum(one.free_s for one in planned.people)
    plan = plan_day(planned)
    assert plan.not_in_time == plan.least_late == 1


def test_that_holds_at_a_deadline_in_the_middle_of_the_day_as_well() -> None:
    tasks = [task(f"early {place:02}", 90, 10) for place in range(16)] + [task("middle", 100, 40)]
    tasks += [task(f"evening {place}", 500, 40) for place in range(3)]
    people = [person("甲", 0, 500), person("乙", 0, 500)]
    plan = plan_day(day(tasks, people))
    assert plan.not_in_time == plan.least_late == 1
