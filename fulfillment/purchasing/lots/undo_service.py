"""Taking back what was written by mistake, while nothing came of it: a mixing, a drying, a sorting, a bagging."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from fulfillment.bags import service as shelf
from fulfillment.purchasing.lots import queries, refusals
from fulfillment.purchasing.lots.models import BaggingTakenBack, LotTakenBack
from fulfillment.purchasing.lots.service import Move, flush_lots, move_stock
from fulfillment.purchasing.models import Bagging, Lot
from kernel.audit import Actor
from kernel.errors import NotFound, Refused
from shop.stock import service as stock


def take_back_lot(session: Session, lot_id: int, *, reason: str, now: datetime, by: Actor) -> Lot:
    """A mixing, drying or sorting never happened: its parts have their grams back. Twice changes nothing.

    All grades of a sorting are taken back together.

    Raises:
        Refused: something left the new lot, or another grade of its sorting, already; or it came from a farmer.
    """
    made_ids = queries.made_together(session, lot_id)
    lots = queries.lock_lots(session, [*queries.parts_of_lot(session, lot_id), *made_ids])
    if lot_id not in lots:
        raise refusals.no_such_lot()
    if queries.taken_back(session, lot_id):
        return lots[lot_id]
    for made in (lots[each] for each in made_ids):
        if made.used_g or made.kind == "delivery":
            raise Refused(
                f"{made.number} 已经动用了，不能撤回。",
                f"Some of {made.number} is used already; it cannot be taken back.",
                code="lot_in_use",
            )
    session.add_all(LotTakenBack(lot_id=each, reason=reason, at=now, by=by.name) for each in made_ids)
    flush_lots(session, lots)
    for each in made_ids:
        _give_stock_back(session, lots, lots[each], now, by)
    return lots[lot_id]


def _give_stock_back(session: Session, lots: Mapping[int, Lot], made: Lot, now: datetime, by: Actor) -> None:
    parts = queries.parts_of_lot(session, made.id)
    source_id = lots[next(iter(parts))].variant_id
    moves: list[Move] = [(source_id, stock.receive, made.loss_g)]
    if source_id != made.variant_id:
        moves = [(made.variant_id, stock.consume, made.received_g), (source_id, stock.receive, sum(parts.values()))]
    move_stock(session, moves, f"lot-back:{made.id}", now, by)


def take_back_bagging(session: Session, bagging_id: int, *, reason: str, now: datetime, by: Actor) -> Bagging:
    """A bagging never happened: the bags are gone, the lots have their grams back. Twice changes nothing.

    Raises:
        Refused: a bag of it is in a parcel, or the bags are set aside for orders.
    """
    bagging = session.get(Bagging, bagging_id)
    if bagging is None:
        raise NotFound("没有这次装袋。", "There is no such bagging.")
    parts = queries.parts_of_bagging(session, bagging_id)
    lots = queries.lock_lots(session, parts)
    if session.get(BaggingTakenBack, bagging_id, populate_existing=True):
        return bagging
    shelf.note_gone(session, bagging_id, bagging.bags)
    session.add(BaggingTakenBack(bagging_id=bagging_id, reason=reason, at=now, by=by.name))
    flush_lots(session, lots)
    moves: list[Move] = [(lots[lot_id].variant_id, stock.receive, grams) for lot_id, grams in parts.items()]
    moves.append((bagging.variant_id, stock.consume, bagging.bags))
    move_stock(session, moves, f"bagging-back:{bagging_id}", now, by)
    return bagging
