"""Standing in line on a phone without scripts: from "sold out" to the held order, and every way it may end."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import workflows
from kernel.audit import BUYER
from kernel.db import Database
from kernel.notices.models import Notice
from shop.orders import service as orders
from shop.orders.counter import place_batch
from shop.orders.models import Order
from shop.orders.placing import Placed
from shop.streams import service as running
from shop.waitlist.models import Wait
from tests.storefront.pages import assert_nothing_inline, fields_of
from tests.world import NOW, LiveOffer, ask, make_live_offer


@pytest.fixture
def offer(app: Flask, database: Database) -> LiveOffer:
    """Two pieces, sold out: somebody else holds both."""
    app.extensions["clock"] = lambda: NOW
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=2)
        (held,) = place_batch(session, [ask(offer, "held-by-another", 2, phone="13900000001")], NOW)
        assert isinstance(held, Placed)
    return offer


def give_up(database: Database) -> None:
    """The other buyer cancels, and the worker has its turn."""
    with database.transaction() as session:
        order = next(iter(session.scalars(select(Order).where(Order.phone == "13900000001"))))
        orders.cancel_held(session, orders.lock_order(session, order.id), at=NOW, by=BUYER, reason="")
        workflows.serve_line(session, NOW)


def typed(client: FlaskClient, offer: LiveOffer, **changes: str) -> dict[str, str]:
    page = client.get(f"/live/{offer.stream_id}/buy?offer={offer.offer_id}&quantity=1&lang=zh")
    assert "这件卖完了" in page.text
    assert_nothing_inline(page)
    return {
        **fields_of(page),
        "buyer.name": "吴𠮷",
        "buyer.phone": "13800008000",
        "address.province": "浙江省",
        "address.detail": "示例路8号",
        **changes,
    }


def stand(client: FlaskClient, offer: LiveOffer, **changes: str) -> TestResponse:
    return client.post(f"/live/{offer.stream_id}/waits", data=typed(client, offer, **changes))


def look(client: FlaskClient, path: str) -> str:
    page = client.get(path)
    assert page.status_code == 200, page.text
    assert_nothing_inline(page)
    return page.text


def test_from_sold_out_to_an_order_that_is_held(client: FlaskClient, database: Database, offer: LiveOffer) -> None:
    live = look(client, f"/live/{offer.stream_id}?lang=zh")
    assert "卖完了，排队等货" in live
    place = stand(client, offer).location
    assert "您排在第 1 位" in look(client, place)
    assert client.get(f"{place}/state").json == {"standing": "waiting:1"}
    assert place in look(client, "/orders")
    give_up(database)
    assert client.get(f"{place}/state").json == {"standing": "served:0"}
    turn = client.get(place)
    assert turn.status_code == 303
    assert "货给您留着了" in look(client, turn.location)
    with database.transaction() as session:
        (notice,) = session.scalars(select(Notice))
        assert "轮到您了：庆元花菇 给您留到 20:10" in notice.body
        # Whoever reads the message on another device opens nothing with it.
        assert "key=" not in notice.body
        assert notice.recipient == "13800008000"


def test_a_double_tap_a_reload_and_another_device(app: Flask, client: FlaskClient, offer: LiveOffer) -> None:
    form = typed(client, offer)
    places = {client.post(f"/live/{offer.stream_id}/waits", data=form).location for _ in range(3)}
    (place,) = places
    stranger = app.test_client()
    for path, method in ((place, "get"), (f"{place}/state", "get"), (f"{place}/leave", "post")):
        assert getattr(stranger, method)(path).status_code == 404
    refused = stand(stranger, offer)
    assert refused.status_code == 409
    assert "这个手机号已经在排这件货了" in refused.text
    kept = fields_of(refused)
    assert (kept["buyer.name"], kept["address.detail"]) == ("吴𠮷", "示例路8号")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"buyer.name": "名" * 5000}, "buyer.name"),
        ({"buyer.phone": "１３８"}, "buyer.phone"),
        ({"address.province": ""}, "address.province"),
        ({"note": "x" * 5000}, "note"),
    ],
)
def test_an_error_stands_at_its_field_and_keeps_what_was_typed(
    client: FlaskClient, offer: LiveOffer, change: dict[str, str], field: str
) -> None:
    page = stand(client, offer, **change)
    assert page.status_code == 422
    assert f'id="error-{field}"' in page.text
    assert fields_of(page)["address.detail"] == "示例路8号"


def test_what_came_back_meanwhile_is_bought_at_once(client: FlaskClient, database: Database, offer: LiveOffer) -> None:
    form = typed(client, offer)
    give_up(database)
    page = client.post(f"/live/{offer.stream_id}/waits", data=form)
    assert page.status_code == 409
    assert "现在还有货" in page.text
    # The same form is now the order's, with everything typed.
    assert f'action="/live/{offer.stream_id}/orders"' in page.text
    answer = client.post(f"/live/{offer.stream_id}/orders", data={**form, **fields_of(page)})
    assert answer.location.startswith("/orders/")


def test_leaving_forgets_and_the_end_of_the_stream_is_told(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    place = stand(client, offer).location
    for _ in range(2):
        assert client.post(f"{place}/leave").location == f"/live/{offer.stream_id}"
    assert "您不排了" in look(client, place)
    place = stand(client, offer).location
    with database.transaction() as session:
        running.end_stream(session, offer.stream_id, now=NOW, by=BUYER)
        assert workflows.serve_line(session, NOW) == 1
        assert {wait.phone for wait in session.scalars(select(Wait))} == {""}
    assert "这次没有等到" in look(client, place)
    assert "The stream has ended" in look(client, f"{place}?lang=en")


def test_whoever_left_too_late_is_led_to_what_is_held(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    place = stand(client, offer).location
    give_up(database)
    assert client.post(f"{place}/leave").location == place
    assert "已经轮到您了" in client.get(place, follow_redirects=True).text


@pytest.mark.parametrize(
    ("said", "leads_to"),
    [("1号 2袋", r"/live/\d+/buy\?offer=\d+&quantity=2"), ("扣1", r"/live/\d+/buy\?offer=\d+&quantity=1")],
)
def test_a_claim_typed_as_in_a_live_room_opens_the_form(
    client: FlaskClient, offer: LiveOffer, said: str, leads_to: str
) -> None:
    answer = client.get(f"/live/{offer.stream_id}/claim", query_string={"said": said})
    assert (answer.status_code, re.fullmatch(leads_to, answer.location) is not None) == (303, True)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("多少钱", "没看懂"),
        ("", "没看懂"),
        ("7号", "没有 7 号，这场到 1 号"),
        ("😀" * 3_000, "没看懂"),
        ("\0", "没看懂"),
    ],
)
def test_a_claim_that_is_none_is_answered_kindly(client: FlaskClient, offer: LiveOffer, said: str, words: str) -> None:
    page = client.get(
        f"/live/{offer.stream_id}/claim", query_string={"said": said, "lang": "zh"}, follow_redirects=True
    )
    assert page.status_code == 200
    assert words in page.text
