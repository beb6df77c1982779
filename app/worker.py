"""The background work: holds that ran out, jobs from the outbox. Any number of workers may run."""

import logging
import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from app import workflows
from app.jobs import HANDLERS, Tools, plan_daily, tools_for
from app.logs import set_up_logs
from config import load_settings
from kernel import outbox
from kernel.clock import utc_now
from kernel.db import Database

log = logging.getLogger("gongfang.worker")

_SWEEP_EVERY_S = 1.0
_REPORT_EVERY = timedelta(seconds=15)


class Worker:
    """Does what is due, then waits for a notice or a second, whichever comes first."""

    def __init__(self, database: Database, tools: Tools, clock: Callable[[], datetime] = utc_now) -> None:
        self.database = database
        self.tools = tools
        self.clock = clock
        self.stopping = threading.Event()
        self._reported: datetime | None = None

    def run_once(self) -> int:
        """One turn; returns how many jobs were tried and holds were ended."""
        now = self.clock()
        with self.database.transaction() as session:
            ended = workflows.expire_holds(session, now)
        with self.database.transaction() as session:
            claimed = outbox.claim_due(session, now)
        for job in claimed:
            self._do(job)
        self._report(now)
        return ended + len(claimed)

    def _do(self, job: outbox.ClaimedJob) -> None:
        try:
            handler = HANDLERS[job.kind]
            handler(self.database, self.tools, job.payload, self.clock())
        except Exception as error:  # noqa: BLE001 - one bad job must not stop the others
            # Only the kind of error is kept: messages may quote people's data.
            log.warning("job failed", extra={"facts": {"job": job.id, "kind": job.kind, "error": type(error).__name__}})
            with self.database.transaction() as session:
                outbox.mark_failed(session, job, type(error).__name__, self.clock())
        else:
            with self.database.transaction() as session:
                outbox.mark_done(session, job.id, self.clock())

    def _report(self, now: datetime) -> None:
        """Leave a sign of life that /readyz can see."""
        if self._reported and now - self._reported < _REPORT_EVERY:
            return
        self._reported = now
        with self.database.transaction() as session:
            workflows.note_worker_alive(session, now)

    def run(self) -> None:
        """Work until told to stop; a database that is away is waited for."""
        while not self.stopping.is_set():
            try:
                busy = self.run_once()
                if not busy:
                    self._wait()
            except (SQLAlchemyError, psycopg.Error) as error:
                log.warning("database away", extra={"facts": {"error": type(error).__name__}})
                self.stopping.wait(2)

    def _wait(self) -> None:
        url = self.database.url.replace("postgresql+psycopg://", "postgresql://")
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            connection.execute("LISTEN gongfang_jobs")
            while not self.stopping.is_set():
                notices = list(connection.notifies(timeout=_SWEEP_EVERY_S, stop_after=1))
                if notices or self.run_once():
                    return


def main() -> None:
    """Run one worker until SIGTERM or Ctrl-C."""
    settings = load_settings()
    if settings.database_url is None:
        raise SystemExit("DATABASE_URL is not set. Start everything with `gongfang run`, or name a PostgreSQL server.")
    set_up_logs()
    workflows.heaviest_parcel_g = settings.heaviest_parcel_g
    worker = Worker(Database(settings.database_url, pool_size=2), tools_for(settings))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stopping.set())
    plan_daily(worker.database, worker.tools, utc_now())
    worker.run()


if __name__ == "__main__":
    main()
