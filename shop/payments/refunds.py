"""Money going back: asked for here and sent by the worker, or made by a person at Stripe itself."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel import outbox
from kernel.audit import Actor, record_change
from kernel.errors import Refused
from kernel.ids import time_ordered_id
from kernel.money import yuan
from shop.orders import service as orders
from shop.orders.models import Order
from shop.payments import queries
from shop.payments.models import Payment, Refund
from shop.payments.notes import note
from shop.payments.states import FAILED, PENDING, REFUND_MOVES, REFUND_SUCCEEDED, REQUESTED
from shop.payments.stripe_gateway import RefundFacts

_AT_STRIPE = Actor(None, "stripe")
_WORDS = {"succeeded": REFUND_SUCCEEDED, "failed": FAILED, "canceled": FAILED}


def request_refund(session: Session, order: Order, amount_fen: int, *, reason: str, now: datetime, by: Actor) -> Refund:
    """Send part or all of an order's money back. ``order`` must be locked.

    Raises:
        Refused: the order was not paid here, nothing is asked for, or more than is left of it.
    """
    payment = queries.paid_payment(session, order.id)
    if payment is None:
        raise Refused("这个订单没有在本店付款，不能在这里退款。", "This order was not paid here.", code="not_paid_here")
    refund = request(session, order, payment, amount_fen, reason=reason, now=now, by=by)
    record_change(
        session,
        actor=by,
        action="order.refund",
        subject=f"order:{order.number}",
        at=now,
        after={"amount_fen": amount_fen, "reason": reason},
    )
    return refund


def refund_everything(session: Session, order: Order, *, reason: str, now: datetime, by: Actor) -> Refund | None:
    """Send back all that is left of an order's money; ``None`` when there is none of it here."""
    payment = queries.paid_payment(session, order.id)
    if payment is None or payment.amount_fen == payment.refunded_fen:
        return None
    return request(session, order, payment, payment.amount_fen - payment.refunded_fen, reason=reason, now=now, by=by)


def request(
    session: Session, order: Order, payment: Payment, amount_fen: int, *, reason: str, now: datetime, by: Actor
) -> Refund:
    """Reserve the amount, write the wish, leave the sending to the worker. ``order`` must be locked.

    Raises:
        Refused: nothing is asked for, or more than is left of the payment (``refund_too_large``).
    """
    if amount_fen <= 0:
        raise Refused("退款要大于零。", "A refund must be more than nothing.", code="refund_too_small")
    _reserve(session, order, payment, amount_fen)
    refund = _write(session, payment, amount_fen, REQUESTED, reason=reason, now=now, by=by)
    outbox.enqueue(session, "send_refund", {"refund": str(refund.id)}, now=now, key=f"refund:{refund.id}")
    return refund


def _reserve(session: Session, order: Order, payment: Payment, amount_fen: int) -> None:
    """Count the amount as refunded, in one conditional update: two refunds at once never exceed what was paid."""
    reserved = session.execute(
        update(Payment)
        .where(Payment.id == payment.id, Payment.refunded_fen + amount_fen <= Payment.amount_fen)
        .values(refunded_fen=Payment.refunded_fen + amount_fen)
        .returning(Payment.refunded_fen)
    ).first()
    session.refresh(payment)
    if reserved is None:
        left = yuan(payment.amount_fen - payment.refunded_fen)
        raise Refused(f"最多还可以退 {left} 元。", f"At most ¥{left} is left to refund.", code="refund_too_large")
    if not payment.duplicate:
        orders.add_refunded(session, order, amount_fen)


def _write(
    session: Session, payment: Payment, amount_fen: int, state: str, *, reason: str, now: datetime, by: Actor
) -> Refund:
    refund = Refund(
        id=time_ordered_id(),
        payment_id=payment.id,
        amount_fen=amount_fen,
        reason=reason,
        state=state,
        requested_at=now,
        requested_by=by.name,
    )
    session.add(refund)
    session.flush()
    return refund


def find_refund(session: Session, facts: RefundFacts) -> Refund | None:
    """Our record of a refund: by Stripe's id, or by the reference that we gave it."""
    found = session.scalar(select(Refund).where(Refund.stripe_id == facts.stripe_id))
    reference = queries.as_uuid(facts.refund_ref)
    if found is None and reference:
        found = session.scalar(select(Refund).where(Refund.id == reference, Refund.stripe_id.is_(None)))
    return found


def apply_refund(session: Session, facts: RefundFacts, now: datetime) -> Order | None:
    """Apply what Stripe says about a refund, once, whatever the order of arrival; returns its order, locked.

    A failed refund gives its amount back and waits for a person. One that a person made at Stripe itself is written
    down here. ``None`` when the refund is of no payment that is known here.

    Raises:
        Refused: it was made at Stripe while one of ours for the same money is still on its way; try again later.
    """
    known = find_refund(session, facts)
    payment = session.get(Payment, known.payment_id) if known else None
    if payment is None and facts.intent_id:
        payment = queries.payment_of_intent(session, facts.intent_id)
    if payment is None:
        return None
    order = orders.lock_order(session, payment.order_id)
    session.refresh(payment, with_for_update=True)
    # Asked again under the lock: another worker may have written it down meanwhile.
    refund = find_refund(session, facts)
    if refund is None:
        _write_down(session, order, payment, facts, now)
    else:
        session.refresh(refund)
        _advance(session, order, payment, refund, facts, now)
    return order


def _write_down(session: Session, order: Order, payment: Payment, facts: RefundFacts, now: datetime) -> None:
    state = _WORDS.get(facts.status, PENDING)
    if state == FAILED:
        return
    _reserve(session, order, payment, facts.amount_fen)
    refund = _write(session, payment, facts.amount_fen, state, reason="made at Stripe", now=now, by=_AT_STRIPE)
    refund.stripe_id = facts.stripe_id
    refund.finished_at = now if state == REFUND_SUCCEEDED else None
    session.flush()


def _advance(
    session: Session, order: Order, payment: Payment, refund: Refund, facts: RefundFacts, now: datetime
) -> None:
    refund.stripe_id = facts.stripe_id
    new = _WORDS.get(facts.status, PENDING)
    if new in REFUND_MOVES[refund.state]:
        refund.state = new
        refund.finished_at = now if new != PENDING else None
        if new == FAILED:
            _give_back(session, order, payment, refund, now)
    session.flush()


def refuse_refund(session: Session, refund_id: UUID, now: datetime) -> None:
    """Stripe will not send this refund at all: its amount is free again, and a person has to look."""
    payment_id = session.get_one(Refund, refund_id).payment_id
    payment = session.get_one(Payment, payment_id)
    order = orders.lock_order(session, payment.order_id)
    session.refresh(payment, with_for_update=True)
    refund = session.get_one(Refund, refund_id, populate_existing=True)
    if refund.state == REQUESTED:
        refund.state, refund.finished_at = FAILED, now
        _give_back(session, order, payment, refund, now)
        session.flush()


def _give_back(session: Session, order: Order, payment: Payment, refund: Refund, now: datetime) -> None:
    """Nothing went back: the amount may be asked for again, and a person reads why."""
    payment.refunded_fen -= refund.amount_fen
    if not payment.duplicate:
        orders.add_refunded(session, order, -refund.amount_fen)
    note(session, payment, "refund_failed", refund.amount_fen, now, str(refund.id))
