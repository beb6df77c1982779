"""Who may run a stream and watch its board: taken from the URL map, so that a new page is looked at too."""

import re
from itertools import product

import pytest
from flask import Flask

from kernel.db import Database
from kernel.people.rules import LEAD, OWNER, PACKER, STREAMER, WEIGHER
from tests.console.conftest import sit_down
from tests.console.reading import words_of
from tests.streams.evening import Evening, make_evening

ROOMS = ("console_streams.", "control.", "board.")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def routes(app: Flask, stream_id: int, offer_id: int) -> list[tuple[str, str]]:
    """Every route of the rooms as (method, address)."""
    adapter = app.url_map.bind("localhost")
    given = {"stream_id": stream_id, "offer_id": offer_id}
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(ROOMS):
            address = adapter.build(rule.endpoint, {name: given[name] for name in rule.arguments})
            found += [(method, address) for method in sorted((rule.methods or set()) & {"GET", "POST"})]
    return found


def test_nobody_gets_in_without_signing_in(app: Flask, evening: Evening) -> None:
    browser = app.test_client()
    found = routes(app, evening.stream_id, evening.offer_ids[0])
    assert len(found) >= 20
    for method, address in found:
        answer = browser.open(address, method=method)
        assert answer.status_code == (302 if method == "GET" else 401), address


def test_a_program_that_is_signed_out_gets_401_and_no_page(app: Flask, evening: Evening) -> None:
    for name in ("parts", "events"):
        address = f"/console/board/{evening.stream_id}/{name}"
        assert app.test_client().get(address, headers={"Accept": "application/json"}).status_code == 401


def test_those_who_work_at_the_bench_are_kept_out(app: Flask, database: Database, evening: Evening) -> None:
    desk = sit_down(app, database, PACKER, LEAD, WEIGHER)
    for method, address in routes(app, evening.stream_id, evening.offer_ids[0]):
        assert desk.browser.open(address, method=method).status_code == 403, address


@pytest.mark.parametrize("role", [OWNER, STREAMER])
def test_what_is_not_there_is_not_found(app: Flask, database: Database, evening: Evening, role: str) -> None:
    desk = sit_down(app, database, role)
    wrong = routes(app, 999_999, 999_999) + routes(app, evening.stream_id, 999_999)
    with_ids = [(method, address) for method, address in wrong if "999999" in address]
    assert len(with_ids) > 15
    typed = {"offer": "999999", "price": "1.00", "seen": "0", "place": "1", "entry": "999999", "source": "999999"}
    for method, address in with_ids:
        answer = desk.browser.open(address, method=method, data=typed if method == "POST" else None)
        is_gone_anyway = address.endswith("/remove")
        assert answer.status_code == 404 or (is_gone_anyway and answer.status_code == 303), (method, address)


def test_another_streams_offer_is_not_found_in_this_one(app: Flask, database: Database, evening: Evening) -> None:
    streamer = sit_down(app, database, STREAMER)
    with database.transaction() as session:
        other = make_evening(session)
    address = f"/console/streams/{other.stream_id}/offers/{evening.offer_ids[0]}"
    streamer.look(address, 404)
    streamer.send(f"{address}/terms", {"price": "1.00", "seen": "0"}, 404)


def test_every_page_speaks_both_languages_and_needs_nothing_inline(
    app: Flask, database: Database, evening: Evening
) -> None:
    desk = sit_down(app, database, OWNER)
    stream = f"/console/streams/{evening.stream_id}"
    pages = [
        "/console/streams",
        "/console/streams/new",
        stream,
        f"{stream}/edit",
        f"{stream}/control",
        f"{stream}/offers/new",
        f"{stream}/offers/{evening.offer_ids[0]}",
        f"/console/board/{evening.stream_id}",
        f"/console/board/{evening.stream_id}?wall=1",
    ]
    for page, (language, tag) in product(pages, (("zh", "zh-CN"), ("en", "en"))):
        seen = desk.look(f"{page}{'&' if '?' in page else '?'}lang={language}")
        assert f'<html lang="{tag}"' in seen
        if language == "en":
            assert [word for word in words_of(seen) if CHINESE.search(word) and word != "庆元工坊"] == [], page


def test_a_page_of_the_console_stays_small(app: Flask, database: Database, evening: Evening) -> None:
    desk = sit_down(app, database, OWNER)
    for page in (f"/console/streams/{evening.stream_id}/control", f"/console/board/{evening.stream_id}"):
        assert len(desk.look(page).encode()) < 100_000
