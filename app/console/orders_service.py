"""What the desk does to an order: give money back, call it off, look at the buyer. The edge commits."""

from datetime import datetime

from sqlalchemy.orm import Session

from app import workflows
from app.console.orders_queries import BUYER_SHOWN, was_shown
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused
from shop.orders import queries
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.states import HELD, PAID
from shop.payments import queries as payments


def order_of(session: Session, number: str) -> Order:
    """The order with this number."""
    order = queries.order_by_number(session, number)
    if order is None:
        raise NotFound("没有这个订单。", "There is no such order.")
    return order


def call_off(session: Session, number: str, *, reason: str, now: datetime, by: Actor) -> Order:
    """Cancel an order that has not left, with all its money; of one that has left only the money goes back.

    Raises:
        Refused: nothing is left to cancel or refund, or a part of the order has left.
    """
    order = orders.lock_order(session, order_of(session, number).id)
    if order.state in (HELD, PAID):
        return workflows.cancel_order(session, order.id, by=by, reason=reason, now=now)
    paid = payments.paid_payment(session, order.id)
    left_fen = paid.amount_fen - paid.refunded_fen if paid else 0
    if not left_fen:
        raise Refused(
            "没有可以取消或退的了：订单已经结束，钱没有付在本店，或已经退完。",
            "Nothing is left to cancel or refund: the order has ended, and its money was not paid here or has gone back.",
            code="nothing_left",
        )
    return workflows.refund_part(session, order.id, left_fen, reason=reason, by=by, now=now)


def show_buyer(session: Session, number: str, *, now: datetime, by: Actor) -> None:
    """Write down that somebody looks at the buyer's name, phone and address; the page shows them for a while."""
    order = order_of(session, number)
    assert by.person_id is not None
    if not was_shown(session, number, person_id=by.person_id, now=now):
        record_change(session, actor=by, action=BUYER_SHOWN, subject=f"order:{order.number}", at=now)
