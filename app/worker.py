"""The background work: holds that ran out, the line for what came back, jobs from the outbox. Any number of workers may run."""

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from app import workflows
from app.jobs import COURIERS, HANDLERS, LABELS, PLANS, SLOW, Tools, plan_daily, renamed, tools_for
from app.logs import set_up_logs
from app.terms import hand_down
from app.workshop.models import Workshop
from app.workshop.watch import WorkshopWatch
from config import Settings, load_settings
from kernel import outbox
from kernel.clock import utc_now
from kernel.db import Database

log = logging.getLogger("gongfang.worker")

_SWEEP_EVERY_S = 1.0
_REPORT_EVERY = timedelta(seconds=15)


@dataclass(frozen=True)
class Lane:
    """Which kinds of jobs one thread does: holds and refunds never wait behind a backup."""

    only: tuple[str, ...] | None = None
    but: tuple[str, ...] = ()
    lease: timedelta = outbox.LEASE
    # One after the other where each may take long, so that another worker can have the next.
    at_once: int = 20


EVERYTHING = Lane()
# Few at once: while Stripe is slow each may wait five seconds, and holds are ended between the turns.
QUICK = Lane(but=(*SLOW, *COURIERS, *PLANS), at_once=5)
SLOWLY = Lane(only=SLOW, lease=outbox.LONG_LEASE, at_once=1)
# A packer stands and waits for these.
LABELLING = Lane(only=LABELS, lease=timedelta(minutes=5), at_once=3)
# A round of tracking may take a few minutes when the courier is slow.
TRACKING = Lane(only=tuple(kind for kind in COURIERS if kind not in LABELS), lease=timedelta(minutes=5), at_once=1)
PLANNING = Lane(only=PLANS, at_once=1)
# Each in a thread of its own, beside the quick one.
BESIDES = {"slowly": SLOWLY, "labels": LABELLING, "tracking": TRACKING, "planning": PLANNING}


class Worker:
    """Does what is due, then waits for a notice or a second, whichever comes first."""

    def __init__(
        self,
        database: Database,
        tools: Tools,
        clock: Callable[[], datetime] = utc_now,
        look: Callable[[], None] = lambda: None,
    ) -> None:
        self.database = database
        self.tools = tools
        self.clock = clock
        # Looks whether the workshop calls itself something else by now.
        self.look = look
        self.stopping = threading.Event()
        self._reported: datetime | None = None

    def run_once(self, lane: Lane = EVERYTHING) -> int:
        """One turn; returns how many jobs were tried and holds or waits were ended."""
        now = self.clock()
        ended = 0
        if lane in (EVERYTHING, QUICK):
            self.look()
            with self.database.transaction() as session:
                ended = workflows.expire_holds(session, now)
            with self.database.transaction() as session:
                ended += workflows.serve_line(session, now)
            self._report(now)
        with self.database.transaction() as session:
            claimed = outbox.claim_due(session, now, lane.at_once, only=lane.only, but=lane.but, lease=lane.lease)
        for job in claimed:
            self._do(job)
        return ended + len(claimed)

    def _do(self, job: outbox.ClaimedJob) -> None:
        try:
            handler = HANDLERS[job.kind]
            handler(self.database, self.tools, job.payload, self.clock())
        except Exception as error:
            # Only the kind of error is kept with the job: messages may quote people's data.
            facts = {"job": job.id, "kind": job.kind, "tries": job.attempts}
            log.warning("job failed", exc_info=error, extra={"facts": facts})
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
        """Work in all lanes until told to stop."""
        for name, lane in BESIDES.items():
            threading.Thread(target=self._run_lane, args=(lane,), name=name, daemon=True).start()
        self._run_lane(QUICK)

    def _run_lane(self, lane: Lane) -> None:
        """Work until told to stop; a database that is away is waited for."""
        while not self.stopping.is_set():
            try:
                busy = self.run_once(lane)
                if not busy:
                    self._wait(lane)
            except (SQLAlchemyError, psycopg.Error) as error:
                log.warning("database away", exc_info=error)
                self.stopping.wait(2)

    def _wait(self, lane: Lane) -> None:
        with psycopg.connect(self.database.plain_url, autocommit=True, connect_timeout=5) as connection:
            connection.execute("LISTEN gongfang_jobs")
            while not self.stopping.is_set():
                notices = list(connection.notifies(timeout=_SWEEP_EVERY_S, stop_after=1))
                if notices or self.run_once(lane):
                    return


def main() -> None:
    """Run one worker until SIGTERM or Ctrl-C."""
    settings = load_settings()
    if settings.database_url is None:
        raise SystemExit("DATABASE_URL is not set. Start everything with `gongfang run`, or name a PostgreSQL server.")
    set_up_logs()
    hand_down(settings)
    database = Database(
        settings.database_url,
        pool_size=4,
        lock_timeout_ms=settings.lock_timeout_ms,
        statement_timeout_ms=settings.statement_timeout_ms,
    )
    worker = Worker(database, tools_for(settings))

    def changed(settings: Settings, _: Workshop | None) -> None:
        hand_down(settings)
        worker.tools = renamed(worker.tools, settings)
        # When the demo was removed, what is done once a day went with it.
        plan_daily(database, worker.tools, utc_now())

    worker.look = WorkshopWatch(database, settings, changed).look
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stopping.set())
    plan_daily(worker.database, worker.tools, utc_now())
    worker.run()


if __name__ == "__main__":
    main()
