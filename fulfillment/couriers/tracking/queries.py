"""Reading where parcels are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.couriers.tracking.models import Tracking, TrackStep
from fulfillment.packing.models import Parcel
from shop.orders.models import Order


def phone_ends(session: Session, parcel_ids: Sequence[int]) -> dict[int, str]:
    """The last four digits of each receiver's phone; of a virtual number those of its extension."""
    rows = session.execute(
        select(Parcel.id, func.right(func.coalesce(func.nullif(Order.phone_ext, ""), Order.phone), 4))
        .join(Order, Order.id == Parcel.order_id)
        .where(Parcel.id.in_(parcel_ids))
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True)
class Way:
    """Where a parcel is: its state, since when nothing is newer, and its lines, newest first."""

    state: str
    news_at: datetime
    looked_at: datetime | None
    how_ended: str | None
    steps: Sequence[TrackStep]


def ways_of(session: Session, parcel_ids: Sequence[int], *, most: int = 30) -> dict[int, Way]:
    """Where these parcels are; one that nobody follows is left out."""
    trackings = session.scalars(select(Tracking).where(Tracking.parcel_id.in_(parcel_ids))).all()
    ways = {}
    for tracking in trackings:
        steps = session.scalars(
            select(TrackStep)
            .where(TrackStep.parcel_id == tracking.parcel_id, TrackStep.number == tracking.number)
            .order_by(TrackStep.at.desc(), TrackStep.id.desc())
            .limit(most)
        ).all()
        ways[tracking.parcel_id] = Way(tracking.state, tracking.news_at, tracking.looked_at, tracking.how_ended, steps)
    return ways


def counts(session: Session) -> dict[str, int]:
    """How many parcels that are under way stand in which state."""
    rows = session.execute(
        select(Tracking.state, func.count()).where(Tracking.how_ended.is_(None)).group_by(Tracking.state)
    )
    return {state: number for state, number in rows}  # noqa: C416 - dict() takes a result for a mapping


def ends_of(session: Session, parcel_ids: Sequence[int]) -> dict[int, str | None]:
    """How the way of each followed parcel ended, or ``None`` while it is under way."""
    rows = session.execute(select(Tracking.parcel_id, Tracking.how_ended).where(Tracking.parcel_id.in_(parcel_ids)))
    return {row[0]: row[1] for row in rows}
