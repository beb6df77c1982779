"""Given to the lead by mistake: the way back for ten seconds."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.packing import give_back_service, lead_service
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.packing.pins import service as pins
from fulfillment.packing.states import TAKEN, WAITING
from kernel.audit import SYSTEM, Actor
from tests.packing.world import RATE_FEN, finish, id_of, make_packer, make_pile, make_rate, take, wages
from tests.world import NOW


@pytest.fixture
def packer(session: Session) -> Actor:
    make_rate(session)
    make_pile(session, 3)
    return make_packer(session)


@pytest.fixture
def given(session: Session, packer: Actor) -> PackingTask:
    """One of what was in hand, given to the lead as spoiled."""
    task = take(session, packer)[0]
    return packing.return_task(session, task.id, id_of(packer), reason="spoiled", now=NOW, by=packer)


def undo(session: Session, task: PackingTask, packer: Actor, seconds: float = 5) -> bool:
    later = NOW + timedelta(seconds=seconds)
    return give_back_service.undo_give_back(session, task.id, id_of(packer), now=later, by=packer)


def test_it_is_in_the_same_hands_again_at_the_old_rate_and_paid_once(
    session: Session, packer: Actor, given: PackingTask
) -> None:
    make_rate(session, RATE_FEN + 10, valid_from=date(2026, 1, 2))
    assert undo(session, given, packer)
    assert undo(session, given, packer), "a second press changes nothing"
    assert (given.state, given.packer_id, given.trouble, given.rests_until) == (TAKEN, id_of(packer), None, None)
    assert len(set(session.scalars(select(PackingTask.batch).where(PackingTask.state == TAKEN)))) == 1
    assert finish(session, given.id, packer)
    assert wages(session, packer) == [RATE_FEN]


def test_the_screen_offers_ten_seconds_and_the_server_five_more(
    session: Session, packer: Actor, given: PackingTask
) -> None:
    def left(seconds: int) -> int:
        later = NOW + timedelta(seconds=seconds)
        return give_back_service.seconds_to_undo(session, given.id, id_of(packer), later)

    assert [left(seconds) for seconds in (0, 4, 10, 60)] == [10, 6, 0, 0]
    assert not undo(session, given, packer, 15.1)
    assert undo(session, given, packer, 15)


def test_nobody_elses_parcel_is_taken_back(session: Session, packer: Actor, given: PackingTask) -> None:
    other = make_packer(session, "周美仙")
    assert not undo(session, given, other)
    lead_service.settle_trouble(session, given.id, now=NOW, by=SYSTEM)
    assert given.id in [task.id for task in take(session, other)]
    assert not undo(session, given, packer)
    assert given.packer_id == id_of(other)


def test_what_the_lead_keeps_for_another_stays_so(session: Session, packer: Actor, given: PackingTask) -> None:
    other = make_packer(session, "周美仙")
    take(session, other)
    pins.keep(session, given, id_of(other), now=NOW, by=SYSTEM)
    assert not undo(session, given, packer)


def test_who_rests_or_has_left_takes_nothing_back(session: Session, packer: Actor, given: PackingTask) -> None:
    packing.take_break(session, id_of(packer), now=NOW, by=packer)
    assert not undo(session, given, packer)
    packing.leave_bench(session, id_of(packer), reason="unwell", now=NOW, by=packer)
    assert not undo(session, given, packer)
    assert given.state == WAITING
