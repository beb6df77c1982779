"""Reading other work."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from fulfillment.piecework.models import WageEntry
from fulfillment.piecework.work.models import WorkBooking, WorkKind, WorkShare
from kernel.people.models import Person, PersonRole
from kernel.people.rules import PACKER


def kinds(session: Session) -> Sequence[WorkKind]:
    """Every kind of work, those that are done first."""
    return session.scalars(select(WorkKind).order_by(WorkKind.active.desc(), WorkKind.name_zh, WorkKind.id)).all()


def waiting(session: Session) -> Sequence[WorkBooking]:
    """Notes of packers that wait for the lead, oldest first."""
    return session.scalars(select(WorkBooking).where(WorkBooking.decided_at.is_(None)).order_by(WorkBooking.id)).all()


def recent(session: Session, since: datetime, most: int = 100) -> Sequence[WorkBooking]:
    """What was decided since a moment, newest first."""
    return session.scalars(
        select(WorkBooking).where(WorkBooking.decided_at >= since).order_by(WorkBooking.decided_at.desc()).limit(most)
    ).all()


def notes_of(session: Session, person_id: int, since: datetime) -> Sequence[WorkBooking]:
    """What a person noted and what is not on the ledger: waiting, or declined since a moment; newest first."""
    return session.scalars(
        select(WorkBooking)
        .where(
            WorkBooking.proposed_by_id == person_id,
            WorkBooking.decided_at.is_(None) | (~WorkBooking.confirmed & (WorkBooking.decided_at >= since)),
        )
        .order_by(WorkBooking.id.desc())
    ).all()


def live_parts(session: Session, booking_id: int) -> Sequence[WageEntry]:
    """The wage lines of a booking that were not taken back."""
    taken_back = aliased(WageEntry)
    return session.scalars(
        select(WageEntry)
        .join(WorkShare, WorkShare.id == WageEntry.share_id)
        .where(
            WorkShare.booking_id == booking_id,
            WageEntry.kind == "work",
            ~select(taken_back.id).where(taken_back.reverses_id == WageEntry.id).exists(),
        )
        .order_by(WageEntry.id)
    ).all()


def undone(session: Session, booking_ids: Sequence[int]) -> set[int]:
    """Those of some bookings that were taken back."""
    return set(
        session.scalars(
            select(WorkShare.booking_id)
            .join(WageEntry, WageEntry.share_id == WorkShare.id)
            .where(WorkShare.booking_id.in_(booking_ids), WageEntry.kind == "reversal")
        )
    )


def workers(session: Session) -> Sequence[Person]:
    """Everybody who may do piece work, by name."""
    return session.scalars(
        select(Person)
        .join(PersonRole, PersonRole.person_id == Person.id)
        .where(PersonRole.role == PACKER, Person.active)
        .order_by(Person.name, Person.id)
    ).all()
