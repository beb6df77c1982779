"""Shifts as packing sees them: a forgotten one ends at the last sign of work, which only packing knows."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew_queries
from fulfillment.crew import service as crew
from fulfillment.crew.models import Shift
from fulfillment.crew.rules import is_forgotten, is_stale
from fulfillment.packing import queries
from kernel.audit import Actor


def arrive(session: Session, person_id: int, *, how: str, now: datetime, by: Actor) -> Shift:
    """The person is here; a shift forgotten on another day ends first, at its last sign of work."""
    old = crew_queries.open_shift(session, person_id)
    if old is not None and is_stale(old.began_at, now):
        _end_forgotten(session, old.id, now)
    return crew.begin_shift(session, person_id, how=how, now=now, by=by)


def end_forgotten(session: Session, *, now: datetime, zone: ZoneInfo) -> list[Shift]:
    """End every shift whose person went home without saying so; called again it finds none. Returns what it ended."""
    still_open = session.scalars(select(Shift).where(Shift.ended_at.is_(None)).order_by(Shift.id)).all()
    if not still_open:
        return []
    since = min(shift.began_at for shift in still_open)
    signs = queries.last_signs_of_work(session, {shift.person_id for shift in still_open}, since)
    forgotten = [
        shift.id
        for shift in still_open
        if is_forgotten(shift.began_at, signs.get(shift.person_id, shift.began_at), now, zone)
    ]
    return [ended for shift_id in forgotten if (ended := _end_forgotten(session, shift_id, now)) is not None]


def _end_forgotten(session: Session, shift_id: int, now: datetime) -> Shift | None:
    """End one shift; ``None`` when its person has gone home in this very moment."""
    shift = crew.lock_shift(session, shift_id)
    if shift.ended_at is not None:
        return None
    signs = queries.last_signs_of_work(session, [shift.person_id], shift.began_at)
    crew.end_forgotten(session, shift, last_sign=signs.get(shift.person_id), now=now)
    return shift
