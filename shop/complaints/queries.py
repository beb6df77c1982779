"""Reading complaints, and what the rules need to know of an order."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from shop.catalog.models import Product, Variant
from shop.complaints.models import Complaint, ComplaintPhoto
from shop.complaints.rules import OPEN, Delivered
from shop.orders.models import Order, OrderLine, OrderLog
from shop.orders.states import DELIVERED


def delivered(session: Session, order: Order) -> Delivered:
    """An order as the rules see it."""
    goods = (
        select(Product.claim_hours, Product.returnable)
        .join(Variant, Variant.product_id == Product.id)
        .join(OrderLine, OrderLine.variant_id == Variant.id)
        .where(OrderLine.order_id == order.id)
    )
    rows = session.execute(goods).all()
    came = select(func.min(OrderLog.at)).where(OrderLog.order_id == order.id, OrderLog.to_state == DELIVERED)
    return Delivered(
        order.state, session.scalar(came), [row.claim_hours for row in rows], [row.returnable for row in rows]
    )


def complaints_of(session: Session, order_id: UUID) -> Sequence[Complaint]:
    """The complaints about an order, newest first, with their photos."""
    wanted = select(Complaint).where(Complaint.order_id == order_id).options(selectinload(Complaint.photos))
    return session.scalars(wanted.order_by(Complaint.id.desc())).all()


def open_complaints(session: Session, most: int = 100) -> Sequence[Complaint]:
    """Those that wait for an answer, oldest first."""
    return session.scalars(select(Complaint).where(Complaint.state == OPEN).order_by(Complaint.id).limit(most)).all()


def decided_complaints(session: Session, *, before: int | None = None, most: int = 30) -> Sequence[Complaint]:
    """Those that are answered or withdrawn, newest first; ``before`` is the last id of the page before."""
    wanted = select(Complaint).where(Complaint.state != OPEN)
    wanted = wanted.where(Complaint.id < before) if before else wanted
    return session.scalars(wanted.order_by(Complaint.id.desc()).limit(most)).all()


def photo(session: Session, complaint_id: int, place: int) -> ComplaintPhoto | None:
    """One photo of a complaint."""
    return session.scalar(
        select(ComplaintPhoto).where(ComplaintPhoto.complaint_id == complaint_id, ComplaintPhoto.place == place)
    )
