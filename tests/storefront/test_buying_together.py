"""More than one order by one form: joined to one that waits, bought again, given away; and whom to tell of it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.workflows.telling import tell_buyer
from kernel.db import Database
from kernel.notices.models import Notice
from kernel.text import Text
from shop.orders.models import Order
from shop.streams.models import Offer
from tests.storefront.pages import fields_of, place_on_page, typed_order
from tests.world import NOW, LiveOffer, make_live_offer


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, on_hand=10, cap=6)


def count_orders(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Order)) or 0


def other_offer(database: Database, **facts: int) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, **facts)


def test_a_second_order_joins_the_one_that_waits_and_both_are_paid_at_once(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    first = place_on_page(client, offer, 2)
    client.get(f"/orders/{first}")
    other = other_offer(database, price_fen=3_000)
    form = client.get(f"/live/{other.stream_id}/buy?offer={other.offer_id}&lang=zh")
    assert "一起寄，只收一份运费" in form.text
    typed = fields_of(form)
    assert (typed["joins"], typed["buyer.name"], typed["address.province"]) == (first, "张三", "浙江省")
    answers = [client.post(f"/live/{other.stream_id}/orders", data=typed) for _ in range(2)]
    assert len({answer.location for answer in answers}) == 1
    both = client.get(f"{answers[0].location}?lang=zh").text
    assert "¥109.60" in both
    assert "包邮" in both
    gone = client.get(f"/orders/{first}?lang=zh").text
    assert "放在一起了" in gone
    assert answers[0].location.rsplit("/", 1)[1] in gone


def test_somebody_elses_order_is_not_joined(client: FlaskClient, app: Flask, offer: LiveOffer) -> None:
    theirs = place_on_page(client, offer, 2)
    stranger = app.test_client()
    mine = place_on_page(stranger, offer, 1, joins=theirs)
    assert "¥39.80" in stranger.get(f"/orders/{mine}?lang=zh").text
    assert "货给您留着了" in client.get(f"/orders/{theirs}?lang=zh").text


def test_an_order_that_cannot_be_joined_any_more_is_told_and_the_form_stays(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    first = place_on_page(client, offer, 2)
    client.get(f"/orders/{first}")
    typed = typed_order(client, offer)
    client.post(f"/orders/{first}/cancel")
    told = client.post(f"/live/{offer.stream_id}/orders", data=typed)
    assert told.status_code == 409
    assert "没法放在一起" in told.text
    again = fields_of(told)
    assert "joins" not in again
    assert client.post(f"/live/{offer.stream_id}/orders", data=again).status_code == 303
    assert count_orders(database) == 2


def test_buying_again_fills_the_form_with_the_same_goods_and_address(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    number = place_on_page(client, offer, 3)
    client.post(f"/orders/{number}/cancel")
    page = client.get(f"/orders/{number}/again", follow_redirects=True)
    typed = fields_of(page)
    assert typed[f"quantity-{offer.offer_id}"] == "3"
    assert (typed["buyer.name"], typed["buyer.phone"], typed["address.detail"]) == ("张三", "13800008000", "示例路8号")
    assert client.post(f"/live/{offer.stream_id}/orders", data=typed).status_code == 303
    with database.transaction() as session:
        session.execute(update(Offer).values(state="closed"))
    away = client.get(f"/orders/{number}/again", follow_redirects=True)
    assert "下次开播时可以买" in away.text
    assert client.get("/orders/G000000-AAAAAAAA/again").status_code == 404


GIFT = {"gift": "1", "gift.from": "李四", "gift.words": "生日快乐", "gift.phone": "139 0000 0009"}


def order_of(database: Database, number: str) -> Order:
    with database.transaction() as session:
        return session.scalars(select(Order).where(Order.number == number)).one()


def test_a_present_tells_the_giver_and_says_so_on_the_slip(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    number = place_on_page(client, offer, 1, **GIFT)
    order = order_of(database, number)
    assert (order.phone, order.told_phone, order.gift_from) == ("13800008000", "13900000009", "李四")
    page = client.get(f"/orders/{number}?lang=zh").text
    assert "这是礼物" in page
    assert "生日快乐" in page


def test_half_a_present_is_marked_and_without_the_tick_it_is_none(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    typed = typed_order(client, offer, **{**GIFT, "gift.phone": "12"})
    refused = client.post(f"/live/{offer.stream_id}/orders", data=typed)
    assert refused.status_code == 422
    assert 'href="#field-gift.phone"' in refused.text
    assert fields_of(refused)["gift.words"] == "生日快乐"
    del typed["gift"]
    placed = client.post(f"/live/{offer.stream_id}/orders", data=typed)
    assert order_of(database, placed.location.rsplit("/", 1)[1]).gift_from is None


def test_an_email_address_is_kept_for_news_and_a_broken_one_is_marked(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    typed = typed_order(client, offer, **{"buyer.email": "zhang at example"})
    refused = client.post(f"/live/{offer.stream_id}/orders", data=typed)
    assert refused.status_code == 422
    assert 'href="#field-buyer.email"' in refused.text
    typed["buyer.email"] = "zhang@example.org"
    placed = client.post(f"/live/{offer.stream_id}/orders", data=typed)
    number = placed.location.rsplit("/", 1)[1]
    order = order_of(database, number)
    assert order.email == "zhang@example.org"
    with database.transaction() as session:
        for _ in range(2):
            tell_buyer(session, session.merge(order), "test", Text("到了", "It is here"), NOW)
        kept = session.execute(select(Notice.channel, Notice.recipient).order_by(Notice.channel)).all()
    assert [tuple(row) for row in kept] == [("email", "zhang@example.org"), ("sms", "13800008000")]
