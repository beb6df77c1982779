"""Reading lots: which are open, who comes from whom, what happened to one."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.orm import Session

from fulfillment.purchasing.lots.models import (
    BaggingPart,
    BaggingTakenBack,
    DryingRatio,
    LotBlock,
    LotChange,
    LotChangePhoto,
    LotPart,
    LotTakenBack,
    Sorting,
)
from fulfillment.purchasing.lots.rules import SOON_DAYS, SOON_PART, OpenLot, Ratio
from fulfillment.purchasing.models import Bagging, Lot
from shop.catalog.models import Product, Variant

# A family is small; the walk ends anyway, since a lot is made after those it is made from.
_UP = text("""
WITH RECURSIVE family AS (
  SELECT l.id FROM lots l WHERE l.id = ANY(:ids)
  UNION SELECT x.parent_lot_id FROM lot_parts x JOIN family f ON x.child_lot_id = f.id
) SELECT f.id FROM family f JOIN lots l ON l.id = f.id WHERE l.blocked ORDER BY f.id LIMIT 1
""")
# The same for each of many lots, in one walk.
_ALL_UP = text("""
WITH RECURSIVE family (lot_id, id) AS (
  SELECT one, one FROM unnest(CAST(:ids AS bigint[])) one
  UNION SELECT f.lot_id, x.parent_lot_id FROM family f JOIN lot_parts x ON x.child_lot_id = f.id
) SELECT DISTINCT f.lot_id FROM family f JOIN lots l ON l.id = f.id WHERE l.blocked
""")
# Grams that went into something that was taken back never went there.
_DOWN = text("""
WITH RECURSIVE family AS (
  SELECT l.id FROM lots l WHERE l.id = ANY(:ids)
  UNION SELECT x.child_lot_id FROM lot_parts x JOIN family f ON x.parent_lot_id = f.id
) SELECT id FROM family ORDER BY id
""")


def lock_lots(session: Session, lot_ids: Iterable[int]) -> dict[int, Lot]:
    """These lots, locked in the order of their ids and read anew."""
    rows = select(Lot).where(Lot.id.in_(list(lot_ids))).order_by(Lot.id).with_for_update(of=Lot)
    return {lot.id: lot for lot in session.scalars(rows.execution_options(populate_existing=True))}


def blocked_above(session: Session, lot_ids: Iterable[int]) -> Lot | None:
    """The first blocked lot among these and those they came from, or ``None``."""
    found = session.scalar(_UP, {"ids": list(lot_ids)})
    return None if found is None else session.get(Lot, found)


def ids_below(session: Session, lot_ids: Iterable[int]) -> Sequence[int]:
    """These lots and all that was made from them, older ones first."""
    return session.scalars(_DOWN, {"ids": list(lot_ids)}).all()


def open_lots(session: Session, product_id: int, today: date) -> Sequence[Lot]:
    """Lots of a product that may be put into bags, those that go bad first before others."""
    rows = (
        _open()
        .join(Variant, Variant.id == Lot.variant_id)
        .where(Variant.product_id == product_id, Lot.best_before >= today)
        .order_by(Lot.best_before, Lot.id)
    )
    return _free(session, session.scalars(rows).all())


def _free(session: Session, lots: Sequence[Lot]) -> list[Lot]:
    """Those of these lots that neither are blocked nor came from one that is."""
    blocked = set(session.scalars(_ALL_UP, {"ids": [lot.id for lot in lots]}))
    return [lot for lot in lots if lot.id not in blocked]


def lots_like(session: Session, lot: Lot, today: date) -> Sequence[Lot]:
    """Other lots of the same raw goods that this one may be mixed with, those that go bad first before others."""
    rows = _open().where(Lot.variant_id == lot.variant_id, Lot.id != lot.id, Lot.best_before >= today, ~Lot.blocked)
    return _free(session, session.scalars(rows.order_by(Lot.best_before, Lot.id).limit(60)).all())


def _open() -> Select[Lot]:
    return select(Lot).where(Lot.used_g < Lot.received_g)


def as_open(lots: Iterable[Lot]) -> list[OpenLot]:
    """Lots as the rules see them."""
    return [OpenLot(lot.id, lot.left_g, lot.best_before) for lot in lots]


def is_soon(today: date) -> ColumnElement[bool]:
    """Whether a lot is past its best-before or will be soon, as :func:`rules.is_soon` says."""
    days = func.least(SOON_DAYS, Product.shelf_life_days / SOON_PART)
    wait = select(days).join(Variant, Variant.product_id == Product.id).where(Variant.id == Lot.variant_id)
    return Lot.best_before - today <= wait.correlate(Lot).scalar_subquery()


def going_bad(session: Session, today: date, most: int = 50) -> Sequence[Lot]:
    """Lots with goods in them that are past their best-before or will be soon."""
    rows = _open().where(is_soon(today))
    return session.scalars(rows.order_by(Lot.best_before, Lot.id).limit(most)).all()


def blocked_lots(session: Session, most: int = 50) -> Sequence[Lot]:
    """Lots under suspicion."""
    return session.scalars(select(Lot).where(Lot.blocked).order_by(Lot.id).limit(most)).all()


def lot_by_key(session: Session, key: str) -> Lot | None:
    """The lot that a form made."""
    return session.scalar(select(Lot).where(Lot.key == key))


def bagging_by_key(session: Session, key: str) -> Bagging | None:
    """The bagging that a form made."""
    return session.scalar(select(Bagging).where(Bagging.idempotency_key == key))


def change_by_key(session: Session, key: str) -> LotChange | None:
    """The waste or count that a form wrote."""
    return session.scalar(select(LotChange).where(LotChange.key == key))


def parts_of_bagging(session: Session, bagging_id: int) -> dict[int, int]:
    """Grams by lot that went into a bagging."""
    rows = select(BaggingPart.lot_id, BaggingPart.grams).where(BaggingPart.bagging_id == bagging_id)
    found = session.execute(rows.order_by(BaggingPart.lot_id)).all()
    return dict(found)


def parts_of_lot(session: Session, lot_id: int) -> dict[int, int]:
    """Grams by lot that a lot was made from."""
    rows = select(LotPart.parent_lot_id, LotPart.grams).where(LotPart.child_lot_id == lot_id)
    found = session.execute(rows.order_by(LotPart.parent_lot_id)).all()
    return dict(found)


def sorting_by_key(session: Session, key: str) -> Sorting | None:
    """The sorting that a form wrote."""
    return session.scalar(select(Sorting).where(Sorting.key == key))


def sorting_of(session: Session, lot_id: int) -> Sorting | None:
    """The sorting that a lot came out of, or ``None``."""
    rows = select(Sorting).join(LotPart, LotPart.sorting_id == Sorting.id)
    return session.scalar(rows.where(LotPart.child_lot_id == lot_id))


def lots_sorted(session: Session, sorting_id: int) -> Sequence[Lot]:
    """The lots that a sorting made, in the order they were written."""
    rows = select(Lot).join(LotPart, LotPart.child_lot_id == Lot.id)
    return session.scalars(rows.where(LotPart.sorting_id == sorting_id).order_by(Lot.id)).all()


def made_together(session: Session, lot_id: int) -> Sequence[int]:
    """This lot, and the other grades that came out of the same sorting, older ones first."""
    sorting = sorting_of(session, lot_id)
    return [lot.id for lot in lots_sorted(session, sorting.id)] if sorting else [lot_id]


def baggings_from(session: Session, lot_ids: Sequence[int]) -> Sequence[tuple[Bagging, BaggingPart, bool]]:
    """Baggings that took from these lots, newest first, with what they took and whether they were taken back."""
    back = select(BaggingTakenBack.bagging_id).where(BaggingTakenBack.bagging_id == Bagging.id).exists()
    rows = (
        select(Bagging, BaggingPart, back)
        .join(BaggingPart, BaggingPart.bagging_id == Bagging.id)
        .where(BaggingPart.lot_id.in_(lot_ids))
        .order_by(Bagging.id.desc())
    )
    return session.execute(rows).all()


def changes_of(session: Session, lot_id: int) -> Sequence[tuple[LotChange, bool]]:
    """What was wasted and counted, newest first, each with whether there is a photo."""
    has_photo = select(LotChangePhoto.change_id).where(LotChangePhoto.change_id == LotChange.id).exists()
    rows = select(LotChange, has_photo).where(LotChange.lot_id == lot_id).order_by(LotChange.id.desc())
    return session.execute(rows).all()


def blocks_of(session: Session, lot_id: int) -> Sequence[LotBlock]:
    """When and why a lot was blocked and set free, newest first."""
    return session.scalars(select(LotBlock).where(LotBlock.lot_id == lot_id).order_by(LotBlock.id.desc())).all()


def taken_back(session: Session, lot_id: int) -> LotTakenBack | None:
    """The line that undid a mixing, drying or sorting, or ``None``."""
    return session.get(LotTakenBack, lot_id)


def ratio_of(session: Session, from_variant_id: int, to_variant_id: int) -> Ratio | None:
    """What usually is left when these goods are dried to those, or ``None`` where nobody has said."""
    row = session.get(DryingRatio, (from_variant_id, to_variant_id))
    return Ratio(row.low_bps, row.high_bps) if row else None


def drying_goals(session: Session, lot: Lot) -> Sequence[Variant]:
    """Raw goods that a lot can be dried to: of dry products, the usual ones first."""
    known = select(DryingRatio.to_variant_id).where(DryingRatio.from_variant_id == lot.variant_id)
    rows = select(Variant).where(Variant.unit == "gram", Variant.product.has(form="dry"))
    return session.scalars(rows.order_by(Variant.id.in_(known).desc(), Variant.id)).all()


def next_lot_id(session: Session) -> int:
    """The id of the lot that is made next: its number names it."""
    return int(session.scalar(select(func.nextval(func.pg_get_serial_sequence("lots", "id")))) or 0)
