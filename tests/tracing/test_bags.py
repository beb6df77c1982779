"""Which bags go into which parcel: first expired first out, never more than were filled, given back, put right."""

from datetime import timedelta
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import workflows
from app.care import invariants
from app.care.tracing_invariants import TRACING
from fulfillment.bags import queries, service
from fulfillment.bags.models import BagStock, ParcelBags
from fulfillment.bags.rules import Left, share_out
from fulfillment.bags.service import Correction
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from kernel.db import Database
from kernel.errors import NotFound, Problem
from tests.packing.races import all_at_once
from tests.packing.world import finish, id_of, stop_order_of
from tests.tracing.world import bags_in, fill, make_hand, make_lots, order, pack, take_parcel, taken_of
from tests.world import NOW


@given(wanted=st.integers(0, 60), lefts=st.lists(st.integers(0, 20), max_size=6))
def test_bags_are_shared_out_in_order_and_none_is_invented(wanted: int, lefts: list[int]) -> None:
    found = [Left(place, bags) for place, bags in enumerate(lefts)]
    taken, unknown = share_out(wanted, found)
    assert sum(part.bags for part in taken) + unknown == wanted
    assert all(0 < part.bags <= lefts[part.bagging_id] for part in taken)
    # Whoever gives less than it has is the last one, and the unknown begin where all are empty.
    emptied = [part.bags == lefts[part.bagging_id] for part in taken[:-1]]
    assert all(emptied)
    assert unknown == 0 or sum(lefts) == wanted - unknown


def test_the_bags_that_go_bad_first_go_first(session: Session) -> None:
    bag, (older, newer) = make_lots(session, "吴长根", "叶水生")
    late, soon = fill(session, bag, 5, newer), fill(session, bag, 3, older)
    packer = make_hand(session)
    assert bags_in(session, pack(session, packer, bag, 2)) == {soon.id: 2}
    assert bags_in(session, pack(session, packer, bag, 4)) == {soon.id: 1, late.id: 3}
    assert (taken_of(session, soon), taken_of(session, late)) == (3, 3)


def test_what_no_bagging_is_known_for_is_of_unknown_lot(session: Session) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    bagging, packer = fill(session, bag, 2, lot), make_hand(session)
    assert bags_in(session, pack(session, packer, bag, 3)) == {bagging.id: 2, None: 1}
    assert bags_in(session, pack(session, packer, bag, 1)) == {None: 1}


def test_a_done_that_is_taken_back_and_an_order_that_is_stopped_give_the_bags_back(session: Session) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    bagging, packer = fill(session, bag, 4, lot), make_hand(session)
    parcel = pack(session, packer, bag, 3)
    task = session.scalars(select(PackingTask).where(PackingTask.parcel_id == parcel.id)).one()
    assert packing.undo_finish(session, task.id, id_of(packer), now=NOW + timedelta(seconds=5), by=packer)
    assert (bags_in(session, parcel), taken_of(session, bagging)) == ({}, 0)
    assert finish(session, task.id, packer)
    stop_order_of(session, task.id)
    assert (bags_in(session, parcel), taken_of(session, bagging)) == ({}, 0)
    assert invariants.check_within(session, TRACING).violations == []


def test_bags_of_a_blocked_lot_are_passed_over(session: Session) -> None:
    bag, (older, newer) = make_lots(session, "吴长根", "叶水生")
    fill(session, bag, 3, older)
    late, packer = fill(session, bag, 3, newer), make_hand(session)
    workflows.block_recalled(session, older.id, reason="怀疑农残", now=NOW, by=packer)
    assert bags_in(session, pack(session, packer, bag, 2)) == {late.id: 2}
    assert invariants.check_within(session, TRACING).violations == []


def test_the_lead_puts_right_which_bags_they_were(session: Session) -> None:
    bag, (older, newer) = make_lots(session, "吴长根", "叶水生")
    soon, late, packer = fill(session, bag, 3, older), fill(session, bag, 3, newer), make_hand(session)
    parcel = pack(session, packer, bag, 3)
    for move, found in (
        (Correction(bag.id, soon.id, late.id, 2), {soon.id: 1, late.id: 2}),
        (Correction(bag.id, soon.id, late.id, 1), {late.id: 3}),
        (Correction(bag.id, late.id, None, 1), {late.id: 2, None: 1}),
        (Correction(bag.id, None, soon.id, 1), {late.id: 2, soon.id: 1}),
    ):
        workflows.correct_bags(session, parcel.number, move, now=NOW, by=packer)
        assert bags_in(session, parcel) == found
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    assert (taken_of(session, soon), taken_of(session, late)) == (1, 2)


@pytest.mark.parametrize(
    ("bags", "code"), [(0, "changed"), (3, "changed"), (2, "too_few_bags"), (1, "other_product"), (1, "not_found")]
)
def test_a_correction_that_cannot_be_is_refused(session: Session, bags: int, code: str) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    right, one_left, packer = fill(session, bag, 2, lot), fill(session, bag, 1, lot), make_hand(session)
    other_bag, (other_lot,) = make_lots(session, "练小娟")
    goal = {"other_product": fill(session, other_bag, 9, other_lot).id, "not_found": 999_999}.get(code, one_left.id)
    parcel = pack(session, packer, bag, 2)
    with pytest.raises((Problem, NotFound)) as refused:
        service.correct(session, parcel.id, Correction(bag.id, right.id, goal, bags), now=NOW, by=packer)
    assert refused.value.code == code
    assert bags_in(session, parcel) == {right.id: 2}


def test_the_database_refuses_a_bag_that_is_not_there_and_a_parcel_that_is_not_whole(session: Session) -> None:
    bag, (lot,) = make_lots(session, "吴长根")
    bagging, packer = fill(session, bag, 2, lot), make_hand(session)
    parcel = pack(session, packer, bag, 2)
    line = {"parcel_id": parcel.id, "variant_id": bag.id, "at": NOW, "by": "x"}
    more = ParcelBags(**line | {"parcel_id": order(session, bag, 1).id}, bagging_id=bagging.id, bags=1)
    with pytest.raises(IntegrityError, match="no_more_than_filled"):
        write(session, more)
    with pytest.raises(IntegrityError, match="are not its goods"):
        write(session, ParcelBags(**line, bagging_id=None, bags=1))


def write(session: Session, line: ParcelBags) -> None:
    """As at the end of a transaction."""
    with session.begin_nested():
        session.add(line)
        session.flush()
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def two_parcels_for_the_last_bag(database: Database) -> tuple[int, list[tuple[int, object]]]:
    with database.transaction() as session:
        bag, (lot,) = make_lots(session, "吴长根")
        bagging, packer = fill(session, bag, 1, lot), make_hand(session)
        tasks = [take_parcel(session, packer, order(session, bag, 1)).id for _ in range(2)]
        return bagging.id, [(task_id, packer) for task_id in tasks]


def finish_both(database: Database, work: list[tuple[int, object]]) -> None:
    all_at_once(database, *[lambda session, one=one: finish(session, one[0], one[1]) for one in work])


def in_parcels(database: Database, bagging_id: int) -> tuple[int, int]:
    """Bags of the bagging in parcels, and bags of unknown lot."""
    with database.transaction() as session:
        rows = session.scalars(select(ParcelBags)).all()
        return sum(row.bags for row in rows if row.bagging_id == bagging_id), sum(
            row.bags for row in rows if row.bagging_id is None
        )


def read_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: both see the last bag before either takes it."""
    both = Barrier(2)

    def look(session: Session, variant_id: int, most: int) -> list[BagStock]:
        found = list(queries.open_baggings(session, variant_id, most))
        both.wait(20)
        return found

    monkeypatch.setattr("fulfillment.bags.service.queries.lock_open", look)


def test_the_last_bag_goes_into_one_of_two_parcels(database: Database) -> None:
    bagging_id, work = two_parcels_for_the_last_bag(database)
    finish_both(database, work)
    assert in_parcels(database, bagging_id) == (1, 1)


def test_without_the_lock_the_database_alone_refuses_the_second(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bagging_id, work = two_parcels_for_the_last_bag(database)
    read_without_waiting(monkeypatch)
    with pytest.raises(IntegrityError, match="no_more_than_filled"):
        finish_both(database, work)
    assert in_parcels(database, bagging_id) == (1, 0)


def test_without_the_lock_and_the_check_the_last_bag_goes_into_both(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    bagging_id, work = two_parcels_for_the_last_bag(database)
    read_without_waiting(monkeypatch)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE bag_stocks DROP CONSTRAINT ck_bag_stocks_no_more_than_filled"))
    finish_both(database, work)
    assert in_parcels(database, bagging_id) == (2, 0)
