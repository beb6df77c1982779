"""Ending unpaid orders in sets: their goods are free at once, in one statement, without waiting for anybody.

The counter does it when something is sold out, the worker every second. Core statements like the counter's own, since
what holds the hot rows must be short.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from kernel.audit import SYSTEM
from shop.orders.placing import Asked, OfferState

# SKIP LOCKED: an order that is being paid or cancelled right now is left to whoever holds it.
_LAPSED = text("""
    SELECT o.id, o.phone, o.voucher_id FROM orders o
    WHERE o.state = 'held' AND o.hold_until <= :now
      AND EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.offer_id = ANY(:offers))
    ORDER BY o.hold_until LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
""")
_OWN_HOLD = text("""
    SELECT o.id, o.phone, o.voucher_id FROM orders o
    WHERE o.phone = :phone AND o.device_hash = :device AND o.state = 'held' AND o.hold_until > :now
      AND EXISTS (SELECT 1 FROM order_lines l WHERE l.order_id = o.id AND l.offer_id = ANY(:offers))
    FOR NO KEY UPDATE SKIP LOCKED
""")
_TO_JOIN = text("""
    SELECT o.id, o.phone, o.voucher_id FROM orders o WHERE o.id = :order AND o.state = 'held' AND o.hold_until > :now
    FOR NO KEY UPDATE SKIP LOCKED
""")
_LINES = text("SELECT order_id, offer_id, variant_id, quantity FROM order_lines WHERE order_id = ANY(:orders)")

# A hold may have goods besides those that this turn has locked. Waiting for them could make a ring, so they are taken
# only when they are free.
_LOCK_MORE_OFFERS = text("SELECT id FROM offers WHERE id = ANY(:ids) FOR NO KEY UPDATE SKIP LOCKED")
_LOCK_MORE_LEVELS = text(
    "SELECT variant_id FROM stock_levels WHERE variant_id = ANY(:ids) FOR NO KEY UPDATE SKIP LOCKED"
)

# The job closes the hosted page that such an order may have (shop/payments/steps.py).
_FREE = text("""
    WITH freed AS (
        UPDATE orders SET state = :state, replaced_by = :replaced_by WHERE id = ANY(:orders) RETURNING id
    ), line AS (
        SELECT l.* FROM order_lines l JOIN freed ON freed.id = l.order_id
    ), log AS (
        INSERT INTO order_log (order_id, from_state, to_state, at, by, reason)
        SELECT id, 'held', :state, :now, :by, :reason FROM freed
    ), job AS (
        INSERT INTO jobs (kind, key, payload, run_at, created_at, attempts)
        SELECT 'end_order', 'end:' || id, jsonb_build_object('order', id), :now, :now, 0 FROM freed
        ON CONFLICT (key) WHERE done_at IS NULL DO NOTHING
    ), movement AS (
        INSERT INTO stock_movements (variant_id, kind, on_hand_change, held_change, source, by, at)
        SELECT variant_id, 'released', 0, -sum(quantity), 'order:' || order_id, :by, :now
        FROM line GROUP BY order_id, variant_id
    ), offer AS (
        UPDATE offers SET taken = taken - back.quantity, revision = revision + 1
        FROM (SELECT offer_id, sum(quantity) AS quantity FROM line WHERE offer_id IS NOT NULL GROUP BY offer_id) back
        WHERE offers.id = back.offer_id
    )
    UPDATE stock_levels SET held = held - back.quantity, revision = revision + 1
    FROM (SELECT variant_id, sum(quantity) AS quantity FROM line GROUP BY variant_id) back
    WHERE stock_levels.variant_id = back.variant_id
""")

# For the worker: order by order it takes whatever has lapsed, then the goods in the counter's order.
_ALL_LAPSED = text("""
    SELECT id FROM orders WHERE state = 'held' AND hold_until <= :now
    ORDER BY hold_until LIMIT :most FOR NO KEY UPDATE SKIP LOCKED
""")
_LOCK_OFFERS_OF = text("""
    SELECT id FROM offers WHERE id IN (SELECT offer_id FROM order_lines WHERE order_id = ANY(:orders))
    ORDER BY id FOR NO KEY UPDATE
""")
_LOCK_LEVELS_OF = text("""
    SELECT variant_id FROM stock_levels WHERE variant_id IN (SELECT variant_id FROM order_lines WHERE order_id = ANY(:orders))
    ORDER BY variant_id FOR NO KEY UPDATE
""")


# The database counts a voucher's uses when the transaction ends; locked here in order, two turns never make a ring.
_LOCK_VOUCHERS_OF = text("""
    SELECT id FROM vouchers WHERE id IN (SELECT voucher_id FROM orders WHERE id = ANY(:orders))
    ORDER BY id FOR NO KEY UPDATE
""")


@dataclass(frozen=True)
class HeldLine:
    """Goods of a hold."""

    offer_id: int
    variant_id: int
    quantity: int


@dataclass(frozen=True)
class Hold:
    """An unpaid order, locked with all its goods; ``counts_for_cap`` while it counts towards its buyer's cap."""

    order_id: UUID
    phone: str
    counts_for_cap: bool
    voucher_id: int | None
    lines: tuple[HeldLine, ...]


def lapsed_holds(session: Session, offer_ids: set[int], locked: Mapping[int, OfferState], now: datetime) -> list[Hold]:
    """Holds of these offers that have run out."""
    if not offer_ids:
        return []
    orders = session.execute(_LAPSED, {"offers": list(offer_ids), "now": now}).all()
    return _with_goods(session, orders, locked, counts_for_cap=False)


def own_holds(session: Session, asked: Asked, locked: Mapping[int, OfferState], now: datetime) -> list[Hold]:
    """The unpaid holds of the same buyer at the same device on what she asks for."""
    if not asked.device_hash:
        return []
    wanted = [line.offer_id for line in asked.lines]
    facts = {"phone": asked.phone, "device": asked.device_hash, "offers": wanted, "now": now}
    return _with_goods(session, session.execute(_OWN_HOLD, facts).all(), locked, counts_for_cap=True)


def hold_to_join(session: Session, order_id: UUID, locked: Mapping[int, OfferState], now: datetime) -> Hold | None:
    """This unpaid order with all its goods; ``None`` when it is not held any more, or somebody works on it right now."""
    rows = session.execute(_TO_JOIN, {"order": order_id, "now": now}).all()
    return next(iter(_with_goods(session, rows, locked, counts_for_cap=True)), None)


def _with_goods(
    session: Session, orders: Sequence[Row[Any]], locked: Mapping[int, OfferState], *, counts_for_cap: bool
) -> list[Hold]:
    """These orders with their lines, as far as all their goods can be locked without waiting."""
    if not orders:
        return []
    lines: dict[UUID, list[HeldLine]] = {row.id: [] for row in orders}
    for row in session.execute(_LINES, {"orders": list(lines)}):
        lines[row.order_id].append(HeldLine(row.offer_id, row.variant_id, row.quantity))
    busy = _busy_goods(session, [line for held in lines.values() for line in held], locked)
    return [
        Hold(row.id, row.phone, counts_for_cap, row.voucher_id, tuple(lines[row.id]))
        for row in orders
        if not any(line.offer_id in busy for line in lines[row.id])
    ]


def _busy_goods(session: Session, lines: Sequence[HeldLine], locked: Mapping[int, OfferState]) -> set[int]:
    """The offers among these that somebody else works on right now; the others are locked from here on."""
    more = {line.offer_id: line.variant_id for line in lines if line.offer_id not in locked}
    if not more:
        return set()
    offers = set(session.scalars(_LOCK_MORE_OFFERS, {"ids": list(more)}))
    levels = set(session.scalars(_LOCK_MORE_LEVELS, {"ids": list(set(more.values()))}))
    return {offer_id for offer_id, variant_id in more.items() if offer_id not in offers or variant_id not in levels}


def free(
    session: Session, holds: Sequence[Hold], state: str, reason: str, now: datetime, *, replaced_by: str | None = None
) -> None:
    """End these holds, which must be locked: their goods are free at once.

    ``replaced_by`` is the number of the buyer's next order, where that one takes them over.
    """
    if holds:
        _free(session, [hold.order_id for hold in holds], state, reason, "counter", now, replaced_by)


def sweep(session: Session, now: datetime, most: int) -> int:
    """End holds that have run out, whatever they hold; those that somebody works on wait for the next turn."""
    lapsed = list(session.scalars(_ALL_LAPSED, {"now": now, "most": most}))
    if lapsed:
        session.execute(_LOCK_OFFERS_OF, {"orders": lapsed})
        session.execute(_LOCK_LEVELS_OF, {"orders": lapsed})
        _free(session, lapsed, "expired", "hold ran out", SYSTEM.name, now)
    return len(lapsed)


def _free(
    session: Session,
    orders: list[UUID],
    state: str,
    reason: str,
    by: str,
    now: datetime,
    replaced_by: str | None = None,
) -> None:
    session.execute(_LOCK_VOUCHERS_OF, {"orders": orders})
    ends = {"state": state, "reason": reason, "by": by, "now": now, "replaced_by": replaced_by}
    session.execute(_FREE, {"orders": orders, **ends})
