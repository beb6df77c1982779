"""Notes about payments for people to read: each once for what it is about."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.payments import queries
from shop.payments.models import Payment, PaymentNote
from shop.payments.stripe_gateway import DisputeFacts


def note(session: Session, payment: Payment, kind: str, amount_fen: int, now: datetime, reference: str = "") -> None:
    """Leave a note; a second one of its kind about the same ``reference`` changes nothing."""
    row = {
        "order_id": payment.order_id,
        "payment_id": payment.id,
        "kind": kind,
        "reference": reference,
        "amount_fen": amount_fen,
        "at": now,
    }
    session.execute(insert(PaymentNote).values(row).on_conflict_do_nothing())


def note_dispute(session: Session, facts: DisputeFacts, now: datetime) -> bool:
    """A bank asks the money back, or has decided: told to a person, never acted on. Returns whether it is ours."""
    payment = queries.payment_of_intent(session, facts.intent_id) if facts.intent_id else None
    if payment is None:
        return False
    note(session, payment, "dispute", facts.amount_fen, now, facts.stripe_id)
    if facts.is_over:
        session.execute(
            update(PaymentNote)
            .where(PaymentNote.payment_id == payment.id, PaymentNote.reference == facts.stripe_id)
            .where(PaymentNote.kind == "dispute", PaymentNote.closed_at.is_(None))
            .values(closed_at=now)
        )
    return True
