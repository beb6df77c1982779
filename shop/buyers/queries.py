"""Reading buyers by segment, a page at a time, and who wants news."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, literal_column, select, tuple_
from sqlalchemy.orm import Session

from shop.buyers.models import BuyerSum, NewsConsent
from shop.buyers.rules import SEGMENTS


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


# By what the pages of a segment can be put in order, the most first.
ORDERS: Final = {"paid": BuyerSum.kept_fen, "recent": BuyerSum.last_day, "often": BuyerSum.days}


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
    """Buyers of a segment, those who paid most (came last, came on most days) first.

    After so many, or after one that was read before; ``tail``: only numbers that end in these four digits.
    """
    first_by = ORDERS[order]
    wanted = select(BuyerSum).where(BuyerSum.segment == segment)
    if tail:
        wanted = wanted.where(literal_column("right(buyer_sums.phone, 4)") == tail)
    if after is not None:
        wanted = wanted.where(tuple_(first_by, BuyerSum.phone) < (getattr(after, first_by.key), after.phone))
    in_order = wanted.order_by(first_by.desc(), BuyerSum.phone.desc())
    return session.scalars(in_order.offset(skip).limit(most)).all()


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
