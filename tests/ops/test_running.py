"""`gongfang run` for real: opens, serves, notices what dies, leaves nothing behind however it ends, keeps the data."""

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import psutil
import pytest
import requests
from sqlalchemy.pool import QueuePool

from app.commands import run
from app.processes import ROOT
from app.workflows import terms
from config import Settings
from kernel import embedded_postgres
from kernel.db import Database
from tests.ports import free_ports

PATIENCE_S = 120


@pytest.fixture
def var_dir() -> Iterator[Path]:
    """A var folder where the database's user may go."""
    folder = Path(mkdtemp(prefix="gongfang-house-"))
    folder.chmod(0o755)
    yield folder
    embedded_postgres.stop(folder)
    shutil.rmtree(folder)


def until(true: Callable[[], bool], what: str) -> None:
    """Wait for something that comes by itself."""
    deadline = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


class House:
    """A running `gongfang run`."""

    def __init__(self, var_dir: Path, port: int, **environ: str) -> None:
        self.var_dir, self.port = var_dir, port
        self.said = var_dir / "said.txt"
        code = "import sys; sys.argv[0] = 'gongfang'; from app.cli import main; main()"
        with self.said.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, "run", "--no-past", "--port", str(port)],
                cwd=ROOT,
                env={**os.environ, "VAR_DIR": str(var_dir), "DATABASE_URL": "", "WEB_PROCESSES": "1", **environ},
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def words(self) -> str:
        return self.said.read_text()

    def wait_until_open(self) -> None:
        self.said.write_text("") if not self.said.exists() else None
        until(lambda: self.words.count("Data and logs") > 0 or self.process.poll() is not None, "it opens")
        assert self.process.poll() is None, self.words

    def get(self, path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=30)

    def everything(self) -> list[psutil.Process]:
        """The process, what it started, and the database."""
        mine = psutil.Process(self.process.pid)
        found = [mine, *mine.children(recursive=True)]
        pid = self.var_dir / "postgres" / "postmaster.pid"
        if pid.is_file():
            found.append(psutil.Process(int(pid.read_text().split()[0])))
        return found

    def part(self, word: str) -> psutil.Process:
        (found,) = [each for each in psutil.Process(self.process.pid).children() if word in " ".join(each.cmdline())]
        return found

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)


def is_gone(process: psutil.Process) -> bool:
    # Where nobody collects them (a container without an init), the dead stay listed.
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def open_house(var_dir: Path, port: int, **environ: str) -> Iterator[House]:
    (var_dir / "said.txt").unlink(missing_ok=True)
    house = House(var_dir, port, **environ)
    try:
        house.wait_until_open()
        yield house
    finally:
        if house.process.poll() is None:
            house.end(signal.SIGTERM)


def run_refused(*arguments: str, **environ: str) -> str:
    """A run that does not start: exit 1, a sentence, no traceback."""
    code = "import sys; sys.argv[0] = 'gongfang'; from app.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": "", **environ},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_house_from_the_first_opening_to_a_kill_and_again(var_dir: Path) -> None:
    port = free_ports()
    with open_house(var_dir, port) as house:
        for word in (
            "/live/",
            "/bench/sign-in",
            "/bench/lead",
            "/bench/weigh",
            "/console",
            "owner / ",
            "PIN ",
            f"{port + 1}",
        ):
            assert word in house.words
        assert house.get("/readyz").json()["ready"]
        assert house.get("/").status_code == 200
        assert requests.get(f"http://127.0.0.1:{port + 1}/", timeout=30).status_code < 500

        # A second one here, another on the same port, a reset meanwhile.
        assert "runs here already" in run_refused("run", "--port", str(free_ports()), VAR_DIR=str(var_dir))
        assert f"--port {port + 10}" in run_refused("run", "--port", str(port), VAR_DIR=str(var_dir / "other"))
        assert not (var_dir / "other" / "postgres").exists()
        assert "runs here already" in run_refused("demo-reset", VAR_DIR=str(var_dir))

        # Huge headers and a broken request line are answered by the server itself.
        assert b" 4" in _raw(port, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n")[:16]
        assert b" 4" in _raw(port, b"G\x00T /\xff HTTP/9.9\r\n\r\n")[:16]
        assert _raw(port, b"GET /\xff\xfe%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")[9:10] == b"4"

        # What dies is started again.
        worker = house.part("app.worker")
        worker.kill()
        until(lambda: "worker had stopped" in house.words, "the worker's end is noticed")
        assert house.part("app.worker").pid != worker.pid

        # Killed outright: nothing stays.
        there = house.everything()
        assert len(there) >= 6
        house.end(signal.SIGKILL)
        until(lambda: all(is_gone(each) for each in there), "everything is gone after kill -9")

    # The data is still there, and nothing is loaded twice.
    with open_house(var_dir, port) as again:
        assert "Demo data loaded" not in again.words
        assert again.get("/live/1").status_code == 200
        there = again.everything()
        assert again.end(signal.SIGINT) == 0
        assert all(is_gone(each) for each in there)
    assert {path.name for path in (var_dir / "log").iterdir()} >= {
        "web.log",
        "worker.log",
        "sandbox.log",
        "postgres.log",
    }
    lines = (var_dir / "log" / "web.log").read_text().splitlines()
    assert any(json.loads(line)["message"] == "request" for line in lines if line.startswith("{"))


def test_a_stop_that_comes_while_a_connection_is_closed_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool writes down and forgets every Exception of a connection that it closes."""

    class Connection(sqlite3.Connection):
        def close(self) -> None:
            signal.raise_signal(signal.SIGUSR1)

    monkeypatch.setattr(run, "_SIGNALS", (signal.SIGUSR1,))
    before = signal.signal(signal.SIGUSR1, run._stop)
    try:
        pool = QueuePool(lambda: Connection(":memory:"))
        pool.connect().close()
        with pytest.raises(run._Stopped):
            pool.dispose()
    finally:
        signal.signal(signal.SIGUSR1, before)


def _raw(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(sent)
        try:
            return connection.recv(4096)
        except ConnectionResetError:
            # The server would not even listen to the end.
            return b"HTTP/1.1 4xx (reset)"


def test_a_database_that_does_not_answer_says_so(var_dir: Path) -> None:
    said = run_refused(
        "run", "--port", str(free_ports()), VAR_DIR=str(var_dir), DATABASE_URL="postgresql://me:hidden@127.0.0.1:9/none"
    )
    assert "127.0.0.1:9" in said
    assert "DATABASE_URL" in said
    assert "hidden" not in said


def test_an_embedded_database_that_cannot_start_says_so_and_names_the_way_out(var_dir: Path) -> None:
    (var_dir / "postgres").mkdir()
    (var_dir / "postgres" / "something.txt").write_text("mine")
    said = run_refused("run", "--port", str(free_ports()), VAR_DIR=str(var_dir))
    assert "DATABASE_URL" in said
    assert (var_dir / "postgres" / "something.txt").read_text() == "mine"


def test_a_part_that_never_stays_alive_ends_the_house_with_its_last_words(var_dir: Path) -> None:
    said = run_refused(
        "run", "--port", str(free_ports()), VAR_DIR=str(var_dir), GRANIAN_SSL_CERTIFICATE="/no/such/file"
    )
    assert "web has stopped" in said
    assert not (var_dir / "postgres" / "postmaster.pid").exists()


def test_the_demo_is_loaded_in_the_workshops_name(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its people were told of their orders in messages that begin with it."""
    names = []
    for setting in ("workshop_name", "public_url"):
        monkeypatch.setattr(terms, setting, "")
    monkeypatch.setattr("app.demo.load_demo", lambda *_, **__: names.append((terms.workshop_name, terms.public_url)))
    run._furnish(settings, database, with_demo=True, with_past=False)
    assert names == [(settings.workshop_name, settings.public_url)]
    assert all(names[0])
