"""The JSON API of orders and snapshots (interfaces.md)."""

import pytest
from flask.testing import FlaskClient

from kernel.db import Database
from shop.orders import rules
from tests.world import LiveOffer, make_live_offer, order_body


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, on_hand=10)


def place(client: FlaskClient, offer: LiveOffer, body: object, key: str = "api-key-0001"):  # type: ignore[no-untyped-def]
    return client.post(f"/api/v1/streams/{offer.stream_id}/orders", json=body, headers={"Idempotency-Key": key})


def test_an_order_is_held_and_can_be_read_with_its_key(client: FlaskClient, offer: LiveOffer) -> None:
    answer = place(client, offer, order_body(offer, 2))
    assert answer.status_code == 201
    placed = answer.get_json()
    assert placed["total_fen"] == 2 * offer.price_fen + placed["shipping_fen"]
    seen = client.get(f"/api/v1/orders/{placed['number']}", headers={"Authorization": f"Bearer {placed['key']}"})
    assert seen.get_json()["state"] == "held"
    assert seen.get_json()["lines"][0]["quantity"] == 2


def test_the_same_key_answers_200_with_the_same_order(client: FlaskClient, offer: LiveOffer) -> None:
    first, again = place(client, offer, order_body(offer)), place(client, offer, order_body(offer))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.get_json() == again.get_json()


def test_sold_out_says_how_many_are_left(client: FlaskClient, offer: LiveOffer) -> None:
    answer = place(client, offer, order_body(offer, 11))
    assert (answer.status_code, answer.get_json()["code"], answer.get_json()["left"]) == (409, "out_of_stock", 10)
    assert answer.mimetype == "application/problem+json"


def test_a_wrong_key_is_as_unknown_as_a_wrong_number(client: FlaskClient, offer: LiveOffer) -> None:
    number = place(client, offer, order_body(offer)).get_json()["number"]
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        assert client.get(f"/api/v1/orders/{number}", headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines": []}, "lines"),
        ({"lines": [{"offer_id": 1, "quantity": 0}]}, "lines.0.quantity"),
        ({"lines": [{"offer_id": 1, "quantity": "３"}]}, "lines.0.quantity"),
        ({"lines": [{"offer_id": 1, "quantity": True}]}, "lines.0.quantity"),
        ({"lines": [{"offer_id": 2**63, "quantity": 1}]}, "lines.0.offer_id"),
        ({"lines": [{"offer_id": "9" * 400, "quantity": 1}]}, "lines.0.offer_id"),
        ({"buyer": {"name": "", "phone": "13800008000"}}, "buyer.name"),
        ({"buyer": {"name": "x" * 5000, "phone": "13800008000"}}, "buyer.name"),
        ({"buyer": {"name": "\x00", "phone": "13800008000"}}, "buyer.name"),
        ({"buyer": {"name": "张三", "phone": "12345"}}, "buyer.phone"),
        ({"buyer": None}, "buyer"),
        ({"address": {"text": "示例路8号"}}, "address.text"),
        ({"address": {"province": "火星省", "detail": "8号"}}, "address.province"),
        ({"note": "长" * 500}, "note"),
    ],
)
def test_bad_fields_are_named(client: FlaskClient, offer: LiveOffer, change: dict[str, object], field: str) -> None:
    answer = place(client, offer, {**order_body(offer), **change})
    assert answer.status_code == 422
    assert answer.get_json()["code"] == "invalid"
    assert field in [error["field"] for error in answer.get_json()["errors"]]


@pytest.mark.parametrize("body", ["[]", "null", "{", '"x"', "\x00", '{"lines": "\\ud800"}', "[" * 100_000, "9" * 5_000])
def test_what_is_not_an_order_is_a_clear_400_or_422(client: FlaskClient, offer: LiveOffer, body: str) -> None:
    answer = client.post(
        f"/api/v1/streams/{offer.stream_id}/orders",
        data=body.encode("utf-8", "surrogatepass"),
        headers={"Idempotency-Key": "bad-body-1", "Content-Type": "application/json"},
    )
    assert answer.status_code in (400, 422)


@pytest.mark.parametrize("key", [None, "short", "空格 key 0001", "x" * 200])
def test_a_missing_or_odd_idempotency_key_is_named(client: FlaskClient, offer: LiveOffer, key: str | None) -> None:
    headers = {"Idempotency-Key": key.encode().decode("latin-1")} if key else {}
    answer = client.post(f"/api/v1/streams/{offer.stream_id}/orders", json=order_body(offer), headers=headers)
    assert answer.status_code == 422


def test_unknown_streams_and_offers_are_404(client: FlaskClient, offer: LiveOffer) -> None:
    assert client.get("/api/v1/streams/999999/snapshot").status_code == 404
    assert client.get(f"/api/v1/streams/{2**63}/snapshot").status_code == 404
    body = {**order_body(offer), "lines": [{"offer_id": 999_999, "quantity": 1}]}
    assert place(client, offer, body).status_code == 404


def test_a_rare_name_and_emoji_are_kept_whole(client: FlaskClient, offer: LiveOffer) -> None:
    answer = place(client, offer, order_body(offer, name="𠮷野㛃👩‍🌾"))
    assert answer.status_code == 201


def test_the_snapshot_has_an_etag_and_answers_304(client: FlaskClient, offer: LiveOffer) -> None:
    url = f"/api/v1/streams/{offer.stream_id}/snapshot"
    first = client.get(url)
    assert first.get_json()["on_air"] == offer.offer_id
    assert first.get_json()["offers"][0]["left"] == 10
    assert "max-age=1" in first.headers["Cache-Control"]
    assert client.get(url, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_an_address_that_orders_without_end_is_told_to_wait(
    client: FlaskClient, offer: LiveOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_FROM_AN_ADDRESS", 2)

    def order_from(address: str, key: str) -> int:
        return client.post(
            f"/api/v1/streams/{offer.stream_id}/orders",
            json=order_body(offer, phone=f"1380000{key[-4:]}"),
            headers={"Idempotency-Key": key},
            environ_base={"REMOTE_ADDR": address},
        ).status_code

    assert [order_from("8.8.8.8", f"flood-{number:04d}") for number in range(4)] == [201, 201, 429, 429]
    assert order_from("9.9.9.9", "other-0009") == 201
    # A proxy that nobody told the program about must not close the shop for everybody.
    assert [order_from("10.0.0.7", f"proxy-{number:04d}") for number in range(4)] == [201] * 4


def test_one_device_is_counted_wherever_it_is(
    client: FlaskClient, offer: LiveOffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MOST_FROM_A_DEVICE", 2)
    client.set_cookie("device", "a-phone")
    answers = [place(client, offer, order_body(offer), f"device-{number:04d}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert answers[-1].headers["Retry-After"] == "600"
    assert answers[-1].get_json()["code"] == "too_many"
