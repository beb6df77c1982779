"""Reading shifts: who is here, who rests, how long everybody worked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, selectinload

from fulfillment.crew.models import Shift, ShiftBreak
from fulfillment.crew.rules import LONGEST_SHIFT, NIGHT, Worked
from fulfillment.crew.rules import worked_seconds as count_worked


@dataclass(frozen=True)
class Presence:
    """Somebody who is here; ``break_since`` is empty while they work, ``planned_until`` when they have not said."""

    person_id: int
    shift_id: int
    here_since: datetime
    came_how: str
    break_since: datetime | None
    planned_until: datetime | None


def is_here(now: datetime) -> ColumnElement[bool]:
    """Which shifts mean that their person is here: open, and not so old that it must have been forgotten."""
    return and_(Shift.ended_at.is_(None), Shift.began_at >= now - LONGEST_SHIFT)


def is_at_work(now: datetime) -> ColumnElement[bool]:
    """Which shifts mean that their person is here and not on a break."""
    rests = select(ShiftBreak.id).where(ShiftBreak.shift_id == Shift.id, ShiftBreak.ended_at.is_(None))
    return and_(is_here(now), ~rests.exists())


def here_now(session: Session, now: datetime) -> dict[int, Presence]:
    """Everybody who is here, by person."""
    return {
        shift.person_id: _presence(shift)
        for shift in session.scalars(
            select(Shift).where(is_here(now)).options(selectinload(Shift.breaks)).order_by(Shift.began_at, Shift.id)
        )
    }


def presence_of(session: Session, person_id: int, now: datetime) -> Presence | None:
    """Since when somebody is here, or ``None``."""
    shift = session.scalar(select(Shift).where(Shift.person_id == person_id, is_here(now)))
    return _presence(shift) if shift else None


def _presence(shift: Shift) -> Presence:
    rest = shift.open_break
    return Presence(
        shift.person_id,
        shift.id,
        shift.began_at,
        shift.began_how,
        rest.began_at if rest else None,
        shift.planned_until,
    )


def open_shift(session: Session, person_id: int) -> Shift | None:
    """The shift that a person has not ended, however old."""
    return session.scalar(select(Shift).where(Shift.person_id == person_id, Shift.ended_at.is_(None)))


def shifts_between(session: Session, start: datetime, end: datetime, person_id: int | None = None) -> Sequence[Shift]:
    """Shifts that touch the time from ``start`` to ``end``, of one person or of everybody, oldest first."""
    found = (
        select(Shift)
        .where(Shift.began_at < end, or_(Shift.ended_at.is_(None), Shift.ended_at > start))
        .options(selectinload(Shift.breaks))
        .order_by(Shift.began_at, Shift.id)
    )
    return session.scalars(found if person_id is None else found.where(Shift.person_id == person_id)).all()


def worked_seconds(session: Session, person_id: int, start: datetime, end: datetime) -> int:
    """Seconds that a person worked from ``start`` to ``end``: shifts less breaks, both clipped.

    A shift that is still open counts to ``end``, so pass no end after now.
    """
    return count_worked(map(as_worked, shifts_between(session, start, end, person_id)), start, end)


def worked_seconds_by_person(session: Session, start: datetime, end: datetime) -> dict[int, int]:
    """Seconds worked from ``start`` to ``end`` by everybody who was here then."""
    shifts: dict[int, list[Worked]] = {}
    for shift in shifts_between(session, start, end):
        shifts.setdefault(shift.person_id, []).append(as_worked(shift))
    return {person_id: count_worked(worked, start, end) for person_id, worked in shifts.items()}


def as_worked(shift: Shift) -> Worked:
    """The shift as the rules count it."""
    return Worked(shift.span, [rest.span for rest in shift.breaks])


def to_look_at(session: Session) -> Sequence[Shift]:
    """Shifts that the nightly round had to end and that the lead has not looked at yet, newest first."""
    return session.scalars(
        select(Shift)
        .where(Shift.ended_how == NIGHT, Shift.looked_at.is_(None))
        .options(selectinload(Shift.breaks))
        .order_by(Shift.ended_at.desc(), Shift.id)
    ).all()


def count_here(session: Session, now: datetime) -> int:
    """How many people are here."""
    return session.scalar(select(func.count()).select_from(Shift).where(is_here(now))) or 0
