"""From the sandbox's feed through the worker into the book: once a day, and when somebody asks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from app.jobs import Tools, plan_daily, tools_for
from app.worker import Worker
from config import Settings
from fulfillment.purchasing.quotes import queries, service, steps
from fulfillment.purchasing.quotes.models import MarketQuote, QuoteFetch
from fulfillment.purchasing.quotes.service import XINFADI
from fulfillment.purchasing.quotes.steps import JOB, MarketFeed
from fulfillment.purchasing.quotes.xinfadi import Feed, Limits
from kernel.clock import local_day, utc_now
from kernel.db import Database
from kernel.outbox import Job
from sandbox.factory import create_sandbox
from tests.purchasing.test_xinfadi_rows import SHIITAKE
from tests.purchasing.world import WEIGHER
from tests.servers import listening

ZONE = ZoneInfo("Asia/Shanghai")
WEEK_END = datetime(2022, 6, 18, 4, tzinfo=UTC)
QUIET = Limits(connect_s=1, read_s=2)


class SandboxFeed:
    """The sandbox's feed on a port of its own; ``dates`` are its lever."""

    def __init__(self, state: Path) -> None:
        self.url = ""  # known once it listens
        self.app = create_sandbox(
            state=state, base_url="http://127.0.0.1", webhook_url="http://127.0.0.1:9", webhook_secret="s", api_key="k"
        )

    def show(self, dates: str) -> None:
        self.app.config["PRICE_DATES"] = dates


@pytest.fixture
def market(tmp_path: Path) -> Iterator[SandboxFeed]:
    sandbox = SandboxFeed(tmp_path / "sandbox.sqlite")
    sandbox.show("real")
    with listening(sandbox.app) as (address, _):
        sandbox.url = f"{address}/xinfadi/getPriceData.html"
        yield sandbox
    sandbox.app.extensions["desk"].store.close()


@pytest.fixture
def tools(settings: Settings, market: SandboxFeed) -> Tools:
    feed = Feed(market.url, QUIET, pause=lambda _: None)
    return replace(tools_for(settings), market=MarketFeed(feed, ZONE))


def worker(database: Database, tools: Tools, now: datetime = WEEK_END) -> Worker:
    return Worker(database, tools, clock=lambda: now)


def fetches(database: Database) -> list[QuoteFetch]:
    with database.transaction() as session:
        return list(session.scalars(select(QuoteFetch).order_by(QuoteFetch.id)))


def open_jobs(database: Database) -> list[tuple[str, datetime]]:
    with database.transaction() as session:
        rows = session.execute(
            select(Job.key, Job.run_at).where(Job.kind == JOB, Job.done_at.is_(None)).order_by(Job.run_at)
        )
        return [(str(key), run_at) for key, run_at in rows]


def quotes(database: Database) -> int:
    with database.transaction() as session:
        return int(session.scalar(select(func.count()).select_from(MarketQuote)) or 0)


def ask(database: Database, now: datetime = WEEK_END) -> None:
    with database.transaction() as session:
        steps.ask_now(session, now=now, by=WEIGHER)


def test_the_sandbox_gives_the_real_rows_page_by_page(market: SandboxFeed) -> None:
    small = Feed(market.url, replace(QUIET, page_rows=20), pause=lambda _: None)
    rows = small.rows(WEEK_END.date() - timedelta(days=6), WEEK_END.date())
    assert len(rows) == 109
    assert all(isinstance(row, dict) and len(row) == 20 for row in rows)
    assert len(small.rows(WEEK_END.date(), WEEK_END.date())) == 14


def test_the_sandbox_can_move_the_week_to_end_today(market: SandboxFeed) -> None:
    market.show("today")
    today = local_day(utc_now(), ZONE)
    rows = Feed(market.url, QUIET, pause=lambda _: None).rows(today, today)
    assert {row["pubDate"][:10] for row in rows if isinstance(row, dict)} == {today.isoformat()}
    assert "香菇" in {row["prodName"] for row in rows if isinstance(row, dict)}


def test_somebody_asks_and_the_worker_fetches_the_week(database: Database, tools: Tools) -> None:
    with database.transaction() as session:
        service.name_quotes(
            session, source=XINFADI, name="香菇", form="", grade="", kind=SHIITAKE, now=WEEK_END, by=WEIGHER
        )
    ask(database)
    ask(database)
    assert worker(database, tools).run_once() == 1
    (look,) = fetches(database)
    assert (look.rows_read, look.created, look.flagged, look.refused, look.error, look.by) == (
        109,
        108,
        7,
        0,
        "",
        WEIGHER.name,
    )
    assert quotes(database) == 108
    assert open_jobs(database) == []


def test_asking_again_fetches_from_the_last_day_on_and_adds_nothing(database: Database, tools: Tools) -> None:
    for _ in range(2):
        ask(database)
        worker(database, tools).run_once()
    first, second = fetches(database)
    assert (first.first_day, second.first_day) == (WEEK_END.date() - timedelta(days=6), WEEK_END.date())
    assert (second.created, second.updated, quotes(database)) == (0, 0, 108)


def test_a_worker_that_starts_fetches_today_once_and_plans_tomorrow(database: Database, tools: Tools) -> None:
    plan_daily(database, tools, WEEK_END)
    plan_daily(database, tools, WEEK_END)
    assert [key for key, _ in open_jobs(database)] == [f"{JOB}:2022-06-18"]
    worker(database, tools).run_once()
    ((key, run_at),) = open_jobs(database)
    assert key == f"{JOB}:2022-06-19"
    assert "09:00" <= f"{run_at.astimezone(ZONE):%H:%M}" <= "09:59"
    # Started again on the same day, it asks nobody.
    plan_daily(database, tools, WEEK_END + timedelta(hours=1))
    assert len(open_jobs(database)) == 1
    assert len(fetches(database)) == 1


def test_a_feed_that_is_away_is_noted_and_the_daily_look_tried_again(database: Database, tools: Tools) -> None:
    away = replace(tools, market=MarketFeed(Feed("http://127.0.0.1:9/", QUIET, pause=lambda _: None), ZONE))
    plan_daily(database, away, WEEK_END)
    worker(database, away).run_once()
    (look,) = fetches(database)
    assert look.error == "ConnectionError"
    # Tomorrow is planned already, and today's look is open for another try soon.
    keys = dict(open_jobs(database))
    assert set(keys) == {f"{JOB}:2022-06-18", f"{JOB}:2022-06-19"}
    assert WEEK_END < keys[f"{JOB}:2022-06-18"] <= WEEK_END + timedelta(minutes=5)
    later = WEEK_END + timedelta(hours=1)
    worker(database, tools, later).run_once()
    assert fetches(database)[-1].error == ""
    assert quotes(database) == 108


def market_of(tools: Tools) -> MarketFeed:
    assert tools.market is not None
    return tools.market


def test_after_a_week_without_the_feed_its_days_are_read_up_and_nothing_is_a_gap(
    database: Database, tools: Tools
) -> None:
    away = replace(tools, market=MarketFeed(Feed("http://127.0.0.1:9/", QUIET, pause=lambda _: None), ZONE))
    before = WEEK_END - timedelta(days=9)
    steps.fetch_quotes(database, market_of(tools), {}, before)
    for days in range(8, 0, -1):
        steps.fetch_quotes(database, market_of(away), {}, WEEK_END - timedelta(days=days))
    assert {look.error for look in fetches(database)[1:]} == {"ConnectionError"}
    steps.fetch_quotes(database, market_of(tools), {}, WEEK_END)
    look = fetches(database)[-1]
    assert (look.error, look.first_day, look.last_day) == ("", before.date(), WEEK_END.date())
    assert quotes(database) == 108


def test_a_person_who_asked_reads_that_the_feed_is_away_and_may_ask_again(database: Database, tools: Tools) -> None:
    away = replace(tools, market=MarketFeed(Feed("http://127.0.0.1:9/", QUIET, pause=lambda _: None), ZONE))
    ask(database)
    worker(database, away).run_once()
    assert open_jobs(database) == []
    with database.transaction() as session:
        look = queries.last_fetch(session, XINFADI)
        assert look is not None
        assert look.error
        assert queries.last_fetch(session, XINFADI, good=True) is None
    ask(database)
    worker(database, tools).run_once()
    assert quotes(database) == 108
