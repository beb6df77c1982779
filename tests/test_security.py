"""What strangers send, what browsers are told, what production refuses."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

import pytest
from flask import Flask, Request, request
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.datastructures import ImmutableMultiDict

from app import workflows
from app.factory import create_app
from app.web.security import content_security_policy
from config import Settings, load_settings
from kernel.clock import utc_now
from kernel.db import Database
from kernel.people.rules import ROLES
from tests import routes as ways
from tests.evenings import evening_of_its_own

HOSTILE_PARTS = {
    "nul": "%00",
    "nul at the end": "1%00",
    "half a surrogate pair": "%ED%A0%80",
    "no UTF-8": "%FF%FE",
    "full-width one": quote("１"),
    "arabic three": quote("٣"),
    "2^62": str(2**62),
    "2^63": str(2**63),
    "400 digits": "9" * 400,
    "minus one": "-1",
    "5,000 letters": "x" * 5_000,
    "up and away": "..%2f..%2f..%2fetc%2fpasswd",
    "quotes": quote("'\";--<script>"),
    "right to left": quote("\u202egnp.exe"),
    "line feed": "%0a%0dSet-Cookie:x=1",
    "emoji": quote("👩‍🌾𠮷㛃"),
    "percent": "%25%25n",
}
# For fields and queries: as they stand, already encoded.
HOSTILE_VALUES = {
    "nul": "%00",
    "nul inside": "1%002",
    "half a surrogate pair": "%ED%A0%80",
    "no UTF-8": "%FF",
    "full-width": quote("１２"),
    "400 digits": "9" * 400,
    "2^63": str(2**63),
    "huge decimal": "1e400",
    "not a number": "NaN",
    "markup": quote("<b onload=x>'\"&{{7*7}}"),
    "formula": quote("=1+1"),
    "rare characters": quote("𠮷㛃👩‍🌾\u202e"),
    "a date that is none": "2026-02-31",
    "far date": "9999-12-31",
    "first date": "0001-01-01",
    "empty": "",
}


@pytest.fixture(scope="module")
def evening(server_url: str) -> Iterator[Database]:
    """A shop with something in every drawer."""
    with evening_of_its_own(server_url) as database:
        with database.transaction() as session:
            # As far as /readyz can see, a worker is there as long as these tests take.
            workflows.note_worker_alive(session, utc_now() + timedelta(hours=1))
        yield database


@pytest.fixture(scope="module")
def shop(evening: Database, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application on it; what is unexpected is raised, not turned into a page."""
    folder = tmp_path_factory.mktemp("var")
    settings = load_settings({"GONGFANG_MODE": "test", "DATABASE_URL": evening.url, "VAR_DIR": str(folder)})
    app = create_app(settings, evening)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return app


class NotedFields(ImmutableMultiDict[str, str]):
    """A query that notes which of its names a view asks for."""

    asked: ClassVar[set[str]] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)

    def getlist(self, name: str, *rest: Any, **more: Any) -> list[Any]:
        self.asked.add(name)
        return super().getlist(name, *rest, **more)

    def items(self, multi: bool = False) -> Iterable[tuple[str, str]]:
        self.asked.add("all of it")
        return super().items(multi)

    def to_dict(self, flat: bool = True) -> dict[str, Any]:
        # Every layout writes the query into its links to the other language.
        return dict(super().items())


class NotedRequest(Request):
    """A request whose query is noted."""

    parameter_storage_class = NotedFields


# After these nobody is signed in at the browser any more.
_GOODBYES = ("/sign-out", "/bench/hand-over")


class Stranger:
    """Somebody who may do everything, so that every view is reached, and who sends what nobody should."""

    def __init__(self, shop: Flask, evening: Database) -> None:
        self._shop, self._evening = shop, evening
        self._person = ways.person_with(evening, *ROLES)
        self._browser = ways.sign_in(shop, evening, self._person)

    def send(self, method: str, path: str, **sent: object) -> int:
        """One request; its status."""
        answer = self._browser.open(path, method=method, **sent)  # type: ignore[arg-type]
        answer.close()
        if path.startswith(_GOODBYES):
            self._browser = ways.sign_in(self._shop, self._evening, self._person)
        return answer.status_code


@pytest.fixture
def stranger(shop: Flask, evening: Database) -> Stranger:
    """Signed in, and not yet limited."""
    with evening.transaction() as session:
        session.execute(text("DELETE FROM limit_counts"))
    return Stranger(shop, evening)


def test_the_routes_are_really_there(shop: Flask) -> None:
    assert len(ways.routes(shop)) > 150
    assert len(ways.field_names()) > 80


def test_a_view_that_trusts_its_input_would_be_caught(settings: Settings, evening: Database) -> None:
    # The control of what follows.
    app = create_app(settings, evening)
    app.config["TESTING"] = True
    app.add_url_rule("/naive/<number>", view_func=lambda number: str(int(number)), endpoint="naive")
    with pytest.raises(ValueError, match="invalid literal"):
        app.test_client().get("/naive/-")


@pytest.mark.parametrize("part", HOSTILE_PARTS)
def test_odd_addresses_are_not_found_and_never_an_error(
    shop: Flask, evening: Database, stranger: Stranger, part: str
) -> None:
    real = ways.real_values(evening)
    tried = 0
    for route in ways.routes(shop):
        for name in route.rule.arguments:
            mark = (
                "987654321987654321"
                if shop.url_map.converters["int"] is type(route.rule._converters[name])
                else "MARKMARK"
            )
            values = {**real, name: int(mark) if mark.isdigit() else mark}
            base = ways.address(shop, route, values, otherwise=1)
            path = base.replace(mark, HOSTILE_PARTS[part]) if mark in base else f"{base}{HOSTILE_PARTS[part]}"
            status = stranger.send(route.method, path)
            assert status < 500, (route.name, part, status)
            if part in ("nul", "half a surrogate pair", "no UTF-8", "2^63", "400 digits", "full-width one"):
                # 401: a device's own door, which asks for its pass before it looks at anything.
                assert status in (404, 405, 400, 422, 303, 302, 401), (route.name, part, status)
            tried += 1
    assert tried > 80


def filled(value: str) -> str:
    """Every field that there is, with this value; already encoded."""
    names = [*ways.field_names(), *(f"quantity_{number}" for number in range(1, 4))]
    assert len(names) < 900
    return "&".join(f"{name}={value}" for name in names)


@pytest.fixture(scope="module")
def asked(shop: Flask, evening: Database) -> dict[str, set[str]]:
    """What each page asks of its query, all fields being there, beyond what every page asks. By the route's name."""
    real, stranger = ways.real_values(evening), Stranger(shop, evening)
    shop.request_class = NotedRequest
    found = {}
    for route in ways.routes(shop):
        if route.method == "GET" and not route.rule.rule.endswith("/events"):
            NotedFields.asked.clear()
            path = ways.address(shop, route, real, otherwise=1)
            assert stranger.send("GET", path, query_string=filled("1")) < 500, route.name
            found[route.name] = set(NotedFields.asked)
    shop.request_class = Request
    common = set.intersection(*found.values())
    return {name: names - common for name, names in found.items()}


def test_what_pages_ask_of_their_query_is_known(asked: dict[str, set[str]]) -> None:
    assert len(asked) > 200
    assert "q" in asked["GET /bench/lead/orders"]
    assert "all of it" in asked["GET /console/orders"]
    assert not asked["GET /healthz"]


@pytest.mark.parametrize("value", HOSTILE_VALUES)
def test_odd_queries_and_forms_are_answered_and_never_an_error(
    shop: Flask, evening: Database, stranger: Stranger, asked: dict[str, set[str]], value: str
) -> None:
    real, form = ways.real_values(evening), filled(HOSTILE_VALUES[value])
    for route in ways.routes(shop):
        path = ways.address(shop, route, real, otherwise=1)
        if route.method != "GET":
            status = stranger.send(route.method, path, data=form, content_type="application/x-www-form-urlencoded")
        elif asked.get(route.name):
            status = stranger.send("GET", path, query_string=form)
        else:
            # It was opened with all fields there and asked for none.
            continue
        assert status < 500, (route.name, value, status)


BODIES = {
    "deep json": (b"[" * 100_000, "application/json"),
    "deep object": (b'{"lines":' * 50_000, "application/json"),
    "half a pair in json": (
        b'{"lines": [{"offer_id": 1, "quantity": 1}], "buyer": {"name": "\\ud800"}, "note": "\\udfff"}',
        "application/json",
    ),
    "numbers in json": (
        b'{"lines": [{"offer_id": 1e999, "quantity": 99999999999999999999999999}]}',
        "application/json",
    ),
    "nul in json": (b'{"buyer": {"name": "a\\u0000b", "phone": "\\u0000"}}', "application/json"),
    "json that is none": (b"\xff\xfe{", "application/json"),
    "another charset": ("{}".encode("utf-16"), "application/json; charset=utf-16"),
    "an unknown charset": (b"a=b", "application/x-www-form-urlencoded; charset=klingon"),
    "multipart without a boundary": (b"--x\r\n", "multipart/form-data"),
    "multipart cut off": (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="\x00"\r\n\r\nabc',
        "multipart/form-data; boundary=x",
    ),
    "too many fields": ("&".join(f"a{n}=" for n in range(5_000)).encode(), "application/x-www-form-urlencoded"),
    "a field too large": (b"name=" + b"x" * 600_000, "application/x-www-form-urlencoded"),
    "no content type": (b"\x00\x01\x02", ""),
}


# Werkzeug leaves the parts of an upload that was cut off to the garbage collector, which Python remarks on.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("body", BODIES)
def test_odd_bodies_are_refused_and_never_an_error(
    shop: Flask, evening: Database, stranger: Stranger, body: str
) -> None:
    real = ways.real_values(evening)
    data, content_type = BODIES[body]
    posts = [route for route in ways.routes(shop) if route.method == "POST"]
    assert len(posts) > 60
    for route in posts:
        headers = {"Idempotency-Key": "odd-body-1", "Stripe-Signature": "t=1,v1=00"}
        path = ways.address(shop, route, real, otherwise=1)
        status = stranger.send("POST", path, data=data, content_type=content_type, headers=headers)
        assert status < 500, (route.name, body, status)


HEADERS = {
    "cookies": {"Cookie": "gongfang=%00; session=.eJx; orders=~~~|%ff~x; device=\xff; lang=<b>"},
    "a long cookie": {"Cookie": "gongfang=" + "x" * 20_000},
    "languages": {"Accept-Language": "zh;q=9" + ",xx-YY;q=-1" * 500},
    "accept": {"Accept": "*/*;q=nan, text/\xff"},
    "etags": {"If-None-Match": "W/" * 1_000, "If-Modified-Since": "yesterday"},
    "ranges": {"Range": "bytes=9999999999999999999999-,-1,5-2"},
    "proxies": {
        "X-Forwarded-For": "1' OR 1=1, \xff",
        "X-Forwarded-Proto": "javascript",
        "X-Forwarded-Host": "evil.example",
    },
    "method override": {"X-HTTP-Method-Override": "DELETE"},
    "idempotency": {"Idempotency-Key": "\xff" * 50},
    "authorization": {"Authorization": "Bearer \xff\xfe" + "x" * 5_000},
    "a negative length": {"Content-Length": "-5"},
    "a length that is no number": {"Content-Length": "12abc"},
}


@pytest.mark.parametrize("header", HEADERS)
def test_odd_headers_are_borne(shop: Flask, evening: Database, header: str) -> None:
    real = ways.real_values(evening)
    browser = shop.test_client()
    for route in ways.routes(shop):
        answer = browser.open(
            ways.address(shop, route, real, otherwise=1), method=route.method, headers=HEADERS[header]
        )
        answer.close()
        assert answer.status_code < 500, (route.name, header)


def test_a_host_that_is_not_ours_is_not_served_in_production(
    shop: Flask, evening: Database, settings: Settings
) -> None:
    production = replace(settings, mode="production", public_url="https://shop.example", metrics_token="t" * 16)
    browser = create_app(production, evening).test_client()
    assert browser.get("/healthz", headers={"Host": "evil.example"}).status_code == 400
    assert browser.get("/healthz", headers={"Host": "shop.example"}).status_code == 200


def test_a_body_over_the_limit_is_refused_before_it_is_read(settings: Settings, evening: Database) -> None:
    app = create_app(replace(settings, largest_body_bytes=10_000), evening)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    answer = app.test_client().post("/sign-in", data={"login": "x" * 20_000})
    assert answer.status_code == 413


# What browsers are told.

PAGES = (
    "/",
    "/live/1",
    "/live/1/buy",
    "/orders",
    "/sign-in",
    "/bench/sign-in",
    "/no/such/page",
    "/healthz",
    "/static/css/base.css",
)


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_headers(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    answer.close()
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=(self)" in answer.headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in answer.headers


def test_the_policy_allows_this_site_and_the_payment_page_only(settings: Settings) -> None:
    policy = dict(part.split(" ", 1) for part in content_security_policy(settings).split("; "))
    assert policy["form-action"] == f"'self' {settings.checkout_origin}"
    assert policy["default-src"] == "'none'"
    assert policy["base-uri"] == "'none'"
    for name in ("script-src", "style-src", "connect-src", "font-src"):
        assert policy[name] == "'self'"


def test_no_page_has_what_the_policy_forbids(shop: Flask, evening: Database) -> None:
    real = ways.real_values(evening)
    browser = ways.sign_in(shop, evening, ways.person_with(evening, *ROLES))
    seen = 0
    for route in ways.routes(shop):
        if route.method != "GET" or route.rule.rule.endswith("/events"):
            continue
        answer = browser.get(ways.address(shop, route, real, otherwise=1))
        if answer.mimetype == "text/html":
            html = answer.get_data(as_text=True)
            # What strangers typed may stand on the page, escaped; it is the tags that must be clean.
            tags = " ".join(re.findall(r"<[A-Za-z][^<>]*>", re.sub(r'"[^"]*"', '""', html)))
            for forbidden in (" style=", " onclick=", " onload=", " onsubmit=", " onchange=", "<style", "<script>"):
                assert forbidden not in tags, (route.name, forbidden)
            assert "javascript:" not in html, route.name
            seen += 1
        answer.close()
    assert seen > 50


def test_over_https_cookies_are_bound_to_the_host_and_browsers_stay_there(
    settings: Settings, evening: Database
) -> None:
    app = create_app(replace(settings, public_url="https://shop.example"), evening)
    answer = app.test_client().get("/", base_url="https://shop.example")
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    cookies = answer.headers.getlist("Set-Cookie")
    assert [cookie.split("=")[0] for cookie in cookies] == ["__Host-session"]
    for cookie in cookies:
        assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie


def test_pages_of_signed_in_people_stay_in_no_cache(shop: Flask, evening: Database) -> None:
    browser = ways.sign_in(shop, evening, ways.person_with(evening, *ROLES))
    for path in ("/console", "/bench", "/bench/lead", "/bench/weigh", "/sign-in"):
        assert browser.get(path).headers["Cache-Control"] == "no-store", path
    assert shop.test_client().get("/").headers["Cache-Control"] == "private, no-cache"
    assert "max-age=1" in shop.test_client().get("/api/v1/streams/1/snapshot").headers["Cache-Control"]


def test_files_with_their_version_are_kept_for_a_year_others_are_asked_for(client: FlaskClient) -> None:
    with client.get("/static/css/base.css?v=0123456789") as versioned, client.get("/static/css/base.css") as plain:
        assert versioned.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert plain.headers["Cache-Control"] == "no-cache"
        assert plain.headers["ETag"]
    with client.get("/static/no/such.css?v=1") as missing:
        assert "immutable" not in missing.headers.get("Cache-Control", "")


@pytest.mark.parametrize(
    "target",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\/evil", "/x\nSet-Cookie:x", "javascript:alert(1)"],
)
@pytest.mark.usefixtures("stranger")
def test_signing_in_leads_nowhere_else(shop: Flask, target: str) -> None:
    answer = shop.test_client().post("/sign-in", data={"login": "owner", "password": "gongfang-demo", "next": target})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")


def test_proxies_are_believed_only_when_there_are_some(settings: Settings, evening: Database) -> None:
    def seen(proxies: int) -> tuple[str | None, str]:
        app = create_app(replace(settings, trusted_proxies=proxies), evening)
        app.config["TESTING"] = True
        heard: list[tuple[str | None, str]] = []
        app.before_request(lambda: heard.append((request.remote_addr, request.scheme)))
        app.test_client().get("/healthz", headers={"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"})
        return heard[0]

    assert seen(0) == ("127.0.0.1", "http")
    assert seen(1) == ("203.0.113.7", "https")


def test_an_unexpected_error_says_nothing_about_itself(settings: Settings, evening: Database) -> None:
    app = create_app(settings, evening)

    @app.get("/oops")
    def oops() -> str:
        raise RuntimeError("the secret of the house")

    page, answer = (
        app.test_client().get("/oops"),
        app.test_client().get("/oops", headers={"Accept": "application/json"}),
    )
    assert (page.status_code, answer.status_code) == (500, 500)
    assert answer.mimetype == "application/problem+json"
    assert json.loads(answer.get_data())["code"] == "internal"
    for said in (page.get_data(as_text=True), answer.get_data(as_text=True)):
        assert "secret of the house" not in said
        assert "Traceback" not in said


def test_a_method_that_is_not_allowed_says_which_are(client: FlaskClient) -> None:
    answer = client.delete("/orders")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_query_is_bounded_too(client: FlaskClient) -> None:
    assert client.get("/orders?" + urlencode({"x": "y" * 100_000})).status_code < 500
