"""Reading invoices: an order's own, those that wait, those of which money went back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.invoices.models import Invoice
from shop.invoices.rules import ASKED, ISSUED
from shop.orders.models import Order


def invoice_of(session: Session, order_id: UUID) -> Invoice | None:
    """What was asked for an order, or nothing."""
    return session.scalar(select(Invoice).where(Invoice.order_id == order_id))


def invoices_of(session: Session, order_ids: Collection[UUID]) -> Sequence[Invoice]:
    """What was asked for these orders."""
    return session.scalars(select(Invoice).where(Invoice.order_id.in_(order_ids)).order_by(Invoice.id)).all()


def asked(session: Session, most: int = 200) -> Sequence[Invoice]:
    """Those that wait to be issued, the oldest first."""
    return session.scalars(select(Invoice).where(Invoice.state == ASKED).order_by(Invoice.id).limit(most)).all()


def asked_since(session: Session) -> tuple[int, datetime | None]:
    """How many wait, and since when the oldest does."""
    count, since = session.execute(select(func.count(), func.min(Invoice.at)).where(Invoice.state == ASKED)).one()
    return count, since


def decided(session: Session, *, before: int | None = None, most: int = 30) -> Sequence[Invoice]:
    """Those that are issued or declined, the newest first; ``before`` is the last id of the page before."""
    wanted = select(Invoice).where(Invoice.state != ASKED)
    wanted = wanted.where(Invoice.id < before) if before else wanted
    return session.scalars(wanted.order_by(Invoice.id.desc()).limit(most)).all()


def need_red_letter(session: Session, most: int = 50) -> Sequence[Invoice]:
    """Issued ones whose order gave money back since: each needs a red-letter invoice at the tax office's site."""
    wanted = (
        select(Invoice)
        .join(Order, Order.id == Invoice.order_id)
        .where(Invoice.state == ISSUED, Invoice.amount_fen != Order.total_fen - Order.refunded_fen)
    )
    return session.scalars(wanted.order_by(Invoice.id.desc()).limit(most)).all()
