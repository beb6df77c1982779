"""The snapshot: cheap to ask for again, never behind by more than half a second, a version that only rises."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.orm import Session

from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Refused
from shop.orders import counter
from shop.stock import service as stock
from shop.streams import queries, run_sheet, snapshots
from shop.streams import service as streams
from shop.streams.changes import FLASH
from shop.streams.snapshots import Snapshot, SnapshotShelf, answer, stream_asked_for
from tests.streams.evening import XIANG, Evening, make_evening, offer_variant, on_sheet, terms_of
from tests.world import NOW, LiveOffer, ask, make_live_offer, make_variant


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, on_hand=10)


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is said to the database meanwhile."""
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", hear)
    yield said
    event.remove(database.engine, "before_cursor_execute", hear)


def url_of(offer: LiveOffer) -> str:
    return f"/api/v1/streams/{offer.stream_id}/snapshot"


def turn_old(app: Flask) -> None:
    """Let the kept snapshots be older than half a second."""
    shelf = app.extensions["snapshots"]
    for stream_id, kept in shelf._shelf.items():
        shelf._shelf[stream_id] = Snapshot(kept.body, kept.etag, kept.rendered_at - snapshots.FRESH_FOR_S)


# Asking again


def test_what_a_cache_needs_is_there(client: FlaskClient, offer: LiveOffer) -> None:
    for _ in ("from Flask", "from the door"):
        seen = client.get(url_of(offer))
        assert seen.status_code == 200
        assert seen.mimetype == "application/json"
        assert seen.headers["Cache-Control"] == "public, max-age=1"
        assert seen.headers["ETag"].startswith('"')
        assert "Set-Cookie" not in seen.headers
        assert seen.get_json()["offers"][0]["left"] == 10


def test_the_door_answers_what_flask_answers(client: FlaskClient, offer: LiveOffer) -> None:
    rendered, kept = client.get(url_of(offer)), client.get(url_of(offer))
    assert "X-Request-Id" in rendered.headers
    assert "X-Request-Id" not in kept.headers, "the second did not reach Flask"
    assert (kept.status_code, kept.data) == (rendered.status_code, rendered.data)
    for name in ("ETag", "Cache-Control", "Content-Type", "Content-Length", "X-Content-Type-Options"):
        assert kept.headers[name] == rendered.headers[name]


HAS_IT = ("{etag}", "W/{etag}", '"other", {etag}', 'W/{etag} , "x"', "*")
HAS_ANOTHER = ("", '"other"', "{bare}", "{etag}x", 'x"{etag}"')


def test_who_has_it_already_gets_304_from_the_door_and_from_flask(
    app: Flask, client: FlaskClient, offer: LiveOffer
) -> None:
    etag = client.get(url_of(offer)).headers["ETag"]
    for form, is_fresh in product(HAS_IT, (True, False)):
        if not is_fresh:
            turn_old(app)
        seen = client.get(url_of(offer), headers={"If-None-Match": form.format(etag=etag)})
        assert (seen.status_code, seen.data, seen.headers["ETag"]) == (304, b"", etag), form
        assert seen.headers["Cache-Control"] == "public, max-age=1"


def test_who_has_something_else_gets_it_all(client: FlaskClient, offer: LiveOffer) -> None:
    etag = client.get(url_of(offer)).headers["ETag"]
    for form in HAS_ANOTHER:
        header = form.format(etag=etag, bare=etag.strip('"'))
        assert client.get(url_of(offer), headers={"If-None-Match": header}).status_code == 200, form


def test_a_hit_asks_the_database_nothing(app: Flask, client: FlaskClient, database: Database, offer: LiveOffer) -> None:
    with statements(database) as first:
        client.get(url_of(offer))
    with statements(database) as hits:
        for _ in range(20):
            client.get(url_of(offer))
    turn_old(app)
    with statements(database) as later:
        client.get(url_of(offer))
    assert len(first) > 0
    assert hits == []
    assert len(later) > 0


def test_a_sale_is_seen_half_a_second_later(
    app: Flask, client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    before = client.get(url_of(offer))
    counter.Counter(database).place(ask(offer, "seen-soon-1", 3), NOW)
    turn_old(app)
    after = client.get(url_of(offer), headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.get_json()["offers"][0]["left"] == 7
    assert after.get_json()["version"] > before.get_json()["version"]


def test_of_many_who_wait_one_reads() -> None:
    """The shelf's lock: whoever waited finds what the first one read."""
    shelf, reads = SnapshotShelf(), []

    def read() -> Snapshot | None:
        reads.append(1)
        if len(reads) == 1:
            assert shelf.fresh(1) is None
        return Snapshot(b"{}", '"e"', snapshots.monotonic())

    assert shelf.get(1, read) is shelf.get(1, read)
    assert len(reads) == 1


# Roads that lead nowhere


NOWHERE = ("0", "999999", str(2**62), str(2**63), "9" * 400, "-1", "1.0", "x", "１", "٣", "%00", "1e3")


def test_an_unknown_stream_is_404_and_never_worse(client: FlaskClient, offer: LiveOffer) -> None:
    for number in NOWHERE:
        seen = client.get(f"/api/v1/streams/{number}/snapshot")
        assert (seen.status_code, seen.mimetype) == (404, "application/problem+json"), number


def test_a_snapshot_is_only_read(client: FlaskClient, offer: LiveOffer) -> None:
    client.get(url_of(offer))
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        assert client.open(url_of(offer), method=method).status_code == 405


def test_asking_for_the_head_only_is_answered(client: FlaskClient, offer: LiveOffer) -> None:
    client.get(url_of(offer))
    seen = client.head(url_of(offer))
    assert (seen.status_code, seen.data) == (200, b"")
    assert seen.headers["ETag"]


def test_a_stream_without_offers_and_one_that_is_over_are_answered(client: FlaskClient, database: Database) -> None:
    with database.transaction() as session:
        empty = make_evening(session, offers=0, is_live=False).stream_id
        over = make_evening(session, offers=1)
        streams.end_stream(session, over.stream_id, now=NOW, by=XIANG)
    figures = client.get(f"/api/v1/streams/{empty}/snapshot").get_json()
    assert (figures["state"], figures["on_air"], figures["offers"]) == ("planned", None, [])
    figures = client.get(f"/api/v1/streams/{over.stream_id}/snapshot").get_json()
    assert (figures["state"], figures["offers"][0]["state"]) == ("ended", "closed")


@pytest.mark.parametrize(
    ("path", "method", "wanted"),
    [
        ("/api/v1/streams/12/snapshot", "GET", 12),
        ("/api/v1/streams/12/snapshot", "HEAD", None),
        ("/api/v1/streams/12/snapshot/", "GET", None),
        ("/x/api/v1/streams/12/snapshot", "GET", None),
        ("/api/v1/streams/12/orders", "GET", None),
        ("/api/v1/streams/١/snapshot", "GET", None),
        ("/api/v1/streams//snapshot", "GET", None),
        ("/", "GET", None),
    ],
)
def test_the_door_opens_for_plain_snapshots_only(path: str, method: str, wanted: int | None) -> None:
    assert stream_asked_for({"PATH_INFO": path, "REQUEST_METHOD": method}) == wanted


def test_the_answer_names_the_length_of_bytes_not_of_letters() -> None:
    status, headers, body = answer(Snapshot("花菇".encode(), '"e"', 0.0), "")
    assert (status, dict(headers)["Content-Length"], len(body)) == (200, "6", 6)


# The version


def seen(session: Session, stream_id: int, now: datetime = NOW) -> dict[str, Any]:
    session.flush()
    figures = queries.snapshot(session, stream_id, now)
    assert figures is not None
    return figures


def _put_on_air(session: Session, evening: Evening) -> None:
    streams.put_on_air(session, evening.stream_id, evening.offer_ids[0], now=NOW, by=XIANG)


def _change(terms: dict[str, Any]) -> Callable[[Session, Evening], None]:
    def change(session: Session, evening: Evening) -> None:
        streams.change_offer(session, evening.stream_id, evening.offer_ids[0], terms, now=NOW, by=XIANG)

    return change


def _variant(session: Session, evening: Evening) -> int:
    return terms_of(session, evening.offer_ids[0]).variant_id


VISIBLE: dict[str, Callable[[Session, Evening], object]] = {
    "on air": _put_on_air,
    "price": _change({"price_fen": 100}),
    "list price": _change({"list_price_fen": 9_900}),
    "restock": _change({"allotment": 70}),
    "cap": _change({"cap_per_buyer": 2}),
    "closed": _change({"state": "closed"}),
    "flash": _change(dict(zip(FLASH, (2_000, NOW, NOW + timedelta(minutes=5)), strict=True))),
    "flash to come": _change(
        dict(zip(FLASH, (2_000, NOW + timedelta(minutes=1), NOW + timedelta(minutes=5)), strict=True))
    ),
    "end": _change({"ends_at": NOW + timedelta(minutes=1)}),
    "sold": lambda session, evening: counter.place_batch(
        session,
        [ask(LiveOffer(evening.stream_id, evening.offer_ids[0], _variant(session, evening), 3_980), "a-sale-here")],
        NOW,
    ),
    "new offer": lambda session, evening: offer_variant(session, evening.stream_id, make_variant(session)),
    "offer gone": lambda session, evening: run_sheet.remove_offer(
        session, evening.stream_id, evening.offer_ids[0], now=NOW, by=XIANG
    ),
    "order": lambda session, evening: run_sheet.move_offer(
        session, evening.stream_id, evening.offer_ids[0], 3, now=NOW, by=XIANG
    ),
    "spoiled": lambda session, evening: stock.adjust(
        session, _variant(session, evening), -80, reason="spoiled", source="count:1", by=SYSTEM, at=NOW
    ),
    "over": lambda session, evening: streams.end_stream(session, evening.stream_id, now=NOW, by=XIANG),
}


def test_the_version_rises_with_everything_a_viewer_sees(session: Session) -> None:
    for name, change in VISIBLE.items():
        evening = make_evening(session)
        before = seen(session, evening.stream_id)
        change(session, evening)
        after = seen(session, evening.stream_id)
        assert {**after, "version": 0} != {**before, "version": 0}, f"{name} must be seen for this to mean anything"
        assert after["version"] > before["version"], name


def test_the_version_rises_when_an_offers_time_is_over_and_when_it_gets_more(session: Session) -> None:
    evening = make_evening(session)
    _change({"ends_at": NOW + timedelta(minutes=1)})(session, evening)
    before = seen(session, evening.stream_id)
    later = NOW + timedelta(minutes=2)
    over = seen(session, evening.stream_id, later)
    assert over["offers"][0]["state"] == "closed"
    streams.change_offer(
        session, evening.stream_id, evening.offer_ids[0], {"ends_at": NOW + timedelta(hours=1)}, now=later, by=XIANG
    )
    again = seen(session, evening.stream_id, later)
    assert again["offers"][0]["state"] == "open"
    assert before["version"] < over["version"] < again["version"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["air", "price", "end_at", "flash", "remove", "add", "move", "sell", "wait"]), st.integers(0, 3)
    ),
    max_size=14,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_whatever_happens_another_picture_has_a_higher_version(
    database: Database, steps: list[tuple[str, int]]
) -> None:
    with database.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        evening, now = make_evening(session), NOW
        last = seen(session, evening.stream_id, now)
        for number, (name, which) in enumerate(steps):
            now += timedelta(seconds=30)
            try:
                with session.begin_nested():
                    _step(session, evening.stream_id, name, which, number, now)
            except Refused:
                continue
            shown = seen(session, evening.stream_id, now)
            if json.dumps({**shown, "version": 0}) != json.dumps({**last, "version": 0}):
                assert shown["version"] > last["version"], (name, which)
            assert shown["version"] >= last["version"]
            last = shown
        session.rollback()


def _step(session: Session, stream_id: int, name: str, which: int, number: int, now: datetime) -> None:
    sheet = on_sheet(session, stream_id)
    offer_id = sheet[which % len(sheet)] if sheet else 0
    if name == "add" or not sheet:
        offer_variant(session, stream_id, make_variant(session))
    elif name == "air":
        streams.put_on_air(session, stream_id, offer_id if which else None, now=now, by=XIANG)
    elif name == "price":
        streams.change_offer(session, stream_id, offer_id, {"price_fen": 1_000 + number}, now=now, by=XIANG)
    elif name == "end_at":
        ends_at = now + timedelta(seconds=20 * which) if which else None
        streams.change_offer(session, stream_id, offer_id, {"ends_at": ends_at}, now=now, by=XIANG)
    elif name == "flash":
        begins = now + timedelta(seconds=20 * which)
        terms = (500 + number, begins, begins + timedelta(seconds=40)) if which < 3 else (None,) * 3
        streams.change_offer(session, stream_id, offer_id, dict(zip(FLASH, terms, strict=True)), now=now, by=XIANG)
    elif name == "remove":
        run_sheet.remove_offer(session, stream_id, offer_id, now=now, by=XIANG)
    elif name == "move":
        run_sheet.move_offer(session, stream_id, offer_id, which, now=now, by=XIANG)
    elif name == "sell":
        offer = terms_of(session, offer_id)
        wanted = LiveOffer(stream_id, offer_id, offer.variant_id, offer.price_fen)
        counter.place_batch(session, [ask(wanted, f"step-{number:06d}", phone=f"138{number:08d}")], now)
        session.expire_all()
