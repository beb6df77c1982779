"""Reading payments."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.payments.models import Payment, Refund
from shop.payments.states import OPEN, OPENING, SUCCEEDED


def payments_of(session: Session, order_id: UUID) -> Sequence[Payment]:
    """Every try to pay an order, oldest first."""
    return session.scalars(select(Payment).where(Payment.order_id == order_id).order_by(Payment.created_at)).all()


def live_payment(session: Session, order_id: UUID) -> Payment | None:
    """The payment whose hosted page is open or opening."""
    return session.scalar(select(Payment).where(Payment.order_id == order_id, Payment.state.in_([OPENING, OPEN])))


def paid_payment(session: Session, order_id: UUID) -> Payment | None:
    """The payment that paid the order."""
    return session.scalar(
        select(Payment).where(Payment.order_id == order_id, Payment.state == SUCCEEDED, ~Payment.duplicate)
    )


def refunds_of(session: Session, order_id: UUID) -> Sequence[Refund]:
    """Refunds of an order, oldest first, those of duplicate payments too."""
    return session.scalars(
        select(Refund).join(Payment).where(Payment.order_id == order_id).order_by(Refund.requested_at)
    ).all()
