"""Reading orders."""

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from shop.orders.models import Order


def order_by_number(session: Session, number: str) -> Order | None:
    """The order with its lines and log, or ``None``."""
    return session.scalar(
        select(Order).where(Order.number == number).options(selectinload(Order.lines), selectinload(Order.log))
    )


def orders_by_numbers(session: Session, numbers: list[str]) -> list[Order]:
    """These orders with their lines, newest first; numbers that are not there are left out."""
    return list(
        session.scalars(
            select(Order)
            .where(Order.number.in_(numbers))
            .options(selectinload(Order.lines))
            .order_by(Order.created_at.desc())
        )
    )
