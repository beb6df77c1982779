"""Putting lots into bags, those that go bad first before others; blocking lots and setting them free.

Locked in this order, here and in the neighbouring files: lots by id, bags on the shelf, stock levels by variant id.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from fulfillment.bags import service as shelf
from fulfillment.purchasing.lots import queries, refusals, rules
from fulfillment.purchasing.lots.models import BaggingPart, LotBlock
from fulfillment.purchasing.models import Bagging, Lot
from fulfillment.purchasing.service import KeyReused, insert_once
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused
from kernel.text import Text
from shop.catalog.models import Variant
from shop.stock import service as stock

Move = tuple[int, Callable[..., None], int]


@dataclass(frozen=True)
class BagWish:
    """So many bags of a variant, from these grams by lot; ``reason`` is why not from those that go bad first."""

    variant_id: int
    bags: int
    parts: Mapping[int, int]
    reason: str = ""


def bag_lots(
    session: Session, wish: BagWish, *, key: str, today: date, now: datetime, by: Actor
) -> tuple[Bagging, bool]:
    """Put raw goods into bags: raw stock falls, bag stock rises; the same key again changes nothing.

    Raises:
        Refused: another product, fewer grams than that, a blocked or expired lot, or one that goes bad sooner was passed
            over without a reason.
    """
    lots = queries.lock_lots(session, wish.parts)
    variant = session.get(Variant, wish.variant_id)
    if len(lots) != len(wish.parts) or not lots or variant is None or not variant.sellable:
        raise NotFound("没有这个批号或规格。", "There is no such lot or variant.")
    known = queries.bagging_by_key(session, key)
    if known is not None:
        if (known.variant_id, known.bags) != (wish.variant_id, wish.bags) or (
            queries.parts_of_bagging(session, known.id) != dict(wish.parts)
        ):
            raise KeyReused
        return known, False
    _refuse_bagging(session, lots, variant, wish, today)
    bagging = _write(session, lots, wish, key, now, by)
    best_before = rules.ends(lot.best_before for lot in lots.values())
    shelf.put_in_stock(session, bagging.id, wish.variant_id, wish.bags, best_before)
    moves: list[Move] = [(lots[lot_id].variant_id, stock.consume, grams) for lot_id, grams in wish.parts.items()]
    move_stock(session, [*moves, (wish.variant_id, stock.receive, wish.bags)], f"bagging:{bagging.id}", now, by)
    return bagging, True


def bag_lot(
    session: Session,
    lot_id: int,
    variant_id: int,
    bags: int,
    *,
    key: str,
    today: date,
    now: datetime,
    by: Actor,
    reason: str = "",
) -> tuple[Bagging, bool]:
    """Put raw goods of one lot into bags. See :func:`bag_lots`."""
    variant = session.get(Variant, variant_id)
    grams = bags * variant.net_g if variant else 0
    wish = BagWish(variant_id, bags, {lot_id: grams}, reason)
    return bag_lots(session, wish, key=key, today=today, now=now, by=by)


def _write(session: Session, lots: Mapping[int, Lot], wish: BagWish, key: str, now: datetime, by: Actor) -> Bagging:
    first = min(lots.values(), key=lambda lot: (lot.best_before, lot.id))
    bagging = Bagging(
        idempotency_key=key,
        lot_id=first.id,
        variant_id=wish.variant_id,
        bags=wish.bags,
        used_g=sum(wish.parts.values()),
        at=now,
        by=by.name,
    )
    insert_once(session, bagging)
    session.add_all(
        BaggingPart(bagging_id=bagging.id, lot_id=lot_id, grams=grams) for lot_id, grams in sorted(wish.parts.items())
    )
    flush_lots(session, lots)
    if wish.reason:
        after = {"reason": wish.reason, "parts": {lots[each].number: grams for each, grams in wish.parts.items()}}
        subject = f"bagging:{bagging.id}"
        record_change(session, actor=by, action="bagging.out_of_turn", subject=subject, at=now, after=after)
    return bagging


def _refuse_bagging(session: Session, lots: Mapping[int, Lot], variant: Variant, wish: BagWish, today: date) -> None:
    if any(lot.variant.product_id != variant.product_id for lot in lots.values()):
        raise Refused("这个批号不是这个产品。", "That lot is another product.", code="other_product")
    refusals.refuse_blocked(queries.blocked_above(session, lots))
    refusals.refuse_expired(lots, today)
    wanted_g = wish.bags * variant.net_g
    if sum(wish.parts.values()) != wanted_g or min(wish.parts.values()) <= 0:
        raise refusals.marked(
            "parts",
            f"各批加起来要正好 {wanted_g / 1000:g} 公斤。",
            f"The lots together must give {wanted_g / 1000:g} kg exactly.",
        )
    if len(lots) == 1:
        _refuse_too_many(next(iter(lots.values())), variant, wish.bags)
    refusals.refuse_too_much(lots, wish.parts)
    if not wish.reason:
        _refuse_out_of_turn(session, variant, wish, today)


def _refuse_too_many(lot: Lot, variant: Variant, bags: int) -> None:
    most = lot.left_g // variant.net_g
    if bags > most:
        said = Text(f"这批货最多还能装 {most} 袋。", f"That lot is enough for {most} bags.")
        raise Refused(said.zh, said.en, code="lot_too_small", fields={"bags": said}, extra={"most": most})


def _refuse_out_of_turn(session: Session, variant: Variant, wish: BagWish, today: date) -> None:
    found = queries.as_open(queries.open_lots(session, variant.product_id, today))
    sooner = rules.passed_over(wish.parts, variant.net_g, found)
    if sooner is not None:
        number = session.get_one(Lot, sooner.lot_id).number
        said = Text(
            f"{number} 到期更早（{sooner.best_before}）。先用它，或写一下为什么不用。",
            f"{number} goes bad sooner ({sooner.best_before}). Use it first, or say why not.",
        )
        raise Refused(said.zh, said.en, code="out_of_turn", fields={"reason": said})


def block_lot(session: Session, lot_id: int, *, reason: str, now: datetime, by: Actor) -> Lot:
    """A lot is under suspicion: nothing leaves it or what was made from it, and bags filled from them stay on the shelf.

    The bags follow in the database. Blocked already changes nothing.
    """
    return _set_blocked(session, lot_id, LotBlock(blocked=True, reason=reason, at=now, by=by.name))


def free_lot(session: Session, lot_id: int, *, reason: str, now: datetime, by: Actor) -> Lot:
    """The suspicion is cleared; what is blocked for the sake of another lot stays so. Free already changes nothing."""
    return _set_blocked(session, lot_id, LotBlock(blocked=False, reason=reason, at=now, by=by.name))


def _set_blocked(session: Session, lot_id: int, line: LotBlock) -> Lot:
    lot = _lock_below(session, lot_id)
    if lot is None:
        raise NotFound("没有这个批号。", "There is no such lot.")
    if lot.blocked != line.blocked:
        lot.blocked, line.lot_id = line.blocked, lot_id
        session.add(line)
        session.flush()
    return lot


def _lock_below(session: Session, lot_id: int) -> Lot | None:
    """Lock the lot and what was made from it, so that whoever fills bags from one of them comes before or after."""
    known: list[int] = [lot_id]
    while True:
        lots = queries.lock_lots(session, known)
        # Somebody may have made one more while we waited.
        found = list(queries.ids_below(session, [lot_id]))
        if found in (known, []):
            return lots.get(lot_id)
        known = found


def lock_lot(session: Session, lot_id: int) -> Lot | None:
    """Wait for whoever takes from the lot, then read it anew."""
    return lock_row(session, Lot, lot_id)


def flush_lots(session: Session, lots: Mapping[int, Lot]) -> None:
    """Write what was added; the database counted the lots meanwhile, so they are read anew."""
    session.flush()
    for lot in lots.values():
        session.refresh(lot, ["used_g"])


def move_stock(session: Session, moves: Iterable[Move], source: str, now: datetime, by: Actor) -> None:
    """Move each variant once, in the order of variants in which levels are locked everywhere; nothing moves nothing."""
    sums: dict[tuple[int, Callable[..., None]], int] = {}
    for variant_id, move, quantity in moves:
        sums[variant_id, move] = sums.get((variant_id, move), 0) + quantity
    for (variant_id, move), quantity in sorted(sums.items(), key=lambda each: each[0][0]):
        if quantity:
            move(session, variant_id, quantity, source=source, by=by, at=now)
