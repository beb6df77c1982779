"""Reading corrections and complaints."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.piecework.corrections.models import WageComplaint, WageCorrection


def waiting(session: Session) -> Sequence[WageCorrection]:
    """Corrections that wait for a second person, oldest first."""
    return session.scalars(
        select(WageCorrection).where(WageCorrection.decided_at.is_(None)).order_by(WageCorrection.id)
    ).all()


def decided(session: Session, since: datetime) -> Sequence[WageCorrection]:
    """What was decided since a moment, newest first."""
    return session.scalars(
        select(WageCorrection).where(WageCorrection.decided_at >= since).order_by(WageCorrection.decided_at.desc())
    ).all()


def open_complaints(session: Session) -> Sequence[WageComplaint]:
    """What packers say is not right and nobody has answered, oldest first."""
    return session.scalars(
        select(WageComplaint).where(WageComplaint.answered_at.is_(None)).order_by(WageComplaint.id)
    ).all()


def complaints_of(session: Session, person_id: int, since: datetime) -> Sequence[WageComplaint]:
    """What a person asked about no line in particular: open, or answered since a moment; newest first."""
    return session.scalars(
        select(WageComplaint)
        .where(
            WageComplaint.person_id == person_id,
            WageComplaint.entry_id.is_(None),
            WageComplaint.answered_at.is_(None) | (WageComplaint.answered_at >= since),
        )
        .order_by(WageComplaint.id.desc())
    ).all()


def people_with_open_complaints(session: Session) -> dict[int, int]:
    """How many questions are open, by person."""
    rows = session.execute(
        select(WageComplaint.person_id, func.count())
        .where(WageComplaint.answered_at.is_(None))
        .group_by(WageComplaint.person_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def waiting_count(session: Session) -> int:
    """How many corrections and complaints wait for a person."""
    corrections = select(func.count()).select_from(WageCorrection).where(WageCorrection.decided_at.is_(None))
    complaints = select(func.count()).select_from(WageComplaint).where(WageComplaint.answered_at.is_(None))
    return (session.scalar(corrections) or 0) + (session.scalar(complaints) or 0)
