"""Everything that changes an order after it was placed. Services never commit; the edge does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session, selectinload

from kernel.audit import SYSTEM, Actor
from kernel.errors import NotFound, Refused
from kernel.ids import readable_code, time_ordered_id
from shop.catalog.models import Variant
from shop.orders import holds, rules
from shop.orders.models import Order, OrderLine, OrderLog
from shop.orders.states import CANCELLED, DELIVERED, EXPIRED, HELD, PAID, REFUNDED, SHIPPED, TAKES_STOCK, may_move
from shop.stock import service as stock
from shop.streams.models import Offer


def lock_order(session: Session, order_id: UUID) -> Order:
    """The order with its lines, locked until the transaction ends and read anew."""
    found = session.scalar(
        select(Order)
        .where(Order.id == order_id)
        .options(selectinload(Order.lines))
        .with_for_update(of=Order)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("没有这个订单。", "There is no such order.")
    return found


def move_order(session: Session, order: Order, new: str, *, at: datetime, by: Actor, reason: str = "") -> None:
    """The one place where an order's state changes; every move is logged.

    Raises:
        Refused: the move is not in the table of states.py.
    """
    if not may_move(order.state, new):
        raise Refused(
            "订单现在的状态不能这样改。", f"An order that is {order.state} cannot become {new}.", code="wrong_state"
        )
    session.add(OrderLog(order_id=order.id, from_state=order.state, to_state=new, at=at, by=by.name, reason=reason))
    order.state = new
    session.flush()


def is_locked_order_lapsed(order: Order, now: datetime) -> bool:
    """Whether a held order's time is over."""
    return order.state == HELD and order.hold_until is not None and order.hold_until <= now


def cancel_held(session: Session, order: Order, *, at: datetime, by: Actor, reason: str) -> None:
    """Cancel an order that is not paid; its stock is free at once. ``order`` must be locked."""
    move_order(session, order, CANCELLED, at=at, by=by, reason=reason)
    _give_back(session, order, at=at, by=by)


def expire_lapsed(session: Session, now: datetime, most: int = 200) -> int:
    """End holds that have run out and free their stock; orders locked by somebody else wait for the next turn."""
    return holds.sweep(session, now, most)


def mark_paid(session: Session, order: Order, *, at: datetime, by: Actor, reason: str = "") -> None:
    """A held order is paid: the promised day is fixed now. ``order`` must be locked."""
    order.ship_by = rules.ship_by(at, has_fresh=has_fresh(session, order))
    order.paid_at = at
    move_order(session, order, PAID, at=at, by=by, reason=reason)


def take_stock_again(session: Session, order: Order, *, at: datetime) -> bool:
    """A payment came after the hold had run out: take everything again, or nothing. ``order`` must be locked."""
    with session.begin_nested() as attempt:
        try:
            for line in sorted(order.lines, key=lambda line: line.offer_id or 0):
                _take_offer_again(session, line)
            # Once a variant: an order that took another over may have it at two prices, in two lines.
            for variant_id, quantity in sorted(quantities(order).items()):
                stock.hold(session, variant_id, quantity, source=f"order:{order.id}:late", by=SYSTEM, at=at)
        except stock.OutOfStock:
            attempt.rollback()
            return False
    return True


def _take_offer_again(session: Session, line: OrderLine) -> None:
    if line.offer_id is None:
        return
    taken = session.execute(
        update(Offer)
        .where(Offer.id == line.offer_id, Offer.taken + line.quantity <= Offer.allotment)
        .values(taken=Offer.taken + line.quantity, revision=Offer.revision + 1)
        .returning(Offer.id)
    ).first()
    if taken is None:
        raise stock.OutOfStock("已经卖完了。", "Sold out.")


def release_paid(session: Session, order: Order, *, at: datetime, by: Actor) -> None:
    """A paid order that will not be packed gives its stock back. ``order`` must be locked."""
    _give_back(session, order, at=at, by=by)


def release_part(
    session: Session, quantity_by_variant: dict[int, int], *, source: str, at: datetime, by: Actor
) -> None:
    """Goods of a paid order that will not be sent after all are free again; its offers stay counted as sold.

    The order must be locked.
    """
    for variant_id, quantity in sorted(quantity_by_variant.items()):
        stock.release(session, variant_id, quantity, source=source, by=by, at=at)


def _give_back(session: Session, order: Order, *, at: datetime, by: Actor) -> None:
    """Free offers, then stock, each in id order."""
    for line in sorted(order.lines, key=lambda line: line.offer_id or 0):
        if line.offer_id is not None:
            session.execute(
                update(Offer)
                .where(Offer.id == line.offer_id)
                .values(taken=Offer.taken - line.quantity, revision=Offer.revision + 1)
            )
    again = ":late" if _was_taken_again(session, order) else ""
    for variant_id, quantity in sorted(quantities(order).items()):
        stock.release(session, variant_id, quantity, source=f"order:{order.id}{again}", by=by, at=at)


def _was_taken_again(session: Session, order: Order) -> bool:
    """Whether the order's stock is held under the late payment's own ledger lines."""
    moved = select(OrderLog.id).where(
        OrderLog.order_id == order.id, OrderLog.from_state == EXPIRED, OrderLog.to_state == PAID
    )
    return session.scalar(moved) is not None


def ship_lines(
    session: Session, order: Order, quantity_by_variant: dict[int, int], *, source: str, at: datetime, by: Actor
) -> None:
    """These goods of a paid order leave the house with the courier."""
    if order.state not in TAKES_STOCK:
        raise Refused("这个订单没有锁住的货。", "This order holds no stock.", code="wrong_state")
    for variant_id, quantity in sorted(quantity_by_variant.items()):
        stock.ship(session, variant_id, quantity, source=source, by=by, at=at)


def mark_shipped(session: Session, order: Order, *, at: datetime, by: Actor) -> None:
    """Every parcel of the order has left."""
    if order.state == PAID:
        move_order(session, order, SHIPPED, at=at, by=by)


def mark_delivered(session: Session, order: Order, *, at: datetime, by: Actor) -> None:
    """Every parcel of a shipped order is at the buyer's door. The order must be locked."""
    move_order(session, order, DELIVERED, at=at, by=by)


def mark_refunded(session: Session, order: Order, *, at: datetime, by: Actor, reason: str) -> None:
    """All the money went back."""
    if order.state != REFUNDED:
        move_order(session, order, REFUNDED, at=at, by=by, reason=reason)


def add_refunded(session: Session, order: Order, amount_fen: int) -> None:
    """Count refunded money; the database refuses more than the total."""
    order.refunded_fen += amount_fen
    session.flush()


def quantities(order: Order) -> dict[int, int]:
    """How many of each variant an order has."""
    counts: dict[int, int] = {}
    for line in order.lines:
        counts[line.variant_id] = counts.get(line.variant_id, 0) + line.quantity
    return counts


def has_fresh(session: Session, order: Order) -> bool:
    """Whether something in the order spoils."""
    variants = session.scalars(select(Variant).where(Variant.id.in_([line.variant_id for line in order.lines])))
    return any(variant.product.is_fresh for variant in variants)


@dataclass(frozen=True)
class ChannelLine:
    """A line of an order that another platform sold; money in fen."""

    variant_id: int
    quantity: int
    unit_price_fen: int
    sku: str
    title: str
    spec: str


@dataclass(frozen=True)
class ChannelFacts:
    """A paid order from another platform, ready to be packed here; money in fen."""

    channel: str
    channel_number: str
    lines: Sequence[ChannelLine]
    buyer_name: str
    phone: str
    phone_ext: str | None
    address: rules.Address
    note: str
    shipping_fen: int
    discount_fen: int
    created_at: datetime
    paid_at: datetime
    ship_by: datetime


def accept_channel_order(session: Session, facts: ChannelFacts, *, now: datetime, by: Actor) -> Order:
    """Make a platform's paid order one of ours: stock is held, its lines copied, and it may be packed.

    Raises:
        stock.OutOfStock: when not everything is free; nothing is written then.
    """
    goods = sum(line.quantity * line.unit_price_fen for line in facts.lines)
    order = Order(
        id=time_ordered_id(),
        number=f"P{now:%y%m%d}-{readable_code(8)}",
        channel=facts.channel,
        channel_number=facts.channel_number,
        state=PAID,
        buyer_name=facts.buyer_name,
        phone=facts.phone,
        phone_ext=facts.phone_ext,
        province=facts.address.province,
        city=facts.address.city,
        district=facts.address.district,
        street=facts.address.street,
        detail=facts.address.detail,
        note=facts.note,
        locale="zh",
        currency="cny",
        goods_fen=goods,
        shipping_fen=facts.shipping_fen,
        discount_fen=facts.discount_fen,
        total_fen=goods + facts.shipping_fen - facts.discount_fen,
        refunded_fen=0,
        created_at=facts.created_at,
        paid_at=facts.paid_at,
        ship_by=facts.ship_by,
    )
    order.lines = [
        OrderLine(
            position=position,
            variant_id=line.variant_id,
            quantity=line.quantity,
            unit_price_fen=line.unit_price_fen,
            line_total_fen=line.quantity * line.unit_price_fen,
            sku=line.sku,
            title=line.title,
            spec=line.spec,
        )
        for position, line in enumerate(facts.lines, 1)
    ]
    with session.begin_nested():
        session.add(order)
        session.flush()
        for variant_id, quantity in sorted(quantities(order).items()):
            stock.hold(session, variant_id, quantity, source=f"order:{order.id}", by=by, at=now)
        session.add(
            OrderLog(order_id=order.id, from_state=None, to_state=PAID, at=now, by=by.name, reason=facts.channel)
        )
        session.flush()
    return order
