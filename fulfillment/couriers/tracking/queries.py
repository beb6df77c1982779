"""Reading where parcels are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.couriers.tracking.models import Tracking, TrackStep
from fulfillment.couriers.tracking.rules import STATE_WORDS
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import CANCELLED
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


def all_delivered(session: Session, order_id: UUID) -> bool:
    """Whether every parcel of an order that was sent has arrived, in whichever box it went."""
    lead = func.coalesce(Parcel.sent_with_id, Parcel.id)
    under_way = (
        select(func.count())
        .select_from(Parcel)
        .outerjoin(Tracking, Tracking.parcel_id == lead)
        .where(Parcel.order_id == order_id, Parcel.state != CANCELLED, Tracking.how_ended.is_distinct_from("delivered"))
    )
    return session.scalar(under_way) == 0


def ways_for_buyer(session: Session, order_id: UUID) -> dict[str, dict[str, object]]:
    """Where an order's parcels are, by their numbers, in the words of the page; times as ISO 8601."""
    lead = func.coalesce(Parcel.sent_with_id, Parcel.id)
    leads = session.execute(select(Parcel.number, lead).where(Parcel.order_id == order_id)).all()
    ways = ways_of(session, list({lead_id for _, lead_id in leads}), most=20)
    return {number: _for_buyer(ways[lead_id]) for number, lead_id in leads if lead_id in ways}


def _for_buyer(way: Way) -> dict[str, object]:
    words = STATE_WORDS[way.state]
    return {
        "state": way.state,
        "word": str(words.word),
        "tone": words.tone,
        "shape": words.shape,
        "steps": [{"at": step.at.isoformat(), "words": step.words} for step in way.steps],
    }
