"""A buyer's own data: a copy of it, and its end. Money, goods and days stay, as the law wants; whose they were does not."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kernel.audit import Actor, record_change
from shop.orders.models import Order
from shop.orders.states import CANCELLED, DELIVERED, EXPIRED, REFUNDED

# Nothing is on its way any more. Of a refunded order some may be: but nobody has to find that door again.
OVER: Final = (DELIVERED, CANCELLED, EXPIRED, REFUNDED)
# The province stays: it says where goods went, and nothing about anybody.
_EMPTIED: Final = ("buyer_name", "phone", "city", "district", "street", "detail", "note", "email")


def erase_receivers(session: Session, numbers: Sequence[str], *, now: datetime, by: Actor) -> tuple[list[Order], int]:
    """Empty name, phone and address of those of these orders that are over.

    Returns:
        The orders that were emptied now, and how many are still under way. Emptied already counts as neither.
    """
    found = session.scalars(select(Order).where(Order.number.in_(numbers)).order_by(Order.id).with_for_update()).all()
    emptied = [order for order in found if order.state in OVER and order.phone]
    for order in emptied:
        for name in _EMPTIED:
            setattr(order, name, "")
        order.phone_ext, order.device_hash = None, None
        order.gift_from, order.gift_words, order.giver_phone = None, None, None
        record_change(session, actor=by, action="order.receiver_erased", subject=f"order:{order.number}", at=now)
    session.flush()
    return emptied, sum(order.state not in OVER for order in found)


def copy_of(session: Session, numbers: Sequence[str]) -> list[dict[str, Any]]:
    """All that is kept of these orders about their buyer, newest first, as plain JSON values; money in fen."""
    wanted = select(Order).where(Order.number.in_(numbers)).options(selectinload(Order.lines))
    return [_copy(order) for order in session.scalars(wanted.order_by(Order.created_at.desc()))]


def _copy(order: Order) -> dict[str, Any]:
    plain = (
        "number",
        "channel",
        "state",
        *_EMPTIED,
        "phone_ext",
        "gift_from",
        "gift_words",
        "giver_phone",
        "province",
        "locale",
        "currency",
    )
    money = ("goods_fen", "shipping_fen", "discount_fen", "total_fen", "refunded_fen")
    moments = ("created_at", "paid_at", "ship_by", "hold_until")
    return {
        **{name: getattr(order, name) for name in (*plain, *money)},
        **{name: moment.isoformat() if (moment := getattr(order, name)) else None for name in moments},
        "lines": [
            {"title": line.title, "spec": line.spec, "quantity": line.quantity, "line_total_fen": line.line_total_fen}
            for line in order.lines
        ],
    }
