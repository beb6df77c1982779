"""Payment steps that cross the network: write the intent, commit, call Stripe, record the answer.

Each step may be repeated after a cut at any point: Stripe is called with our own id as idempotency key, and
what it says is applied to the state that is found.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import outbox
from kernel.db import Database
from kernel.errors import NotFound, Refused
from shop.orders import service as orders
from shop.orders.models import Order
from shop.payments import service
from shop.payments.models import Payment, PaymentEvent, Refund
from shop.payments.rules import Decision, SessionFacts
from shop.payments.states import OPENING, REQUESTED
from shop.payments.stripe_gateway import EventFacts, PaymentsAway, StripeGateway

Settle = Callable[[Session, UUID, SessionFacts, datetime], Decision]


@dataclass(frozen=True)
class Till:
    """What a payment step needs besides the database: Stripe, and how the roof settles a payment."""

    gateway: StripeGateway
    settle: Settle
    public_url: str
    workshop_name: str


def checkout_url_for(database: Database, till: Till, order_number: str, now: datetime) -> str:
    """The address of the order's hosted page; double taps and two tabs get the same page.

    Raises:
        Refused: the order is not waiting for money.
        PaymentsAway: Stripe did not answer; asking again is safe.
    """
    with database.transaction() as session:
        order_id = session.scalar(select(Order.id).where(Order.number == order_number))
        if order_id is None:
            raise NotFound("没有这个订单。", "There is no such order.")
        order = orders.lock_order(session, order_id)
        payment = service.begin_payment(session, order, now)
        if payment.url and payment.state != OPENING:
            return payment.url
    facts = _open(till, payment, order)
    with database.transaction() as session:
        service.record_opened(session, payment.id, facts)
    if facts.url is None:
        # Already paid in another tab: nothing to open, and the order page shows the truth.
        look_at_payment(database, till, payment.id, now)
        raise Refused("这个订单已经付过款了。", "This order has been paid.", code="not_payable")
    return facts.url


def _open(till: Till, payment: Payment, order: Order) -> SessionFacts:
    return till.gateway.open_checkout(
        payment_ref=str(payment.id),
        amount_fen=payment.amount_fen,
        currency=payment.currency,
        title=f"{till.workshop_name} {order.number}",
        locale=order.locale,
        expires_at=payment.expires_at,
        back_url=f"{till.public_url}/orders/{order.number}",
    )


def look_at_payment(database: Database, till: Till, payment_id: UUID, now: datetime) -> Decision:
    """Ask Stripe what became of a payment and apply it; also finds a page whose opening was cut off."""
    with database.transaction() as session:
        payment = session.get(Payment, payment_id)
        if payment is None:
            return Decision.NOTHING
        order = session.get_one(Order, payment.order_id)
    # The same idempotency key finds the page that Stripe opened although its answer was lost.
    facts = till.gateway.fetch_session(payment.session_id) if payment.session_id else _open(till, payment, order)
    return settle_session(database, till, facts, now)


def settle_session(database: Database, till: Till, facts: SessionFacts, now: datetime) -> Decision:
    """Apply a session that was just fetched."""
    if facts.livemode != till.gateway.is_live:
        return Decision.NOTHING
    with database.transaction() as session:
        payment = service.find_payment(session, facts)
        return till.settle(session, payment.id, facts, now) if payment else Decision.NOTHING


def receive_event(database: Database, till: Till, event: EventFacts, now: datetime) -> None:
    """Store an event once, then apply it; while Stripe is away the worker tries again from the stored row."""
    with database.transaction() as session:
        service.store_event(session, event, now)
    try:
        apply_event(database, till, event.event_id, now, event.amount_fen)
    except PaymentsAway:
        payload = {"event": event.event_id, "amount_fen": event.amount_fen}
        with database.transaction() as session:
            outbox.enqueue(session, "replay_event", payload, now=now, key=f"event:{event.event_id}")


def replay_event(database: Database, till: Till, payload: dict[str, Any], now: datetime) -> None:
    """Job: apply a stored event that could not be applied when it came."""
    apply_event(database, till, payload["event"], now, payload["amount_fen"])


def apply_event(database: Database, till: Till, event_id: str, now: datetime, amount_fen: int = 0) -> None:
    """Apply a stored event unless it was applied before. Its body is not trusted: the object is fetched again."""
    with database.transaction() as session:
        event = session.get(PaymentEvent, event_id)
        if event is None or event.applied_at is not None:
            return
        session.expunge(event)
    outcome = _apply(database, till, event, now, amount_fen)
    with database.transaction() as session:
        service.finish_event(session, event_id, outcome, now)


def _apply(database: Database, till: Till, event: PaymentEvent, now: datetime, amount_fen: int) -> str:
    if event.type.startswith("checkout.session.") and event.session_id:
        facts = till.gateway.fetch_session(event.session_id)
        if event.type == "checkout.session.async_payment_failed" and not facts.is_paid:
            # The page is used up although nothing was paid: close it, so that the buyer can try again.
            facts = replace(facts, status="expired")
        return settle_session(database, till, facts, now).value
    if event.type.startswith("refund.") or event.type == "charge.refund.updated":
        refund = till.gateway.fetch_refund(event.object_id)
        with database.transaction() as session:
            service.apply_refund(session, refund, now, UUID(refund.refund_ref) if refund.refund_ref else None)
        return refund.status
    if event.type in ("charge.dispute.created", "charge.dispute.closed"):
        with database.transaction() as session:
            is_over = event.type.endswith("closed")
            service.note_dispute(session, event.object_id, amount_fen, now, is_over=is_over)
        return "noted"
    return "not ours"


def send_refund(database: Database, till: Till, payload: dict[str, Any], now: datetime) -> None:
    """Job: send a refund that was requested."""
    with database.transaction() as session:
        refund = session.get(Refund, UUID(payload["refund"]))
        if refund is None or refund.state != REQUESTED:
            return
        payment = session.get_one(Payment, refund.payment_id)
        intent_id = payment.intent_id
    if intent_id is None:
        raise Refused("这笔付款没有支付号。", "The payment has no intent to refund.")
    facts = till.gateway.refund(refund_ref=str(refund.id), intent_id=intent_id, amount_fen=refund.amount_fen)
    with database.transaction() as session:
        service.apply_refund(session, facts, now, refund.id)


def expire_checkout(database: Database, till: Till, payload: dict[str, Any], now: datetime) -> None:
    """Job: close a hosted page whose order has ended; if it was paid in the last second, that is settled."""
    payment_id = UUID(payload["payment"])
    with database.transaction() as session:
        payment = session.get(Payment, payment_id)
        session_id = payment.session_id if payment else None
    if session_id is None:
        look_at_payment(database, till, payment_id, now)
        return
    settle_session(database, till, till.gateway.expire_session(session_id), now)


def check_payment(database: Database, till: Till, payload: dict[str, Any], now: datetime) -> None:
    """Job: find out what became of a payment whose buyer did not come back."""
    look_at_payment(database, till, UUID(payload["payment"]), now)
