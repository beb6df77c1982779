"""What holds of every plan, and what a plan does about lateness, fairness and batches."""

from dataclasses import replace

from hypothesis import given

from fulfillment.routing.day import NO_TIME, NOBODY_CAN, Day, Plan, Weights
from fulfillment.routing.planning import plan_day
from tests.routing.days import check_hard_rules, day, days, least_late_by_trying, person, task

HOUR = 3600


def who_has(plan: Plan) -> dict[str, str]:
    return {one.id: batch.person for batch in plan.batches for one in batch.tasks}


@given(planned=days())
def test_any_plan_keeps_the_hard_rules(planned: Day) -> None:
    check_hard_rules(planned, plan_day(planned))


@given(planned=days())
def test_the_same_day_gives_the_same_plan(planned: Day) -> None:
    assert plan_day(planned) == plan_day(planned)


@given(planned=days())
def test_an_answer_comes_even_when_the_time_is_over_before_it_begins(planned: Day) -> None:
    ticks = iter(range(0, 10**9, 1_000))
    check_hard_rules(planned, plan_day(planned, clock=lambda: float(next(ticks))))


@given(planned=days(most_tasks=6, most_people=3))
def test_the_bound_is_never_above_the_least_lateness_nor_the_plan_below(planned: Day) -> None:
    plan = plan_day(planned)
    assert plan.least_late <= least_late_by_trying(planned) <= plan.not_in_time


def test_an_empty_day_has_an_empty_plan() -> None:
    assert plan_day(day([], [])).batches == []
    idle = plan_day(day([], [person("甲", 0, HOUR)]))
    assert (idle.batches, idle.earnings_fen) == ([], {"甲": 0})


def test_work_that_nobody_can_do_or_has_time_for_says_so() -> None:
    tasks = [task("heavy", HOUR, 60, needs=frozenset({"lift"})), task("long", HOUR, 2 * HOUR), task("short", HOUR, 60)]
    plan = plan_day(day(tasks, [person("甲", 0, HOUR), person("乙", 0, -HOUR, "lift")]))
    assert plan.unassigned == {"heavy": NOBODY_CAN, "long": NO_TIME}
    assert who_has(plan) == {"short": "甲"}
    assert plan.least_late == 2


def test_what_is_late_already_is_done_first_when_nothing_else_becomes_late_by_it() -> None:
    tasks = [
        task("soon", 600, 300, mix="a"),
        task("overdue", -60, 300, mix="b"),
        task("overdue, long", -30, 600, mix="c"),
    ]
    (first, second, third) = plan_day(day(tasks, [person("甲", 0, HOUR)])).batches
    assert [batch.tasks[0].id for batch in (first, second, third)] == ["overdue", "soon", "overdue, long"]


def test_whoever_has_earned_least_an_hour_comes_first() -> None:
    poor, rich = (
        person("甲", 0, HOUR, worked_s=HOUR, earned_fen=500),
        person("乙", 0, HOUR, worked_s=HOUR, earned_fen=900),
    )
    assert who_has(plan_day(day([task("t", HOUR, 60)], [rich, poor]))) == {"t": "甲"}


def test_fairness_counts_hours_and_not_only_money() -> None:
    long_here = person("甲", 0, HOUR, worked_s=3 * HOUR, earned_fen=900)
    just_come = person("乙", 0, HOUR, worked_s=0, earned_fen=300)
    assert who_has(plan_day(day([task("t", HOUR, 60)], [just_come, long_here]))) == {"t": "甲"}


def test_at_equal_earnings_the_household_to_help_is_ahead() -> None:
    people = [person(name, 0, HOUR, priority=priority) for name, priority in (("甲", 0), ("乙", 2), ("丙", 1))]
    tasks = [task("a", HOUR, 60, 100), task("b", HOUR, 60, 60), task("c", HOUR, 60, 60), task("d", HOUR, 60, 100)]
    earned = plan_day(day(tasks, people)).earnings_fen
    assert earned["乙"] >= earned["丙"] >= earned["甲"]
    assert who_has(plan_day(day(tasks[:1], people))) == {"a": "乙"}


def test_identical_tasks_are_shared_evenly() -> None:
    people = [person(f"p{place}", 0, HOUR) for place in range(7)]
    earned = plan_day(day([task(f"t{place:02}", HOUR, 120) for place in range(70)], people)).earnings_fen
    assert set(earned.values()) == {600}


def test_who_alone_can_lift_keeps_free_for_what_must_be_lifted() -> None:
    tasks = [task(f"light {place}", 600, 60) for place in range(10)]
    tasks += [task(f"heavy {place}", 600, 60, needs=frozenset({"lift"})) for place in range(10)]
    plan = plan_day(day(tasks, [person("甲", 0, 600, "lift"), person("乙", 0, 600)]))
    assert plan.not_in_time == plan.least_late == 0
    assert all(name == "甲" for one, name in who_has(plan).items() if one.startswith("heavy"))


def test_on_an_overfull_day_the_long_tasks_give_way_and_are_done_late_while_there_is_time() -> None:
    tasks = [task(f"long {place}", 600, 300) for place in range(4)] + [
        task(f"short {place}", 600, 60) for place in range(10)
    ]
    plan = plan_day(day(tasks, [person("甲", 0, 1_200)]))
    assert plan.not_in_time == plan.least_late == 4
    assert sorted(plan.late) == ["long 0", "long 1"]
    assert sorted(plan.unassigned.values()) == [NO_TIME, NO_TIME]


def test_the_same_goods_are_packed_together_where_deadlines_allow() -> None:
    tasks = [task(f"{mix}{place}", HOUR, 60, mix=mix) for place in range(3) for mix in "ab"]
    plan = plan_day(day(tasks, [person("甲", 0, HOUR, most_tasks=3)]))
    assert [[one.mix for one in batch.tasks] for batch in plan.batches] == [["a"] * 3, ["b"] * 3]
    tight = [replace(one, due_s=(place + 1) * 60) for place, one in enumerate(tasks)]
    plan = plan_day(day(tight, [person("甲", 0, HOUR, most_tasks=3)]))
    assert plan.late == []
    assert plan.set_ups == 5


def test_a_batch_is_done_before_anything_in_it_is_due() -> None:
    tasks = [task("first", 60, 60, mix="a"), task("second", HOUR, 60, mix="a"), task("third", HOUR, 60, mix="a")]
    plan = plan_day(day(tasks, [person("甲", 0, HOUR)]))
    assert [[one.id for one in batch.tasks] for batch in plan.batches] == [["first"], ["second", "third"]]


def test_two_people_with_the_same_sorts_of_work_get_a_sort_of_goods_each() -> None:
    tasks = [task(f"{mix}{place}", HOUR, 60, mix=mix) for place in range(4) for mix in "ab"]
    people = [person("甲", 0, HOUR, most_tasks=4), person("乙", 0, HOUR, most_tasks=4)]
    assert plan_day(day(tasks, people)).set_ups == 0
    assert plan_day(day(tasks, people, weights=Weights(set_up=0))).set_ups > 0


def test_without_a_weight_for_fairness_nothing_changes_hands_for_it() -> None:
    tasks = [task("a", HOUR, 600, 50), task("b", HOUR, 500, 50), task("c", HOUR, 60, 100)]
    people = [person("甲", 0, HOUR), person("乙", 0, HOUR)]
    fair, plain = plan_day(day(tasks, people)), plan_day(day(tasks, people, weights=Weights(fairness=0)))
    assert sorted(fair.earnings_fen.values()) == [100, 100]
    assert sorted(plain.earnings_fen.values()) == [50, 150]
