"""A row lock that somebody holds: pages still read, writers are sent away soon and told when to come back (R8)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Event
from time import monotonic

import pytest
from flask import Flask
from sqlalchemy import text

from app.factory import create_app
from app.web.watched_counter import WatchedCounter
from config import Settings
from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import Unavailable
from kernel.tally import Tally
from shop.orders.counter import Counter
from shop.orders.placing import Asked, Placed
from tests.world import LiveOffer, ask, make_live_offer, order_body

LOCK_TIMEOUT_MS = 300


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, now=utc_now())


@pytest.fixture
def impatient(database: Database, settings: Settings) -> Iterator[Flask]:
    """The application with a short patience for locks."""
    own = Database(database.url, pool_size=10, lock_timeout_ms=LOCK_TIMEOUT_MS)
    app = create_app(settings, own)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    yield app
    own.dispose()


@contextmanager
def row_held(database: Database, table: str, row_id: int) -> Iterator[None]:
    """Somebody else holds a row for as long as the block runs."""
    with database.engine.connect() as holder:
        key = "variant_id" if table == "stock_levels" else "id"
        holder.execute(text(f"SELECT 1 FROM {table} WHERE {key} = :id FOR UPDATE"), {"id": row_id})
        yield
        holder.rollback()


def place(app: Flask, offer: LiveOffer, key: str) -> tuple[int, str | None, float]:
    started = monotonic()
    answer = app.test_client().post(
        f"/api/v1/streams/{offer.stream_id}/orders", json=order_body(offer), headers={"Idempotency-Key": key}
    )
    return answer.status_code, answer.headers.get("Retry-After"), monotonic() - started


@pytest.mark.parametrize("table", ["offers", "stock_levels"])
def test_pages_read_and_writers_are_sent_away_while_a_row_is_held(
    impatient: Flask, database: Database, offer: LiveOffer, table: str
) -> None:
    row_id = offer.offer_id if table == "offers" else offer.variant_id
    with row_held(database, table, row_id):
        with ThreadPoolExecutor(8) as buyers:
            waiting = [buyers.submit(place, impatient, offer, f"held-row-{number}") for number in range(8)]
            client = impatient.test_client()
            paths = ("/", f"/live/{offer.stream_id}", f"/live/{offer.stream_id}/buy", "/healthz")
            assert [client.get(path).status_code for path in paths] == [200] * 4
            assert client.get(f"/api/v1/streams/{offer.stream_id}/snapshot").status_code == 200
            answers = [each.result() for each in waiting]
        assert {(status, again) for status, again, _ in answers} == {(503, "5")}
    # The same keys again, as a buyer's browser sends them: now they are placed, and nothing was sold meanwhile.
    assert {place(impatient, offer, f"held-row-{number}")[0] for number in range(8)} == {201}
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM orders")) == 8


def test_the_default_patience_keeps_an_answer_within_five_seconds(settings: Settings) -> None:
    # At worst a request waits for the clerk who is stuck, then is sent away with the batch.
    assert 2 * settings.lock_timeout_ms + 1_000 <= 5_000
    assert settings.statement_timeout_ms <= 15_000


class StuckCounter(WatchedCounter):
    """A counter whose clerk waits for something."""

    def __init__(self, most_waiting: int) -> None:
        super().__init__(Database("postgresql+psycopg://nobody@127.0.0.1:9/none"), Tally(), most_waiting=most_waiting)
        self.go_on = Event()
        self.inside = Barrier(most_waiting + 1)


def test_while_the_clerk_is_stuck_only_some_wait_with_him(offer: LiveOffer, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = StuckCounter(most_waiting=3)
    placed = Placed(*[None] * 6, {})  # type: ignore[arg-type]

    def wait(_: Counter, asked: Asked, now: object) -> Placed:
        counter.inside.wait(timeout=30)
        counter.go_on.wait(timeout=30)
        return placed

    monkeypatch.setattr(Counter, "place", wait)
    clock = [0.0]
    monkeypatch.setattr("app.web.watched_counter.monotonic", lambda: clock[0])
    asked = ask(offer, "stuck-clerk-1")
    with ThreadPoolExecutor(3) as buyers:
        waiting = [buyers.submit(counter.place, asked, utc_now()) for _ in range(3)]
        counter.inside.wait(timeout=30)
        clock[0] = 0.6
        with pytest.raises(Unavailable):
            counter.place(asked, utc_now())
        counter.go_on.set()
        assert [each.result() for each in waiting] == [placed] * 3
    # They are gone, so there is room again; and a full counter that moves sends nobody away.
    counter.inside = Barrier(1)
    assert counter.place(asked, utc_now()) is placed
