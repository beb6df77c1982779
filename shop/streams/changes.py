"""Who changed which terms of a stream, from what to what: read from the record of changes.

Two people at two screens compare ``terms_revision``; this says what lies between, and what may be taken back.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.errors import Refused
from shop.streams.models import Offer, Stream
from shop.streams.rules import may_be_undone

OFFER_CHANGED = "offer.changed"
ON_AIR_CHANGED = "stream.on_air"
REHEARSAL_CHANGED = "stream.rehearsal_shown"
UNDOABLE = (OFFER_CHANGED, ON_AIR_CHANGED, REHEARSAL_CHANGED)

FLASH = ("flash_price_fen", "flash_from", "flash_until")
MOMENTS = ("ends_at", "flash_from", "flash_until")
CHANGEABLE = ("price_fen", "list_price_fen", "allotment", "cap_per_buyer", "state", "ends_at", "position", *FLASH)


@dataclass(frozen=True)
class Meanwhile:
    """One term that somebody changed; values as in the record (money in fen, times as ISO text)."""

    what: str
    before: Any
    after: Any
    by: str
    at: datetime


@dataclass(frozen=True)
class LastChange:
    """The newest change of a stream, while it may still be taken back."""

    entry_id: int
    action: str
    offer_id: int | None
    changes: list[Meanwhile]
    by: str
    at: datetime


class ChangedMeanwhile(Refused):
    """Somebody else changed the same thing after this person's page was made; ``changes`` says what, to what, by whom."""

    code = "changed_meanwhile"

    def __init__(self, changes: list[Meanwhile]) -> None:
        super().__init__(
            "这一样刚才有人改过了，请看一眼再决定。", "Somebody changed this meanwhile. Look again, then decide."
        )
        self.changes = changes


def facts_of(offer: Offer) -> dict[str, Any]:
    """An offer's terms as plain values, for the record of changes."""
    return {name: as_recorded(getattr(offer, name)) for name in (*CHANGEABLE, "terms_revision")}


def as_recorded(value: Any) -> Any:
    """A value as the record holds it: times as ISO text."""
    return value.isoformat() if isinstance(value, datetime) else value


def changed_terms(entry: AuditEntry) -> list[Meanwhile]:
    """What one entry of the record changed, term by term."""
    names = [name for name in (*CHANGEABLE, "offer") if entry.before.get(name) != entry.after.get(name)]
    return [Meanwhile(name, entry.before.get(name), entry.after.get(name), entry.actor, entry.at) for name in names]


def changes_since(session: Session, offer_id: int, terms_revision: int) -> list[Meanwhile]:
    """What was changed of an offer after this revision of its terms, oldest first."""
    entries = session.scalars(
        select(AuditEntry)
        .where(
            AuditEntry.subject == f"offer:{offer_id}",
            AuditEntry.after["terms_revision"].as_string().cast(BigInteger) > terms_revision,
        )
        .order_by(AuditEntry.id)
    )
    return [change for entry in entries for change in changed_terms(entry)]


def last_change(session: Session, stream: Stream, now: datetime) -> LastChange | None:
    """The newest change of a stream and its offers, or ``None`` when its ten seconds are over or it is not undoable."""
    subjects = [f"stream:{stream.id}", *(f"offer:{offer.id}" for offer in stream.offers)]
    entry = session.scalar(
        select(AuditEntry).where(AuditEntry.subject.in_(subjects)).order_by(AuditEntry.at.desc(), AuditEntry.id.desc())
    )
    if entry is None or entry.action not in UNDOABLE or not may_be_undone(entry.at, now):
        return None
    kind, _, number = entry.subject.partition(":")
    offer_id = int(number) if kind == "offer" else None
    return LastChange(entry.id, entry.action, offer_id, changed_terms(entry), entry.actor, entry.at)
