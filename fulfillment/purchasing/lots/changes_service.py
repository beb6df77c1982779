"""Lots wasted and counted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from fulfillment.purchasing.lots import queries, refusals, rules
from fulfillment.purchasing.lots.models import LotChange, LotChangePhoto
from fulfillment.purchasing.lots.service import flush_lots, lock_lot
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.service import KeyReused
from kernel.audit import Actor, record_change
from kernel.errors import Refused
from kernel.photos import Photo
from kernel.text import Text
from shop.stock import service as stock


@dataclass(frozen=True)
class Counted:
    """What was weighed of a lot, in grams; ``again_g`` is the second weighing that a large difference asks for."""

    counted_g: int
    reason: str
    again_g: int | None = None


def waste(
    session: Session,
    lot_id: int,
    grams: int,
    *,
    reason: str,
    key: str,
    now: datetime,
    by: Actor,
    photo: Photo | None = None,
) -> LotChange:
    """So many grams of a lot are no good: they leave the raw stock. The same key again changes nothing.

    Raises:
        Refused: fewer are left.
    """
    lot = _locked(session, lot_id)
    known = queries.change_by_key(session, key)
    if known is not None:
        if (known.lot_id, known.kind, known.grams) != (lot_id, "wasted", grams):
            raise KeyReused
        return known
    if grams <= 0:
        raise refusals.marked("grams", "重量要大于零。", "The weight must be above zero.")
    refusals.refuse_too_much({lot_id: lot}, {lot_id: grams})
    change = LotChange(key=key, lot_id=lot_id, kind="wasted", grams=grams, reason=reason, at=now, by=by.name)
    _write(session, lot, change, photo)
    stock.consume(session, lot.variant_id, grams, source=f"lot-change:{change.id}", by=by, at=now)
    return change


def write_off_rest(session: Session, lot_id: int, *, reason: str, now: datetime, by: Actor) -> Lot:
    """What is left of a lot is no good, and the lot is used up. Nothing left changes nothing."""
    lot = _locked(session, lot_id)
    if lot.left_g:
        waste(session, lot_id, lot.left_g, reason=reason, key=f"rest:{lot_id}:{lot.used_g}:{now}", now=now, by=by)
    return lot


def count_lot(
    session: Session,
    lot_id: int,
    counted: Counted,
    *,
    key: str,
    now: datetime,
    by: Actor,
    photo: Photo | None = None,
) -> LotChange | None:
    """Put the book right by a stock-take; ``None`` when it was right already. The same key again changes nothing.

    Raises:
        Refused: (``count_again``) a large difference that was not weighed twice alike, or more than ever was in the lot.
    """
    lot = _locked(session, lot_id)
    known = queries.change_by_key(session, key)
    if known is not None:
        if (known.lot_id, known.kind, known.counted_g) != (lot_id, "counted", counted.counted_g):
            raise KeyReused
        return known
    _refuse_count(session, lot, counted)
    missing_g = lot.left_g - counted.counted_g
    after = {"book_g": lot.left_g, "counted_g": counted.counted_g}
    record_change(session, actor=by, action="lot.counted", subject=f"lot:{lot_id}", at=now, after=after)
    if not missing_g:
        return None
    facts = {"grams": missing_g, "counted_g": counted.counted_g, "reason": counted.reason}
    change = LotChange(key=key, lot_id=lot_id, kind="counted", **facts, at=now, by=by.name)
    _write(session, lot, change, photo)
    source = f"lot-change:{change.id}"
    stock.adjust(session, lot.variant_id, -missing_g, reason=stock.STOCK_TAKE, source=source, by=by, at=now)
    return change


def _locked(session: Session, lot_id: int) -> Lot:
    lot = lock_lot(session, lot_id)
    if lot is None:
        raise refusals.no_such_lot()
    return lot


def _write(session: Session, lot: Lot, change: LotChange, photo: Photo | None) -> None:
    session.add(change)
    flush_lots(session, {lot.id: lot})
    if photo is not None:
        session.add(LotChangePhoto(change_id=change.id, jpeg=photo.jpeg, width=photo.width, height=photo.height))
        session.flush()


def _refuse_count(session: Session, lot: Lot, counted: Counted) -> None:
    if queries.taken_back(session, lot.id) or (lot.delivery and lot.delivery.taken_back):
        raise Refused(
            "这批货作废了，不用盘点。", "This lot was taken back; there is nothing to count.", code="lot_gone"
        )
    if counted.counted_g - lot.left_g > lot.used_g:
        most = lot.received_g / 1000
        said = Text(
            f"这批一共只有过 {most:g} 公斤，请再称一次。", f"That lot never held more than {most:g} kg; weigh again."
        )
        raise Refused(said.zh, said.en, code="more_than_came", fields={"counted": said})
    is_large = rules.is_large_difference(lot.left_g, counted.counted_g)
    if is_large and counted.again_g != counted.counted_g:
        said = Text(
            f"账上 {lot.left_g / 1000:g} 公斤，差得多。请再称一次，把第二次的数也写上，两次要一样。",
            f"The book says {lot.left_g / 1000:g} kg, far from it. Weigh again and type it a second time; both must agree.",
        )
        raise Refused(said.zh, said.en, code="count_again", fields={"again": said})
