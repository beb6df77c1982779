"""What a voucher takes off is said before anything is ordered, is what the order then takes off, and changes nothing."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from kernel.clock import utc_now
from kernel.db import Database
from shop.orders.models import Order
from shop.vouchers.models import Voucher
from shop.vouchers.rules import AMOUNT, PERCENT
from tests.storefront.pages import fields_of, place_on_page, typed_order
from tests.vouchers.test_vouchers import make
from tests.world import LiveOffer, make_live_offer

JSON = {"Accept": "application/json"}


@pytest.fixture
def offer(database: Database) -> LiveOffer:
    now = utc_now()
    with database.transaction() as session:
        make(session, starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1), from_fen=5_000)
        return make_live_offer(session, on_hand=50, now=now)


def look(
    client: FlaskClient, offer: LiveOffer, quantity: int = 2, code: str = "xianggu-10", **more: str
) -> dict[str, object]:
    typed = typed_order(client, offer, quantity, voucher=code, **more)
    answer = client.post(f"/live/{offer.stream_id}/voucher?lang=zh", data=typed, headers=JSON)
    assert answer.status_code == 200
    told: dict[str, object] = answer.json
    return told


def test_it_says_how_much_or_why_not_and_counts_nothing(
    client: FlaskClient, offer: LiveOffer, database: Database
) -> None:
    assert look(client, offer) == {"off_fen": 1_000, "said": "现在能减 ¥10.00。"}
    assert look(client, offer, 1) == {"off_fen": 0, "said": "商品满 ¥50.00 才能用这个优惠码。"}
    assert "没有这个优惠码" in str(look(client, offer, code="NOSUCHCODE"))
    assert look(client, offer, 2, **{f"quantity-{offer.offer_id}": "0"}) == {"off_fen": 0, "said": "先选好要买的东西。"}
    for odd in ("", "香菇" * 20, "a" * 5_000, "\x00"):
        assert look(client, offer, code=odd)["off_fen"] == 0
    with database.transaction() as session:
        assert session.scalars(select(Voucher.used)).all() == [0]
        assert session.scalars(select(Order.id)).all() == []


def test_without_scripts_the_form_comes_back_with_the_answer_and_what_was_typed(
    client: FlaskClient, offer: LiveOffer
) -> None:
    for quantity, said in ((2, "现在能减 ¥10.00。"), (1, 'id="error-voucher"')):
        typed = typed_order(client, offer, quantity, voucher="XIANGGU10")
        page = client.post(f"/live/{offer.stream_id}/voucher?lang=zh", data=typed)
        assert said in page.text
        shown = fields_of(page)
        assert (shown["buyer.name"], shown["voucher"], shown["key"]) == ("张三", "XIANGGU10", typed["key"])
        assert shown[f"quantity-{offer.offer_id}"] == str(quantity)


def test_who_used_it_is_told_and_an_order_to_be_joined_gives_its_use_back(
    client: FlaskClient, offer: LiveOffer
) -> None:
    number = place_on_page(client, offer, 2, voucher="XIANGGU10")
    assert "您用过了" in str(look(client, offer, joins=""))
    joined = look(client, offer, 1, joins=number)
    assert joined["off_fen"] == 1_000
    assert look(client, offer, 1, joins="G000000-NOBODY00")["off_fen"] == 0


def test_guessing_is_slowed_down(client: FlaskClient, offer: LiveOffer) -> None:
    answers = [
        client.post(f"/live/{offer.stream_id}/voucher", data={"voucher": f"GUESS{n:03d}"}, headers=JSON).status_code
        for n in range(31)
    ]
    assert answers == [200] * 30 + [429]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from([AMOUNT, PERCENT]),
    worth=st.integers(1, 9_000),
    quantity=st.integers(1, 5),
    turn=st.integers(0, 10**9),
)
def test_what_is_said_is_what_the_order_takes_off(
    client: FlaskClient, database: Database, kind: str, worth: int, quantity: int, turn: int
) -> None:
    now, code = utc_now(), f"V{turn}X{worth}Q{quantity}"
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=50, now=now)
        if session.scalar(select(Voucher.id).where(Voucher.code == code)) is not None:
            return
        times = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1)}
        off = {"off_fen": worth, "off_bps": 0} if kind == AMOUNT else {"off_fen": 0, "off_bps": worth}
        make(session, code=code, kind=kind, per_buyer=9, **off, **times)
    phone = f"139{turn % 10**8:08d}"
    buyer = client.application.test_client()
    said = buyer.post(
        f"/live/{offer.stream_id}/voucher",
        data=typed_order(buyer, offer, quantity, voucher=code, **{"buyer.phone": phone}),
        headers=JSON,
        environ_base={"REMOTE_ADDR": f"10.{turn % 250}.{worth % 250}.{quantity}"},
    ).json
    number = place_on_page(buyer, offer, quantity, voucher=code, **{"buyer.phone": phone})
    with database.transaction() as session:
        assert session.scalars(select(Order.discount_fen).where(Order.number == number)).one() == said["off_fen"]
