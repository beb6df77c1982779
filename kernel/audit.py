"""Who changed what, before and after: an append-only record that staff actions write to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Base, BigId, UtcTime, append_only


@dataclass(frozen=True)
class Actor:
    """Who acts: a person, or a part of the program (``person_id`` is then ``None``)."""

    person_id: int | None
    name: str


SYSTEM = Actor(None, "system")
BUYER = Actor(None, "buyer")


class AuditEntry(Base):
    """One change by one actor."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index("ix_audit_entries_subject_at", "subject", "at"),)

    id: Mapped[BigId]
    at: Mapped[UtcTime] = mapped_column(index=True)
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)


append_only("audit_entries")


def record_change(
    session: Session,
    *,
    actor: Actor,
    action: str,
    subject: str,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note a change; ``subject`` is ``kind:id``. Buyers' names, phones and addresses do not belong here."""
    session.add(
        AuditEntry(
            at=at,
            person_id=actor.person_id,
            actor=actor.name,
            action=action,
            subject=subject,
            before=dict(before or {}),
            after=dict(after or {}),
        )
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of two sets of facts only what changed, as it was and as it is."""
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}
