"""Running two or more hands at once, on transactions of their own."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Thread, get_ident
from typing import TypeVar

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.errors import Problem

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


def told_at_once(database: Database, *acts: Callable[[Session], object]) -> list[str]:
    """As :func:`all_at_once`; what each was told, sorted: "written", the code of a refusal, or what the database said."""
    start = Barrier(len(acts))

    def run(act: Callable[[Session], object]) -> str:
        start.wait(PATIENCE_S)
        try:
            with database.transaction() as session:
                session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE_S}s'"))
                act(session)
        except Problem as problem:
            return problem.code
        except IntegrityError as error:
            return str(error.orig)
        return "written"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(future.result(2 * PATIENCE_S) for future in [pool.submit(run, act) for act in acts])


# ---- taking guards away: what the program sends is changed on its way, whoever in the program sends it ----

ROW_LOCKS = r" FOR (NO KEY )?UPDATE( OF \w+)?"
BY_KEY = r" ON CONFLICT \(key\) DO NOTHING"
REPLACING = r" ON CONFLICT .*? DO UPDATE SET .*?(?= RETURNING|$)"


@contextmanager
def without(database: Database, *guards: str) -> Iterator[None]:
    """The program's statements lose what these patterns find, as if nobody had thought of it; triggers keep theirs."""

    def strip(_connection: object, _cursor: object, sql: str, parameters: object, *_: object) -> tuple[str, object]:
        for guard in guards:
            sql = re.sub(guard, "", sql, flags=re.DOTALL)
        return sql or "SELECT 1", parameters

    event.listen(database.engine, "before_cursor_execute", strip, retval=True)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", strip)


@contextmanager
def all_look_first(database: Database, *statements: str, hands: int = 2) -> Iterator[None]:
    """Whoever comes to such a statement waits for the others there: all have looked, and none has written."""
    everybody, were_here = Barrier(hands), set()

    def wait(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        if sql.startswith(statements) and get_ident() not in were_here:
            were_here.add(get_ident())
            everybody.wait(PATIENCE_S)

    event.listen(database.engine, "before_cursor_execute", wait)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", wait)


@contextmanager
def right_before(database: Database, statement: str, deed: Callable[[Session], object]) -> Iterator[None]:
    """``deed`` happens, and is committed, in another transaction once, just when somebody has looked and begins to write."""
    is_begun: list[bool] = []

    def run() -> None:
        with database.transaction() as session:
            deed(session)

    def go_first(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        if sql.startswith(statement) and not is_begun:
            is_begun.append(True)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(run).result(PATIENCE_S)

    event.listen(database.engine, "before_cursor_execute", go_first)
    try:
        yield
    finally:
        event.remove(database.engine, "before_cursor_execute", go_first)
    assert is_begun, f"nobody came to {statement}"


def drop(database: Database, *statements: str) -> None:
    """Take guards out of the database: ``"table constraint"``, or a whole statement."""
    with database.transaction() as session:
        for each in statements:
            table, _, name = each.partition(" ")
            session.execute(text(each if table.isupper() else f"ALTER TABLE {table} DROP CONSTRAINT {name}"))


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


def right_after(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, database: Database, deed: Callable[[Session], object]
) -> None:
    """Let ``deed`` happen, and be committed, in another transaction once, right after ``place.name`` has been called."""
    original = getattr(place, name)
    is_done: list[bool] = []

    def run() -> None:
        with database.transaction() as session:
            deed(session)

    def hooked(*args: object, **kwargs: object) -> object:
        found = original(*args, **kwargs)
        if not is_done:
            is_done.append(True)
            thread = Thread(target=run)
            thread.start()
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "it waits for a lock that was to be taken away"
        return found

    monkeypatch.setattr(place, name, hooked)
