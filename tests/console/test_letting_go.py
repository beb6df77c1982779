"""Somebody stops packing while their tablet is still in use: no work stays in the hands of a person who has gone."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.console import people_service
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.packing.states import TAKEN, WAITING
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from kernel.errors import NotFound
from kernel.people import service as people
from tests.packing.races import PATIENCE_S, wait_until_blocked
from tests.packing.world import id_of, set_up, take
from tests.world import NOW


def let_go(session: Session, packer: Actor) -> None:
    person = people.lock_person(session, id_of(packer))
    people_service.deactivate(session, person, now=NOW, by=SYSTEM)


def states(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(select(PackingTask.state)))


def let_go_while_work_is_handed_out(database: Database, packer: Actor) -> None:
    """The owner lets the packer go while the packer's "get work" is not committed yet."""

    def deactivate() -> None:
        with database.transaction() as session:
            let_go(session, packer)

    with ThreadPoolExecutor(1) as owner:
        with database.transaction() as session:
            take(session, packer)
            gone = owner.submit(deactivate)
            wait_until_blocked(database)
        gone.result(PATIENCE_S)


def test_work_that_is_handed_out_at_that_moment_goes_back(database: Database) -> None:
    (packer,) = set_up(database, parcels=3)
    let_go_while_work_is_handed_out(database, packer)
    assert states(database) == [WAITING] * 3


def test_without_the_packers_lock_it_stays_in_the_hands_of_who_has_gone(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packer,) = set_up(database, parcels=1)
    real = packing.leave_bench

    def look_first(session: Session, packer_id: int, **facts: object) -> int:
        in_hand = list(packing.queries.tasks_in_hand(session, packer_id))
        monkeypatch.setattr(packing.queries, "tasks_in_hand", lambda *_: in_hand)
        return real(session, packer_id, **facts)

    monkeypatch.setattr(packing, "leave_bench", look_first)
    let_go_while_work_is_handed_out(database, packer)
    assert states(database) == [TAKEN]


def take_while_letting_go(database: Database, packer: Actor) -> list[int]:
    """The packer presses "get work" while the owner's letting go is not committed yet."""

    def get_work() -> list[int]:
        with database.transaction() as session:
            return [task.id for task in take(session, packer)]

    with ThreadPoolExecutor(1) as tablet:
        with database.transaction() as session:
            let_go(session, packer)
            asked = tablet.submit(get_work)
            wait_until_blocked(database)
        return asked.result(PATIENCE_S)


def test_who_is_let_go_at_that_moment_gets_no_work(database: Database) -> None:
    (packer,) = set_up(database)
    with pytest.raises(NotFound):
        take_while_letting_go(database, packer)
    assert states(database) == [WAITING]


def test_without_asking_again_who_has_gone_gets_work(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    (packer,) = set_up(database)
    monkeypatch.setattr(packing, "require_packer", lambda *_: None)
    assert take_while_letting_go(database, packer)
    assert states(database) == [TAKEN]


def test_who_was_let_go_gets_no_work_from_a_page_that_is_still_open(database: Database) -> None:
    (packer,) = set_up(database)
    with database.transaction() as session:
        let_go(session, packer)
    with pytest.raises(NotFound), database.transaction() as session:
        take(session, packer)
    assert states(database) == [WAITING]


def test_others_may_take_the_work_at_once(database: Database) -> None:
    leaver, stayer = set_up(database, packers=2)
    with database.transaction() as session:
        (task,) = take(session, leaver)
    with database.transaction() as session:
        let_go(session, leaver)
    with database.transaction() as session:
        assert [task.id for task in take(session, stayer)] == [task.id]
