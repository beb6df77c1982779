"""The nightly round: compare with Stripe, end forgotten shifts, tidy up, count everything again, back up: jobs each on its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.care import backups, reconciling, rounds
from app.care.models import TIDY, note_run
from app.insights import service as insights
from fulfillment.packing import shift_service
from fulfillment.purchasing.planning.service import make_nightly
from kernel import outbox
from kernel.clock import local_day
from kernel.db import Database
from shop.payments.steps import Till

ROUND = "nightly_round"
_AT = time(3, 30)
_COMPARE_LAST = timedelta(days=3)
_PATTERN = "gongfang-*.dump"

# What has done its service and helps nobody any more.
_TIDY = {
    "jobs": "DELETE FROM jobs WHERE done_at < :week_ago",
    "limit_counts": "DELETE FROM limit_counts WHERE window_start < :week_ago",
    # What a checked box looked like helps nobody after half a year (decision 27).
    "sample_photos": "DELETE FROM sample_photos WHERE at < :half_year_ago",
    "sign_ins": "DELETE FROM sign_ins WHERE COALESCE(ended_at, expires_at) < :week_ago",
    # Photos of a weigh-in that was never handed in; a device that still keeps it sends them again.
    "weigh_in_photos": """DELETE FROM weigh_in_photos p WHERE p.at < :week_ago
        AND NOT EXISTS (SELECT FROM deliveries d WHERE d.idempotency_key = p.key)
        AND NOT EXISTS (SELECT FROM weigh_in_requests r WHERE r.key = p.key)
        AND NOT EXISTS (SELECT FROM turned_away t WHERE t.key = p.key)""",
}


@dataclass(frozen=True)
class Night:
    """What the round needs besides the database."""

    till: Till
    zone: ZoneInfo
    backup_dir: Path
    backups_kept: int


def plan(session: Session, now: datetime, zone: ZoneInfo) -> None:
    """Plan the next round; planned twice it is one. A machine that is off at night makes up for it when it is on."""
    day = local_day(now, zone)
    run_at = datetime.combine(day, _AT, zone)
    if run_at <= now:
        run_at = datetime.combine(day + timedelta(days=1), _AT, zone)
    outbox.enqueue(session, ROUND, {}, now=now, run_at=run_at, key=f"{ROUND}:{run_at.date()}")


def begin_round(database: Database, night: Night, now: datetime) -> None:
    """Job: plan tomorrow's round and today's steps, so that one that fails keeps no other from being done."""
    with database.transaction() as session:
        plan(session, now, night.zone)
        for kind in STEPS:
            outbox.enqueue(session, kind, {}, now=now, key=f"{kind}:{local_day(now, night.zone)}")


def _reconcile(database: Database, night: Night, now: datetime) -> None:
    reconciling.reconcile(database, night.till, now - _COMPARE_LAST, now)


def _end_shifts(database: Database, night: Night, now: datetime) -> None:
    with database.transaction() as session:
        shift_service.end_forgotten(session, now=now, zone=night.zone)


def _tidy(database: Database, _: Night, now: datetime) -> None:
    with database.transaction() as session:
        gone: dict[str, Any] = {}
        ages = {"week_ago": now - timedelta(days=7), "half_year_ago": now - timedelta(days=183)}
        for table, statement in _TIDY.items():
            rows = session.execute(text(f"{statement} RETURNING 1"), ages)
            gone[table] = len(rows.all())
        note_run(session, TIDY, now, details=gone)


def _forecast(database: Database, night: Night, now: datetime) -> None:
    make_nightly(database, night.zone, now)


def _count_insights(database: Database, night: Night, now: datetime) -> None:
    insights.make_nightly(database, night.zone, now)


def _check(database: Database, _: Night, now: datetime) -> None:
    rounds.check_invariants(database, now)


def _back_up(database: Database, night: Night, now: datetime) -> None:
    night.backup_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = night.backup_dir / f"gongfang-{now.astimezone(night.zone):%Y%m%d-%H%M%S}.dump"
    backups.back_up(database, file, now)
    for old in sorted(night.backup_dir.glob(_PATTERN))[: -night.backups_kept]:
        old.unlink()


STEPS: dict[str, Callable[[Database, Night, datetime], None]] = {
    "nightly_reconcile": _reconcile,
    "nightly_shifts": _end_shifts,
    "nightly_tidy": _tidy,
    "nightly_forecast": _forecast,
    "nightly_insights": _count_insights,
    "nightly_check": _check,
    "nightly_backup": _back_up,
}
