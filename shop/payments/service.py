"""Changing payments and refunds. Always the order is locked first, then the payment, then stock."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import outbox
from kernel.audit import SYSTEM, Actor, record_change
from kernel.errors import NotFound, Refused
from kernel.ids import time_ordered_id
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.states import CANCELLED, EXPIRED, HELD
from shop.payments import queries
from shop.payments.models import Payment, PaymentEvent, PaymentNote, Refund
from shop.payments.rules import Decision, SessionFacts, decide, session_expiry
from shop.payments.states import EXPIRED as PAYMENT_EXPIRED
from shop.payments.states import (
    FAILED,
    OPEN,
    OPENING,
    PAYMENT_MOVES,
    PENDING,
    REFUND_MOVES,
    REFUND_SUCCEEDED,
    REQUESTED,
    SUCCEEDED,
)
from shop.payments.stripe_gateway import EventFacts, RefundFacts


def begin_payment(session: Session, order: Order, now: datetime) -> Payment:
    """The payment to open a page for: the live one if there is one, else a new intent. ``order`` must be locked.

    Raises:
        Refused: the order is not waiting for money any more.
    """
    if order.state != HELD or orders.is_locked_order_lapsed(order, now):
        raise Refused("这个订单现在不用付款了。", "This order is not waiting for payment.", code="not_payable")
    live = queries.live_payment(session, order.id)
    if live and live.expires_at > now:
        return live
    if live:
        _move_payment(live, PAYMENT_EXPIRED)
        session.flush()
    assert order.hold_until is not None
    payment = Payment(
        id=time_ordered_id(),
        order_id=order.id,
        amount_fen=order.total_fen,
        currency=order.currency,
        state=OPENING,
        created_at=now,
        expires_at=session_expiry(now, order.hold_until),
    )
    session.add(payment)
    session.flush()
    # Should nobody come back, the worker asks Stripe what became of it.
    _ask_later(session, payment, now, order.hold_until)
    return payment


def _ask_later(session: Session, payment: Payment, now: datetime, run_at: datetime) -> None:
    outbox.enqueue(
        session, "check_payment", {"payment": str(payment.id)}, now=now, run_at=run_at, key=f"check:{payment.id}"
    )


def record_opened(session: Session, payment_id: UUID, facts: SessionFacts) -> Payment:
    """The hosted page is open; two tabs that opened it twice got the same page."""
    payment = _lock_payment(session, payment_id)
    if payment.state == OPENING:
        _move_payment(payment, OPEN)
    payment.session_id = facts.session_id
    payment.url = facts.url or payment.url
    session.flush()
    return payment


def close_checkout(session: Session, order: Order, now: datetime) -> None:
    """The hold is over or the buyer cancelled: let the worker close the hosted page, so nobody pays for nothing."""
    live = queries.live_payment(session, order.id)
    if live:
        outbox.enqueue(session, "expire_checkout", {"payment": str(live.id)}, now=now, key=f"close:{live.id}")


def find_payment(session: Session, facts: SessionFacts) -> Payment | None:
    """The payment that a session belongs to, by its session id or by the reference that we gave it."""
    found = session.scalar(select(Payment).where(Payment.session_id == facts.session_id))
    if found or not facts.payment_ref:
        return found
    try:
        return session.get(Payment, UUID(facts.payment_ref))
    except ValueError:
        return None


def _lock_payment(session: Session, payment_id: UUID) -> Payment:
    found = session.scalar(
        select(Payment).where(Payment.id == payment_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("没有这笔付款。", "There is no such payment.")
    return found


def _move_payment(payment: Payment, new: str) -> None:
    if new not in PAYMENT_MOVES[payment.state]:
        raise Refused(
            "付款的状态不能这样改。", f"A payment that is {payment.state} cannot become {new}.", code="wrong_state"
        )
    payment.state = new


def apply_facts(
    session: Session, payment_id: UUID, facts: SessionFacts, now: datetime, on_paid: Callable[[Order], None]
) -> Decision:
    """Apply what Stripe says about a session, once, whatever the order of arrival.

    ``on_paid`` opens the packing work in the same transaction, when this is what paid the order.
    """
    order_id = session.scalar(select(Payment.order_id).where(Payment.id == payment_id))
    if order_id is None:
        raise NotFound("没有这笔付款。", "There is no such payment.")
    order = orders.lock_order(session, order_id)
    payment = _lock_payment(session, payment_id)
    other = queries.paid_payment(session, order.id)
    # A hold that has lapsed but was not swept yet still has its stock, so money for it simply pays.
    decision = decide(
        facts,
        amount_fen=payment.amount_fen,
        currency=payment.currency,
        payment_state=payment.state,
        order_state=order.state,
        paid_otherwise=other is not None and other.id != payment.id,
    )
    payment.session_id = payment.session_id or facts.session_id
    if decision in (Decision.NOTHING, Decision.WAIT):
        return decision
    if decision is Decision.CLOSE:
        if payment.state != PAYMENT_EXPIRED:
            _move_payment(payment, PAYMENT_EXPIRED)
        return decision
    if decision is Decision.HOLD_FOR_A_PERSON:
        payment.trouble = (
            f"Stripe has {facts.amount_fen} {facts.currency}, expected {payment.amount_fen} {payment.currency}"
        )
        _note(session, payment, "wrong_amount", facts.amount_fen, now)
        return decision
    _receive_money(session, payment, facts, now, is_duplicate=decision is Decision.REFUND_DUPLICATE)
    if decision is Decision.PAY:
        orders.mark_paid(session, order, at=now, by=SYSTEM)
        on_paid(order)
    elif decision is Decision.TAKE_AGAIN_OR_REFUND:
        decision = _take_again_or_refund(session, order, payment, now, on_paid)
    else:
        _note(session, payment, "duplicate" if payment.duplicate else "came_after_the_end", payment.amount_fen, now)
        _request(
            session,
            order,
            payment,
            payment.amount_fen,
            "paid twice" if payment.duplicate else "order ended",
            now,
            SYSTEM,
        )
        if not payment.duplicate and order.state in (EXPIRED, CANCELLED):
            orders.mark_refunded(session, order, at=now, by=SYSTEM, reason="money came after the order had ended")
    return decision


def _receive_money(
    session: Session, payment: Payment, facts: SessionFacts, now: datetime, *, is_duplicate: bool
) -> None:
    payment.duplicate = is_duplicate
    payment.intent_id = facts.intent_id
    payment.succeeded_at = now
    _move_payment(payment, SUCCEEDED)
    session.flush()


def _take_again_or_refund(
    session: Session, order: Order, payment: Payment, now: datetime, on_paid: Callable[[Order], None]
) -> Decision:
    """The hold had run out: stock is taken again if there is some, else the money goes back and the page says so."""
    if orders.take_stock_again(session, order, at=now):
        orders.mark_paid(session, order, at=now, by=SYSTEM, reason="late payment, stock taken again")
        on_paid(order)
        return Decision.PAY
    _note(session, payment, "late_no_stock", payment.amount_fen, now)
    _request(session, order, payment, payment.amount_fen, "late payment, nothing left", now, SYSTEM)
    orders.mark_refunded(session, order, at=now, by=SYSTEM, reason="late payment, nothing left")
    return Decision.REFUND


def _note(session: Session, payment: Payment, kind: str, amount_fen: int, now: datetime) -> None:
    session.add(PaymentNote(order_id=payment.order_id, payment_id=payment.id, kind=kind, amount_fen=amount_fen, at=now))


def request_refund(session: Session, order: Order, amount_fen: int, *, reason: str, now: datetime, by: Actor) -> Refund:
    """Send part or all of an order's money back. ``order`` must be locked.

    Raises:
        Refused: the order was not paid here, or more is asked for than is left of it.
    """
    payment = queries.paid_payment(session, order.id)
    if payment is None:
        raise Refused("这个订单没有在本店付款，不能在这里退款。", "This order was not paid here.", code="not_paid_here")
    refund = _request(session, order, payment, amount_fen, reason, now, by)
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
    """Send back all that is left of an order's money; ``None`` when it was paid on another platform."""
    payment = queries.paid_payment(session, order.id)
    if payment is None or payment.amount_fen == payment.refunded_fen:
        return None
    return _request(session, order, payment, payment.amount_fen - payment.refunded_fen, reason, now, by)


def _request(
    session: Session, order: Order, payment: Payment, amount_fen: int, reason: str, now: datetime, by: Actor
) -> Refund:
    """Reserve the amount in one conditional update, write the wish, leave the sending to the worker."""
    reserved = session.execute(
        update(Payment)
        .where(Payment.id == payment.id, Payment.refunded_fen + amount_fen <= Payment.amount_fen)
        .values(refunded_fen=Payment.refunded_fen + amount_fen)
        .returning(Payment.refunded_fen)
    ).first()
    if reserved is None:
        left = payment.amount_fen - payment.refunded_fen
        raise Refused(
            f"最多还可以退 {left / 100:.2f} 元。",
            f"At most ¥{left / 100:.2f} is left to refund.",
            code="refund_too_large",
        )
    session.refresh(payment)
    if not payment.duplicate:
        orders.add_refunded(session, order, amount_fen)
    refund = Refund(
        id=time_ordered_id(),
        payment_id=payment.id,
        amount_fen=amount_fen,
        reason=reason,
        state=REQUESTED,
        requested_at=now,
        requested_by=by.name,
    )
    session.add(refund)
    session.flush()
    outbox.enqueue(session, "send_refund", {"refund": str(refund.id)}, now=now, key=f"refund:{refund.id}")
    return refund


def apply_refund(session: Session, facts: RefundFacts, now: datetime, refund_id: UUID | None = None) -> None:
    """Apply what Stripe says about a refund; a failed one gives its amount back and waits for a person."""
    key = Refund.id == refund_id if refund_id else Refund.stripe_id == facts.stripe_id
    order_id = session.scalar(select(Payment.order_id).join(Refund).where(key))
    if order_id is None:
        return
    order = orders.lock_order(session, order_id)
    refund = session.scalars(select(Refund).where(key).with_for_update()).one()
    refund.stripe_id = facts.stripe_id
    words = {"succeeded": REFUND_SUCCEEDED, "failed": FAILED, "canceled": FAILED}
    new = words.get(facts.status, PENDING)
    if new not in REFUND_MOVES[refund.state]:
        return
    refund.state = new
    if new != PENDING:
        refund.finished_at = now
    if new == FAILED:
        payment = _lock_payment(session, refund.payment_id)
        payment.refunded_fen -= refund.amount_fen
        if not payment.duplicate:
            orders.add_refunded(session, order, -refund.amount_fen)
        _note(session, payment, "refund_failed", refund.amount_fen, now)
    session.flush()


def store_event(session: Session, event: EventFacts, now: datetime) -> bool:
    """Keep an event; returns whether it is new. Deduplicated here by event id, later by the payment's state."""
    row = {
        "event_id": event.event_id,
        "type": event.type,
        "object_id": event.object_id,
        "session_id": event.session_id,
        "created_at": event.created_at,
        "received_at": now,
    }
    stored = insert(PaymentEvent).values(row).on_conflict_do_nothing().returning(PaymentEvent.event_id)
    return session.execute(stored).first() is not None


def finish_event(session: Session, event_id: str, outcome: str, now: datetime) -> None:
    """The event has had its effect."""
    session.execute(
        update(PaymentEvent)
        .where(PaymentEvent.event_id == event_id, PaymentEvent.applied_at.is_(None))
        .values(applied_at=now, outcome=outcome)
    )


def note_dispute(session: Session, intent_id: str, amount_fen: int, now: datetime, *, is_over: bool) -> None:
    """A bank asks the money back, or has decided: told to a person, never acted on by the program."""
    payment = session.scalar(select(Payment).where(Payment.intent_id == intent_id))
    if payment is None:
        return
    known = session.scalar(
        select(PaymentNote).where(PaymentNote.payment_id == payment.id, PaymentNote.kind == "dispute").with_for_update()
    )
    if known is None:
        _note(session, payment, "dispute", amount_fen, now)
        session.flush()
        known = session.scalars(
            select(PaymentNote).where(PaymentNote.payment_id == payment.id, PaymentNote.kind == "dispute")
        ).one()
    if is_over and known.closed_at is None:
        known.closed_at = now


def refunds_for_buyer(session: Session, order_id: UUID) -> list[dict[str, object]]:
    """Refunds as the buyer may see them."""
    return [
        {"amount_fen": refund.amount_fen, "state": refund.state, "requested_at": refund.requested_at.isoformat()}
        for refund in queries.refunds_of(session, order_id)
    ]
