"""The held connection, over real HTTP: it tells what changed, recovers, and lets go."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import pytest
import requests
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.console import board_shelf, board_views
from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import Problem
from kernel.people import service as people
from tests.console.conftest import Desk
from tests.console_streams.conftest import offer_of
from tests.servers import listening
from tests.streams.evening import Evening

PATIENCE_S = 30


class Screen:
    """A browser's EventSource: one connection, read event by event."""

    def __init__(self, url: str, cookies: dict[str, str]) -> None:
        self._web = requests.Session()
        self.answer = self._web.get(url, cookies=cookies, stream=True, timeout=PATIENCE_S)
        self._lines = self.answer.iter_lines(decode_unicode=True)

    def next(self) -> tuple[str, object]:
        """The next event and its data; ``("end", None)`` when the server has closed."""
        name = ""
        for line in self._lines:
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
        return "end", None

    def until(self, wanted: str, has: Callable[[object], bool] = lambda _: True) -> object:
        """The data of the first event of this name that is as wanted."""
        for _ in range(200):
            name, data = self.next()
            if name == wanted and has(data):
                return data
            assert name != "end", f"closed before {wanted}"
        raise AssertionError(f"no {wanted} among 200 events")

    def close(self) -> None:
        self.answer.close()
        self._web.close()


class _Told:
    """Waits for a method to have been called, without looking at a clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, thing: object, name: str) -> None:
        self._event = Event()
        method = getattr(thing, name)

        def called(*facts: object) -> object:
            answer = method(*facts)
            self._event.set()
            return answer

        monkeypatch.setattr(thing, name, called)

    def wait(self) -> None:
        assert self._event.wait(PATIENCE_S)


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    """The application on loopback."""
    with listening() as (address, server):
        server.app = app
        yield address
        app.extensions["seats"].close()


@pytest.fixture
def opened() -> Iterator[list[Screen]]:
    """Screens that are closed when the test is over."""
    screens: list[Screen] = []
    yield screens
    for screen in screens:
        screen.close()


@pytest.fixture
def watch(url: str, desk: Desk, evening: Evening, opened: list[Screen]) -> Callable[..., Screen]:
    """Open a screen of the streamer's board."""

    def open_screen(name: str = "one", page: str = "board") -> Screen:
        address = f"{url}/console/board/{evening.stream_id}/events?page={page}&screen={name}"
        screen = Screen(address, {cookie.key: cookie.value for cookie in desk.browser._cookies.values()})
        opened.append(screen)
        return screen

    return open_screen


def says(words: str, part: str = "five") -> Callable[[object], bool]:
    return lambda data: isinstance(data, dict) and words in data.get(part, "")


def test_an_order_is_told_without_being_asked(watch: Callable[..., Screen], desk: Desk, evening: Evening) -> None:
    screen = watch()
    assert screen.answer.status_code == 200
    assert screen.answer.headers["Content-Type"].startswith("text/event-stream")
    assert screen.answer.headers["Cache-Control"] == "no-store"
    assert says("¥</span>0")(screen.until("parts"))
    desk.place(offer_of(desk, evening), 2)
    told = screen.until("parts", says("85"))
    assert isinstance(told, dict)
    assert "offers" in told, "what is left changed"
    assert "headline" not in told, "what did not change is not sent again"
    desk.pay(desk.place(offer_of(desk, evening, 2)))
    told = screen.until("parts", says("1 单还在等付款"))
    assert isinstance(told, dict)
    assert "45" in told["five"].split("已付金额")[1]


def test_a_change_of_terms_is_told_to_the_control_page(
    watch: Callable[..., Screen], desk: Desk, evening: Evening
) -> None:
    screen = watch(page="control")
    first = screen.until("parts")
    assert isinstance(first, dict)
    desk.send(f"/console/streams/{evening.stream_id}/on-air", {"offer": str(evening.offer_ids[0])})
    told = screen.until("parts", lambda data: isinstance(data, dict) and "terms" in data)
    assert isinstance(told, dict)
    assert int(told["terms"]) > int(first["terms"])
    assert "chart" not in told


@pytest.mark.usefixtures("own_marker")
def test_three_screens_cost_one_count(
    watch: Callable[..., Screen], desk: Desk, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_shelf, "COUNT_AGAIN_AFTER_S", 3600.0)
    shelf = desk.app.extensions["board"]
    screens = [watch(name) for name in ("one", "two", "three")]
    for screen in screens:
        screen.until("parts")
    assert shelf.counts == 1
    desk.place(offer_of(desk, evening))
    for screen in screens:
        screen.until("parts", says("45"))
    # The order and its commit may be seen by two looks; never by one look for each screen.
    assert shelf.counts <= 3


def test_a_screen_holds_no_database_connection(watch: Callable[..., Screen], desk: Desk, evening: Evening) -> None:
    screens = [watch(name) for name in ("one", "two")]
    for screen in screens:
        screen.until("parts")
    held = [desk.database.engine.pool.checkedout() for _ in range(200)]  # type: ignore[attr-defined]
    assert min(held) == 0


def test_who_finds_no_seat_gets_503_and_the_figures_all_the_same(
    watch: Callable[..., Screen], desk: Desk, url: str, evening: Evening
) -> None:
    seats = desk.app.extensions["seats"]
    for number in range(seats.most):
        watch(f"screen-{number}").until("parts")
    refused = watch("one-too-many")
    assert refused.answer.status_code == 503
    assert int(refused.answer.headers["Retry-After"]) > 0
    assert desk.browser.get(f"/console/board/{evening.stream_id}/parts").status_code == 200


def test_after_a_reload_the_same_screen_has_one_seat(watch: Callable[..., Screen], desk: Desk) -> None:
    first = watch("tab")
    first.until("parts")
    second = watch("tab")
    assert first.until("bye") == "elsewhere"
    assert first.next() == ("end", None)
    second.until("parts")
    assert len(desk.app.extensions["seats"]) == 1


def test_a_seat_is_free_again_when_the_screen_is_gone(
    watch: Callable[..., Screen], desk: Desk, evening: Evening, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = _Told(monkeypatch, desk.app.extensions["seats"], "leave")
    screen = watch()
    screen.until("parts")
    screen.close()
    # The server notices when it next has something to say.
    desk.place(offer_of(desk, evening))
    left.wait()
    assert len(desk.app.extensions["seats"]) == 0


def test_signing_out_closes_the_board(
    watch: Callable[..., Screen], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_views, "_CHECK_PERSON_AFTER_S", 0.0)
    screen = watch()
    screen.until("parts")
    desk.send("/sign-out", {})
    assert screen.until("bye") == "signed-out"
    assert screen.next() == ("end", None)


def test_losing_the_role_closes_the_board(
    watch: Callable[..., Screen], desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_views, "_CHECK_PERSON_AFTER_S", 0.0)
    screen = watch()
    screen.until("parts")
    with desk.database.transaction() as session:
        person = session.get_one(people.Person, desk.person.person_id)
        people.set_roles(session, person, ["packer"], now=desk.now, by=desk.person)
    assert screen.until("bye") == "signed-out"


@pytest.mark.parametrize("error", [OperationalError("SELECT", {}, Exception("gone")), Problem("忙", "busy")])
def test_a_database_that_is_away_is_said_and_then_it_goes_on(
    watch: Callable[..., Screen], desk: Desk, evening: Evening, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(board_views, "_AWAY_S", 0.05)
    screen = watch()
    screen.until("parts")
    shelf, look = desk.app.extensions["board"], desk.app.extensions["board"].look

    def away(*_: object) -> None:
        raise error

    monkeypatch.setattr(shelf, "look", away)
    screen.until("away")
    monkeypatch.setattr(shelf, "look", look)
    again = screen.until("parts")
    assert isinstance(again, dict)
    assert "five" in again, "after a break everything is sent again"


def test_a_server_that_stops_says_goodbye(watch: Callable[..., Screen], desk: Desk) -> None:
    screen = watch()
    screen.until("parts")
    desk.app.extensions["seats"].close()
    assert screen.until("bye") == "stopping"
    assert screen.next() == ("end", None)
    assert watch("late").answer.status_code == 503


def test_the_web_server_stops_at_once_with_a_board_open(
    database: Database, desk: Desk, evening: Evening, tmp_path: Path, unused_port: int, opened: list[Screen]
) -> None:
    """granian itself, told to stop while a board is held open: goodbye, and no worker had to be killed."""
    log = tmp_path / "granian.log"
    root = Path(__file__).parents[2]
    environ = {
        **os.environ,
        "GONGFANG_MODE": "test",
        "DATABASE_URL": database.url,
        "VAR_DIR": str(tmp_path),
        "PYTHONPATH": str(root),
    }
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "app.wsgi:application"]
    how = ["--port", str(unused_port), "--workers", "1", "--blocking-threads", "8", "--workers-kill-timeout", "20"]
    with (
        log.open("wb") as out,
        subprocess.Popen([*granian, *how], cwd=root, env=environ, stdout=out, stderr=out) as server,
    ):
        try:
            screen = _open_when_up(server, f"http://127.0.0.1:{unused_port}", desk, evening)
            opened.append(screen)
            screen.until("parts")
            server.send_signal(signal.SIGTERM)
            assert screen.until("bye") == "stopping"
            assert server.wait(PATIENCE_S) == 0
        finally:
            server.kill()
    assert "Killing worker" not in log.read_text()


def _open_when_up(server: "subprocess.Popen[bytes]", url: str, desk: Desk, evening: Evening) -> Screen:
    with requests.Session() as web:
        web.mount(url, requests.adapters.HTTPAdapter(max_retries=requests.adapters.Retry(12, backoff_factor=0.2)))
        web.get(f"{url}/console", timeout=PATIENCE_S)
    assert server.poll() is None
    # The desk's time is another one than the server's: sign in by the server's clock.
    with desk.database.transaction() as database:
        person = database.get_one(people.Person, desk.person.person_id)
        token = people.start_sign_in(database, person, face="console", now=utc_now())
    return Screen(f"{url}/console/board/{evening.stream_id}/events?screen=g", {"gongfang": token})


@pytest.fixture
def unused_port() -> int:
    """A port of loopback that nobody listens at."""
    with listening() as (address, _):
        return int(address.rpartition(":")[2])
