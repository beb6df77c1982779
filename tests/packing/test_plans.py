"""The standing plan: made by the worker, gone by when work is handed out, mended when something changes."""

from collections import Counter
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from fulfillment.crew import service as crew
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing import shift_service
from fulfillment.packing.models import Packer, PackingTask
from fulfillment.packing.pins import service as pins
from fulfillment.packing.plans import queries as plan_queries
from fulfillment.packing.plans import service as plans
from fulfillment.packing.plans.models import PlannedTask, StandingPlan
from fulfillment.packing.plans.reading import read_bench
from fulfillment.packing.plans.terms import HandOutTerms
from fulfillment.routing import reasons
from fulfillment.routing.planning import plan_day
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from kernel.outbox import Job
from tests.packing.races import PATIENCE_S, all_at_once
from tests.packing.world import ZONE, finish, id_of, make_packer, make_paid_order, make_pile, make_rate, set_up, take
from tests.world import NOW, make_variant

TERMS = HandOutTerms()
HEAVY_BAGS = 36


@pytest.fixture
def bench(session: Session) -> Session:
    make_rate(session)
    return session


def arrive(session: Session, *packers: Actor) -> None:
    for packer in packers:
        shift_service.arrive(session, id_of(packer), how="own", now=NOW, by=packer)


def make_plan(session: Session) -> None:
    """What the worker does, within one transaction."""
    day = read_bench(session, TERMS, ZONE, NOW)
    plans.write_plan(session, day, plan_day(day), NOW)


def planned(session: Session, packer: Actor) -> list[int]:
    return plan_queries.planned_ids(session).get(id_of(packer), [])


def ids(tasks: list[PackingTask]) -> list[int]:
    return [task.id for task in tasks]


def test_work_is_planned_for_those_who_are_here_and_handed_out_by_the_plan(bench: Session) -> None:
    make_pile(bench, 12)
    here = [make_packer(bench, name) for name in ("吴秀英", "周美仙")]
    gone = make_packer(bench, "沈阿根")
    arrive(bench, *here)
    make_plan(bench)
    assert planned(bench, gone) == []
    assert sorted(len(planned(bench, packer)) for packer in here) == [6, 6]
    for packer in reversed(here):
        assert ids(take(bench, packer)) == planned(bench, packer)[: TERMS.largest_batch]


def test_the_same_goods_stay_together_in_a_batch_and_on_the_screen(bench: Session) -> None:
    goods = [make_variant(bench), make_variant(bench)]
    for place in range(6):
        make_paid_order(bench, (goods[place % 2], 1), due_at=NOW + timedelta(hours=20, minutes=place))
    packer = make_packer(bench)
    arrive(bench, packer)
    make_plan(bench)
    batch = take(bench, packer)
    assert len({task.mix for task in batch}) == 1
    assert ids(take(bench, packer)) == ids(batch)


def test_without_a_plan_or_with_an_old_one_what_is_due_first_is_handed_out(bench: Session) -> None:
    make_pile(bench, 4)
    packer, other = make_packer(bench), make_packer(bench, "周美仙")
    arrive(bench, packer, other)
    due_first = list(bench.scalars(select(PackingTask.id).order_by(PackingTask.due_at)))
    make_plan(bench)
    bench.execute(update(PlannedTask).values(person_id=id_of(other)))
    bench.execute(update(StandingPlan).values(made_at=NOW - plan_queries.STALE_AFTER))
    assert ids(take(bench, packer)) == due_first[:2], "shared with whoever has empty hands, as without a plan"


def test_what_came_after_the_plan_goes_to_whoever_has_nothing_planned(bench: Session) -> None:
    packer = make_packer(bench)
    arrive(bench, packer)
    make_plan(bench)
    make_pile(bench, 2)
    assert len(take(bench, packer)) == 2


def test_what_is_planned_for_somebody_who_has_gone_is_everybodys(bench: Session) -> None:
    make_pile(bench, 3)
    gone, here = make_packer(bench), make_packer(bench, "周美仙")
    arrive(bench, gone)
    make_plan(bench)
    packing.leave_bench(bench, id_of(gone), reason="break", now=NOW, by=gone)
    assert len(take(bench, here)) == 3


def test_rather_than_stand_idle_a_packer_helps_whoever_has_most_left_from_the_end(bench: Session) -> None:
    make_pile(bench, 5)
    busy, idle = make_packer(bench), make_packer(bench, "周美仙")
    arrive(bench, busy)
    make_plan(bench)
    theirs = planned(bench, busy)
    helping = take(bench, idle)
    assert ids(helping) == theirs[-3:]
    assert {task.because for task in helping} == {reasons.HELPING}
    assert ids(take(bench, busy)) == theirs[:2]
    assert take(bench, make_packer(bench, "沈阿根")) == [], "all of it is in somebody's hands"


def test_the_plan_gives_nobody_what_does_not_suit_nor_what_is_kept_for_another(bench: Session) -> None:
    (heavy,) = make_paid_order(bench, (make_variant(bench), HEAVY_BAGS), heaviest_g=50_000)
    make_pile(bench, 3)
    seated, strong = make_packer(bench, "胡桂香", "seated"), make_packer(bench, "沈阿根")
    arrive(bench, seated, strong)
    light = bench.scalars(select(PackingTask).where(PackingTask.id != heavy.task.id).order_by(PackingTask.id)).first()
    assert light is not None
    pins.keep(bench, light, id_of(strong), now=NOW, by=SYSTEM)
    make_plan(bench)
    assert {heavy.task.id, light.id} <= set(planned(bench, strong))
    first = take(bench, strong)
    assert (first[0].id, first[0].because) == (light.id, reasons.KEPT)
    make_plan(bench)
    bench.execute(update(PlannedTask).values(person_id=id_of(seated)))
    assert heavy.task.id not in ids(take(bench, seated)), "also when the plan is wrong about it"


def test_what_is_in_somebodys_hands_is_never_planned_for_another(bench: Session) -> None:
    make_pile(bench, 6)
    first, second = make_packer(bench), make_packer(bench, "周美仙")
    arrive(bench, first)
    in_hand = set(ids(take(bench, first)))
    arrive(bench, second)
    make_plan(bench)
    assert not in_hand & {*planned(bench, first), *planned(bench, second)}
    assert len(planned(bench, second)) > len(planned(bench, first)), "what is in hand counts as earned"


def test_a_mended_plan_leaves_work_where_it_was(bench: Session) -> None:
    make_pile(bench, 9, same=False)
    people = [make_packer(bench, name) for name in ("甲", "乙", "丙")]
    arrive(bench, *people)
    make_plan(bench)
    before = {id_of(one): set(planned(bench, one)) for one in people}
    make_pile(bench, 1)
    make_plan(bench)
    moved = sum(len(before[id_of(one)] - set(planned(bench, one))) for one in people)
    assert moved == 0
    assert sum(len(planned(bench, one)) for one in people) == 10


def test_a_batch_is_no_heavier_than_the_setting_but_one_heavy_parcel_is_handed_out(bench: Session) -> None:
    variant = make_variant(bench)
    for _ in range(3):
        make_paid_order(bench, (variant, HEAVY_BAGS), heaviest_g=50_000)
    packer = make_packer(bench)
    arrive(bench, packer)
    make_plan(bench)
    terms = HandOutTerms(heaviest_batch_g=1_000)
    batch = hand_out.take_work(bench, id_of(packer), now=NOW, zone=ZONE, by=packer, terms=terms)
    assert len(batch) == 1


def test_somebody_on_a_break_is_planned_for_later_and_goes_home_when_they_said(bench: Session) -> None:
    rests, leaves = make_packer(bench), make_packer(bench, "周美仙")
    arrive(bench, rests, leaves)
    crew.begin_break(bench, id_of(rests), now=NOW)
    crew.plan_end(bench, id_of(leaves), NOW + timedelta(minutes=45), now=NOW)
    by_id = {person.id: person for person in read_bench(bench, TERMS, ZONE, NOW).people}
    assert by_id[str(id_of(rests))].start_s == 15 * 60
    assert by_id[str(id_of(leaves))].end_s == 45 * 60


# ---- why ----


def because(session: Session, packer: Actor) -> str | None:
    return take(session, packer)[0].because


def test_why_a_batch_was_given_is_kept_with_it_and_goes_when_it_is_given_back(bench: Session) -> None:
    make_pile(bench, 1, due_at=NOW - timedelta(hours=1))
    packer = make_packer(bench)
    (task,) = take(bench, packer)
    assert task.because == reasons.LATE
    packing.return_task(bench, task.id, id_of(packer), reason="short", now=NOW, by=packer)
    assert task.because is None


def test_the_reason_says_who_alone_can_do_it(bench: Session) -> None:
    make_paid_order(bench, (make_variant(bench), HEAVY_BAGS), heaviest_g=50_000)
    strong, seated = make_packer(bench), make_packer(bench, "胡桂香", "seated")
    arrive(bench, strong, seated)
    assert because(bench, strong) == reasons.ONLY_YOU


def test_the_reason_says_who_has_earned_least(bench: Session) -> None:
    make_pile(bench, 8)
    first, second = make_packer(bench), make_packer(bench, "周美仙")
    arrive(bench, first, second)
    assert because(bench, first) == reasons.DUE_FIRST
    for task in take(bench, first):
        finish(bench, task.id, first)
    assert because(bench, second) == reasons.EARNED_LEAST
    assert because(bench, first) == reasons.SAME_GOODS


# ---- the worker ----


def jobs(session: Session) -> list[str | None]:
    return list(session.scalars(select(Job.key).where(Job.kind == plans.JOB).order_by(Job.id)))


def test_changes_of_a_moment_are_planned_for_together(bench: Session) -> None:
    make_pile(bench, 3)
    arrive(bench, make_packer(bench))
    assert len(jobs(bench)) == 1
    plans.ask_for_plan(bench, NOW + timedelta(seconds=60))
    assert len(jobs(bench)) == 2


def test_two_who_ask_at_once_do_not_wait_for_each_other(database: Database) -> None:
    both_have_asked = Barrier(2)

    def ask(session: Session) -> None:
        plans.ask_for_plan(session, NOW)
        both_have_asked.wait(PATIENCE_S)

    all_at_once(database, ask, ask)
    with database.transaction() as session:
        assert len(jobs(session)) == 1


def test_the_worker_plans_and_plans_again_as_long_as_there_is_work(database: Database) -> None:
    packers = set_up(database, packers=2, parcels=8)
    with database.transaction() as session:
        arrive(session, *packers)
        session.execute(text("DELETE FROM jobs"))
    plans.renew_plan(database, TERMS, ZONE, NOW)
    plans.renew_plan(database, TERMS, ZONE, NOW + timedelta(seconds=1))
    with database.transaction() as session:
        assert [len(planned(session, packer)) for packer in packers] == [4, 4]
        plan = session.get_one(StandingPlan, 1)
        assert (plan.tasks, plan.late, plan.least_late, plan.unassigned) == (8, 0, 0, 0)
        assert len(jobs(session)) == 1
        session.execute(update(PackingTask).values(state="stopped"))
        session.execute(text("DELETE FROM jobs"))
    plans.renew_plan(database, TERMS, ZONE, NOW)
    with database.transaction() as session:
        assert jobs(session) == []


def test_by_a_plan_too_no_work_is_handed_to_two_and_nobody_is_sent_away(database: Database) -> None:
    packers = set_up(database, packers=6, parcels=18)
    with database.transaction() as session:
        arrive(session, *packers[:3])
        make_plan(session)
        assert session.get_one(Packer, id_of(packers[0])) is not None
    given = all_at_once(database, *[lambda session, one=packer: ids(take(session, one)) for packer in packers])
    handed_out = Counter(task_id for batch in given for task_id in batch)
    assert set(handed_out.values()) == {1}
    assert all(given)
