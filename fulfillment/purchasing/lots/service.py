"""Changing lots: bags filled from one, and what is left of it written off."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.models import Bagging, Lot
from fulfillment.purchasing.service import KeyReused, insert_once
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused
from kernel.text import Text
from shop.catalog.models import Variant
from shop.stock import service as stock


def bag_lot(
    session: Session, lot_id: int, variant_id: int, bags: int, *, key: str, now: datetime, by: Actor
) -> tuple[Bagging, bool]:
    """Put raw goods of a lot into bags: raw stock falls, bag stock rises; the same key again changes nothing.

    Raises:
        Refused: another product, or fewer grams are left than that many bags hold.
    """
    lot = lock_lot(session, lot_id)
    variant = session.get(Variant, variant_id)
    if lot is None or variant is None or not variant.sellable:
        raise NotFound("没有这个批号或规格。", "There is no such lot or variant.")
    known = session.scalar(select(Bagging).where(Bagging.idempotency_key == key))
    if known is not None:
        if (known.lot_id, known.variant_id, known.bags) != (lot_id, variant_id, bags):
            raise KeyReused
        return known, False
    used_g = _grams_for(lot, variant, bags)
    lot.used_g += used_g
    bagging = Bagging(
        idempotency_key=key, lot_id=lot_id, variant_id=variant_id, bags=bags, used_g=used_g, at=now, by=by.name
    )
    insert_once(session, bagging)
    source = f"bagging:{bagging.id}"
    moves = [(lot.variant_id, stock.consume, used_g), (variant_id, stock.receive, bags)]
    # Levels are locked by variant id, here as everywhere.
    for moved_id, move, quantity in sorted(moves, key=lambda move: move[0]):
        move(session, moved_id, quantity, source=source, by=by, at=now)
    return bagging, True


def lock_lot(session: Session, lot_id: int) -> Lot | None:
    """Wait for whoever takes from the lot, then read it anew."""
    return lock_row(session, Lot, lot_id)


def write_off_rest(session: Session, lot_id: int, *, reason: str, now: datetime, by: Actor) -> Lot:
    """What is left of a lot dried away or is no good: it leaves the raw stock. Nothing left changes nothing."""
    lot = lock_lot(session, lot_id)
    if lot is None:
        raise NotFound("没有这个批号。", "There is no such lot.")
    rest_g = lot.received_g - lot.used_g
    if rest_g:
        lot.used_g = lot.received_g
        session.flush()
        stock.consume(session, lot.variant_id, rest_g, source=f"lot-rest:{lot.id}", by=by, at=now)
        after = {"grams": rest_g, "reason": reason}
        record_change(session, actor=by, action="lot.written_off", subject=f"lot:{lot.id}", at=now, after=after)
    return lot


def _grams_for(lot: Lot, variant: Variant, bags: int) -> int:
    if variant.product_id != lot.delivery.contract.variant.product_id:
        raise Refused("这个批号不是这个产品。", "That lot is another product.", code="other_product")
    used_g, left_g = bags * variant.net_g, lot.received_g - lot.used_g
    if used_g > left_g:
        most = left_g // variant.net_g
        said = Text(f"这批货最多还能装 {most} 袋。", f"That lot is enough for {most} bags.")
        raise Refused(said.zh, said.en, code="lot_too_small", fields={"bags": said}, extra={"most": most})
    return used_g
