"""Moving stock: one conditional update and one ledger line for each movement.

Rows are locked in the order offers, then levels by variant id, everywhere (docs/architecture.md, "Locks").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from kernel.audit import Actor
from kernel.errors import Refused
from kernel.text import Text
from shop.stock.models import StockLevel, StockMovement

# The reason in the ledger of a correction that a stock-take brought.
STOCK_TAKE = "stock-take"


class Miscounted(Refused):
    """A stock-take that cannot be taken over; ``by_variant`` says why for each variant."""

    code = "miscounted"

    def __init__(self, by_variant: dict[int, Text]) -> None:
        super().__init__(
            "有几样要再数一遍，已经标出来了；其他的也还没有改。",
            "Some must be counted again; they are marked. Nothing has been changed yet.",
        )
        self.by_variant = by_variant


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
    reason: str = "",
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
    movement = {"variant_id": variant_id, "kind": kind, "on_hand_change": on_hand, "held_change": held}
    session.execute(insert(StockMovement).values(**movement, source=source, by=by.name, at=at, reason=reason))
    return True


def open_level(session: Session, variant_id: int) -> None:
    """Start counting a variant at zero, unless it is counted already."""
    row = {"variant_id": variant_id, "on_hand": 0, "held": 0, "revision": 0}
    session.execute(upsert(StockLevel).values(row).on_conflict_do_nothing())


def lock_levels(session: Session, variant_ids: Iterable[int]) -> None:
    """Lock these levels in their order: for whoever moves the goods of several orders or parcels one after the other."""
    level = StockLevel.variant_id
    session.execute(select(level).where(level.in_(list(variant_ids))).order_by(level).with_for_update(key_share=True))


def receive(
    session: Session, variant_id: int, quantity: int, *, source: str, by: Actor, at: datetime, reason: str = ""
) -> None:
    """Stock comes in: a weigh-in, a bagging, a first count. ``quantity`` in the variant's unit."""
    if quantity <= 0:
        raise ValueError("received quantity must be positive")
    open_level(session, variant_id)
    _move(session, variant_id, "received", on_hand=quantity, source=source, by=by, at=at, reason=reason)


def adjust(
    session: Session, variant_id: int, change: int, *, reason: str, source: str, by: Actor, at: datetime
) -> None:
    """Correct the count, with the reason; never below what is held for orders.

    Raises:
        Refused: fewer would be left than orders hold (``below_held``); ``held`` and ``on_hand`` say how it stands.
    """
    open_level(session, variant_id)
    if change and not _move(
        session, variant_id, "adjusted", on_hand=change, source=source, by=by, at=at, reason=reason
    ):
        level = session.get_one(StockLevel, variant_id, populate_existing=True)
        raise Refused(
            f"现有 {level.on_hand}，其中 {level.held} 已经为订单锁住，不能减得比这更少。请先处理那些订单。",
            f"{level.on_hand} are in the house and {level.held} of them are held for orders; "
            "stock cannot fall below that. Deal with those orders first.",
            code="below_held",
        )


@dataclass(frozen=True)
class Count:
    """What somebody counted of a variant, and what the book said when the list was opened."""

    variant_id: int
    in_book: int
    counted: int


def take_stock(session: Session, counts: Iterable[Count], *, source: str, by: Actor, at: datetime) -> int:
    """Correct the book to what was counted, all or nothing; returns how many variants differed.

    Raises:
        Miscounted: goods came or went while they were counted, or fewer were counted than orders hold.
    """
    counts = sorted(counts, key=lambda count: count.variant_id)
    levels = {
        level.variant_id: level
        for level in session.scalars(
            select(StockLevel)
            .where(StockLevel.variant_id.in_([count.variant_id for count in counts]))
            .order_by(StockLevel.variant_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    troubles = {count.variant_id: text for count in counts if (text := _trouble(count, levels.get(count.variant_id)))}
    if troubles:
        raise Miscounted(troubles)
    different = [count for count in counts if count.counted != count.in_book]
    for count in different:
        change = count.counted - count.in_book
        adjust(session, count.variant_id, change, reason=STOCK_TAKE, source=source, by=by, at=at)
    return len(different)


def _trouble(count: Count, level: StockLevel | None) -> Text | None:
    """Why a count cannot be taken over, or ``None``."""
    if level is None or level.on_hand != count.in_book:
        now_there = level.on_hand if level else 0
        return Text(
            f"盘点期间有进出，账上现在是 {now_there}。请再数一遍。",
            f"Goods came or went meanwhile; the book now says {now_there}. Please count again.",
        )
    if count.counted < level.held:
        return Text(
            f"其中 {level.held} 已经为订单锁住，不能更少。请先处理那些订单。",
            f"{level.held} are held for orders, so it cannot be less. Deal with those orders first.",
        )
    return None


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
