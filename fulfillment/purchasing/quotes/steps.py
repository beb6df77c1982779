"""Looking at the Xinfadi feed: fetch outside any transaction, then write the rows and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from secrets import randbelow
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from fulfillment.purchasing.quotes import queries, service, xinfadi
from fulfillment.purchasing.quotes.models import QuoteFetch
from fulfillment.purchasing.quotes.service import XINFADI
from kernel import outbox
from kernel.audit import SYSTEM, Actor
from kernel.clock import local_day
from kernel.db import Database

JOB = "fetch_quotes"
_FIRST_LOOK_BACK = timedelta(days=6)
# A feed that was away for a week is read up afterwards, so that its days are no gaps.
_LONGEST_LOOK_BACK = timedelta(days=13)
_DAILY_AT = time(9, 0)


@dataclass(frozen=True)
class MarketFeed:
    """Where the feed is, and the zone that says which day it is."""

    feed: xinfadi.Feed
    zone: ZoneInfo


def ask_now(session: Session, *, now: datetime, by: Actor) -> None:
    """Let the worker look at the feed at once; pressing twice asks once."""
    outbox.enqueue(session, JOB, {"by": by.name}, now=now, key=f"{JOB}:now")


def plan_daily(session: Session, *, now: datetime, zone: ZoneInfo) -> None:
    """See to it that today's look is made or planned; each daily look plans the next one."""
    today = local_day(now, zone)
    latest = queries.last_fetch(session, XINFADI, good=True)
    if latest is None or local_day(latest.at, zone) < today:
        _plan(session, today, now, now)
    else:
        plan_tomorrow(session, now=now, zone=zone)


def plan_tomorrow(session: Session, *, now: datetime, zone: ZoneInfo) -> None:
    """Plan tomorrow's look within an hour after the market has opened, so that not every workshop asks at once."""
    day = local_day(now, zone) + timedelta(days=1)
    run_at = datetime.combine(day, _DAILY_AT, zone) + timedelta(minutes=randbelow(60))
    _plan(session, day, run_at, now)


def _plan(session: Session, day: date, run_at: datetime, now: datetime) -> None:
    payload = {"by": SYSTEM.name, "daily": True}
    outbox.enqueue(session, JOB, payload, now=now, run_at=run_at, key=f"{JOB}:{day}")


def fetch_quotes(database: Database, market: MarketFeed, payload: Mapping[str, Any], now: datetime) -> None:
    """Take in the days since the last good look (at most two weeks) and note what came of it.

    Raises:
        FeedAway: of a daily look, so that the worker tries again later; somebody who pressed the button reads it.
    """
    is_daily, by = bool(payload.get("daily")), Actor(None, str(payload.get("by", SYSTEM.name)))
    today = local_day(now, market.zone)
    with database.transaction() as session:
        if is_daily:
            plan_tomorrow(session, now=now, zone=market.zone)
        first = _first_day(session, market.zone, today)
    look = QuoteFetch(source=XINFADI, first_day=first, last_day=today, at=now, by=by.name)
    try:
        found = xinfadi.read_rows(market.feed.rows(first, today), today)
    except xinfadi.FeedAway as away:
        look.error = away.reason
        with database.transaction() as session:
            session.add(look)
        if is_daily:
            raise
        return
    with database.transaction() as session:
        result = service.add_quotes(session, XINFADI, found.rows.values(), now=now, by=by)
        look.rows_read, look.refused = found.read, len(found.refused)
        look.created, look.updated, look.flagged = result.created, result.updated, result.flagged
        session.add(look)


def _first_day(session: Session, zone: ZoneInfo, today: date) -> date:
    latest = queries.last_fetch(session, XINFADI, good=True)
    # The day of the last look again: the market goes on writing prices through the day.
    since = local_day(latest.at, zone) if latest else today - _FIRST_LOOK_BACK
    return max(since, today - _LONGEST_LOOK_BACK)
