"""Reading buyers by segment, a page at a time, and who wants news."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, func, literal_column, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from shop.buyers.models import BuyerSum, NewsConsent
from shop.buyers.rules import SEGMENTS, cohort_of


@dataclass(frozen=True)
class Segment:
    """A segment: its buyers, how many of them want news, and what they paid so far in fen."""

    name: str
    buyers: int
    want_news: int
    kept_fen: int


def segments(session: Session) -> list[Segment]:
    """All segments, empty ones too; counts every buyer, so it is for the worker."""
    found = []
    for name in SEGMENTS:
        wanted = (
            select(func.count(), func.count(NewsConsent.phone), func.coalesce(func.sum(BuyerSum.kept_fen), 0))
            .select_from(BuyerSum)
            .outerjoin(NewsConsent, NewsConsent.phone == BuyerSum.phone)
            .where(BuyerSum.segment == name)
        )
        buyers, want_news, kept_fen = session.execute(wanted).one()
        found.append(Segment(name, buyers, want_news, int(kept_fen)))
    return found


@dataclass(frozen=True)
class BuyerOrder:
    """How the buyers of a segment are put in order: by a column, the greatest first or the least."""

    column: InstrumentedAttribute[Any]
    is_down: bool = True


ORDERS: Final = {
    "paid": BuyerOrder(BuyerSum.kept_fen),
    "paid-up": BuyerOrder(BuyerSum.kept_fen, is_down=False),
    "recent": BuyerOrder(BuyerSum.last_day),
    "recent-up": BuyerOrder(BuyerSum.last_day, is_down=False),
    "often": BuyerOrder(BuyerSum.days),
    "often-up": BuyerOrder(BuyerSum.days, is_down=False),
}


def buyers_of(
    session: Session,
    segment: str,
    *,
    most: int,
    skip: int = 0,
    after: BuyerSum | None = None,
    order: str = "paid",
    tail: str = "",
) -> Sequence[BuyerSum]:
    """Buyers of a segment, or of the month they first came in, in one of ``ORDERS``, among equals by their number.

    After so many, or after one that was read before; ``tail``: only numbers that end in these four digits.
    """
    by = ORDERS[order]
    place = tuple_(by.column, BuyerSum.phone)
    wanted = select(BuyerSum).where(*_are_of(segment))
    if tail:
        wanted = wanted.where(literal_column("right(buyer_sums.phone, 4)") == tail)
    if after is not None:
        last = (getattr(after, by.column.key), after.phone)
        wanted = wanted.where(place < last if by.is_down else place > last)
    columns = (by.column, BuyerSum.phone)
    in_order = wanted.order_by(*(column.desc() if by.is_down else column.asc() for column in columns))
    return session.scalars(in_order.offset(skip).limit(most)).all()


def _are_of(segment: str) -> tuple[ColumnElement[bool], ...]:
    """A segment, or those who first came in a month (``2026-11``)."""
    if (month := cohort_of(segment)) is None:
        return (BuyerSum.segment == segment,)
    after = (month + timedelta(days=31)).replace(day=1)
    return BuyerSum.first_day >= month, BuyerSum.first_day < after


def who_want_news(session: Session, segment: str, most: int) -> Sequence[NewsConsent]:
    """Those of a segment who want news."""
    wanted = select(NewsConsent).join(BuyerSum, BuyerSum.phone == NewsConsent.phone).where(BuyerSum.segment == segment)
    return session.scalars(wanted.order_by(NewsConsent.phone).limit(most)).all()


def wants_news(session: Session, phone: str) -> bool:
    """Whether this number wants news."""
    return session.get(NewsConsent, phone) is not None


def consents_of(session: Session, phones: Collection[str]) -> Sequence[NewsConsent]:
    """What these numbers agreed to."""
    return session.scalars(select(NewsConsent).where(NewsConsent.phone.in_(phones)).order_by(NewsConsent.phone)).all()
