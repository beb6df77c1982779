"""Other piece work: alone or in a team, to the fen; a packer's own note waits for somebody else."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.piecework import queries as piecework_queries
from fulfillment.piecework.models import WageEntry
from fulfillment.piecework.work import queries, rules
from fulfillment.piecework.work import service as work
from fulfillment.piecework.work.models import WorkBooking, WorkShare
from kernel.audit import Actor
from kernel.db import Database
from kernel.errors import NotFound, Refused
from tests.packing.races import PATIENCE_S, all_at_once
from tests.piecework.world import ZONE, book, id_of, make_kind, make_lead, make_owner, make_packer, note, owed
from tests.world import NOW, make_variant


@pytest.fixture
def lead(session: Session) -> Actor:
    return make_lead(session)


@pytest.fixture
def ann(session: Session) -> Actor:
    return make_packer(session, "吴秀英")


@pytest.fixture
def bea(session: Session) -> Actor:
    return make_packer(session, "叶根土")


def test_fruit_by_the_kilogram_is_paid_to_the_fen(session: Session, lead: Actor, ann: Actor) -> None:
    picking = make_kind(session, "pick", unit="g", per=1_000, rate_fen=180)
    booking = book(session, lead, picking, 42_503, ann)
    assert booking.total_fen == 7_651, "42.503 kg x 1.80 = 76.5054 yuan, half up"
    assert owed(session, ann) == 7_651
    assert piecework_queries.earned_between(session, id_of(ann), NOW, NOW + timedelta(1)) == piecework_queries.Earned(
        pieces=0, fen=7_651
    )


def test_a_team_shares_one_quantity_exactly(session: Session, lead: Actor, ann: Actor, bea: Actor) -> None:
    third = make_packer(session, "周美仙")
    book(session, lead, make_kind(session, per=100, rate_fen=150), 1_001, ann, bea, third)
    # 10.01 x 1.50 = 15.015 yuan, half up 15.02: 5.01, 5.01, 5.00
    assert [owed(session, person) for person in (ann, bea, third)] == [501, 501, 500]


def test_a_team_shares_by_minutes(session: Session, lead: Actor, ann: Actor, bea: Actor) -> None:
    kind = make_kind(session, rate_fen=25)
    team = {id_of(ann): 240, id_of(bea): 100}
    work.book(session, note(kind, team, 333, split="minutes"), zone=ZONE, now=NOW, by=lead)
    assert (owed(session, ann), owed(session, bea)) == (5_876, 2_449)


def test_a_product_has_its_own_rate_here_too(session: Session, lead: Actor, ann: Actor) -> None:
    kind = make_kind(session, rate_fen=30)
    product_id = make_variant(session).product_id
    with pytest.raises(Refused):
        work.work_out(session, note(kind, {}, 1, at=NOW - timedelta(days=400)), ZONE)
    assert work.work_out(session, note(kind, {id_of(ann): 1}, 10, product_id=product_id), ZONE).total_fen == 300


def test_nothing_is_booked_for_oneself(session: Session, lead: Actor, ann: Actor) -> None:
    kind = make_kind(session)
    with pytest.raises(Refused, match="one of the team"):
        work.book(session, note(kind, {id_of(lead): 1, id_of(ann): 1}, 10), zone=ZONE, now=NOW, by=lead)
    booking = work.propose(session, note(kind, {id_of(ann): 1}, 10), zone=ZONE, now=NOW, by=ann)
    assert owed(session, ann) == 0
    with pytest.raises(Refused, match="somebody else"):
        work.confirm(session, booking.id, now=NOW, by=ann)
    with pytest.raises(Refused, match="Count yourself in"):
        work.propose(session, note(kind, {id_of(lead): 1}, 10), zone=ZONE, now=NOW, by=ann)


def test_a_packers_note_is_owed_once_it_is_confirmed_and_only_once(session: Session, lead: Actor, ann: Actor) -> None:
    kind = make_kind(session)
    booking = work.propose(session, note(kind, {id_of(ann): 1}, 10), zone=ZONE, now=NOW, by=ann)
    assert [each.id for each in queries.waiting(session)] == [booking.id]
    for _ in range(2):
        work.confirm(session, booking.id, now=NOW, by=lead)
    assert owed(session, ann) == 300
    assert queries.waiting(session) == []


def test_a_declined_note_is_not_owed_and_stays_declined(session: Session, lead: Actor, ann: Actor) -> None:
    booking = work.propose(session, note(make_kind(session), {id_of(ann): 1}, 10), zone=ZONE, now=NOW, by=ann)
    for _ in range(2):
        work.decline(session, booking.id, reason="数过了，是 8 件", now=NOW, by=lead)
    with pytest.raises(Refused):
        work.confirm(session, booking.id, now=NOW, by=lead)
    assert owed(session, ann) == 0
    assert queries.notes_of(session, id_of(ann), NOW)[0].note == "数过了，是 8 件"


def test_undo_takes_every_part_back_for_ten_seconds(session: Session, lead: Actor, ann: Actor, bea: Actor) -> None:
    booking = book(session, lead, make_kind(session), 101, ann, bea)
    late = NOW + rules.UNDO_WITHIN + timedelta(seconds=1)
    assert not work.undo(session, booking.id, now=late, by=lead)
    assert not work.undo(session, booking.id, now=NOW, by=ann)
    assert work.undo(session, booking.id, now=NOW, by=lead)
    assert not work.undo(session, booking.id, now=NOW, by=lead)
    assert (owed(session, ann), owed(session, bea)) == (0, 0)
    assert queries.undone(session, [booking.id]) == {booking.id}


def test_work_that_is_not_done_any_more_or_unknown_is_refused(session: Session, lead: Actor, ann: Actor) -> None:
    kind = make_kind(session)
    work.end_kind(session, kind.id, now=NOW, by=lead)
    with pytest.raises(Refused):
        book(session, lead, kind, 10, ann)
    work.offer_kind(session, kind.id, now=NOW, by=lead)
    book(session, lead, kind, 10, ann)
    with pytest.raises(NotFound):
        work.end_kind(session, kind.id + 99, now=NOW, by=lead)
    with pytest.raises(NotFound):
        work.confirm(session, 99, now=NOW, by=lead)


def test_less_than_a_fen_is_told_and_not_lost(session: Session, lead: Actor, ann: Actor) -> None:
    with pytest.raises(Refused, match="one fen"):
        book(session, lead, make_kind(session, per=1_000, rate_fen=100), 4, ann)


def test_the_database_holds_what_the_program_holds(session: Session, lead: Actor, ann: Actor, bea: Actor) -> None:
    booking = book(session, lead, make_kind(session), 10, ann)
    share = booking.shares[0]
    line = {"packer_id": id_of(ann), "share_id": share.id, "kind": "work", "rate_fen": 300, "amount_fen": 300,
            "earned_at": NOW, "by": "x", "by_id": id_of(lead), "round": 1, "reason": ""}  # fmt: skip
    wrong = (
        {},  # a second time
        {"packer_id": id_of(bea)},
        {"rate_fen": 301, "amount_fen": 301},
        {"by_id": id_of(ann)},
        {"kind": "piece"},
        {"kind": "top_up"},
        {"share_id": None},
    )
    for change in wrong:
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(insert(WageEntry).values(**{**line, **change}))
    for change in ({"total_fen": 301}, {"confirmed": None}, {"noted_by": "packer", "decided_by_id": id_of(lead)}):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(update(WorkBooking).where(WorkBooking.id == booking.id).values(**change))


def test_parts_that_are_not_the_sum_are_refused_at_commit(
    session: Session, lead: Actor, ann: Actor, bea: Actor
) -> None:
    booking = book(session, lead, make_kind(session), 10, ann)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    with pytest.raises(IntegrityError, match="the parts are not its sum"), session.begin_nested():
        session.execute(insert(WorkShare).values(booking_id=booking.id, person_id=id_of(bea), weight=1, amount_fen=1))


# ---- two leads confirm at once ----


def confirmed_by_two(database: Database) -> list[int]:
    """What the packer is owed after a lead and the owner pressed at one moment."""
    with database.transaction() as session:
        lead, owner, ann = make_lead(session), make_owner(session), make_packer(session)
        booking = work.propose(session, note(make_kind(session), {id_of(ann): 1}, 10), zone=ZONE, now=NOW, by=ann)
    all_at_once(
        database,
        *[lambda session, by=by: work.confirm(session, booking.id, now=NOW, by=by).id for by in (lead, owner)],
    )
    with database.transaction() as session:
        return list(session.scalars(select(WageEntry.amount_fen)))


def test_confirmed_by_two_at_once_it_is_owed_once(database: Database) -> None:
    assert confirmed_by_two(database) == [300]


def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    from threading import Barrier

    both_have_read = Barrier(2)

    def unlocked(session: Session, booking_id: int) -> WorkBooking:
        booking = session.get_one(WorkBooking, booking_id)
        both_have_read.wait(PATIENCE_S)
        return booking

    monkeypatch.setattr(work, "_lock", unlocked)


def test_without_the_lock_the_database_still_owes_it_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    without_the_lock(monkeypatch)
    with pytest.raises(IntegrityError, match="uq_wage_entries_share"):
        confirmed_by_two(database)
    with database.transaction() as session:
        assert list(session.scalars(select(WageEntry.amount_fen))) == [300]


def test_without_the_index_too_it_is_owed_twice(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    without_the_lock(monkeypatch)
    with database.transaction() as session:
        session.execute(text("DROP INDEX uq_wage_entries_share"))
    assert confirmed_by_two(database) == [300, 300]
