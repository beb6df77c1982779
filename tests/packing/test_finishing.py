"""Done, undone, given back, stopped: what is owed and what is told."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew
from fulfillment.packing import lead_service, packer_service, print_service, queries
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.packing.states import GOODS_TROUBLES, OPEN, PACKED, PERSON_TROUBLES, STOPPED, TAKEN, WAITING
from fulfillment.piecework import service as piecework
from fulfillment.piecework.models import WageEntry
from kernel.audit import SYSTEM, Actor
from kernel.errors import NotFound, Refused
from tests.packing.world import RATE_FEN, finish, id_of, make_packer, make_pile, make_rate, stop_order_of, take, wages
from tests.world import NOW


@pytest.fixture
def packer(session: Session) -> Actor:
    make_rate(session)
    make_pile(session, 6)
    return make_packer(session)


@pytest.fixture
def task(session: Session, packer: Actor) -> PackingTask:
    return take(session, packer)[0]


def give_back(session: Session, task: PackingTask, packer: Actor, reason: str) -> PackingTask:
    return packing.return_task(session, task.id, id_of(packer), reason=reason, now=NOW, by=packer)


def undo(session: Session, task: PackingTask, packer: Actor, seconds: float) -> bool:
    later = NOW + timedelta(seconds=seconds)
    return packing.undo_finish(session, task.id, id_of(packer), now=later, by=packer)


def test_done_is_paid_once_however_often_it_is_pressed(session: Session, task: PackingTask, packer: Actor) -> None:
    assert finish(session, task.id, packer)
    assert not finish(session, task.id, packer)
    assert (task.state, task.parcel.state) == (PACKED, PACKED)
    assert wages(session, packer) == [RATE_FEN]


def test_done_can_be_taken_back_for_ten_seconds_and_done_again(
    session: Session, task: PackingTask, packer: Actor
) -> None:
    finish(session, task.id, packer)
    assert undo(session, task, packer, 10)
    assert not undo(session, task, packer, 10), "a second press changes nothing"
    assert (task.state, task.parcel.state, task.packed_at) == (TAKEN, OPEN, None)
    assert finish(session, task.id, packer, NOW + timedelta(seconds=30))
    assert wages(session, packer) == [RATE_FEN, -RATE_FEN, RATE_FEN]


def test_undo_comes_too_late_after_the_grace_of_a_slow_line(session: Session, task: PackingTask, packer: Actor) -> None:
    finish(session, task.id, packer)
    assert not undo(session, task, packer, packing.UNDO_WITHIN.total_seconds() + 0.001)
    assert wages(session, packer) == [RATE_FEN]


def test_undo_does_not_fetch_a_parcel_back_from_the_courier(session: Session, task: PackingTask, packer: Actor) -> None:
    finish(session, task.id, packer)
    task.parcel.state, task.parcel.carrier, task.parcel.tracking_number = "handed_over", "ZTO", "78012345678901"
    task.parcel.handed_over_at = NOW
    session.flush()
    assert not undo(session, task, packer, 2)
    assert wages(session, packer) == [RATE_FEN]


def test_somebody_elses_work_is_not_found(session: Session, task: PackingTask, packer: Actor) -> None:
    other = make_packer(session, "别人")
    for attempt in (
        lambda: finish(session, task.id, other),
        lambda: undo(session, task, other, 1),
        lambda: give_back(session, task, other, "short"),
        lambda: packer_service.note_put_back(session, task.id, id_of(other), now=NOW),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert task.state == TAKEN
    assert task.packer_id == id_of(packer)


@pytest.mark.parametrize("reason", GOODS_TROUBLES)
def test_trouble_with_the_goods_goes_to_the_lead_first_and_then_back_on_the_pile(
    session: Session, task: PackingTask, packer: Actor, reason: str
) -> None:
    give_back(session, task, packer, reason)
    assert (task.state, task.trouble, task.packer_id, task.rate_fen) == (WAITING, reason, None, None)
    other = make_packer(session, "别人")
    assert task.id not in {taken.id for taken in take(session, other)}
    packing.leave_bench(session, id_of(other), reason="break", now=NOW, by=other)
    later = NOW + packing.TROUBLE_RESTS
    assert task.id in {taken.id for taken in take(session, other, later)}, "no order is forgotten"
    assert task.trouble is None


def test_once_the_lead_has_seen_to_it_the_work_is_handed_out_at_once(
    session: Session, task: PackingTask, packer: Actor
) -> None:
    give_back(session, task, packer, "short")
    lead_service.settle_trouble(session, task.id, now=NOW, by=SYSTEM)
    assert task.id in {taken.id for taken in take(session, make_packer(session, "别人"))}


@pytest.mark.parametrize("reason", PERSON_TROUBLES)
def test_whoever_stops_gives_everything_back_and_others_go_on_with_it(
    session: Session, task: PackingTask, packer: Actor, reason: str
) -> None:
    in_hand = {taken.id for taken in queries.tasks_in_hand(session, id_of(packer))}
    assert packing.leave_bench(session, id_of(packer), reason=reason, now=NOW, by=packer) == len(in_hand) == 3
    assert crew.presence_of(session, id_of(packer), NOW) is None
    assert {taken.id for taken in take(session, make_packer(session, "别人"))} == in_hand
    assert wages(session, packer) == []


def test_giving_back_twice_changes_nothing_also_when_somebody_else_has_it_now(
    session: Session, task: PackingTask, packer: Actor
) -> None:
    give_back(session, task, packer, "unwell")
    other = make_packer(session, "别人")
    assert task.id in {taken.id for taken in take(session, other)}
    give_back(session, task, packer, "unwell")
    assert (task.state, task.packer_id) == (TAKEN, id_of(other))


def test_an_order_stopped_in_hand_is_told_until_the_goods_are_back(
    session: Session, task: PackingTask, packer: Actor
) -> None:
    stop_order_of(session, task.id)
    assert [stopped.id for stopped in queries.to_put_back(session, id_of(packer))] == [task.id]
    with pytest.raises(Refused) as refusal:
        finish(session, task.id, packer)
    assert refusal.value.code == "stopped"
    for _ in range(2):
        packer_service.note_put_back(session, task.id, id_of(packer), now=NOW)
    assert queries.to_put_back(session, id_of(packer)) == []
    assert wages(session, packer) == []


def test_what_was_packed_before_the_order_was_stopped_stays_owed(
    session: Session, task: PackingTask, packer: Actor
) -> None:
    finish(session, task.id, packer)
    stop_order_of(session, task.id)
    assert task.state == STOPPED
    assert not finish(session, task.id, packer), "done again says that it was done"
    assert not undo(session, task, packer, 1)
    assert queries.to_put_back(session, id_of(packer)) == [], "the box is no longer at this bench"
    assert wages(session, packer) == [RATE_FEN]


def test_a_batch_counts_what_is_packed_and_forgets_what_was_given_back(session: Session, packer: Actor) -> None:
    first, second, third = take(session, packer)
    assert first.batch is not None
    finish(session, first.id, packer)
    assert queries.batch_progress(session, first.batch) == queries.Batch(done=1, size=3)
    give_back(session, second, packer, "short")
    assert queries.batch_progress(session, first.batch) == queries.Batch(done=1, size=2)
    finish(session, third.id, packer)
    assert queries.batch_progress(session, first.batch) == queries.Batch(done=2, size=2)


def test_the_database_refuses_a_reversal_that_is_not_of_its_entry(
    session: Session, task: PackingTask, packer: Actor
) -> None:
    finish(session, task.id, packer)
    paid = session.scalars(select(WageEntry)).one()
    other = make_packer(session, "别人")
    facts = {"task_id": paid.task_id, "round": 1, "kind": "reversal", "reverses_id": paid.id, "by": "x"}
    for packer_id, rate_fen in ((other.person_id, RATE_FEN), (paid.packer_id, RATE_FEN - 10)):
        wrong = insert(WageEntry).values(
            **facts, packer_id=packer_id, rate_fen=rate_fen, amount_fen=-rate_fen, earned_at=NOW, reason=""
        )
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(wrong)
    assert piecework.reverse_wage(session, task_id=task.id, reason="mistake", at=NOW, by=SYSTEM)
    assert not piecework.reverse_wage(session, task_id=task.id, reason="mistake", at=NOW, by=SYSTEM)
    assert wages(session, packer) == [RATE_FEN, -RATE_FEN]
    # At commit the database wants the task and what is owed for it to agree.
    task.state, task.packed_at = "taken", None


def test_a_slip_is_printed_again_only_with_a_reason(session: Session, task: PackingTask, packer: Actor) -> None:
    assert print_service.record_slip_print(session, task.parcel_id, now=NOW, by=packer) == 1
    with pytest.raises(Refused):
        print_service.record_slip_print(session, task.parcel_id, now=NOW, by=packer)
    assert print_service.record_slip_print(session, task.parcel_id, now=NOW, by=packer, reason="torn") == 2
    assert queries.slip_copies(session, task.parcel_id) == 2
