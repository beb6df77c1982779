"""What the buyer sees of the way: on the order's page and in the API, in the courier's words without phones."""

from datetime import timedelta

from flask import Flask

from app import workflows
from kernel.text import current_locale
from shop.orders.models import Order
from shop.orders.views import order_key
from tests.couriers.world import House
from tests.lead.world import order_of


def send(town: House) -> tuple[str, str]:
    """A packed parcel leaves with its label; the order's number and the waybill's."""
    number = town.packed()
    town.ask(number)
    town.work()
    given = town.waybill(number).number
    assert given is not None
    town.hand_over(number, given)
    with town.database.transaction() as session:
        return order_of(session, number).number, given


def test_the_buyer_sees_where_the_parcel_is_and_that_it_has_arrived(town: House, app: Flask) -> None:
    order, given = send(town)
    with app.test_request_context():
        key = order_key(order)
    browser = app.test_client()
    browser.get(f"/orders/{order}?key={key}")
    page = browser.get(f"/orders/{order}").text
    assert given in page
    assert "快递还没有消息" in page
    town.depot.move(given, "collected", at=town.now.timestamp())
    town.depot.move(given, "delivering", at=(town.now + timedelta(hours=1)).timestamp())
    town.track()
    page = browser.get(f"/orders/{order}").text
    assert "正在派送" in page
    assert "的示例员(***) 正在派件" in page
    assert "17000000000" not in page
    told = app.test_client().get(f"/api/v1/orders/{order}", headers={"Authorization": f"Bearer {key}"}).json
    assert told is not None
    (parcel,) = told["parcels"]
    assert (parcel["way"]["state"], parcel["way"]["word"]) == ("delivering", "正在派送")
    assert [step["words"] for step in parcel["way"]["steps"]][1] == "【庆元县】 【示例庆元】 的示例员 已揽收"
    town.depot.move(given, "signed", at=(town.now - timedelta(minutes=1)).timestamp())
    town.track()
    page = browser.get(f"/orders/{order}").text
    assert "包裹送到了" in page
    assert (
        app.test_client().get(f"/api/v1/orders/{order}", headers={"Authorization": f"Bearer {key}"}).json["state"]
        == "delivered"
    )


def test_the_way_is_told_in_the_language_of_the_page(town: House) -> None:
    order, given = send(town)
    town.depot.move(given, "to_pick_up", at=town.now.timestamp())
    town.track()
    with town.database.transaction() as session:
        found = session.query(Order).filter_by(number=order).one()
        (parcel,) = workflows.order_progress(session, found)["parcels"]
        token = current_locale.set("en")
        (english,) = workflows.order_progress(session, found)["parcels"]
        current_locale.reset(token)
    assert (parcel["way"]["word"], english["way"]["word"]) == ("到驿站了，请去取", "Ready to be picked up")
    assert parcel["way"]["steps"][0]["at"].endswith("+00:00")
