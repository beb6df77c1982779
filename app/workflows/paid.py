"""Paid: an order becomes parcels and packing tasks. What happens then can be read here from top to bottom."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from app.workflows import terms
from fulfillment.couriers.fees import service as fees
from fulfillment.packing import opening_service as opening
from kernel.audit import SYSTEM, Actor
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.service import ChannelFacts
from shop.payments import service as payments
from shop.payments.rules import Decision, SessionFacts


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
    return payments.apply_facts(session, payment_id, facts, now, lambda order: open_packing(session, order, now))


def expire_holds(session: Session, now: datetime) -> int:
    """End holds that have run out; each leaves a job that closes its open Checkout page. Returns how many ended."""
    return orders.expire_lapsed(session, now)
