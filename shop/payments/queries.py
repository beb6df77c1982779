"""Reading payments."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.payments.models import Payment, Refund
from shop.payments.rules import SessionFacts
from shop.payments.states import LIVE, SUCCEEDED


def payments_of(session: Session, order_id: UUID) -> Sequence[Payment]:
    """Every try to pay an order, oldest first."""
    return session.scalars(
        select(Payment).where(Payment.order_id == order_id).order_by(Payment.created_at, Payment.id)
    ).all()


def last_payment(session: Session, order_id: UUID) -> Payment | None:
    """The newest try to pay an order."""
    return session.scalar(
        select(Payment)
        .where(Payment.order_id == order_id)
        .order_by(Payment.created_at.desc(), Payment.id.desc())
        .limit(1)
    )


def live_payment(session: Session, order_id: UUID) -> Payment | None:
    """The payment whose hosted page is open or opening, or whose money is under way."""
    return session.scalar(select(Payment).where(Payment.order_id == order_id, Payment.state.in_(LIVE)))


def paid_payment(session: Session, order_id: UUID) -> Payment | None:
    """The payment that paid the order."""
    return session.scalar(
        select(Payment).where(Payment.order_id == order_id, Payment.state == SUCCEEDED, ~Payment.duplicate)
    )


def payment_of_session(session: Session, facts: SessionFacts) -> Payment | None:
    """The payment that a session belongs to: by its id, or by our reference while the payment has no session yet.

    A reference alone is no proof: a payment link made by hand can carry any, so it never speaks for a payment that
    has a page of its own.
    """
    found = session.scalar(select(Payment).where(Payment.session_id == facts.session_id))
    if found is None and (reference := as_uuid(facts.payment_ref)):
        found = session.scalar(select(Payment).where(Payment.id == reference, Payment.session_id.is_(None)))
    return found


def payment_of_intent(session: Session, intent_id: str) -> Payment | None:
    """The payment whose money Stripe knows under this intent."""
    return session.scalar(select(Payment).where(Payment.intent_id == intent_id))


def refunds_of(session: Session, order_id: UUID) -> Sequence[Refund]:
    """Refunds of an order, oldest first, those of duplicate payments too."""
    return session.scalars(
        select(Refund).join(Payment).where(Payment.order_id == order_id).order_by(Refund.requested_at, Refund.id)
    ).all()


def refunds_for_buyer(session: Session, order_id: UUID) -> list[dict[str, object]]:
    """Refunds as the buyer may see them."""
    return [
        {"amount_fen": refund.amount_fen, "state": refund.state, "requested_at": refund.requested_at.isoformat()}
        for refund in refunds_of(session, order_id)
    ]


def as_uuid(reference: str | None) -> UUID | None:
    """A reference of ours that came back from Stripe, or ``None`` when somebody wrote something else there."""
    try:
        return UUID(reference) if reference else None
    except ValueError:
        return None
