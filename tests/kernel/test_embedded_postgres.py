"""The embedded server: started once, stopped by the last to leave, whole after a cut, never from a torn copy."""

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest

from kernel import embedded_postgres
from kernel.embedded_postgres import CannotStart, Visit, stop_if_unused


@pytest.fixture
def var_dir() -> Iterator[Path]:
    """A folder of its own, where the server's user may go."""
    folder = Path(mkdtemp(prefix="gongfang-embedded-"))
    folder.chmod(0o755)
    yield folder
    embedded_postgres.stop(folder)
    shutil.rmtree(folder)


def is_up(var_dir: Path) -> bool:
    return (var_dir / "postgres" / "postmaster.pid").is_file()


def ask(url: str, query: str) -> object:
    with psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return row[0]


def test_the_last_to_leave_stops_the_server_and_the_data_stays(var_dir: Path) -> None:
    first, second = Visit(var_dir), Visit(var_dir)
    assert first.url == second.url
    with psycopg.connect(first.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.leave()
    assert is_up(var_dir)
    assert not stop_if_unused(var_dir)
    second.leave()
    assert not is_up(var_dir)
    second.leave()
    third = Visit(var_dir)
    assert ask(third.url, "SELECT answer FROM kept") == 42
    third.leave()


def test_two_who_start_at_once_find_one_server(var_dir: Path) -> None:
    with ThreadPoolExecutor(3) as people:
        visits = [each.result() for each in [people.submit(Visit, var_dir) for _ in range(3)]]
    assert len({ask(visit.url, "SELECT pg_postmaster_start_time()") for visit in visits}) == 1
    for visit in visits:
        visit.leave()
    assert not is_up(var_dir)


def test_a_killed_server_comes_back_with_what_was_committed(var_dir: Path) -> None:
    visit = Visit(var_dir)
    with psycopg.connect(visit.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1")
    pid = int((var_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(pid, 9)
    visit.leave()
    again = Visit(var_dir)
    assert ask(again.url, "SELECT count(*) FROM kept") == 1
    again.leave()


def test_nobody_else_reaches_its_data_or_its_socket(var_dir: Path) -> None:
    visit = Visit(var_dir)
    assert stat.S_IMODE((var_dir / "postgres").stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((var_dir / "postgres" / ".s.PGSQL.5432").stat().st_mode) & 0o077 == 0
    assert ask(visit.url, "SHOW listen_addresses") == ""
    # An error's DETAIL quotes the row: names and phones must not get into the server's log.
    assert ask(visit.url, "SHOW log_error_verbosity") == "terse"
    visit.leave()


@pytest.mark.parametrize("name", ["工坊 '数据', v1", "x" * 120])
def test_odd_and_long_paths_work(var_dir: Path, name: str) -> None:
    visit = Visit(var_dir / name)
    assert ask(visit.url, "SHOW data_directory") == str(var_dir / name / "postgres")
    socket_dir = Path(str(ask(visit.url, "SHOW unix_socket_directories")))
    assert stat.S_IMODE(socket_dir.stat().st_mode) & 0o077 == 0
    visit.leave()
    assert not is_up(var_dir / name)
    shutil.rmtree(socket_dir)


def test_a_folder_copied_from_a_running_server_is_refused(var_dir: Path) -> None:
    original, copy = var_dir / "original", var_dir / "copy"
    visit = Visit(original)
    copy.mkdir()
    subprocess.run(["cp", "-a", str(original / "postgres"), str(copy)], check=True)
    with pytest.raises(CannotStart, match="gongfang backup"):
        Visit(copy)
    visit.leave()


def test_a_folder_moved_while_it_rested_is_taken(var_dir: Path) -> None:
    Visit(var_dir / "original").leave()
    (var_dir / "moved").mkdir()
    subprocess.run(["cp", "-a", str(var_dir / "original" / "postgres"), str(var_dir / "moved")], check=True)
    Visit(var_dir / "moved").leave()


def test_a_folder_that_is_no_data_folder_is_left_alone(var_dir: Path) -> None:
    precious = var_dir / "postgres" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years of work")
    with pytest.raises(CannotStart, match="not a PostgreSQL data folder") as refused:
        Visit(var_dir)
    assert "DATABASE_URL" in str(refused.value)
    assert precious.read_text() == "years of work"


def test_a_start_that_was_cut_in_the_middle_is_begun_anew(var_dir: Path) -> None:
    half = var_dir / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")
    Visit(var_dir).leave()
    assert not half.exists()


def test_data_of_another_version_says_so(var_dir: Path) -> None:
    Visit(var_dir).leave()
    (var_dir / "postgres" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(CannotStart, match="files are incompatible") as refused:
        Visit(var_dir)
    assert "DATABASE_URL" in str(refused.value)


def test_a_stale_pid_of_another_program_does_not_keep_it_from_starting(var_dir: Path) -> None:
    Visit(var_dir).leave()
    lines = [str(os.getpid()), str(var_dir / "postgres"), "1", "5432", str(var_dir / "postgres"), "", "0 0", "ready"]
    (var_dir / "postgres" / "postmaster.pid").write_text("\n".join(lines))
    visit = Visit(var_dir)
    assert ask(visit.url, "SELECT 1") == 1
    visit.leave()


def test_a_var_folder_that_cannot_be_written_says_so(var_dir: Path) -> None:
    (var_dir / "file").write_text("")
    with pytest.raises(CannotStart, match="Name another VAR_DIR"):
        Visit(var_dir / "file" / "var")
