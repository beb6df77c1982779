"""Reading hand-over lists: what is signed, and what has left without a signature yet."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from fulfillment.couriers.lists.models import HandOverLine, HandOverList
from fulfillment.couriers.weighing.queries import weighed
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import HANDED_OVER

# More than a van takes; what is left stands on the next list.
MOST_ON_A_LIST = 500
PAGE = 50


@dataclass(frozen=True)
class Unsigned:
    """Boxes that a courier took and nobody signed for yet."""

    carrier: str
    boxes: int
    parcels: int


def unsigned_by_carrier(session: Session, since: datetime) -> list[Unsigned]:
    """What left since a moment and is on no list yet, by courier."""
    rows = session.execute(
        select(
            Parcel.carrier,
            func.count().filter(Parcel.leads_box),
            func.count(),
        )
        .outerjoin(HandOverLine, HandOverLine.parcel_id == Parcel.id)
        .where(Parcel.handed_over_at >= since, HandOverLine.id.is_(None))
        .group_by(Parcel.carrier)
        .order_by(Parcel.carrier)
    )
    return [Unsigned(str(row[0]), row[1], row[2]) for row in rows]


def unsigned(session: Session, carrier: str, since: datetime) -> Sequence[Parcel]:
    """What a courier took and nobody signed for yet, box by box, in the order it left; only whole boxes are listed."""
    lead = func.coalesce(Parcel.sent_with_id, Parcel.id)
    found = session.scalars(
        select(Parcel)
        .outerjoin(HandOverLine, HandOverLine.parcel_id == Parcel.id)
        .where(
            Parcel.carrier == carrier,
            Parcel.state == HANDED_OVER,
            Parcel.handed_over_at >= since,
            HandOverLine.id.is_(None),
        )
        .order_by(Parcel.handed_over_at, lead, Parcel.leads_box.desc(), Parcel.id)
        .limit(MOST_ON_A_LIST + 1)
    ).all()
    if len(found) <= MOST_ON_A_LIST:
        return found
    cut = found[-1].sent_with_id or found[-1].id
    return [parcel for parcel in found if (parcel.sent_with_id or parcel.id) != cut]


def riders_of(session: Session, parcel_ids: Collection[int]) -> Collection[int]:
    """The parcels that went in the boxes of these."""
    return session.scalars(select(Parcel.id).where(Parcel.sent_with_id.in_(parcel_ids))).all()


def weights_on_list(session: Session, parcels: Sequence[Parcel], tare_g: int) -> dict[int, int]:
    """Grams of each box by the parcel that leads it: the scale's, else what its parcels and a carton weigh."""
    goods: dict[int, int] = {}
    for parcel in parcels:
        lead_id = parcel.sent_with_id or parcel.id
        goods[lead_id] = goods.get(lead_id, 0) + parcel.weight_g
    scale = weighed(session, list(goods))
    return {lead_id: scale.get(lead_id, grams + tare_g) for lead_id, grams in goods.items()}


def lists(session: Session, *, before: int | None = None, most: int = PAGE) -> Sequence[HandOverList]:
    """Signed lists, newest first; ``before`` is the id to go on from."""
    page = select(HandOverList).order_by(HandOverList.id.desc()).limit(most)
    return session.scalars(page if before is None else page.where(HandOverList.id < before)).all()


def list_by_number(session: Session, number: str) -> HandOverList | None:
    """A signed list with its lines, or ``None``."""
    return session.scalar(
        select(HandOverList).where(HandOverList.number == number).options(selectinload(HandOverList.lines))
    )


def list_of(session: Session, parcel_id: int) -> str | None:
    """The number of the list that a parcel was signed for on, if it was."""
    return session.scalar(
        select(HandOverList.number).join(HandOverLine, HandOverLine.list_id == HandOverList.id).where(
            HandOverLine.parcel_id == parcel_id
        )
    )  # fmt: skip
