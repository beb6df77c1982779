"""Reading what the scale said."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from fulfillment.couriers.weighing.models import ParcelWeighing


def weighings_of(session: Session, parcel_id: int) -> Sequence[ParcelWeighing]:
    """Every reading of a box, newest first, by the parcel that leads it."""
    return session.scalars(
        select(ParcelWeighing).where(ParcelWeighing.parcel_id == parcel_id).order_by(ParcelWeighing.id.desc())
    ).all()


def weighed(session: Session, parcel_ids: Sequence[int]) -> dict[int, int]:
    """Grams that the scale said last, by parcel; boxes that were never on it are left out."""
    rows = session.execute(
        select(ParcelWeighing.parcel_id, ParcelWeighing.weight_g)
        .where(ParcelWeighing.parcel_id.in_(parcel_ids))
        .ext(distinct_on(ParcelWeighing.parcel_id))
        .order_by(ParcelWeighing.parcel_id, ParcelWeighing.id.desc())
    )
    return {row.parcel_id: row.weight_g for row in rows}
