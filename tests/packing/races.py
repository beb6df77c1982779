"""Running two or more hands at once, on transactions of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from kernel.db import Database

PATIENCE_S = 20
Answer = TypeVar("Answer")


def all_at_once(database: Database, *acts: Callable[[Session], Answer]) -> list[Answer]:
    """Each act in a transaction of its own, started together; their answers in the order given."""
    start = Barrier(len(acts))

    def run(act: Callable[[Session], Answer]) -> Answer:
        start.wait(PATIENCE_S)
        with database.transaction() as session:
            # A race is about who comes first, not about who gives up first on a slow machine.
            session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'"))
            return act(session)

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(PATIENCE_S) for future in [pool.submit(run, act) for act in acts]]


def wait_until_blocked(database: Database) -> None:
    """Return once some other transaction on this database waits for a lock."""
    with database.engine.connect() as connection:
        while True:
            waiting = connection.execute(
                text(
                    "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()"
                )
            )
            if waiting.scalar_one():
                return
            connection.rollback()
