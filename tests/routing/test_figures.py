"""The figures that the plan is held to, beside the plain ways of sharing work out, which miss them."""

import pytest

from benchmarks import solver
from benchmarks.routing_days import (
    Outcome,
    first_come_first_served,
    make_day,
    make_scattered_day,
    poorest_first,
    round_robin,
)
from fulfillment.routing.bounds import least_late
from fulfillment.routing.day import Day, Plan
from fulfillment.routing.measures import gini
from fulfillment.routing.planning import plan_day
from tests.routing.days import check_hard_rules, day, least_late_by_trying, person, task

LOADS = (0.8, 1.0, 1.15)


def holds(late: int, least: int, unevenness: float, controls: list[Outcome]) -> tuple[bool, bool]:
    """Whether lateness is within 2 % of the bound, and the Gini coefficient a third of the controls' at most."""
    return late <= least * 1.02, unevenness * 3 <= min(control.gini for control in controls)


@pytest.mark.parametrize("load", LOADS)
def test_a_day_of_a_thousand_tasks_is_in_time_and_fair_and_the_plain_ways_are_not(load: float) -> None:
    planned = make_day(1_000, 60, load, seed=8)
    plan = plan_day(planned)
    check_hard_rules(planned, plan)
    controls = [first_come_first_served(planned), round_robin(planned)]
    assert holds(plan.not_in_time, plan.least_late, gini(plan.rates_fen), controls) == (True, True)
    for control in controls:
        assert control.late >= plan.not_in_time
        assert not all(holds(control.late, plan.least_late, control.gini, controls))


def test_a_day_on_which_people_come_at_any_time_is_fair_and_not_far_from_the_bound() -> None:
    planned = make_scattered_day(1_000, 60, 1.0, seed=1)
    plan = plan_day(planned)
    first = first_come_first_served(planned)
    assert plan.not_in_time <= 1.25 * plan.least_late < first.late
    assert gini(plan.rates_fen) * 3 <= first.gini


@pytest.mark.parametrize("load", LOADS)
def test_a_small_day_is_no_less_fair_than_the_plain_greedy(load: float) -> None:
    planned = make_day(100, 20, load, seed=5)
    assert gini(plan_day(planned).rates_fen) <= poorest_first(planned).gini + 0.01


def small_days() -> list[tuple[Day, Plan]]:
    planned = [make_day(100, 20, load, seed) for load in (1.05, 1.2) for seed in range(4)]
    return [(one, plan_day(one)) for one in planned]


def test_a_solver_finds_no_plan_that_is_less_late_than_ours_by_more_than_a_parcel() -> None:
    gaps = []
    for planned, plan in small_days():
        solved = solver.least_late(planned, seconds=5)
        assert plan.least_late <= plan.not_in_time
        assert solved <= plan.not_in_time
        gaps.append(plan.not_in_time - max(solved, plan.least_late))
    assert max(gaps) <= 1
    assert sum(gaps) <= 2


def test_tiny_days_are_planned_with_the_least_lateness_there_is() -> None:
    missed = 0
    for seed in range(120):
        planned = make_day(7, 3, 1.4, seed)
        missed += plan_day(planned).not_in_time - least_late_by_trying(planned)
    assert missed <= 2


def test_the_bound_knows_that_whole_tasks_do_not_fill_any_time() -> None:
    planned = day(
        [task(f"t{place:02}", 3_600, 420) for place in range(20)], [person("甲", 0, 3_600), person("乙", 0, 3_600)]
    )
    assert least_late(planned.tasks, planned.people) == 4, "8 tasks of 7 minutes go into an hour, not 8.6"


def test_the_bound_looks_at_those_who_can_do_either_of_two_kinds() -> None:
    lifts, reads = frozenset({"lift"}), frozenset({"read"})
    tasks = [task(f"l{place}", 600, 60, needs=lifts) for place in range(8)]
    tasks += [task(f"r{place}", 600, 60, needs=reads) for place in range(8)]
    people = [person("甲", 0, 600, "lift", "read"), person("乙", 0, 600), person("丙", 0, 600)]
    assert least_late(day(tasks, people).tasks, people) == 6


def test_gini_is_nought_for_all_the_same_and_grows_with_the_gaps() -> None:
    assert gini([]) == gini([0, 0]) == gini([5, 5, 5]) == 0
    assert gini([0, 10]) == 0.5
    assert gini([1, 3]) == 0.25
