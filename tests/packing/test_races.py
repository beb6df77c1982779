"""Two hands at once: work goes to one person, is paid once, and stays with the courier. Each race has its control."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.couriers.service import hand_over_box
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import queries
from fulfillment.packing import service as packing
from fulfillment.packing.boxes.service import lock_box
from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.piecework import service as piecework
from fulfillment.routing.rules import WaitingTask
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from tests.packing.races import PATIENCE_S, all_at_once, wait_until_blocked
from tests.packing.world import RATE_FEN, finish, id_of, order_id_of, set_up, stop_order_of, take, wages
from tests.world import NOW

NO_LOCK = text("SELECT 1")


def taking(packer: Actor) -> Callable[[Session], list[int]]:
    return lambda session: [task.id for task in take(session, packer)]


def finishing(task_id: int, packer: Actor) -> Callable[[Session], bool]:
    return lambda session: finish(session, task_id, packer)


def take_one(database: Database, packer: Actor) -> int:
    with database.transaction() as session:
        return take(session, packer)[0].id


def wages_of(database: Database, packer: Actor) -> list[int]:
    with database.transaction() as session:
        return wages(session, packer)


# ---- two packers press "get work" at once ----


def test_no_work_is_handed_to_two_and_nobody_is_sent_away_while_there_is_some(database: Database) -> None:
    packers = set_up(database, packers=8, parcels=24)
    given = all_at_once(database, *[taking(packer) for packer in packers])
    handed_out = Counter(task_id for batch in given for task_id in batch)
    assert set(handed_out.values()) == {1}
    assert all(given)
    with database.transaction() as session:
        for packer, batch in zip(packers, given, strict=True):
            assert [task.id for task in queries.tasks_in_hand(session, id_of(packer))] == batch


def test_without_the_guard_the_same_work_is_handed_to_two(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    packers = set_up(database, packers=2)
    both_have_chosen = Barrier(2)
    real_rate = piecework.rate_now

    def unguarded(session: Session, *_: object) -> list[WaitingTask]:
        pile = session.scalars(select(PackingTask).where(PackingTask.state == "waiting"))
        return [WaitingTask(task.id, task.due_at, task.needs_set) for task in pile]

    def rate_once_both_have_chosen(session: Session, **facts: object) -> int:
        both_have_chosen.wait(PATIENCE_S)
        return real_rate(session, **facts)

    monkeypatch.setattr(hand_out, "_HAND_OUT_ONE_AT_A_TIME", NO_LOCK)
    monkeypatch.setattr(hand_out, "_lock_waiting", unguarded)
    monkeypatch.setattr(piecework, "rate_now", rate_once_both_have_chosen)
    first, second = all_at_once(database, *[taking(packer) for packer in packers])
    assert first == second != []


def test_one_packer_on_two_tablets_gets_one_batch(database: Database) -> None:
    (packer,) = set_up(database, parcels=24)
    first, *others = all_at_once(database, *[taking(packer)] * 6)
    assert len(first) == hand_out.LARGEST_BATCH
    assert all(other == first for other in others)


def test_without_the_guard_one_packer_gets_two_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    (packer,) = set_up(database, parcels=24)
    both_hands_are_empty = Barrier(2)
    real = queries.tasks_in_hand

    def unguarded(session: Session, packer_id: int) -> object:
        in_hand = real(session, packer_id)
        both_hands_are_empty.wait(PATIENCE_S)
        return in_hand

    monkeypatch.setattr(hand_out, "_HAND_OUT_ONE_AT_A_TIME", NO_LOCK)
    monkeypatch.setattr(packing, "lock_packer", lambda session, packer_id: session.get_one(packing.Packer, packer_id))
    monkeypatch.setattr(queries, "tasks_in_hand", unguarded)
    first, second = all_at_once(database, *[taking(packer)] * 2)
    assert not set(first) & set(second)


# ---- "done" pressed twice at once ----


def let_both_read_before_either_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the lock on the task and the look into the ledger."""
    both_have_read = Barrier(2)

    def unlocked(session: Session, task_id: int, _: int | None = None) -> PackingTask:
        task = session.get_one(PackingTask, task_id)
        both_have_read.wait(PATIENCE_S)
        return task

    monkeypatch.setattr(packing, "lock_task", unlocked)
    monkeypatch.setattr(piecework, "_last_piece", lambda *_: None)


def test_done_pressed_on_many_tablets_at_once_is_paid_once(database: Database) -> None:
    (packer,) = set_up(database)
    task_id = take_one(database, packer)
    answers = all_at_once(database, *[finishing(task_id, packer)] * 6)
    assert Counter(answers) == {True: 1, False: 5}
    assert wages_of(database, packer) == [RATE_FEN]


def test_with_the_locks_gone_the_database_alone_still_pays_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packer,) = set_up(database)
    task_id = take_one(database, packer)
    let_both_read_before_either_writes(monkeypatch)
    all_at_once(database, *[finishing(task_id, packer)] * 2)
    assert wages_of(database, packer) == [RATE_FEN]


def test_without_the_index_the_books_at_commit_still_refuse_a_second_wage(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packer,) = set_up(database)
    task_id = take_one(database, packer)
    let_both_read_before_either_writes(monkeypatch)
    with database.transaction() as session:
        session.execute(text("DROP INDEX uq_wage_entries_task_piece"))
    with pytest.raises(IntegrityError, match="owed 160 fen"):
        all_at_once(database, *[finishing(task_id, packer)] * 2)
    assert wages_of(database, packer) == [RATE_FEN]


def test_without_the_index_and_the_books_too_done_is_paid_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packer,) = set_up(database)
    task_id = take_one(database, packer)
    let_both_read_before_either_writes(monkeypatch)
    with database.transaction() as session:
        session.execute(text("DROP INDEX uq_wage_entries_task_piece"))
        session.execute(text("DROP TRIGGER wage_entries_tied_to_tasks ON wage_entries"))
        session.execute(text("DROP TRIGGER packing_tasks_tied_to_wages ON packing_tasks"))
    all_at_once(database, *[finishing(task_id, packer)] * 2)
    assert wages_of(database, packer) == [RATE_FEN, RATE_FEN]


# ---- undo while the courier takes the parcel ----


def undo_while_the_courier_takes_it(database: Database, packer: Actor, task_id: int) -> bool:
    """The courier's transaction is open when undo comes, and is committed while undo waits."""
    taken, undoing = Event(), ThreadPoolExecutor(1)

    def undo() -> bool:
        taken.wait(PATIENCE_S)
        with database.transaction() as session:
            return packing.undo_finish(session, task_id, id_of(packer), now=NOW, by=packer)

    answer = undoing.submit(undo)
    with database.transaction() as session:
        parcel_id = session.get_one(PackingTask, task_id).parcel_id
        hand_over_box(
            session, lock_box(session, parcel_id), carrier="ZTO", tracking="78012345678901", now=NOW, by=SYSTEM
        )
        taken.set()
        wait_until_blocked(database)
    undoing.shutdown()
    return answer.result(PATIENCE_S)


def pack_one(database: Database) -> tuple[Actor, int]:
    (packer,) = set_up(database)
    task_id = take_one(database, packer)
    with database.transaction() as session:
        finish(session, task_id, packer)
    return packer, task_id


def test_a_parcel_that_leaves_stays_packed_and_paid(database: Database) -> None:
    packer, task_id = pack_one(database)
    assert undo_while_the_courier_takes_it(database, packer, task_id) is False
    assert wages_of(database, packer) == [RATE_FEN]
    with database.transaction() as session:
        assert session.scalars(select(Parcel.state)).one() == "handed_over"


def test_without_the_parcels_lock_undo_runs_into_the_database(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    packer, task_id = pack_one(database)
    monkeypatch.setattr(packing, "lock_task", lambda session, task_id, _=None: session.get_one(PackingTask, task_id))
    with pytest.raises(IntegrityError):
        undo_while_the_courier_takes_it(database, packer, task_id)


# ---- get work while an order is being cancelled ----


def test_work_that_is_being_stopped_is_passed_over_and_not_waited_for(database: Database) -> None:
    (packer,) = set_up(database, parcels=2)
    with database.transaction() as session:
        first, second = session.scalars(select(PackingTask.id).order_by(PackingTask.due_at)).all()
    with database.transaction() as cancelling:
        stop_order_of(cancelling, first)
        with database.transaction() as session:
            assert [task.id for task in take(session, packer)] == [second]


def test_done_waits_for_a_cancellation_and_is_then_told(database: Database) -> None:
    (packer,) = set_up(database)
    task_id = take_one(database, packer)
    pool = ThreadPoolExecutor(1)

    def done() -> bool:
        with database.transaction() as session:
            return finish(session, task_id, packer)

    with database.transaction() as session:
        packing.stop_tasks_of_order(
            session, order_id_of(session, task_id), now=NOW, by=SYSTEM, reason="buyer cancelled"
        )
        answer = pool.submit(done)
        wait_until_blocked(database)
    pool.shutdown()
    assert isinstance(answer.exception(PATIENCE_S), packing.Refused)
    assert wages_of(database, packer) == []
