"""Reading bags: what is left of a bagging, what a parcel holds."""

from collections.abc import Sequence

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from fulfillment.bags.models import BagStock, ParcelBags


def bags_of(session: Session, parcel_id: int) -> Sequence[ParcelBags]:
    """The bags of a packed parcel, by goods, those of unknown lot last; nothing for one that is not packed."""
    rows = select(ParcelBags).where(ParcelBags.parcel_id == parcel_id)
    return session.scalars(rows.order_by(ParcelBags.variant_id, ParcelBags.bagging_id.nulls_last())).all()


def open_baggings(session: Session, variant_id: int, most: int = 40) -> Sequence[BagStock]:
    """Baggings with bags of some goods left, those that go bad first before others."""
    return session.scalars(_open(variant_id).limit(most)).all()


def has_open(session: Session, variant_id: int) -> bool:
    """Whether some bagging of these goods has a bag left, as the last commits stand."""
    return session.scalar(select(_open(variant_id).exists())) or False


def lock_open(session: Session, variant_id: int, most: int) -> Sequence[BagStock]:
    """Like ``open_baggings``, each locked; one that ran out while we waited for it is not among them."""
    locked = _open(variant_id).limit(most).with_for_update(of=BagStock)
    return session.scalars(locked.execution_options(populate_existing=True)).all()


def _open(variant_id: int) -> Select[BagStock]:
    return (
        select(BagStock)
        .where(BagStock.variant_id == variant_id, BagStock.taken + BagStock.gone < BagStock.bags, ~BagStock.blocked)
        .order_by(BagStock.best_before, BagStock.bagging_id)
    )
