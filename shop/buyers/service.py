"""Whoever holds an order's page says whether its phone wants news; what is known of a number is forgotten."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from shop.buyers.models import BuyerSum, NewsConsent


def say_news(session: Session, phone: str, *, wanted: bool, locale: str, now: datetime) -> None:
    """Write the wish down or take it back; said twice it stays as it is."""
    if wanted:
        row = insert(NewsConsent).values(phone=phone, locale=locale, agreed_at=now)
        session.execute(row.on_conflict_do_nothing(index_elements=["phone"]))
    else:
        session.execute(delete(NewsConsent).where(NewsConsent.phone == phone))


def forget(session: Session, phones: Collection[str]) -> None:
    """Nothing is kept of these numbers any more."""
    for table in (NewsConsent, BuyerSum):
        session.execute(delete(table).where(table.phone.in_(phones)))
