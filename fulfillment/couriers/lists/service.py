"""A collector signs for what the courier took: the list is closed by it and never changes."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.couriers.lists import queries
from fulfillment.couriers.lists.models import HandOverLine, HandOverList
from fulfillment.couriers.rules import CARRIERS
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import HANDED_OVER
from kernel.audit import Actor, record_change
from kernel.clock import local_day
from kernel.errors import Refused
from kernel.ids import readable_code


def sign_list(
    session: Session,
    carrier: str,
    parcel_ids: Sequence[int],
    *,
    collector: str,
    signature: str,
    tare_g: int,
    zone: ZoneInfo,
    now: datetime,
    by: Actor,
) -> HandOverList:
    """Close a list with a name and, if one was drawn, a signature; exactly what stood on the screen is on it.

    ``parcel_ids`` are whole boxes. What leaves while somebody signs stands on the next list.

    Raises:
        Refused: nothing is on it, something on it is on a signed list already, or went with another courier.
    """
    parcels = _lock(session, parcel_ids)
    if not parcels or len(parcels) != len(set(parcel_ids)) or not _belong_together(session, parcels, carrier):
        raise _changed()
    weights = queries.weights_on_list(session, parcels, tare_g)
    signed = HandOverList(
        number=f"J{local_day(now, zone):%y%m%d}-{readable_code(5)}",
        carrier=carrier,
        collector=collector,
        signature=signature,
        boxes=len(weights),
        parcels=len(parcels),
        weight_g=sum(weights.values()),
        signed_at=now,
        by=by.name,
    )
    session.add(signed)
    session.flush()
    _add_lines(session, signed, parcels, weights)
    record_change(
        session,
        actor=by,
        action="hand_over.signed",
        subject=f"hand_over_list:{signed.number}",
        at=now,
        after={"carrier": carrier, "boxes": signed.boxes, "parcels": signed.parcels},
    )
    return signed


def _lock(session: Session, parcel_ids: Sequence[int]) -> list[Parcel]:
    """The parcels in the order of the screen, locked by id, so that a waybill is not put right meanwhile."""
    found = session.scalars(
        select(Parcel)
        .where(Parcel.id.in_(parcel_ids))
        .order_by(Parcel.id)
        .with_for_update(of=Parcel)
        .execution_options(populate_existing=True)
    )
    by_id = {parcel.id: parcel for parcel in found}
    return [by_id[one] for one in dict.fromkeys(parcel_ids) if one in by_id]


def _belong_together(session: Session, parcels: Sequence[Parcel], carrier: str) -> bool:
    """Whether all of them left with this courier, and each box is there whole."""
    ids = {parcel.id for parcel in parcels}
    return (
        carrier in CARRIERS
        and all(
            parcel.state == HANDED_OVER
            and parcel.carrier == carrier
            and (parcel.sent_with_id is None or parcel.sent_with_id in ids)
            for parcel in parcels
        )
        and ids.issuperset(queries.riders_of(session, ids))
    )


def _add_lines(session: Session, signed: HandOverList, parcels: Sequence[Parcel], weights: dict[int, int]) -> None:
    """Copy what is signed for; the database refuses a parcel that is on another list."""
    session.add_all(
        HandOverLine(
            list_id=signed.id,
            position=position,
            parcel_id=parcel.id,
            parcel_number=parcel.number,
            tracking_number=parcel.tracking_number or "",
            province=parcel.order.province,
            weight_g=weights.get(parcel.id, 0),
        )
        for position, parcel in enumerate(parcels, 1)
    )
    try:
        session.flush()
    except IntegrityError:
        raise _changed() from None


def _changed() -> Refused:
    return Refused(
        "清单刚才变了：有的已经签过，或者改了快递。请看新的清单再签。",
        "The list has changed: something is signed for already, or its courier was put right. Look at the new one.",
        code="list_changed",
    )
