"""Payment steps that cross the network: write the intent, commit, call Stripe, record the answer.

Each step may be repeated after a cut at any point: Stripe is called with our own id as idempotency key, and
what it says is applied to the state that is found. No transaction is open while Stripe is asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import outbox
from kernel.db import Database
from kernel.errors import NotFound, Problem, Refused
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.states import HELD
from shop.payments import notes, queries, refunds, service
from shop.payments.models import Payment, PaymentEvent, Refund
from shop.payments.rules import Decision, SessionFacts
from shop.payments.states import LIVE, OPENING, REQUESTED, UNDER_WAY
from shop.payments.stripe_gateway import EventFacts, PaymentsRefused, RefundFacts, StripeGateway

# Stripe forgets idempotency keys after a day; a refund that waited longer is looked for before it is sent again.
_KEY_LIVES_FOR = timedelta(hours=20)

Effect = Callable[[Session], str]


@dataclass(frozen=True)
class Till:
    """What a payment step needs besides the database: Stripe, and what the roof does about money."""

    gateway: StripeGateway
    settle: Callable[[Session, UUID, SessionFacts, datetime], Decision]
    settle_refund: Callable[[Session, RefundFacts, datetime], None]
    public_url: str
    workshop_name: str


def checkout_url_for(database: Database, till: Till, order_number: str, now: datetime) -> str:
    """The address of the order's hosted page; double taps and two tabs get the same page.

    Raises:
        Refused: the order is not waiting for money, or a wallet's money is under way.
        PaymentsAway: Stripe did not answer; asking again is safe.
    """
    with database.transaction() as session:
        order_id = session.scalar(select(Order.id).where(Order.number == order_number))
        if order_id is None:
            raise NotFound("没有这个订单。", "There is no such order.")
        order = orders.lock_order(session, order_id)
        payment = service.begin_payment(session, order, now)
        if payment.state == UNDER_WAY:
            raise Refused(
                "正在确认您的付款，请不要重复付款。",
                "Your payment is being checked. Please do not pay twice.",
                code="under_way",
            )
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
    facts = _find_page(database, till, payment_id)
    return settle_session(database, till, facts, now) if facts else Decision.NOTHING


def _find_page(database: Database, till: Till, payment_id: UUID) -> SessionFacts | None:
    """The payment's page as it is now, or ``None`` when none was ever opened."""
    with database.transaction() as session:
        payment = session.get(Payment, payment_id)
        if payment is None:
            return None
        order = session.get_one(Order, payment.order_id)
    if payment.session_id:
        return till.gateway.fetch_session(payment.session_id)
    if payment.state not in LIVE:
        return None
    try:
        # The same idempotency key finds the page that Stripe opened although its answer was lost. That answer is as
        # old as the page, so what became of it is asked for.
        session_id = _open(till, payment, order).session_id
    except PaymentsRefused:
        with database.transaction() as session:
            service.record_never_opened(session, payment_id)
        return None
    return till.gateway.fetch_session(session_id)


def settle_session(database: Database, till: Till, facts: SessionFacts, now: datetime) -> Decision:
    """Apply a session that was just fetched."""
    with database.transaction() as session:
        return _settle(session, till, facts, now)


def _settle(session: Session, till: Till, facts: SessionFacts, now: datetime) -> Decision:
    if facts.livemode != till.gateway.is_live:
        return Decision.NOTHING
    payment = queries.payment_of_session(session, facts)
    return till.settle(session, payment.id, facts, now) if payment else Decision.NOTHING


def receive_event(database: Database, till: Till, event: EventFacts, now: datetime) -> bool:
    """Store an event once, then apply it; while that is not possible the worker tries again from the stored row.

    Returns whether it came for the first time.
    """
    with database.transaction() as session:
        stored = service.store_event(session, event, now)
    try:
        _apply(database, till, stored, now)
    except Problem:
        with database.transaction() as session:
            outbox.enqueue(session, "replay_event", {"event": event.event_id}, now=now, key=f"event:{event.event_id}")
    return stored.received_at == now


def replay_event(database: Database, till: Till, payload: dict[str, Any], now: datetime) -> None:
    """Job: apply a stored event that could not be applied when it came."""
    with database.transaction() as session:
        stored = session.get(PaymentEvent, payload["event"])
    if stored:
        _apply(database, till, stored, now)


def _apply(database: Database, till: Till, event: PaymentEvent, now: datetime) -> None:
    """Apply a stored event unless it was applied before: effect and mark in one transaction."""
    if event.applied_at is not None:
        return
    try:
        effect = _effect_of(database, till, event, now)
    except PaymentsRefused:
        # Stripe knows no such thing: a body that was signed but lies, or a thing that is gone.
        effect = _nothing("no such thing at Stripe")
    with database.transaction() as session:
        service.finish_event(session, event.event_id, effect(session), now)


def _nothing(outcome: str) -> Effect:
    return lambda _: outcome


def _effect_of(database: Database, till: Till, event: PaymentEvent, now: datetime) -> Effect:
    """What an event does. Its body is not trusted: the thing that it is about is fetched again."""
    if event.type.startswith("checkout.session."):
        facts = till.gateway.fetch_session(event.object_id)
        return lambda session: _settle(session, till, facts, now).value
    if event.type.startswith("refund."):
        refund = till.gateway.fetch_refund(event.object_id)
        _settle_first(database, till, refund.intent_id, now)
        return lambda session: _settle_refund(session, till, refund, now)
    if event.type.startswith("charge.dispute."):
        dispute = till.gateway.fetch_dispute(event.object_id)
        _settle_first(database, till, dispute.intent_id, now)
        return lambda session: "noted" if notes.note_dispute(session, dispute, now) else "not ours"
    return _nothing("not ours")


def _settle_first(database: Database, till: Till, intent_id: str | None, now: datetime) -> None:
    """Something about a payment may be reported before the payment itself: then that one is settled first."""
    with database.transaction() as session:
        if intent_id is None or queries.payment_of_intent(session, intent_id):
            return
    payment_id = queries.as_uuid(till.gateway.payment_ref_of(intent_id))
    if payment_id:
        look_at_payment(database, till, payment_id, now)


def _settle_refund(session: Session, till: Till, facts: RefundFacts, now: datetime) -> str:
    till.settle_refund(session, facts, now)
    return facts.status


def ask_soon(session: Session, payment_id: UUID, now: datetime) -> None:
    """Let the worker ask what became of a payment, since Stripe did not answer just now."""
    outbox.enqueue(session, "check_payment", {"payment": str(payment_id)}, now=now, key=f"check:{payment_id}:soon")


def send_refund(database: Database, till: Till, payload: dict[str, Any], now: datetime) -> None:
    """Job: send a refund that was requested."""
    with database.transaction() as session:
        refund = session.get(Refund, UUID(payload["refund"]))
        if refund is None or refund.state != REQUESTED:
            return
        intent_id = session.get_one(Payment, refund.payment_id).intent_id
    if intent_id is None:
        raise AssertionError("a payment that succeeded has an intent")
    try:
        facts = _send(till, refund, intent_id, now)
    except PaymentsRefused:
        with database.transaction() as session:
            refunds.refuse_refund(session, refund.id, now)
        return
    with database.transaction() as session:
        till.settle_refund(session, facts, now)


def _send(till: Till, refund: Refund, intent_id: str, now: datetime) -> RefundFacts:
    reference = str(refund.id)
    if now - refund.requested_at > _KEY_LIVES_FOR:
        made = till.gateway.find_refund(refund_ref=reference, intent_id=intent_id)
        if made:
            return made
    return till.gateway.refund(refund_ref=reference, intent_id=intent_id, amount_fen=refund.amount_fen)


def expire_checkout(database: Database, till: Till, payload: dict[str, Any], now: datetime) -> None:
    """Job: close a hosted page whose order has ended; if it was paid in the last second, that is settled."""
    page = _find_page(database, till, UUID(payload["payment"]))
    if page:
        settle_session(database, till, till.gateway.expire_session(page.session_id), now)


def end_order(database: Database, till: Till, payload: dict[str, Any], now: datetime) -> None:
    """Job: an order ended at the counter; close its hosted page if it has one."""
    with database.transaction() as session:
        live = queries.live_payment(session, UUID(payload["order"]))
    if live:
        expire_checkout(database, till, {"payment": str(live.id)}, now)


def check_payment(database: Database, till: Till, payload: dict[str, Any], now: datetime) -> None:
    """Job: find out what became of a payment that nobody reported on, and ask again later while that is open.

    The page of an order that has ended meanwhile is closed.
    """
    payment_id = UUID(payload["payment"])
    with database.transaction() as session:
        payment = session.get_one(Payment, payment_id)
        has_ended = session.get_one(Order, payment.order_id).state != HELD
    if has_ended:
        expire_checkout(database, till, payload, now)
    else:
        look_at_payment(database, till, payment_id, now)
    with database.transaction() as session:
        service.ask_again(session, payment_id, now)
