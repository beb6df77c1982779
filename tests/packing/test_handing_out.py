"""Handing out work: who gets what, once, at which rate."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew_queries
from fulfillment.crew import service as crew
from fulfillment.crew.rules import OWN
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import opening_service as opening
from fulfillment.packing import queries
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.packing.states import TAKEN, WAITING
from kernel.audit import SYSTEM, Actor
from kernel.errors import Refused
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import PACKER
from tests.packing.world import (
    RATE_FEN,
    ZONE,
    finish,
    id_of,
    make_packer,
    make_paid_order,
    make_pile,
    make_rate,
    stop_order_of,
    take,
    wages,
)
from tests.world import NOW, make_variant

HEAVY_BAGS = 36  # 36 bags of 300 g are a parcel of more than eight kilograms


@pytest.fixture
def bench(session: Session) -> Session:
    make_rate(session)
    return session


def test_a_paid_order_lies_on_the_pile_once(bench: Session) -> None:
    (parcel,) = make_paid_order(bench)
    assert parcel.task.state == WAITING
    assert opening.open_parcels(bench, parcel.order, NOW, heaviest_g=10_000) == []


def test_taking_work_freezes_the_rate_and_asking_again_gives_the_same_work(bench: Session) -> None:
    make_pile(bench, 5)
    packer = make_packer(bench)
    first = take(bench, packer)
    assert {task.state for task in first} == {TAKEN}
    assert {task.rate_fen for task in first} == {RATE_FEN}
    assert [task.id for task in take(bench, packer)] == [task.id for task in first]
    here = crew_queries.presence_of(bench, id_of(packer), NOW)
    assert here is not None
    assert here.here_since == NOW


def test_earliest_due_comes_first(bench: Session) -> None:
    (later,) = make_paid_order(bench, due_at=NOW + timedelta(hours=9))
    (urgent,) = make_paid_order(bench, due_at=NOW + timedelta(hours=1))
    assert [task.parcel_id for task in take(bench, make_packer(bench))] == [urgent.id, later.id]


def test_heavy_work_is_left_for_others_even_behind_a_tall_pile_of_it(bench: Session) -> None:
    variant = make_variant(bench)
    for _ in range(3):
        make_paid_order(bench, (variant, HEAVY_BAGS), heaviest_g=50_000)
    (light,) = make_paid_order(bench, (variant, 1), due_at=NOW + timedelta(hours=30))
    seated = make_packer(bench, "胡桂香", "seated")
    hand_out._LOOK_AHEAD, kept = 2, hand_out._LOOK_AHEAD
    try:
        assert [task.parcel_id for task in take(bench, seated)] == [light.id]
    finally:
        hand_out._LOOK_AHEAD = kept
    assert queries.pile_for(bench, id_of(seated), NOW) == queries.Pile(suitable=0, total=3)
    assert len(take(bench, make_packer(bench, "沈阿根"))) > 0


def test_parcels_of_many_kinds_are_not_for_those_who_do_not_read(bench: Session) -> None:
    make_paid_order(bench, *[(make_variant(bench), 1) for _ in range(3)])
    assert take(bench, make_packer(bench, "范金花", "no_reading")) == []
    assert len(take(bench, make_packer(bench))) == 1


def test_whoever_packs_for_the_first_time_is_registered_and_may_do_anything(bench: Session) -> None:
    make_paid_order(bench)
    person = Person(name="新来的", shown_name="新来的", created_at=NOW)
    bench.add(person)
    bench.flush()
    people.set_roles(bench, person, [PACKER], now=NOW, by=SYSTEM)
    assert queries.pile_for(bench, person.id, NOW).suitable == 1
    assert len(take(bench, Actor(person.id, person.name))) == 1


def test_without_a_piece_rate_nothing_is_handed_out(session: Session) -> None:
    make_paid_order(session)
    with pytest.raises(Refused) as refusal:
        take(session, make_packer(session))
    assert refusal.value.code == "no_rate"


def test_a_rate_changed_while_somebody_packs_is_for_the_next_batch(bench: Session) -> None:
    make_pile(bench, 6)
    packer = make_packer(bench)
    batch = take(bench, packer)
    finish(bench, batch[0].id, packer)
    make_rate(bench, 120, valid_from=date(2026, 11, 24))
    for task in batch[1:]:
        finish(bench, task.id, packer)
    for task in take(bench, packer):
        finish(bench, task.id, packer)
    assert wages(bench, packer) == [RATE_FEN] * 3 + [120] * 3


def test_whoever_has_earned_most_today_gets_one_at_a_time(bench: Session) -> None:
    make_pile(bench, 20)
    busy, new = make_packer(bench, "沈阿根"), make_packer(bench, "周美仙")
    for task in take(bench, busy):
        finish(bench, task.id, busy)
    assert len(take(bench, new)) == hand_out.LARGEST_BATCH
    assert len(take(bench, busy)) == 1


def test_somebody_who_was_here_yesterday_makes_nobody_wait(bench: Session) -> None:
    make_pile(bench, 20)
    gone, here = make_packer(bench, "沈阿根"), make_packer(bench, "周美仙")
    take(bench, gone, NOW - timedelta(days=1))
    for task in take(bench, here):
        finish(bench, task.id, here)
    assert queries.earned_today(bench, NOW, ZONE) == {id_of(here): 3 * RATE_FEN}
    assert len(take(bench, here)) == hand_out.LARGEST_BATCH


def test_the_last_parcels_are_shared_among_those_with_empty_hands(bench: Session) -> None:
    people = [make_packer(bench, name) for name in ("甲", "乙", "丙")]
    for person in people:
        crew.begin_shift(bench, id_of(person), how=OWN, now=NOW, by=person)
    make_pile(bench, 3)
    assert [len(take(bench, person)) for person in people] == [1, 1, 1]


def test_a_batch_is_what_is_due_first_whatever_the_goods(bench: Session) -> None:
    make_pile(bench, 5, same=False)
    batch = take(bench, make_packer(bench))
    due = bench.scalars(select(PackingTask.due_at).order_by(PackingTask.due_at)).all()
    assert [task.due_at for task in batch] == list(due[:3])
    assert len({task.batch for task in batch}) == 1


def test_stopped_work_is_not_handed_out(bench: Session) -> None:
    (parcel,) = make_paid_order(bench)
    stop_order_of(bench, parcel.task.id)
    assert take(bench, make_packer(bench)) == []
    assert bench.scalars(select(PackingTask.state)).all() == ["stopped"]


def test_the_work_of_an_order_stops_at_most_once(bench: Session) -> None:
    (parcel,) = make_paid_order(bench)
    for _ in range(2):
        packing.stop_tasks_of_order(bench, parcel.order_id, now=NOW, by=SYSTEM, reason="twice")
    assert parcel.state == "cancelled"
