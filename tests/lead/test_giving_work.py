"""Giving work to a person: kept while it waits, taken back when in hand, told on their screens, and undone."""

from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew import service as crew
from fulfillment.crew.notes import queries as notes
from fulfillment.crew.rules import BADGE
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import reassign_service
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.packing.pins.models import TaskPin
from kernel.audit import Actor
from kernel.db import Database
from kernel.errors import Refused
from tests.lead.world import Bench, browser_of, order_parcel, pack, parcel_of, take_all, task_of
from tests.packing.races import PATIENCE_S, all_at_once
from tests.packing.world import ZONE, id_of
from tests.storefront.pages import assert_nothing_inline
from tests.world import NOW


def give(
    lead: FlaskClient, database: Database, number: str, *, seen_with: int = 0, to: int = 0, before: int = 0
) -> int:
    with database.transaction() as session:
        task_id = task_of(session, number).id
    sent = {"with": str(seen_with), "to": str(to), "before": str(before)}
    return lead.post(f"/bench/lead/assign/{task_id}", data=sent).status_code


def both_here(database: Database, bench: Bench) -> None:
    with database.transaction() as session:
        for person in (bench.ann, bench.bea):
            crew.begin_shift(session, id_of(person), how=BADGE, now=NOW, by=person)


def told(database: Database, person: Actor) -> list[tuple[str, str]]:
    with database.transaction() as session:
        return [(note.kind, note.subject) for note in notes.unseen(session, id_of(person))]


def test_work_that_is_kept_for_somebody_is_theirs_and_nobody_elses(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    both_here(database, bench)
    number = order_parcel(database, bench)
    assert give(lead, database, number, to=id_of(bench.bea)) == 303
    assert told(database, bench.bea) == [("given", number)]
    page = lead.get("/bench/lead/assign")
    assert number in page.text
    assert_nothing_inline(page)
    assert take_all(database, bench.ann) == []
    assert take_all(database, bench.bea) == [number]
    with database.transaction() as session:
        assert session.scalars(select(TaskPin)).all() == [], "taken, it is kept no longer"


def test_whoever_has_gone_keeps_nobody_waiting(lead: FlaskClient, database: Database, bench: Bench) -> None:
    both_here(database, bench)
    number = order_parcel(database, bench)
    give(lead, database, number, to=id_of(bench.bea))
    lead.post(f"/bench/lead/people/{id_of(bench.bea)}/gone")
    assert take_all(database, bench.ann) == [number]


def test_work_in_hand_is_taken_back_and_both_read_it(
    app: Flask, lead: FlaskClient, database: Database, bench: Bench
) -> None:
    both_here(database, bench)
    number = order_parcel(database, bench)
    assert take_all(database, bench.ann) == [number]
    assert give(lead, database, number, seen_with=id_of(bench.ann), to=id_of(bench.bea), before=id_of(bench.ann)) == 303
    assert told(database, bench.ann) == [("taken_back", number)]
    packer = browser_of(app, database, bench.ann, NOW)
    assert "组长把尾号" in packer.get("/bench").text
    with database.transaction() as session:
        note = notes.unseen(session, id_of(bench.ann))[0]
    stranger = browser_of(app, database, bench.bea, NOW)
    stranger.post(f"/bench/notes/{note.id}/seen")
    assert told(database, bench.ann), "only their own person can have seen it"
    assert packer.post(f"/bench/notes/{note.id}/seen").status_code == 303
    assert "组长把尾号" not in packer.get("/bench").text
    assert take_all(database, bench.bea) == [number]


def test_a_move_can_be_undone(lead: FlaskClient, database: Database, bench: Bench) -> None:
    both_here(database, bench)
    number = order_parcel(database, bench)
    give(lead, database, number, to=id_of(bench.bea))
    assert give(lead, database, number, to=0, before=id_of(bench.bea)) == 303
    assert ("not_given", number) in told(database, bench.bea)
    assert ("given", number) not in told(database, bench.bea), "what is true no longer is not said"
    assert take_all(database, bench.ann) == [number]


@pytest.mark.parametrize("what", ["packed", "taken", "stopped"])
def test_what_changed_meanwhile_is_not_moved(lead: FlaskClient, database: Database, bench: Bench, what: str) -> None:
    both_here(database, bench)
    number = order_parcel(database, bench)
    if what == "stopped":
        with database.transaction() as session:
            order_id = parcel_of(session, number).order_id
            packing.stop_tasks_of_order(session, order_id, now=NOW, by=bench.lead, reason="buyer_asked")
    else:
        take_all(database, bench.ann)
    if what == "packed":
        pack(database, bench.ann, number)
    assert give(lead, database, number, to=id_of(bench.bea)) == 303
    assert "刚刚变了" in lead.get("/bench/lead/assign").text
    assert told(database, bench.bea) == []


def test_without_a_name_nothing_moves(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    with database.transaction() as session:
        task_id = task_of(session, number).id
    assert lead.post(f"/bench/lead/assign/{task_id}", data={"with": "0", "before": "0", "to": ""}).status_code == 303
    assert "请先选一个名字" in lead.get("/bench/lead/assign").text


def test_work_that_does_not_suit_a_person_is_not_given_to_them(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    both_here(database, bench)
    lead.post(f"/bench/lead/people/{id_of(bench.ann)}/wishes", data={"work_no_lifting": "1"})
    number = order_parcel(database, bench, quantity=30)
    assert give(lead, database, number, to=id_of(bench.ann)) == 303
    assert "不适合这个人" in lead.get("/bench/lead/assign").text
    assert give(lead, database, number, to=id_of(bench.lead)) == 404, "who does not pack here gets nothing"


# ---- the lead gives it away in the moment in which somebody takes it ----


def race(database: Database, bench: Bench) -> tuple[object, object, int | None, int | None]:
    """One reassigns, one takes; then who has it and for whom it is kept."""
    with database.transaction() as session:
        (task_id,) = session.scalars(select(PackingTask.id))

    def reassigning(session: Session) -> str:
        try:
            reassign_service.reassign(session, task_id, seen_with=None, to=id_of(bench.bea), now=NOW, by=bench.lead)
        except Refused:
            return "refused"
        return "kept"

    def taking(session: Session) -> list[int]:
        return [each.id for each in hand_out.take_work(session, id_of(bench.ann), now=NOW, zone=ZONE, by=bench.ann)]

    moved, taken = all_at_once(database, reassigning, taking)
    with database.transaction() as session:
        task = session.get_one(PackingTask, task_id)
        return moved, taken, task.packer_id, session.scalar(select(TaskPin.person_id))


def test_work_is_never_both_taken_and_kept_for_somebody_else(database: Database, bench: Bench) -> None:
    both_here(database, bench)
    order_parcel(database, bench)
    moved, taken, packer, kept = race(database, bench)
    if moved == "kept":
        assert (taken, packer, kept) == ([], None, id_of(bench.bea))
    else:
        assert (packer, kept) == (id_of(bench.ann), None)


def test_without_the_guard_it_is_taken_and_kept_at_once(
    database: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_here(database, bench)
    order_parcel(database, bench)
    it_is_taken = Barrier(2)
    real = hand_out.take_work

    def unlocked(session: Session, task_id: int, _: int | None = None) -> PackingTask:
        task = session.get_one(PackingTask, task_id)
        it_is_taken.wait(PATIENCE_S)
        return task

    def taking(session: Session, *args: object, **named: object) -> object:
        with database.transaction() as own:
            given = real(own, *args, **named)  # type: ignore[arg-type]
        it_is_taken.wait(PATIENCE_S)
        return given

    monkeypatch.setattr(packing, "lock_task", unlocked)
    monkeypatch.setattr(hand_out, "take_work", taking)
    moved, _, packer, kept = race(database, bench)
    assert (moved, packer, kept) == ("kept", id_of(bench.ann), id_of(bench.bea))
