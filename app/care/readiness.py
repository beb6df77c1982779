"""Whether this process may be sent customers: each thing that must be right, by name."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app import migrate
from app.care.models import BACKUP, last_run
from config import Settings
from kernel import outbox
from kernel.db import Database
from kernel.outbox import Heartbeat
from shop.payments.models import PaymentEvent

CLOCK_WITHIN = timedelta(seconds=60)
EVENTS_WITHIN = timedelta(minutes=5)
WORKER_WITHIN = timedelta(seconds=60)
BACKUP_WITHIN = timedelta(hours=26)

Finding = tuple[str, str]


@dataclass
class Readiness:
    """What is wrong (customers should go elsewhere) and what deserves a look (they need not)."""

    problems: dict[str, str] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    backup_age_s: int | None = None

    @property
    def is_ready(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def look(database: Database, settings: Settings, now: datetime) -> Readiness:
    """Look at everything once; a database that is away hides only what can be seen through it."""
    found = Readiness()
    found.problems.update(_disk(settings))
    try:
        with database.transaction() as session:
            # A read may be answered by a database that cannot take orders: write.
            outbox.note_alive(session, "web", now)
        if not migrate.is_up_to_date(database):
            found.problems["migrations"] = "the schema is not the one of this program; run `gongfang migrate`"
            return found
        with database.transaction() as session:
            for check in (_clock, _events, _worker):
                found.problems.update(check(session, now))
            found.backup_age_s = _backup_age_s(session, now)
    except SQLAlchemyError as error:
        found.problems["database"] = f"cannot be written ({type(error).__name__})"
    if settings.is_production:
        found.warnings.update(_backup(found.backup_age_s))
    return found


Check = Callable[[Session, datetime], Iterator[Finding]]


def _disk(settings: Settings) -> Iterator[Finding]:
    free_mb = shutil.disk_usage(settings.var_dir).free // 1_000_000 if settings.var_dir.is_dir() else None
    if free_mb is not None and free_mb < settings.least_disk_free_mb:
        yield "disk", f"{free_mb} MB free, {settings.least_disk_free_mb} MB are needed"


def _clock(session: Session, now: datetime) -> Iterator[Finding]:
    ahead = now - session.execute(select(func.clock_timestamp())).scalar_one()
    if abs(ahead) > CLOCK_WITHIN:
        yield "clock", f"{ahead.total_seconds():.0f} s away from the database's"


def _events(session: Session, now: datetime) -> Iterator[Finding]:
    oldest = session.scalar(select(func.min(PaymentEvent.received_at)).where(PaymentEvent.applied_at.is_(None)))
    if oldest and now - oldest > EVENTS_WITHIN:
        yield "payment_events", f"the oldest that is not applied came {(now - oldest).total_seconds():.0f} s ago"


def _worker(session: Session, now: datetime) -> Iterator[Finding]:
    seen = session.scalar(select(Heartbeat.at).where(Heartbeat.name == "worker"))
    if seen is None:
        yield "worker", "never seen; start `python -m app.worker`"
    elif now - seen > WORKER_WITHIN:
        yield "worker", f"last seen {(now - seen).total_seconds():.0f} s ago"


def _backup(age_s: int | None) -> Iterator[Finding]:
    """No reason to send customers away, but somebody should hear of it."""
    if age_s is None:
        yield "backup", "there is none; run `gongfang backup`"
    elif age_s > BACKUP_WITHIN.total_seconds():
        yield "backup", f"the last one is {age_s} s old"


def _backup_age_s(session: Session, now: datetime) -> int | None:
    last = last_run(session, BACKUP)
    return int((now - last.at).total_seconds()) if last else None
