"""Changing payments: opening them, and applying what Stripe says. Locked in one order: order, payment, stock."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from kernel import outbox
from kernel.audit import SYSTEM
from kernel.errors import NotFound, Refused
from kernel.ids import time_ordered_id
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.states import CANCELLED, EXPIRED, HELD
from shop.payments import queries, refunds
from shop.payments.models import Payment, PaymentEvent
from shop.payments.notes import note
from shop.payments.rules import Decision, SessionFacts, ask_again_at, decide, session_expiry
from shop.payments.states import EXPIRED as PAGE_OVER
from shop.payments.states import LIVE, OPEN, OPENING, PAYMENT_MOVES, SUCCEEDED, UNDER_WAY
from shop.payments.stripe_gateway import EventFacts

OnPaid = Callable[[Order], None]


def begin_payment(session: Session, order: Order, now: datetime) -> Payment:
    """The payment to open a page for: the live one if there is one, else a new intent. ``order`` must be locked.

    Raises:
        Refused: the order is not waiting for money any more.
    """
    if order.state != HELD or orders.is_locked_order_lapsed(order, now):
        raise Refused("这个订单现在不用付款了。", "This order is not waiting for payment.", code="not_payable")
    live = queries.live_payment(session, order.id)
    if live and (live.state == UNDER_WAY or live.expires_at > now):
        return live
    if live:
        _move(live, PAGE_OVER)
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
    _ask_at(session, payment, order.hold_until, now)
    return payment


def _ask_at(session: Session, payment: Payment, run_at: datetime, now: datetime) -> None:
    key = f"check:{payment.id}:{run_at:%Y%m%dT%H%M%S}"
    outbox.enqueue(session, "check_payment", {"payment": str(payment.id)}, now=now, run_at=run_at, key=key)


def ask_again(session: Session, payment_id: UUID, now: datetime) -> None:
    """Plan the next question about a page that is still live; after three days a person has to look."""
    payment = _lock_payment(session, payment_id)
    if payment.state not in LIVE:
        return
    run_at = ask_again_at(payment.created_at, now)
    if run_at:
        _ask_at(session, payment, run_at, now)
    else:
        note(session, payment, "never_answered", payment.amount_fen, now)


def record_opened(session: Session, payment_id: UUID, facts: SessionFacts) -> Payment:
    """The hosted page is open; two tabs that opened it twice got the same page."""
    payment = _lock_payment(session, payment_id)
    if payment.state == OPENING:
        _move(payment, OPEN)
    payment.session_id = facts.session_id
    payment.url = facts.url or payment.url
    session.flush()
    return payment


def record_never_opened(session: Session, payment_id: UUID) -> None:
    """Stripe refuses the page, so it was never open and nobody can have paid there."""
    payment = _lock_payment(session, payment_id)
    if payment.state == OPENING:
        _move(payment, PAGE_OVER)
        session.flush()


def close_checkout(session: Session, order: Order, now: datetime) -> None:
    """The order has ended unpaid: let the worker close its hosted page, so that nobody pays for nothing."""
    live = queries.live_payment(session, order.id)
    if live:
        outbox.enqueue(session, "expire_checkout", {"payment": str(live.id)}, now=now, key=f"close:{live.id}")


def _lock_payment(session: Session, payment_id: UUID) -> Payment:
    found = session.scalar(
        select(Payment).where(Payment.id == payment_id).with_for_update().execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("没有这笔付款。", "There is no such payment.")
    return found


def _move(payment: Payment, new: str) -> None:
    if new not in PAYMENT_MOVES[payment.state]:
        raise Refused(
            "付款的状态不能这样改。", f"A payment that is {payment.state} cannot become {new}.", code="wrong_state"
        )
    payment.state = new


def apply_facts(session: Session, payment_id: UUID, facts: SessionFacts, now: datetime, on_paid: OnPaid) -> Decision:
    """Apply what Stripe says about a session, once, whatever the order of arrival.

    ``on_paid`` opens the packing work in the same transaction, when this is what paid the order.
    """
    # Which order it is of never changes; everything else is read anew once both are locked.
    order = orders.lock_order(session, session.get_one(Payment, payment_id).order_id)
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
    if decision in (Decision.UNDER_WAY, Decision.CLOSE):
        new = UNDER_WAY if decision is Decision.UNDER_WAY else PAGE_OVER
        if new in PAYMENT_MOVES[payment.state]:
            _move(payment, new)
    elif decision is Decision.HOLD_FOR_A_PERSON:
        payment.trouble = (
            f"Stripe has {facts.amount_fen} {facts.currency}, expected {payment.amount_fen} {payment.currency}"
        )
        note(session, payment, "wrong_amount", facts.amount_fen, now)
    elif decision not in (Decision.NOTHING, Decision.WAIT):
        decision = _receive_money(session, order, payment, facts, decision, now, on_paid)
    session.flush()
    return decision


def _receive_money(
    session: Session,
    order: Order,
    payment: Payment,
    facts: SessionFacts,
    decision: Decision,
    now: datetime,
    on_paid: OnPaid,
) -> Decision:
    """The money is there: it pays the order, or goes back."""
    payment.duplicate = decision is Decision.REFUND_DUPLICATE
    payment.intent_id = facts.intent_id
    payment.succeeded_at = now
    _move(payment, SUCCEEDED)
    session.flush()
    if decision is Decision.PAY:
        orders.mark_paid(session, order, at=now, by=SYSTEM)
        on_paid(order)
        return Decision.PAY
    if decision is Decision.TAKE_AGAIN_OR_REFUND:
        return _take_again_or_refund(session, order, payment, now, on_paid)
    if payment.duplicate:
        _send_back(session, order, payment, "duplicate", now)
    else:
        _send_back(session, order, payment, "came_after_the_end", now)
    return decision


def _take_again_or_refund(session: Session, order: Order, payment: Payment, now: datetime, on_paid: OnPaid) -> Decision:
    """The hold had run out: stock is taken again if there is some, else the money goes back and the page says so."""
    if orders.take_stock_again(session, order, at=now):
        orders.mark_paid(session, order, at=now, by=SYSTEM, reason="late payment, stock taken again")
        on_paid(order)
        return Decision.PAY
    _send_back(session, order, payment, "late_no_stock", now)
    return Decision.REFUND


def _send_back(session: Session, order: Order, payment: Payment, why: str, now: datetime) -> None:
    """All of a payment goes back by itself; an order that ended unpaid is then refunded."""
    note(session, payment, why, payment.amount_fen, now)
    refunds.request(session, order, payment, payment.amount_fen, reason=why, now=now, by=SYSTEM)
    if not payment.duplicate and order.state in (EXPIRED, CANCELLED):
        orders.mark_refunded(session, order, at=now, by=SYSTEM, reason=why)


def store_event(session: Session, event: EventFacts, now: datetime) -> PaymentEvent:
    """Keep an event, once by its id; later it is deduplicated again by the payment's state."""
    row = {
        "event_id": event.event_id,
        "type": event.type,
        "object_id": event.object_id,
        "created_at": event.created_at,
        "received_at": now,
    }
    stored = session.scalar(insert(PaymentEvent).values(row).on_conflict_do_nothing().returning(PaymentEvent))
    return stored or session.get_one(PaymentEvent, event.event_id)


def finish_event(session: Session, event_id: str, outcome: str, now: datetime) -> None:
    """The event has had its effect."""
    session.execute(
        update(PaymentEvent)
        .where(PaymentEvent.event_id == event_id, PaymentEvent.applied_at.is_(None))
        .values(applied_at=now, outcome=outcome)
    )
