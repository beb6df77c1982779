"""Jobs written in the same transaction as the change that needs them, done afterwards by the worker.

A job is claimed for a while (a lease), so that a worker that dies leaves it to the next one; handlers
therefore must be safe to repeat. See docs/decisions/0007-outbox.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, BigId, UtcTime

LEASE = timedelta(minutes=2)
# Some work takes long (a backup, a large file); whoever claims only that may keep it for so long.
LONG_LEASE = timedelta(hours=2)
MOST_ATTEMPTS = 20


class Job(Base):
    """Work to do at ``run_at`` or later; ``key`` is unique among the jobs not done."""

    __tablename__ = "jobs"
    __table_args__ = (
        Index("uq_jobs_key_open", "key", unique=True, postgresql_where=text("done_at IS NULL")),
        Index("ix_jobs_due", "run_at", postgresql_where=text("done_at IS NULL AND given_up_at IS NULL")),
    )

    id: Mapped[BigId]
    kind: Mapped[str]
    key: Mapped[str | None]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    run_at: Mapped[UtcTime]
    created_at: Mapped[UtcTime]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
    done_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]


@dataclass(frozen=True)
class ClaimedJob:
    """A job in the hands of one worker."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int


def enqueue(
    session: Session,
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    run_at: datetime | None = None,
    key: str | None = None,
) -> None:
    """Leave a job in the current transaction; a second one with the same open ``key`` changes nothing."""
    row = {
        "kind": kind,
        "key": key,
        "payload": dict(payload),
        "run_at": run_at or now,
        "created_at": now,
        "attempts": 0,
    }
    statement = insert(Job).values(row)
    session.execute(
        statement.on_conflict_do_nothing(index_elements=["key"], index_where=text("done_at IS NULL"))
        if key
        else statement
    )
    session.execute(text("NOTIFY gongfang_jobs"))


_CLAIM = text("""
    UPDATE jobs SET attempts = attempts + 1, run_at = :until
    WHERE id IN (
        SELECT id FROM jobs
        WHERE done_at IS NULL AND given_up_at IS NULL AND run_at <= :now
          AND (CAST(:only AS text[]) IS NULL OR kind = ANY(:only)) AND NOT kind = ANY(:but)
        ORDER BY run_at LIMIT :most FOR UPDATE SKIP LOCKED
    )
    RETURNING id, kind, payload, attempts
""")


def claim_due(
    session: Session,
    now: datetime,
    most: int = 20,
    *,
    only: Sequence[str] | None = None,
    but: Sequence[str] = (),
    lease: timedelta = LEASE,
) -> list[ClaimedJob]:
    """Take due jobs for the length of a lease; nobody else gets them meanwhile. ``only`` and ``but`` name kinds."""
    asked = {
        "now": now,
        "until": now + lease,
        "most": most,
        "but": list(but),
        "only": None if only is None else list(only),
    }
    return [ClaimedJob(row.id, row.kind, row.payload, row.attempts) for row in session.execute(_CLAIM, asked)]


def mark_done(session: Session, job_id: int, now: datetime) -> None:
    """The job is finished and its key free again."""
    session.execute(
        text("UPDATE jobs SET done_at = :now, last_error = NULL WHERE id = :id"), {"now": now, "id": job_id}
    )


def mark_failed(session: Session, job: ClaimedJob, error: str, now: datetime) -> None:
    """Try again later (2 s, 4 s, … at most an hour); after ``MOST_ATTEMPTS`` a person has to look."""
    wait = timedelta(seconds=min(2**job.attempts, 3600))
    gone = now if job.attempts >= MOST_ATTEMPTS else None
    session.execute(
        text("UPDATE jobs SET run_at = :run_at, last_error = :error, given_up_at = :gone WHERE id = :id"),
        {"run_at": now + wait, "error": error[:500], "gone": gone, "id": job.id},
    )


def take_up_again(session: Session, kinds: Sequence[str], now: datetime) -> int:
    """Try jobs of these kinds that were given up from the start; returns how many there were."""
    revived = session.execute(
        text(
            "UPDATE jobs SET given_up_at = NULL, attempts = 0, run_at = :now "
            "WHERE done_at IS NULL AND given_up_at IS NOT NULL AND kind = ANY(:kinds) RETURNING id"
        ),
        {"kinds": list(kinds), "now": now},
    ).all()
    session.execute(text("NOTIFY gongfang_jobs"))
    return len(revived)


class Heartbeat(Base):
    """When a part of the program last showed that it is alive (the worker, the backup)."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[UtcTime]


def note_alive(session: Session, name: str, now: datetime) -> None:
    """Leave a sign of life."""
    row = {"name": name, "at": now}
    session.execute(insert(Heartbeat).values(row).on_conflict_do_update(index_elements=["name"], set_={"at": now}))
