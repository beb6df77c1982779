"""The demo's past evenings, as `gongfang run` loads them: whole, in order with every rule, and told by their reports."""

from datetime import timedelta

from sqlalchemy import select, text

from app.care import invariants, rounds
from app.console.reports.stream_figures import report_of
from app.demo import load_demo
from kernel.clock import utc_now
from kernel.db import Database
from shop.streams.models import Stream


def test_the_past_evenings_break_no_rule_and_their_reports_are_whole(database: Database) -> None:
    now = utc_now()
    load_demo(database, now, with_past=True)
    assert invariants.check(database, rounds.ALL_INVARIANTS).violations == []
    with database.transaction() as session:
        past = session.scalars(select(Stream).where(Stream.state == "ended").order_by(Stream.id)).all()
        assert len(past) == 3
        for stream in past:
            report = report_of(session, stream, now, 340)
            assert report.costs.is_whole
            assert report.costs.followed
            assert report.costs.premium_fen > 0
            assert report.unpaid["expired"].count
        assert report.buyers["returning"].count
        states = dict(
            session.execute(text("SELECT state, count(*) FROM orders WHERE stream_id IS NOT NULL GROUP BY 1")).all()
        )
        assert set(states) == {"delivered", "expired"}
        assert past[-1].ended_at
        assert past[-1].ended_at < now - timedelta(days=7)
        asked = text("SELECT count(*) FROM jobs WHERE kind = 'check_payment' AND done_at IS NULL AND run_at < :now")
        assert session.scalar(asked, {"now": now}) == 0, "the demo's Stripe knows nothing of the past"


def test_it_is_loaded_in_the_morning_too(database: Database) -> None:
    """At a quarter past ten in the workshop the past days of two parts of the demo met: who was there is there once."""
    load_demo(database, utc_now().replace(hour=2, minute=17), with_past=True)
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM shifts WHERE ended_at IS NOT NULL")) > 20
