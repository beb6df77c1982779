"""Backups: written while work goes on, proved, restored whole or not at all; a copied folder is none."""

import io
import json
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select, text

from app.care import backups
from app.care.models import BACKUP, last_run
from app.commands.care import backup, migrate, restore
from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import Refused
from shop.orders.counter import Counter
from shop.orders.models import Order
from tests.conftest import database_of_its_own
from tests.ops.evening import busy_evening
from tests.world import ask, make_live_offer


@pytest.fixture(scope="module")
def evening(server_url: str) -> Iterator[Database]:
    """A database with something in every table."""
    with database_of_its_own(server_url) as database:
        busy_evening(database)
        yield database


@pytest.fixture(scope="module")
def file(evening: Database, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    path = tmp_path_factory.mktemp("backups") / "evening.dump"
    with pytest.MonkeyPatch.context() as patch:
        result = run(patch, evening, backup, str(path), "--json")
    assert json.loads(result.stdout) == {"file": str(path), "bytes": path.stat().st_size}
    return path


def run(patch: pytest.MonkeyPatch, database: Database, command: object, *arguments: str) -> Result:
    """Run a command on a database; a refusal comes out as it is raised."""
    patch.setenv("DATABASE_URL", database.url)
    return CliRunner().invoke(command, arguments, catch_exceptions=False)  # type: ignore[arg-type]


def counts(database: Database) -> dict[str, int]:
    with database.transaction() as session:
        tables = session.scalars(text("SELECT relname FROM pg_stat_user_tables ORDER BY 1")).all()
        return {
            name: session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in tables
            if name != "care_runs"
        }


def databases(database: Database) -> set[str]:
    """Databases on the server, without those that other tests make and drop beside this one."""
    others = "NOT datistemplate AND datname !~ '^t_[0-9a-f]{16}$'"
    with database.transaction() as session:
        return set(session.scalars(text(f"SELECT datname FROM pg_database WHERE {others}")))


def test_a_backup_is_for_its_owner_only_and_is_noted(evening: Database, file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    with evening.transaction() as session:
        note = last_run(session, BACKUP)
        assert note is not None
        assert note.details == {"bytes": file.stat().st_size}


def test_a_backup_overwrites_nothing(evening: Database, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()
    with pytest.raises(Refused, match="overwrites nothing"):
        run(monkeypatch, evening, backup, str(file))
    assert file.read_bytes() == before


def test_a_backup_to_a_folder_that_is_not_there_says_so(
    evening: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Refused, match="No such file or directory"):
        run(monkeypatch, evening, backup, str(tmp_path / "none" / "x.dump"))


def test_verify_restores_into_a_scratch_database_counts_again_and_leaves_nothing(
    evening: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = databases(evening)
    answer = json.loads(run(monkeypatch, evening, restore, str(file), "--verify", "--json").stdout)
    assert answer["ok"]
    with evening.transaction() as session:
        assert answer["checked"]["orders_are_whole"] == session.scalar(select(func.count()).select_from(Order)) > 0
    assert answer["checked"]["ledgers_are_locked"] >= 16
    assert databases(evening) == before


def test_a_backup_of_a_broken_database_does_not_verify(
    server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database_of_its_own(server_url) as broken:
        busy_evening(broken)
        with broken.transaction() as session:
            session.execute(text("SET session_replication_role = replica"))
            session.execute(text("UPDATE offers SET taken = taken + 1 WHERE id = (SELECT min(id) FROM offers)"))
        run(monkeypatch, broken, backup, str(tmp_path / "b.dump"))
        result = run(monkeypatch, broken, restore, str(tmp_path / "b.dump"), "--verify", "--json")
        assert result.exit_code == 1
        assert {each["invariant"] for each in json.loads(result.stdout)["violations"]} == {"offers_not_oversold"}


def test_a_database_with_data_is_not_restored_over(
    evening: Database, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = counts(evening)
    with pytest.raises(Refused, match="has data already"):
        run(monkeypatch, evening, restore, str(file))
    assert counts(evening) == before


def test_an_empty_database_takes_a_backup_whole(
    evening: Database, file: Path, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database_of_its_own(server_url) as empty:
        with empty.transaction() as session:
            session.execute(text("DROP SCHEMA public CASCADE"))
            session.execute(text("CREATE SCHEMA public"))
        assert json.loads(run(monkeypatch, empty, restore, str(file), "--json").stdout)["ok"]
        assert counts(empty) == counts(evening)
        migrated = json.loads(run(monkeypatch, empty, migrate, "--json").stdout)
        assert migrated["from"] == migrated["to"]


def test_with_replace_the_present_database_is_put_aside_and_kept(
    evening: Database, file: Path, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database_of_its_own(server_url) as present:
        with present.transaction() as session:
            make_live_offer(session)
        present.dispose()
        before = databases(evening)
        said = json.loads(run(monkeypatch, present, restore, str(file), "--replace", "--json").stdout)["done"]
        assert counts(present) == counts(evening)
        (aside,) = databases(evening) - before
        assert aside in said
        present.dispose()
        with evening.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"DROP DATABASE {aside} WITH (FORCE)"))


def test_a_database_in_use_is_not_put_aside(
    evening: Database, file: Path, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database_of_its_own(server_url) as present:
        before = databases(evening)
        with present.transaction() as session:
            session.execute(text("SELECT 1"))
            with pytest.raises(Refused, match="in use"):
                run(monkeypatch, present, restore, str(file), "--replace")
        assert databases(evening) == before


def test_a_copied_data_folder_is_no_backup(evening: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "postgres"
    folder.mkdir()
    with pytest.raises(Refused, match="gongfang backup FILE"):
        run(monkeypatch, evening, restore, str(folder))


@pytest.mark.parametrize("content", [b"", b"PGDM", b"SQLite format 3", b"PGDMP and then nothing"])
def test_what_is_no_backup_is_refused_and_changes_nothing(
    evening: Database, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.dump"
    path.write_bytes(content)
    before = databases(evening)
    with pytest.raises(Refused):
        run(monkeypatch, evening, restore, str(path), "--verify")
    assert databases(evening) == before


def test_a_cut_backup_restores_nothing(
    evening: Database, file: Path, server_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = tmp_path / "cut.dump"
    shutil.copy(file, cut)
    with cut.open("r+b") as opened:
        opened.truncate(file.stat().st_size * 2 // 3)
    with database_of_its_own(server_url) as empty:
        with empty.transaction() as session:
            session.execute(text("DROP SCHEMA public CASCADE"))
            session.execute(text("CREATE SCHEMA public"))
        with pytest.raises(Refused, match="pg_restore failed"):
            run(monkeypatch, empty, restore, str(cut))
        assert counts(empty) == {}


def test_what_only_newer_servers_know_is_left_out_of_the_head_and_rows_are_left_alone() -> None:
    head = b"SET lock_timeout = 0;\nSET transaction_timeout = 0;\nCREATE TABLE x (y text);\n"
    rows = b"COPY x (y) FROM stdin;\nSET transaction_timeout = 0;\n\\.\n"
    out = io.BytesIO()
    backups._copy(io.BytesIO(head + rows), out)
    assert out.getvalue() == b"SET lock_timeout = 0;\nCREATE TABLE x (y text);\n" + rows


def test_a_backup_under_writes_keeps_every_order_that_was_acknowledged_before(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=100_000, now=utc_now())
    counter, stop = Counter(database), Event()
    acknowledged: list[int] = []

    def sell() -> None:
        while not stop.is_set():
            counter.place(ask(offer, f"under-writes-{len(acknowledged)}", phone="13800008000"), utc_now())
            acknowledged.append(1)

    seller = Thread(target=sell)
    seller.start()
    try:
        while len(acknowledged) < 20:
            pass
        before = len(acknowledged)
        run(monkeypatch, database, backup, str(tmp_path / "b.dump"))
    finally:
        stop.set()
        seller.join()
    answer = json.loads(run(monkeypatch, database, restore, str(tmp_path / "b.dump"), "--verify", "--json").stdout)
    assert answer["ok"]
    with database.transaction() as session:
        sold = session.scalar(select(func.count()).select_from(Order)) or 0
    assert before <= answer["checked"]["orders_are_whole"] <= sold
