"""A plan that is mended: only what must, or is worth it, changes hands."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.routing_days import changes, make_day
from fulfillment.routing.day import Day, Plan, Weights
from fulfillment.routing.planning import plan_day
from tests.routing.days import check_hard_rules, day, days, person, task

HOUR = 3600


def shares(plan: Plan) -> dict[str, list[str]]:
    """Who has what, in order."""
    shared: dict[str, list[str]] = {}
    for batch in plan.batches:
        shared.setdefault(batch.person, []).extend(one.id for one in batch.tasks)
    return shared


@given(planned=days(), leaves=st.integers(0, 3), done=st.integers(0, 5))
def test_a_mended_plan_keeps_the_hard_rules(planned: Day, leaves: int, done: int) -> None:
    before = shares(plan_day(planned))
    people = [one for place, one in enumerate(planned.people) if place != leaves]
    changed = Day(planned.tasks[done:], people, planned.weights, before)
    check_hard_rules(changed, plan_day(changed))


def test_nothing_moves_when_nothing_has_changed() -> None:
    planned = make_day(100, 20, 0.8, seed=1)
    plan = plan_day(planned)
    again = plan_day(replace(planned, before=shares(plan)))
    assert again.moved == 0
    assert {name: sorted(tasks) for name, tasks in shares(again).items()} == {
        name: sorted(tasks) for name, tasks in shares(plan).items()
    }


def test_every_change_leaves_most_of_the_work_where_it_was_and_lateness_at_its_least() -> None:
    planned = make_day(300, 20, 0.9, seed=2)
    plan = plan_day(planned)
    before = shares(plan)
    for what, changed in changes(planned, before):
        mended = plan_day(changed)
        check_hard_rules(changed, mended)
        must_move = sum(len(tasks) for name, tasks in before.items() if name not in {one.id for one in changed.people})
        assert mended.moved <= must_move + 60, what
        assert mended.not_in_time <= mended.least_late + 1, what


def test_work_of_who_leaves_goes_to_those_who_stay() -> None:
    tasks = [task(f"t{place}", HOUR, 300) for place in range(6)]
    people = [person("甲", 0, HOUR), person("乙", 0, HOUR)]
    before = {"甲": ["t0", "t1", "t2"], "乙": ["t3", "t4", "t5"]}
    mended = plan_day(Day(day(tasks, people).tasks, people[1:], before=before))
    assert sorted(shares(mended)["乙"]) == [f"t{place}" for place in range(6)]
    assert mended.moved == 3


def test_who_falls_behind_gives_away_what_would_be_late_and_no_more() -> None:
    tasks = [task(f"t{place}", 900, 300) for place in range(4)]
    people = [person("甲", 600, HOUR), person("乙", 0, HOUR)]
    before = {"甲": ["t0", "t1"], "乙": ["t2", "t3"]}
    mended = plan_day(Day(day(tasks, people).tasks, people, before=before))
    assert mended.not_in_time == 0
    assert mended.moved == 1


def test_a_task_changes_hands_for_fairness_only_when_that_is_worth_it() -> None:
    tasks = [task("a", HOUR, 60, 60), task("b", HOUR, 60, 60)]
    people = [person("甲", 0, HOUR), person("乙", 0, HOUR)]
    before = {"甲": ["a", "b"], "乙": []}

    def moved(weights: Weights) -> int:
        return plan_day(Day(day(tasks, people).tasks, people, weights, before)).moved

    assert moved(Weights(fairness=100, keeping=10)) == 1, "1.20 yuan an hour between them is worth a change of hands"
    assert moved(Weights(fairness=100, keeping=200)) == 0, "not when keeping counts for more"
