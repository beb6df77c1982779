"""Moving stock: one conditional update and one ledger line for each movement.

Rows are locked in the order offers, then levels by variant id, everywhere (docs/architecture.md, "Locks").
"""

from datetime import datetime

from sqlalchemy import insert, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from kernel.audit import Actor
from kernel.errors import Refused
from shop.stock.models import StockLevel, StockMovement


class OutOfStock(Refused):
    """Fewer are left than asked for; ``left`` says how many."""

    code = "out_of_stock"


def _move(
    session: Session,
    variant_id: int,
    kind: str,
    *,
    on_hand: int = 0,
    held: int = 0,
    source: str,
    by: Actor,
    at: datetime,
) -> bool:
    """Apply one movement if the level allows it; returns whether it did."""
    level = StockLevel
    allowed = (level.held + held >= 0, level.held + held <= level.on_hand + on_hand)
    changed = session.execute(
        update(level)
        .where(level.variant_id == variant_id, *allowed)
        .values(on_hand=level.on_hand + on_hand, held=level.held + held, revision=level.revision + 1)
        .returning(level.variant_id)
    ).first()
    if changed is None:
        return False
    session.execute(
        insert(StockMovement).values(
            variant_id=variant_id, kind=kind, on_hand_change=on_hand, held_change=held, source=source, by=by.name, at=at
        )
    )
    return True


def open_level(session: Session, variant_id: int) -> None:
    """Start counting a variant at zero, unless it is counted already."""
    row = {"variant_id": variant_id, "on_hand": 0, "held": 0, "revision": 0}
    session.execute(upsert(StockLevel).values(row).on_conflict_do_nothing())


def receive(session: Session, variant_id: int, quantity: int, *, source: str, by: Actor, at: datetime) -> None:
    """Stock comes in: a weigh-in, a bagging, a first count. ``quantity`` in the variant's unit."""
    if quantity <= 0:
        raise ValueError("received quantity must be positive")
    open_level(session, variant_id)
    _move(session, variant_id, "received", on_hand=quantity, source=source, by=by, at=at)


def adjust(session: Session, variant_id: int, change: int, *, source: str, by: Actor, at: datetime) -> None:
    """Correct the count after a stock-take; never below what is held for orders."""
    open_level(session, variant_id)
    if change and not _move(session, variant_id, "adjusted", on_hand=change, source=source, by=by, at=at):
        raise Refused(
            "库存不能少于已经为订单锁住的数量。请先处理那些订单。",
            "Stock cannot fall below what is held for orders. Deal with those orders first.",
            code="below_held",
        )


def consume(session: Session, variant_id: int, quantity: int, *, source: str, by: Actor, at: datetime) -> None:
    """Stock is used up inside the house, as raw goods are when they are bagged."""
    if quantity <= 0:
        raise ValueError("consumed quantity must be positive")
    if not _move(session, variant_id, "consumed", on_hand=-quantity, source=source, by=by, at=at):
        raise OutOfStock("库存不够。", "There is not enough in stock.")


def hold(session: Session, variant_id: int, quantity: int, *, source: str, by: Actor, at: datetime) -> None:
    """Set stock aside for an order.

    Raises:
        OutOfStock: when fewer than ``quantity`` are free.
    """
    if not _move(session, variant_id, "held", held=quantity, source=source, by=by, at=at):
        raise OutOfStock("库存不够。", "There is not enough in stock.")


def release(session: Session, variant_id: int, quantity: int, *, source: str, by: Actor, at: datetime) -> None:
    """Give back what was set aside."""
    if not _move(session, variant_id, "released", held=-quantity, source=source, by=by, at=at):
        raise AssertionError(f"released more of variant {variant_id} than was held, for {source}")


def ship(session: Session, variant_id: int, quantity: int, *, source: str, by: Actor, at: datetime) -> None:
    """Held stock leaves the house with the courier."""
    if not _move(session, variant_id, "shipped", on_hand=-quantity, held=-quantity, source=source, by=by, at=at):
        raise AssertionError(f"shipped more of variant {variant_id} than was held, for {source}")
