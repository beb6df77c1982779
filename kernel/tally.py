"""Counts of what happened, kept in memory by each process and added to the database every few seconds.

They cost the hot path a dictionary entry, they add up over processes and machines, and they survive a restart. A
process that is killed loses what it counted in the last seconds.
"""

import logging
from collections import Counter
from threading import Lock
from time import monotonic

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, Database

log = logging.getLogger("gongfang")

_WRITE_EVERY_S = 5.0


class TallyCount(Base):
    """How often something happened since the beginning, such as ``orders_refused:out_of_stock``."""

    __tablename__ = "tallies"

    name: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)


class Tally:
    """The counts of one process."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = Lock()
        self._written = monotonic()

    def add(self, name: str) -> None:
        """Count one."""
        with self._lock:
            self._counts[name] += 1

    def write_if_due(self, database: Database) -> None:
        """Add the counts to the database when the last time is a few seconds ago."""
        if self._counts and monotonic() - self._written >= _WRITE_EVERY_S:
            self.write(database)

    def write(self, database: Database) -> None:
        """Add the counts to the database; while it is away they are kept for later."""
        with self._lock:
            counts, self._counts, self._written = self._counts, Counter(), monotonic()
        if not counts:
            return
        # One order of names for everybody, so that two processes never wait for each other in a ring.
        rows = [{"name": name, "count": counts[name]} for name in sorted(counts)]
        statement = insert(TallyCount).values(rows)
        add = {"count": TallyCount.count + statement.excluded.count}
        try:
            with database.transaction() as session:
                session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=add))
        except SQLAlchemyError as error:
            log.warning("tallies not written", extra={"facts": {"error": type(error).__name__}})
            with self._lock:
                self._counts.update(counts)
