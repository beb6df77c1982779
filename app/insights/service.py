"""Asking for a new count, and making it: nightly, and when somebody presses the button."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.insights.counting import count_all, count_streams
from app.insights.models import Insights
from kernel import outbox
from kernel.clock import local_day
from kernel.db import Database
from shop.buyers.counting import count_buyers, hold_still

JOB = "count_insights"
_KEPT = timedelta(days=40)
# Two presses within so many minutes are one wish.
_TOGETHER = timedelta(minutes=2)
_ONE_LOOK = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
_NO_HURRY = text("SET LOCAL statement_timeout = '600s'")


def newest(session: Session) -> Insights | None:
    """The last count that was made."""
    wanted = select(Insights).where(Insights.made_at.is_not(None)).order_by(Insights.id.desc())
    return session.scalar(wanted.limit(1))


def is_under_way(session: Session, now: datetime) -> bool:
    """Whether a count was asked for that is not made; one older than an hour was given up."""
    wanted = select(Insights.id).where(Insights.made_at.is_(None), Insights.asked_at > now - timedelta(hours=1))
    return session.scalar(wanted.limit(1)) is not None


def ask(session: Session, now: datetime) -> int:
    """Leave a wish for a new count; pressed again within two minutes it is the same wish. Returns its id."""
    slot = int(now.timestamp()) // int(_TOGETHER.total_seconds())
    number = _open(session, f"asked:{slot}", now)
    outbox.enqueue(session, JOB, {"insights": number}, now=now, key=f"{JOB}:{number}")
    return number


def _open(session: Session, key: str, now: datetime) -> int:
    wanted = insert(Insights).values(key=key, asked_at=now, figures=None)
    session.execute(wanted.on_conflict_do_nothing(index_elements=["key"]))
    return session.scalars(select(Insights.id).where(Insights.key == key)).one()


def make_nightly(database: Database, zone: ZoneInfo, now: datetime) -> None:
    """Job: the count of this night; old ones go."""
    with database.transaction() as session:
        number = _open(session, f"night:{local_day(now, zone)}", now)
        session.execute(delete(Insights).where(Insights.asked_at < now - _KEPT))
    make(database, number, zone, now)


def make(database: Database, number: int, zone: ZoneInfo, now: datetime) -> None:
    """Job: count everything; a count that is made stays as it is."""
    with database.transaction() as session:
        session.execute(_ONE_LOOK)
        session.execute(_NO_HURRY)
        hold_still(session)
        wanted = session.get(Insights, number)
        if wanted is None or wanted.made_at is not None:
            return
        today = local_day(now, zone)
        count_buyers(session, today, zone)
        count_streams(session)
        wanted.figures, wanted.made_at = count_all(session, today, zone), now
