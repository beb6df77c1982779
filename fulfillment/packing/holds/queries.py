"""Reading which parcels are held back."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.bags.models import BagStock, ParcelBags
from fulfillment.packing.holds.models import ParcelHold


def open_holds(session: Session, parcel_ids: Sequence[int]) -> dict[int, ParcelHold]:
    """The oldest hold of each of these parcels that is held back now."""
    rows = select(ParcelHold).where(ParcelHold.parcel_id.in_(parcel_ids), ParcelHold.freed_at.is_(None))
    return {hold.parcel_id: hold for hold in session.scalars(rows.order_by(ParcelHold.id.desc()))}


def with_blocked_bags(session: Session, parcel_ids: Sequence[int]) -> set[int]:
    """Those of these parcels for which bags of a blocked lot are written down."""
    blocked = (
        select(ParcelBags.parcel_id)
        .join(BagStock, BagStock.bagging_id == ParcelBags.bagging_id)
        .where(ParcelBags.parcel_id.in_(parcel_ids), BagStock.blocked)
    )
    return set(session.scalars(blocked))
