"""Logs: one JSON object a line, with what helps to find a fault and nothing that says who somebody is."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.logs import JsonLines
from kernel.clock import utc_now
from kernel.db import Database
from tests.world import LiveOffer, make_live_offer, order_body

NAME, PHONE, STREET = "诸葛不漏", "13800007777", "漏不得路77号"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the program writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("gongfang")
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, now=utc_now())


def lines(log: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def place(client: FlaskClient, offer: LiveOffer) -> dict[str, str]:
    body = order_body(offer, name=NAME, phone=PHONE)
    body["address"] = {"province": "浙江省", "detail": STREET}
    answer = client.post(
        f"/api/v1/streams/{offer.stream_id}/orders", json=body, headers={"Idempotency-Key": "log-key-1"}
    )
    assert answer.status_code == 201
    placed: dict[str, str] = answer.get_json()
    return placed


def test_a_request_leaves_one_line_with_its_id_and_its_order(
    client: FlaskClient, offer: LiveOffer, log: io.StringIO
) -> None:
    placed = place(client, offer)
    answer = client.get(f"/orders/{placed['number']}?key={placed['key']}")
    line = lines(log)[-1]
    assert line["message"] == "request"
    assert (line["rule"], line["status"], line["order"]) == ("/orders/<number>", 303, placed["number"])
    assert line["request"] == answer.headers["X-Request-Id"]
    assert len(lines(log)) == 2


def test_neither_people_nor_keys_stand_in_the_log(client: FlaskClient, offer: LiveOffer, log: io.StringIO) -> None:
    placed = place(client, offer)
    client.get(f"/orders/{placed['number']}?key={placed['key']}&phone={PHONE}")
    client.get(f"/orders/{placed['number']}?key=wrong-{placed['key']}")
    client.get(f"/{NAME}/{placed['key']}?q={STREET}")
    client.get("/orders", headers={"User-Agent": NAME, "Referer": f"https://x/?key={placed['key']}"})
    assert len(lines(log)) == 5
    for secret in (NAME, PHONE, STREET, placed["key"]):
        assert secret not in log.getvalue()


def test_a_row_that_a_constraint_refuses_is_not_quoted(
    app: Flask, database: Database, offer: LiveOffer, log: io.StringIO
) -> None:
    # PostgreSQL's DETAIL would say: Failing row contains (…, 诸葛不漏, 13800007777, …).
    @app.get("/broken-rule")
    def broken_rule() -> str:
        with database.transaction() as session:
            session.execute(text("UPDATE orders SET refunded_fen = -1"))
        return ""

    client = app.test_client()
    place(client, offer)
    answer = client.get("/broken-rule")
    assert answer.status_code == 409
    refused = next(line for line in lines(log) if line["message"] == "refused by a constraint")
    trace = refused["trace"]
    assert isinstance(trace, list)
    assert trace[0] == "IntegrityError: 23514 ck_orders_refunds_within_total"
    assert any("test_logs.py" in frame and frame.endswith("broken_rule") for frame in trace)
    assert NAME not in log.getvalue()
    assert PHONE not in log.getvalue()


def test_an_exception_that_carries_a_name_does_not_carry_it_into_the_log(app: Flask, log: io.StringIO) -> None:
    @app.get("/oops")
    def oops() -> str:
        try:
            raise KeyError(PHONE)
        except KeyError as error:
            raise RuntimeError(NAME) from error

    app.config["TESTING"] = False
    answer = app.test_client().get("/oops")
    assert answer.status_code == 500
    assert NAME not in answer.get_data(as_text=True)
    line = next(line for line in lines(log) if line["message"] == "unexpected")
    trace = line["trace"]
    assert isinstance(trace, list)
    assert trace[0] == "RuntimeError"
    assert "KeyError" in trace
    assert NAME not in log.getvalue()
    assert PHONE not in log.getvalue()


def test_what_is_asked_all_the_time_is_only_written_down_when_it_is_odd(
    client: FlaskClient, offer: LiveOffer, log: io.StringIO
) -> None:
    for path in ("/healthz", f"/api/v1/streams/{offer.stream_id}/snapshot", "/static/css/base.css"):
        client.get(path).close()
    assert lines(log) == []
    client.get("/readyz")
    assert [line["rule"] for line in lines(log)] == ["/readyz"]


def test_a_request_id_is_only_taken_from_a_proxy_that_is_trusted(app: Flask) -> None:
    answer = app.test_client().get("/healthz", headers={"X-Request-Id": "made-up-by-a-stranger"})
    assert answer.headers["X-Request-Id"] != "made-up-by-a-stranger"
