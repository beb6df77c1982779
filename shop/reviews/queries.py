"""Reading reviews: those of a product, those of an order, those that wait for a person."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.catalog.models import Product, Variant
from shop.orders.models import Order, OrderLine
from shop.reviews.models import Review
from shop.reviews.rules import MOST_STARS, SHOWN, WAITING, Rating


def rating(session: Session, product_id: int) -> Rating:
    """The stars of a product's shown reviews."""
    rows = session.execute(
        select(Review.stars, func.count().label("times"))
        .where(Review.product_id == product_id, Review.state == SHOWN)
        .group_by(Review.stars)
    )
    counts = {row.stars: row.times for row in rows}
    one, two, three, four, five = (counts.get(stars, 0) for stars in range(1, MOST_STARS + 1))
    return Rating((one, two, three, four, five))


def shown_of(session: Session, product_id: int, *, before: int | None = None, most: int = 10) -> Sequence[Review]:
    """A product's shown reviews, the newest first; ``before`` is the last id of the page before this one."""
    wanted = select(Review).where(Review.product_id == product_id, Review.state == SHOWN)
    wanted = wanted.where(Review.id < before) if before else wanted
    return session.scalars(wanted.order_by(Review.id.desc()).limit(most)).all()


def products_of(session: Session, order: Order) -> Sequence[Product]:
    """What can be reviewed of an order: each of its products once, in the order of its lines."""
    rows = session.execute(
        select(Product, func.min(OrderLine.position).label("place"))
        .join(Variant, Variant.product_id == Product.id)
        .join(OrderLine, OrderLine.variant_id == Variant.id)
        .where(OrderLine.order_id == order.id)
        .group_by(Product.id)
        .order_by("place")
    )
    return [row.Product for row in rows]


def reviews_of(session: Session, order_ids: Collection[UUID]) -> Sequence[Review]:
    """What the buyers of these orders said."""
    return session.scalars(select(Review).where(Review.order_id.in_(order_ids)).order_by(Review.id)).all()


def waiting(session: Session, most: int = 100) -> Sequence[Review]:
    """Those that nobody has looked at yet, the oldest first."""
    return session.scalars(select(Review).where(Review.state == WAITING).order_by(Review.id).limit(most)).all()


def waiting_since(session: Session) -> tuple[int, datetime | None]:
    """How many wait to be looked at, and since when the oldest does."""
    count, since = session.execute(select(func.count(), func.min(Review.at)).where(Review.state == WAITING)).one()
    return count, since


def decided(session: Session, *, before: int | None = None, most: int = 30) -> Sequence[Review]:
    """Those that are shown or kept back, the newest first; ``before`` is the last id of the page before."""
    wanted = select(Review).where(Review.state != WAITING)
    wanted = wanted.where(Review.id < before) if before else wanted
    return session.scalars(wanted.order_by(Review.id.desc()).limit(most)).all()
