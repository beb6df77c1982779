"""From the form to the order by its private link, without scripts."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from kernel.db import Database
from shop.orders.models import Order
from shop.orders.views import order_key
from shop.stock.models import StockLevel
from shop.streams.models import Offer
from tests.storefront.pages import assert_nothing_inline, fields_of, place_on_page, typed_order
from tests.world import LiveOffer, make_live_offer


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, on_hand=10, cap=6)


def count_orders(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Order)) or 0


def test_ordering_holds_the_goods_and_shows_until_when(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    number = place_on_page(client, offer, 2)
    page = client.get(f"/orders/{number}?lang=zh")
    assert page.status_code == 200
    assert "货给您留着了" in page.text
    assert "请在此之前付款" in page.text
    assert "¥79.60" in page.text
    assert_nothing_inline(page)
    with database.transaction() as session:
        assert session.get_one(StockLevel, offer.variant_id).held == 2


def test_a_double_tap_and_a_reload_are_one_order(client: FlaskClient, database: Database, offer: LiveOffer) -> None:
    typed = typed_order(client, offer)
    answers = [client.post(f"/live/{offer.stream_id}/orders", data=typed) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.location for answer in answers}) == 1
    assert count_orders(database) == 1


def test_a_spent_key_with_another_wish_is_told_and_gets_a_new_key(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    typed = typed_order(client, offer)
    client.post(f"/live/{offer.stream_id}/orders", data=typed)
    other = {**typed, f"quantity-{offer.offer_id}": "3"}
    answer = client.post(f"/live/{offer.stream_id}/orders", data=other)
    assert answer.status_code == 409
    kept = fields_of(answer)
    assert kept["key"] != typed["key"]
    assert kept[f"quantity-{offer.offer_id}"] == "3"
    assert count_orders(database) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"buyer.name": ""}, "buyer.name"),
        ({"buyer.name": "名" * 5000}, "buyer.name"),
        ({"buyer.phone": "12345"}, "buyer.phone"),
        ({"buyer.phone": "１３８"}, "buyer.phone"),
        ({"address.province": ""}, "address.province"),
        ({"address.province": "Atlantis"}, "address.province"),
        ({"address.detail": ""}, "address.detail"),
        ({"note": "x" * 5000}, "note"),
    ],
)
def test_an_error_stands_at_its_field_and_keeps_what_was_typed(
    client: FlaskClient, database: Database, offer: LiveOffer, change: dict[str, str], field: str
) -> None:
    typed = typed_order(client, offer, 2, **{"note": "放门口", "address.street": "松源街道", **change})
    answer = client.post(f"/live/{offer.stream_id}/orders", data=typed)
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    kept = fields_of(answer)
    for name in (
        "key",
        "address.street",
        "address.city",
        f"quantity-{offer.offer_id}",
        "buyer.name",
        "buyer.phone",
    ):
        assert kept[name] == typed[name]
    assert count_orders(database) == 0


@pytest.mark.parametrize("quantity", ["", "0", "-1", "２", "1e3", "9" * 400, "\x00"])
def test_a_quantity_that_is_none_is_asked_for_again(
    client: FlaskClient, database: Database, offer: LiveOffer, quantity: str
) -> None:
    typed = typed_order(client, offer, **{f"quantity-{offer.offer_id}": quantity})
    assert client.post(f"/live/{offer.stream_id}/orders", data=typed).status_code == 422
    assert count_orders(database) == 0


def test_too_many_are_refused_with_what_is_left(client: FlaskClient, database: Database) -> None:
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=3)
    typed = typed_order(client, offer, 3, **{f"quantity-{offer.offer_id}": "4"})
    answer = client.post(f"/live/{offer.stream_id}/orders?lang=zh", data=typed)
    assert answer.status_code == 409
    assert "只剩 3 件了" in answer.text
    assert fields_of(answer)["address.detail"] == "示例路8号"


def test_a_forged_price_or_missing_key_changes_nothing(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    typed = typed_order(client, offer)
    assert client.post(f"/live/{offer.stream_id}/orders", data={**typed, "key": ""}).status_code == 422
    number = place_on_page(client, offer, price_fen="1", total_fen="1", state="paid")
    with database.transaction() as session:
        order = session.scalars(select(Order).where(Order.number == number)).one()
        assert (order.goods_fen, order.state) == (offer.price_fen, "held")


def test_someone_elses_order_looks_like_none(client: FlaskClient, app: Flask, offer: LiveOffer) -> None:
    number = place_on_page(client, offer)
    stranger = app.test_client()
    for method, path in (
        ("GET", ""),
        ("GET", "/state"),
        ("POST", "/pay"),
        ("POST", "/cancel"),
        ("GET", "?key=wrong"),
        ("GET", "/pay?key="),
    ):
        answer = stranger.open(f"/orders/{number}{path}", method=method)
        assert answer.status_code == 404, path
    assert stranger.get("/orders/G0000000-NONE").status_code == 404


def test_a_private_link_becomes_a_cookie_and_leaves_the_address(
    client: FlaskClient, app: Flask, offer: LiveOffer
) -> None:
    number = place_on_page(client, offer)
    with app.test_request_context():
        key = order_key(number)
    phone = app.test_client()
    answer = phone.get(f"/orders/{number}?key={key}")
    assert (answer.status_code, answer.location) == (303, f"/orders/{number}")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = phone.get(f"/orders/{number}")
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert phone.get("/orders").text.count(number) >= 1


def test_hostile_buyers_stay_text_on_the_order(client: FlaskClient, offer: LiveOffer) -> None:
    number = place_on_page(
        client,
        offer,
        **{
            "buyer.name": "<script>alert(1)</script>",
            "note": '"><img src=x onerror=a>',
            "address.detail": "\u202e𠮷野",
        },
    )
    page = client.get(f"/orders/{number}")
    assert_nothing_inline(page)
    assert "&lt;script&gt;alert(1)" in page.text
    assert "𠮷野" in page.text


def test_cancelling_a_held_order_frees_the_goods_at_once(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    number = place_on_page(client, offer, 2)
    assert client.post(f"/orders/{number}/cancel").status_code == 303
    assert "订单取消了" in client.get(f"/orders/{number}?lang=zh").text
    with database.transaction() as session:
        assert session.get_one(StockLevel, offer.variant_id).held == 0
    # Pressed again it says so and changes nothing.
    client.post(f"/orders/{number}/cancel")
    assert "现在不能取消了" in client.get(f"/orders/{number}").text


def test_a_device_forgets_its_orders(client: FlaskClient, offer: LiveOffer) -> None:
    number = place_on_page(client, offer)
    assert number in client.get("/orders").text
    client.post("/orders/forget")
    assert number not in client.get("/orders").text
    assert client.get(f"/orders/{number}").status_code == 404


def test_a_broken_cookie_opens_nothing(client: FlaskClient, offer: LiveOffer) -> None:
    number = place_on_page(client, offer)
    for value in (f"{number}~", f"{number}~wrong", "~~|~|", "x" * 4000, f"{number}~é"):
        client.set_cookie("orders", value)
        assert client.get("/orders").status_code == 200
        assert client.get(f"/orders/{number}").status_code == 404


def test_the_ended_stream_sends_the_buyer_back_to_it(client: FlaskClient, offer: LiveOffer) -> None:
    answer = client.get(f"/live/{offer.stream_id}/orders")
    assert (answer.status_code, answer.location) == (302, f"/live/{offer.stream_id}")


def test_a_form_opened_again_after_a_lost_answer_asks_for_the_same_order(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    """The order was placed but its answer never arrived; she goes back, where the form is made anew, and sends again."""
    client.post(f"/live/{offer.stream_id}/orders", data=typed_order(client, offer))
    client.delete_cookie("orders")
    again = client.post(f"/live/{offer.stream_id}/orders", data=typed_order(client, offer))
    assert again.status_code == 303
    assert count_orders(database) == 1


def test_an_order_that_was_seen_is_followed_by_another(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    client.get(f"/orders/{place_on_page(client, offer)}")
    client.get(f"/orders/{place_on_page(client, offer)}")
    assert count_orders(database) == 2


def test_another_wish_after_a_lost_answer_names_the_order_that_is_there(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    number = place_on_page(client, offer, 1)
    client.delete_cookie("orders")
    answer = client.post(f"/live/{offer.stream_id}/orders", data=typed_order(client, offer, 2))
    assert answer.status_code == 409
    assert number in client.get("/orders").text
    typed = {**typed_order(client, offer, 2), "key": fields_of(answer)["key"]}
    assert client.post(f"/live/{offer.stream_id}/orders", data=typed).status_code == 303
    assert count_orders(database) == 2


def test_a_held_order_stays_in_sight_on_every_page_until_it_is_over(client: FlaskClient, offer: LiveOffer) -> None:
    number = place_on_page(client, offer)
    pages = ("/", f"/live/{offer.stream_id}", f"/live/{offer.stream_id}/buy")
    for path in pages:
        page = client.get(f"{path}?lang=zh")
        assert "还没付款" in page.text, path
        assert f'href="/orders/{number}"' in page.text
        assert_nothing_inline(page)
    client.post(f"/orders/{number}/cancel")
    for path in pages:
        assert "还没付款" not in client.get(f"{path}?lang=zh").text


def test_an_english_reader_finds_her_province(client: FlaskClient, offer: LiveOffer) -> None:
    form = f"/live/{offer.stream_id}/buy?offer={offer.offer_id}"
    assert "Zhejiang 浙江省" in client.get(f"{form}&lang=en").text
    assert "Zhejiang" not in client.get(f"{form}&lang=zh").text


def test_nobody_pays_more_than_was_on_the_screen(client: FlaskClient, database: Database, offer: LiveOffer) -> None:
    typed = typed_order(client, offer)
    change_price(database, offer, 4_500)
    answer = client.post(f"/live/{offer.stream_id}/orders?lang=zh", data=typed)
    assert answer.status_code == 409
    assert "价格刚刚变了" in answer.text
    assert fields_of(answer)["buyer.name"] == "张三"
    assert count_orders(database) == 0
    again = {**typed, **fields_of(answer)}
    assert client.post(f"/live/{offer.stream_id}/orders", data=again).status_code == 303


def test_a_price_that_fell_is_the_buyers_luck(client: FlaskClient, database: Database, offer: LiveOffer) -> None:
    typed = typed_order(client, offer)
    change_price(database, offer, 3_000)
    assert client.post(f"/live/{offer.stream_id}/orders", data=typed).status_code == 303
    with database.transaction() as session:
        assert session.scalars(select(Order.goods_fen)).all() == [3_000]


def change_price(database: Database, offer: LiveOffer, price_fen: int) -> None:
    with database.transaction() as session:
        session.get_one(Offer, offer.offer_id).price_fen = price_fen


def test_a_pasted_line_fills_the_fields_and_orders_nothing(
    client: FlaskClient, database: Database, offer: LiveOffer
) -> None:
    typed = typed_order(client, offer, 2, **{"buyer.name": "", "address.province": "", "address.city": ""})
    place = f"/live/{offer.stream_id}/address"
    line = "收货人：欧阳𠮷 电话：138-0000-8000 地址：浙江丽水庆元松源街道示例路8号"
    page = client.post(place, data={**typed, "pasted": line, "note": "放门口"})
    found = fields_of(page)
    assert (found["buyer.name"], found["buyer.phone"], found["address.province"]) == ("欧阳𠮷", "13800008000", "浙江省")
    assert (found["address.city"], found["address.district"], found["address.detail"]) == (
        "丽水市",
        "庆元县",
        "示例路8号",
    )
    assert (found[f"quantity-{offer.offer_id}"], found["note"], found["key"]) == ("2", "放门口", typed["key"])
    assert_nothing_inline(page)
    assert "同名的地方不止一个" in client.post(place, data={**typed, "pasted": "朝阳区望京西园1号"}).text
    nothing = client.post(place, data={**typed, "pasted": "🍄" * 5000})
    assert "没看出地址" in nothing.text
    scripted = client.post(place, data={"pasted": line}, headers={"Accept": "application/json"})
    assert scripted.json == {
        "fields": {name: found[name] for name in scripted.json["fields"]},
        "is_sure": True,
    }
    assert len(scripted.json["fields"]) == 7
    assert count_orders(database) == 0
