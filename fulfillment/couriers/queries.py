"""What waits for the courier and what has left."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from fulfillment.packing.models import Parcel
from kernel.clock import day_bounds


def _left_on(day: date, zone: ZoneInfo) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    start, end = day_bounds(day, zone)
    return Parcel.handed_over_at >= start, Parcel.handed_over_at < end


def handed_over_count(session: Session, day: date, zone: ZoneInfo) -> int:
    """How many parcels left on a day."""
    return session.scalar(select(func.count()).select_from(Parcel).where(*_left_on(day, zone))) or 0


def handed_over_on(session: Session, day: date, zone: ZoneInfo) -> Sequence[Parcel]:
    """What left on a day, by courier, in the order it left."""
    return session.scalars(
        select(Parcel).where(*_left_on(day, zone)).order_by(Parcel.carrier, Parcel.handed_over_at, Parcel.id)
    ).all()


def last_handed_over(session: Session, day: date, zone: ZoneInfo, most: int) -> Sequence[Parcel]:
    """The newest parcels that left on a day, so that a slip of the hand is seen at once."""
    return session.scalars(
        select(Parcel).where(*_left_on(day, zone)).order_by(Parcel.handed_over_at.desc(), Parcel.id.desc()).limit(most)
    ).all()
