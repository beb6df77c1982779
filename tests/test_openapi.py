"""The description of the API says what the API does: every route, every answer, every field."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.web.openapi import PATHS, SCHEMAS
from kernel.clock import utc_now
from kernel.db import Database
from kernel.links import link_key
from tests.ops.evening import busy_evening
from tests.world import LiveOffer, make_live_offer, order_body


@pytest.fixture
def described(client: FlaskClient) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/api/openapi.json").get_json()
    return answer


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, on_hand=3, now=utc_now())


NAMES = {str: "string", bool: "boolean", int: "integer", dict: "object", list: "array", type(None): "null"}


def complaints(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """What a value has that the schema does not allow: the part of JSON Schema that the description uses."""
    if "$ref" in schema:
        return complaints(value, SCHEMAS[schema["$ref"].rsplit("/", 1)[-1]], at)
    if "enum" in schema or "const" in schema:
        allowed = schema.get("enum", [schema.get("const")])
        return [] if value in allowed else [f"{at}: {value!r} is none of {allowed}"]
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if NAMES[type(value)] not in kinds:
        return [f"{at}: {value!r} is no {kinds}"]
    if isinstance(value, dict):
        return of_an_object(value, schema, at)
    if isinstance(value, list):
        return [line for i, part in enumerate(value) for line in complaints(part, schema["items"], f"{at}[{i}]")]
    if NAMES[type(value)] == "integer" and value < schema.get("minimum", value):
        return [f"{at}: {value} is too small"]
    if schema.get("format") == "date-time" and value is not None and not re.match(r"\d{4}-\d\d-\d\dT", value):
        return [f"{at}: {value!r} is no moment"]
    return []


def of_an_object(value: dict[str, Any], schema: dict[str, Any], at: str) -> list[str]:
    """The same for an object's properties."""
    properties, extra = schema.get("properties", {}), schema.get("additionalProperties", True)
    found = [f"{at}.{name} is missing" for name in schema.get("required", []) if name not in value]
    for name, part in value.items():
        inner = properties.get(name, extra)
        if inner is False:
            found.append(f"{at}.{name} is not described")
        elif isinstance(inner, dict):
            found += complaints(part, inner, f"{at}.{name}")
    return found


def test_the_checker_finds_what_is_wrong() -> None:
    placed = {
        "number": "x",
        "key": "x",
        "total_fen": "5",
        "shipping_fen": 1,
        "hold_until": "soon",
        "order_url": "x",
        "more": 1,
    }
    assert {line.split()[0] for line in complaints(placed, SCHEMAS["PlacedOrder"])} == {
        "$.pay_url", "$.total_fen:", "$.hold_until:", "$.more"
    }  # fmt: skip


def test_every_route_for_programs_is_described_and_no_other(app: Flask, described: dict[str, Any]) -> None:
    there = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/api/", "/webhooks/", "/healthz", "/readyz", "/metrics"))
    }
    assert there == {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert described["paths"] == PATHS


def check(path: str, method: str, answer: Any) -> None:
    """The answer's status is described, and so is its body."""
    response = PATHS[path][method]["responses"][str(answer.status_code)]
    content = response.get("content")
    if content is None:
        assert not answer.get_data()
        return
    ((media, described),) = content.items()
    assert answer.mimetype == media
    assert complaints(answer.get_json(), described["schema"]) == []


def test_answers_are_as_described(client: FlaskClient, offer: LiveOffer) -> None:
    check("/api/v1/streams", "get", client.get("/api/v1/streams"))
    snapshot = f"/api/v1/streams/{offer.stream_id}/snapshot"
    first = client.get(snapshot)
    check("/api/v1/streams/{stream_id}/snapshot", "get", first)
    etag = {"If-None-Match": first.headers["ETag"]}
    check("/api/v1/streams/{stream_id}/snapshot", "get", client.get(snapshot, headers=etag))
    check("/api/v1/streams/{stream_id}/snapshot", "get", client.get("/api/v1/streams/999/snapshot"))
    check("/healthz", "get", client.get("/healthz"))
    check("/readyz", "get", client.get("/readyz"))
    check("/webhooks/stripe", "post", client.post("/webhooks/stripe", json={}))
    address = f"/api/v1/streams/{offer.stream_id}/orders"
    key = {"Idempotency-Key": "described-1"}
    statuses = []
    for body, headers in (
        (order_body(offer), key),
        (order_body(offer), key),
        (order_body(offer, 2), key),
        (order_body(offer, 9), {"Idempotency-Key": "described-2"}),
        ({**order_body(offer), "lines": [{"offer_id": 999_999, "quantity": 1}]}, {"Idempotency-Key": "described-3"}),
        ({}, {"Idempotency-Key": "described-4"}),
        ([], {"Idempotency-Key": "described-5"}),
    ):
        answer = client.post(address, json=body, headers=headers)
        check("/api/v1/streams/{stream_id}/orders", "post", answer)
        statuses.append(answer.status_code)
    assert statuses == [201, 200, 409, 409, 404, 422, 400]


def test_orders_in_every_state_are_as_described(app: Flask, client: FlaskClient, database: Database) -> None:
    busy_evening(database)
    with database.transaction() as session:
        orders = session.execute(text("SELECT number, state FROM orders")).all()
    assert {order.state for order in orders} >= {"held", "paid", "shipped", "cancelled"}
    for order in orders:
        key = link_key(str(app.secret_key), "order", order.number)
        answer = client.get(f"/api/v1/orders/{order.number}", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200
        check("/api/v1/orders/{number}", "get", answer)
    check("/api/v1/orders/{number}", "get", client.get(f"/api/v1/orders/{orders[0].number}"))
