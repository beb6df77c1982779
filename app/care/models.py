"""The table of what was looked after, and what was found."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, BigId, UtcTime, append_only

INVARIANTS, BACKUP, RECONCILE, TIDY = KINDS = ("invariants", "backup", "reconcile", "tidy")


class CareRun(Base):
    """One check, backup or comparison that was carried out: ``found`` counts what was not as it should be."""

    __tablename__ = "care_runs"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="known_kind"),
        CheckConstraint("found >= 0", name="found_not_negative"),
        Index("ix_care_runs_kind_at", "kind", "at"),
    )

    id: Mapped[BigId]
    kind: Mapped[str]
    at: Mapped[UtcTime]
    found: Mapped[int]
    # Counts by name; no person's data.
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)


append_only("care_runs")


def note_run(session: Session, kind: str, now: datetime, *, found: int = 0, details: dict[str, Any]) -> None:
    """Note that something was looked after."""
    session.add(CareRun(kind=kind, at=now, found=found, details=details))
    session.flush()


def last_run(session: Session, kind: str) -> CareRun | None:
    """The newest run of a kind."""
    return session.scalar(select(CareRun).where(CareRun.kind == kind).order_by(CareRun.at.desc()).limit(1))
