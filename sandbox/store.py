"""The sandbox's memory: objects as JSON in one SQLite file, so that a restart forgets nothing."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Thing = dict[str, Any]

_TABLES = """
CREATE TABLE IF NOT EXISTS things (id TEXT PRIMARY KEY, kind TEXT NOT NULL, created REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS things_by_kind ON things (kind, created);
CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, request TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS deliveries (event TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS chores (due REAL NOT NULL, thing TEXT NOT NULL, what TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS chores_by_due ON chores (due);
"""


def new_id(prefix: str) -> str:
    """An id as Stripe writes them."""
    return f"{prefix}_{secrets.token_hex(12)}"


class Store:
    """Things by id. One lock: this is a stand-in for one shop, not a bank."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_TABLES)
        self.lock = threading.RLock()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a statement and return its rows."""
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def put(self, kind: str, thing: Thing) -> Thing:
        """Keep a thing, new or changed."""
        self.rows(
            "INSERT INTO things VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            *(thing["id"], kind, time.time(), json.dumps(thing)),
        )
        return thing

    def get(self, thing_id: str) -> Thing | None:
        """A thing by id."""
        found = self.rows("SELECT body FROM things WHERE id = ?", thing_id)
        return json.loads(found[0][0]) if found else None

    def change(self, kind: str, thing_id: str, change: Callable[[Thing], None]) -> Thing:
        """Read, change and keep a thing in one step."""
        with self.lock:
            thing = self.get(thing_id)
            if thing is None:
                raise KeyError(thing_id)
            change(thing)
            return self.put(kind, thing)

    def newest(self, kind: str, *, since: float = 0, before: str = "", most: int = 100) -> list[Thing]:
        """Things of a kind, newest first: made from ``since`` on, and before the thing with id ``before``."""
        found = self.rows(
            """SELECT body FROM things WHERE kind = ? AND created >= ?
               AND (? = '' OR rowid < (SELECT rowid FROM things WHERE id = ?)) ORDER BY rowid DESC LIMIT ?""",
            *(kind, since, before, before, most),
        )
        return [json.loads(row[0]) for row in found]

    def plan(self, due: float, thing_id: str, what: str) -> None:
        """Leave a chore for later."""
        self.rows("INSERT INTO chores VALUES (?, ?, ?)", due, thing_id, what)

    def take_due(self, now: float, *, but_not: str = "") -> list[tuple[str, str]]:
        """The chores (thing, what) that are due, taken off the list; those called ``but_not`` stay on it."""
        return self.rows("DELETE FROM chores WHERE due <= ? AND what <> ? RETURNING thing, what", now, but_not)

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self._db.close()
