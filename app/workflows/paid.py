"""Paid: an order becomes parcels and packing tasks. What happens then can be read here from top to bottom."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.workflows import terms
from app.workflows.telling import tell_buyer
from fulfillment.couriers.fees import service as fees
from fulfillment.packing import opening_service as opening
from kernel.audit import SYSTEM, Actor
from kernel.money import yuan
from kernel.text import Text
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.service import ChannelFacts
from shop.payments import service as payments
from shop.payments.models import Payment
from shop.payments.rules import Decision, SessionFacts

# What a buyer is told when money goes back by itself.
_WENT_BACK = {
    Decision.REFUND: Text(
        "付款到的时候订单已经结束，货也没有了，钱自动原路退回。看订单：",
        "Your payment came after the order had ended and nothing was left, so the money goes back by itself. See:",
    ),
    Decision.REFUND_DUPLICATE: Text(
        "您付了两次，多的一笔自动原路退回。看订单：", "You paid twice; the second payment goes back by itself. See:"
    ),
}


def open_packing(session: Session, order: Order, now: datetime, reason: str = "") -> None:
    """A paid order becomes parcels and packing tasks, each with its courier; called twice it opens nothing twice."""
    parcels = opening.open_parcels(session, order, now, heaviest_g=terms.heaviest_parcel_g, reason=reason)
    has_fresh = orders.has_fresh(session, order)
    fees.choose_for_new(session, parcels, has_fresh=has_fresh, terms=terms.sending_terms, now=now, by=SYSTEM)


def accept_channel_order(session: Session, facts: ChannelFacts, *, now: datetime, by: Actor) -> Order:
    """A paid order of another platform joins the packing queue beside the shop's own.

    Raises:
        OutOfStock: not everything is free; nothing is written then.
    """
    order = orders.accept_channel_order(session, facts, now=now, by=by)
    open_packing(session, order, now, facts.channel)
    return order


def settle_payment(session: Session, payment_id: UUID, facts: SessionFacts, now: datetime) -> Decision:
    """What Stripe says about a payment is applied once; a paid order opens its packing work in the same commit."""
    decision = payments.apply_facts(session, payment_id, facts, now, lambda order: _paid(session, order, now))
    if decision in _WENT_BACK:
        payment = session.get_one(Payment, payment_id)
        tell_buyer(
            session, session.get_one(Order, payment.order_id), f"went-back:{payment_id}", _WENT_BACK[decision], now
        )
    return decision


def _paid(session: Session, order: Order, now: datetime) -> None:
    """The order's packing work is opened, and its buyer hears that the money came and what happens next."""
    open_packing(session, order, now)
    assert order.ship_by is not None
    by = order.ship_by.astimezone(terms.sending_terms.zone)
    said = Text(
        f"收到您的付款 ¥{yuan(order.total_fen)}，最晚 {by:%m-%d %H:%M} 交给快递。看订单：",
        f"Your payment of ¥{yuan(order.total_fen)} is here; it leaves by {by:%m-%d %H:%M}. See:",
    )
    tell_buyer(session, order, "paid", said, now)


def expire_holds(session: Session, now: datetime) -> int:
    """End holds that have run out; each leaves a job that closes its open Checkout page. Returns how many ended."""
    return orders.expire_lapsed(session, now)
