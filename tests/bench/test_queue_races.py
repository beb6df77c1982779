"""The same queue from two devices at one instant, as after a tablet was copied; the race has its control."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from fulfillment.bench import queue_service
from fulfillment.bench.queue_forms import Action
from fulfillment.bench.queue_models import BenchAction
from fulfillment.bench.queue_rules import Pass
from kernel.audit import Actor
from kernel.db import Database
from tests.packing.races import PATIENCE_S
from tests.packing.world import RATE_FEN, id_of, set_up, take, wages
from tests.world import NOW

NO_LOCK = text("SELECT CAST(:key AS text)")


@pytest.fixture
def packer(database: Database) -> Actor:
    (packer,) = set_up(database, parcels=3)
    return packer


@pytest.fixture
def queue(database: Database, packer: Actor) -> list[Action]:
    """Three parcels done, the first of them undone and done again."""
    with database.transaction() as session:
        first, second, third = [task.id for task in take(session, packer)]
    asked = [
        ("done", first, ""),
        ("undo", None, "key-of-a-press-0"),
        ("done", first, ""),
        ("done", second, ""),
        ("done", third, ""),
    ]
    return [
        Action(f"key-of-a-press-{place}", place, kind, task, None, detail, 0, None)
        for place, (kind, task, detail) in enumerate(asked)
    ]


def send_from_two_devices(database: Database, queue: list[Action], packer: Actor) -> list[list[str]]:
    """Two devices begin together and send their actions one after the other, each in a transaction of its own."""
    start = Barrier(2)

    def send(device: str) -> list[str]:
        start.wait(PATIENCE_S)
        states = []
        for action in queue:
            with database.transaction() as session:
                leave = Pass(id_of(packer), device, NOW)
                states.append(queue_service.receive(session, action, leave, packer, now=NOW).state)
        return states

    with ThreadPoolExecutor(2) as pool:
        return [future.result(PATIENCE_S) for future in [pool.submit(send, device) for device in "ab"]]


def lines(database: Database, key: str) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(BenchAction).where(BenchAction.key == key)) or 0


def owed(database: Database, packer: Actor) -> list[int]:
    with database.transaction() as session:
        return wages(session, packer)


def let_both_look_before_either_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away the lock on the key, and let neither go on until both have seen that it is new."""
    both_have_looked = Barrier(2)
    real = queue_service._outcome

    def together(*args: object, **facts: object) -> object:
        both_have_looked.wait(PATIENCE_S)
        return real(*args, **facts)  # type: ignore[arg-type]

    monkeypatch.setattr(queue_service, "_ONE_OF_A_KEY", NO_LOCK)
    monkeypatch.setattr(queue_service, "_outcome", together)


def test_one_queue_sent_by_two_devices_at_once_counts_once(
    database: Database, packer: Actor, queue: list[Action]
) -> None:
    answers = send_from_two_devices(database, queue, packer)
    assert answers[0] == answers[1] == ["done"] * 5
    assert owed(database, packer) == [RATE_FEN, -RATE_FEN, RATE_FEN, RATE_FEN, RATE_FEN]
    assert [lines(database, action.key) for action in queue] == [1] * 5


def test_with_the_lock_gone_the_tables_key_still_takes_it_once(
    database: Database, packer: Actor, queue: list[Action], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_both_look_before_either_writes(monkeypatch)
    with pytest.raises(IntegrityError, match="pk_bench_actions"):
        send_from_two_devices(database, queue[:1], packer)
    assert lines(database, queue[0].key) == 1
    assert owed(database, packer) == [RATE_FEN]


def test_without_the_key_too_it_is_taken_twice(
    database: Database, packer: Actor, queue: list[Action], monkeypatch: pytest.MonkeyPatch
) -> None:
    let_both_look_before_either_writes(monkeypatch)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE bench_actions DROP CONSTRAINT pk_bench_actions CASCADE"))
    send_from_two_devices(database, queue[:1], packer)
    assert lines(database, queue[0].key) == 2
    assert owed(database, packer) == [RATE_FEN], "the ledger has a guard of its own"
