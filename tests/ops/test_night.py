"""The worker's two lanes, and the nightly round."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from app.care import nightly
from app.care.models import BACKUP, INVARIANTS, RECONCILE, TIDY, last_run
from app.jobs import HANDLERS, SLOW, tools_for
from app.worker import QUICK, SLOWLY, Worker
from config import Settings
from fulfillment.crew import queries as crew_queries
from fulfillment.crew import service as crew
from fulfillment.crew.rules import BADGE
from kernel import outbox
from kernel.db import Database
from kernel.outbox import Job
from tests.packing.world import id_of, make_packer
from tests.payments.town import Town
from tests.world import NOW

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def worker(database: Database, settings: Settings) -> Worker:
    return Worker(database, tools_for(settings), lambda: NOW)


def jobs(database: Database, kind: str) -> list[Job]:
    with database.transaction() as session:
        return list(session.scalars(select(Job).where(Job.kind == kind).order_by(Job.id)))


def add(database: Database, *kinds: str, now: datetime = NOW) -> None:
    with database.transaction() as session:
        for kind in kinds:
            outbox.enqueue(session, kind, {"refund": "00000000-0000-0000-0000-000000000000"}, now=now)


def test_every_slow_kind_has_somebody_who_does_it() -> None:
    assert set(SLOW) <= set(HANDLERS)
    assert set(nightly.STEPS) <= set(SLOW)


def test_each_lane_takes_its_own_and_together_they_take_everything(database: Database, worker: Worker) -> None:
    add(database, "send_refund", "nightly_tidy", "nightly_tidy")
    assert worker.run_once(QUICK) == 1
    assert [job.done_at for job in jobs(database, "nightly_tidy")] == [None, None]
    # One at a time: another worker can have the next.
    assert worker.run_once(SLOWLY) == 1
    assert worker.run_once(SLOWLY) == 1
    assert worker.run_once(SLOWLY) == worker.run_once(QUICK) == 0


def test_a_hold_ends_while_a_backup_takes_its_time(
    database: Database, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = Event(), Event()

    def slow(*_: object) -> None:
        begun.set()
        assert go_on.wait(timeout=60)

    monkeypatch.setitem(HANDLERS, "nightly_backup", slow)
    add(database, "nightly_backup", "send_refund")
    lane = Thread(target=worker.run_once, args=(SLOWLY,))
    lane.start()
    assert begun.wait(timeout=60)
    assert worker.run_once(QUICK) == 1
    go_on.set()
    lane.join()
    assert [job.done_at for job in jobs(database, "nightly_backup")] == [NOW]


def test_a_slow_job_is_kept_longer_than_a_quick_one(database: Database) -> None:
    add(database, "nightly_backup", "send_refund")
    with database.transaction() as session:
        outbox.claim_due(session, NOW, only=SLOW, lease=outbox.LONG_LEASE)
        outbox.claim_due(session, NOW, but=SLOW)
    later = NOW + outbox.LEASE + timedelta(seconds=1)
    with database.transaction() as session:
        assert [job.kind for job in outbox.claim_due(session, later)] == ["send_refund"]


@pytest.mark.parametrize(
    ("now", "round_at"),
    [
        ("2026-11-24 03:29:59", "2026-11-24 03:30"),
        ("2026-11-24 03:30:00", "2026-11-25 03:30"),
        ("2026-11-24 21:00:00", "2026-11-25 03:30"),
    ],
)
def test_the_round_is_planned_for_half_past_three_where_the_workshop_stands(
    database: Database, now: str, round_at: str
) -> None:
    with database.transaction() as session:
        for _ in range(3):
            nightly.plan(session, datetime.fromisoformat(now).replace(tzinfo=ZONE), ZONE)
    (planned,) = jobs(database, nightly.ROUND)
    assert planned.run_at.astimezone(ZONE) == datetime.fromisoformat(round_at).replace(tzinfo=ZONE)


def test_a_night_compares_tidies_counts_and_backs_up_and_plans_the_next(town: Town, tmp_path: Path) -> None:
    town.pay(town.order(town.offer(on_hand=5)))
    town.lose_events()
    with town.database.transaction() as session:
        old = town.now() - timedelta(days=8)
        session.execute(
            text("INSERT INTO limit_counts (bucket, window_start, tries) VALUES ('x', :old, 1)"), {"old": old}
        )
        nightly.plan(session, town.now(), ZONE)
    town.pass_time(hours=24)
    town.work()
    with town.database.transaction() as session:
        runs = {kind: last_run(session, kind) for kind in (RECONCILE, TIDY, INVARIANTS, BACKUP)}
        assert session.scalar(text("SELECT count(*) FROM limit_counts WHERE bucket = 'x'")) == 0
    for kind, run in runs.items():
        assert run is not None, kind
    assert runs[INVARIANTS] is not None
    assert runs[INVARIANTS].found == 0
    files = list((tmp_path / "backups").glob("*.dump"))
    assert [file.stat().st_mode & 0o077 for file in files] == [0]
    assert len([job for job in jobs(town.database, nightly.ROUND) if job.done_at is None]) == 1


def test_a_night_ends_shifts_that_were_forgotten(town: Town) -> None:
    with town.database.transaction() as session:
        packer = make_packer(session)
        crew.begin_shift(session, id_of(packer), how=BADGE, now=town.now(), by=packer)
    town.pass_time(hours=24)
    add(town.database, nightly.ROUND, now=town.now())
    town.work()
    with town.database.transaction() as session:
        (forgotten,) = crew_queries.to_look_at(session)
        assert (forgotten.person_id, forgotten.ended_at) == (id_of(packer), forgotten.began_at)


def test_a_step_that_fails_keeps_no_other_from_being_done(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setitem(HANDLERS, "nightly_backup", fail)
    add(town.database, nightly.ROUND, now=town.now())
    town.work()
    with town.database.transaction() as session:
        assert last_run(session, INVARIANTS) is not None
        assert last_run(session, BACKUP) is None
    (failed,) = jobs(town.database, "nightly_backup")
    assert (failed.done_at, failed.last_error) == (None, "OSError")


def test_only_the_newest_backups_stay(database: Database, settings: Settings, tmp_path: Path) -> None:
    night = replace(tools_for(settings).night, backups_kept=2)
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "by-hand.dump").write_text("kept: it is not ours")
    step: Callable[[Database, nightly.Night, datetime], None] = nightly.STEPS["nightly_backup"]
    for day in range(4):
        step(database, night, NOW + timedelta(days=day))
    assert sorted(file.name for file in (tmp_path / "backups").iterdir()) == [
        "by-hand.dump",
        "gongfang-20261126-200000.dump",
        "gongfang-20261127-200000.dump",
    ]


def test_a_worker_waits_for_a_database_that_is_away(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    away = Worker(Database("postgresql+psycopg://nobody@127.0.0.1:9/none"), tools_for(settings), lambda: NOW)
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 4:
            away.stopping.set()
        return False

    monkeypatch.setattr(away.stopping, "wait", wait)
    away.run()
    assert waits[:2] == [2, 2]
