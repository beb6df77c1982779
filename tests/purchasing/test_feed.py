"""The client of the feed against servers that misbehave: nothing it says or fails to say may hurt us."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from urllib.parse import parse_qs

import pytest

from fulfillment.purchasing.quotes.xinfadi import Feed, FeedAway, Limits

FIRST, LAST = date(2026, 11, 18), date(2026, 11, 24)
ROW = {
    "prodName": "香菇",
    "lowPrice": "3.5",
    "highPrice": "6.0",
    "avgPrice": "4.75",
    "unitInfo": "斤",
    "pubDate": "2026-11-24",
}
QUICK = Limits(connect_s=1, read_s=0.3, page_rows=2)


class Visit:
    """What one test's server was asked, how much of its answer went out, and a bell that ends its waiting."""

    def __init__(self) -> None:
        self.forms: list[dict[str, list[str]]] = []
        self.sent = 0
        self.over = Event()


Answer = Callable[[BaseHTTPRequestHandler, Visit], None]


@contextmanager
def serving(answer: Answer) -> Iterator[tuple[str, Visit]]:
    """A server on loopback that answers every POST in its own way."""
    visit = Visit()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            visit.forms.append(parse_qs(body.decode(), keep_blank_values=True))
            try:
                answer(self, visit)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/getPriceData.html", visit
    finally:
        visit.over.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def say(body: object, *, status: int = 200, **headers: str) -> Answer:
    """Answer with a body, JSON unless it is bytes."""

    def answer(handler: BaseHTTPRequestHandler, visit: Visit) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        visit.sent += handler.wfile.write(raw)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """The first answer first; the last one again and again."""
    return lambda handler, visit: answers[min(len(visit.forms), len(answers)) - 1](handler, visit)


def page(*rows: object, count: int = 1) -> dict[str, object]:
    return {"current": 1, "limit": 2, "count": count, "list": list(rows)}


def feed(url: str, limits: Limits = QUICK, *, clock: Callable[[], float] = lambda: 0.0) -> tuple[Feed, list[float]]:
    """A feed that notes its pauses instead of waiting."""
    pauses: list[float] = []
    return Feed(url, limits, pause=pauses.append, clock=clock), pauses


def refused(answer: Answer, limits: Limits = QUICK, clock: Callable[[], float] = lambda: 0.0) -> tuple[str, Visit]:
    """Why the feed is given up."""
    with serving(answer) as (url, visit):
        asked, _ = feed(url, limits, clock=clock)
        with pytest.raises(FeedAway) as away:
            asked.rows(FIRST, LAST)
        return away.value.reason, visit


def test_pages_are_asked_for_one_by_one_until_all_rows_are_here() -> None:
    with serving(in_turn(say(page(ROW, ROW, count=3)), say(page(ROW, count=3)))) as (url, visit):
        asked, pauses = feed(url)
        assert asked.rows(FIRST, LAST) == [ROW] * 3
    assert [form["current"] for form in visit.forms] == [["1"], ["2"]]
    assert visit.forms[0] == {
        "limit": ["2"],
        "current": ["1"],
        "pubDateStartTime": ["2026/11/18"],
        "pubDateEndTime": ["2026/11/24"],
        "prodPcatid": [""],
        "prodCatid": [""],
        "prodName": [""],
    }
    assert pauses == [QUICK.between_pages_s]


def test_new_fields_and_odd_rows_are_passed_on_for_the_reader_to_judge() -> None:
    strange = [{**ROW, "carbon": {"kg": 1}}, None]
    with serving(say({**page(*strange, count=2), "version": 9})) as (url, _):
        assert feed(url)[0].rows(FIRST, LAST) == strange


def test_no_redirect_is_followed() -> None:
    with serving(say(page(ROW))) as (elsewhere, visit):
        reason, _ = refused(say(b"", status=302, Location=elsewhere))
        assert (reason, visit.forms) == ("HTTP 302", [])


def test_a_page_for_people_is_no_answer() -> None:
    assert refused(say(b"<!doctype html><title>Please wait</title>", Content_Type="text/html"))[0] == "not JSON"


@pytest.mark.parametrize(
    "body", [[], 3, {}, {"list": []}, {"count": 1}, {"count": "1", "list": [ROW]}, {"count": 1, "list": {}}]
)
def test_another_form_is_no_answer(body: object) -> None:
    assert refused(say(body))[0] == "unknown form"


def test_deeply_nested_json_is_no_answer() -> None:
    assert refused(say(b"[" * 100_000))[0] == "not JSON"


def test_fifty_megabytes_are_cut_off_early() -> None:
    reason, visit = refused(flood(50_000_000))
    assert reason == "too large"
    assert visit.sent < 30_000_000


def flood(size: int) -> Answer:
    def answer(handler: BaseHTTPRequestHandler, visit: Visit) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(size))
        handler.end_headers()
        while visit.sent < size:
            visit.sent += handler.wfile.write(b" " * 100_000)

    return answer


def test_a_packed_answer_is_not_unpacked() -> None:
    assert refused(say(b"\x1f\x8b\x08\x00", Content_Encoding="gzip"))[0] == "packed"


def test_an_answer_that_drips_is_dropped_when_its_time_is_up() -> None:
    """Each byte comes in time; together they would take for ever. The clock is the test's: a second a look."""
    ticks = iter(range(10_000))

    def drip(handler: BaseHTTPRequestHandler, visit: Visit) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while not visit.over.wait(0.001):
            visit.sent += handler.wfile.write(b" ")
            handler.wfile.flush()

    reason, visit = refused(drip, clock=lambda: float(next(ticks)))
    assert reason == "too slow"
    assert visit.sent < 10_000


def test_a_server_that_says_nothing_is_tried_again_and_then_left() -> None:
    def silence(_: BaseHTTPRequestHandler, visit: Visit) -> None:
        visit.over.wait(10)

    reason, visit = refused(silence)
    assert reason in ("ReadTimeout", "ReadTimeoutError")
    assert len(visit.forms) == QUICK.tries


def test_a_server_that_is_down_is_tried_again_and_then_left() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        asked, pauses = feed(f"http://127.0.0.1:{closed.getsockname()[1]}/")
        with pytest.raises(FeedAway) as away:
            asked.rows(FIRST, LAST)
    assert away.value.reason == "ConnectionError"
    assert pauses == [2.0, 4.0]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_server_is_asked_once_more(status: int) -> None:
    with serving(in_turn(say(b"busy", status=status), say(page(ROW)))) as (url, visit):
        asked, pauses = feed(url)
        assert asked.rows(FIRST, LAST) == [ROW]
    assert (len(visit.forms), pauses) == (2, [2.0])


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_server_that_refuses_is_not_asked_again(status: int) -> None:
    reason, visit = refused(say(b"no", status=status))
    assert (reason, len(visit.forms)) == (f"HTTP {status}", 1)


def test_an_answer_cut_off_in_the_middle_is_asked_for_again() -> None:
    def cut(handler: BaseHTTPRequestHandler, _: Visit) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"count": 1')
        handler.close_connection = True

    with serving(in_turn(cut, say(page(ROW)))) as (url, _):
        assert feed(url)[0].rows(FIRST, LAST) == [ROW]


def test_a_feed_without_an_end_is_left() -> None:
    reason, visit = refused(say(page(ROW, ROW, count=10**9)), Limits(most_pages=5, read_s=1))
    assert (reason, len(visit.forms)) == ("too many pages", 5)


def test_an_empty_page_ends_the_reading_whatever_the_count_says() -> None:
    with serving(in_turn(say(page(ROW, count=9)), say(page(count=9)))) as (url, _):
        assert feed(url)[0].rows(FIRST, LAST) == [ROW]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "127.0.0.1", "", "http://"])
def test_only_web_addresses_are_asked(url: str) -> None:
    with pytest.raises(FeedAway):
        feed(url)[0].rows(FIRST, LAST)


@pytest.mark.parametrize(
    "place", ["10.1.2.3", "192.168.1.1", "169.254.169.254", "127.0.0.9", "::1", "fd00::1", "0.0.0.0"]
)
def test_a_name_that_leads_into_the_network_is_not_asked(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        assert (host, port) == ("prices.example", 443)
        return [(0, 0, 0, "", ("93.184.215.14", 443)), (0, 0, 0, "", (place, 443))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(FeedAway) as away:
        feed("https://prices.example/")[0].rows(FIRST, LAST)
    assert away.value.reason == "address inside the network"


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://[fd00::1]/", "http://192.168.0.1:8080/", "http://2130706434/"]
)
def test_an_address_inside_the_network_is_not_asked(url: str) -> None:
    with pytest.raises(FeedAway) as away:
        feed(url)[0].rows(FIRST, LAST)
    assert away.value.reason == "address inside the network"


def test_no_password_of_this_machine_is_sent(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    netrc = tmp_path / "netrc"  # type: ignore[operator]
    netrc.write_text("machine 127.0.0.1 login us password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    seen: list[str | None] = []

    def note(handler: BaseHTTPRequestHandler, visit: Visit) -> None:
        seen.append(handler.headers.get("Authorization"))
        say(page(ROW))(handler, visit)

    with serving(note) as (url, _):
        feed(url)[0].rows(FIRST, LAST)
    assert seen == [None]
