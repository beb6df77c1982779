"""Finding one's orders on another phone: a code by message, once, and nothing for whoever only guesses."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from kernel.db import Database
from kernel.notices.models import Notice
from shop.storefront.finding_rules import SLOT, bucket_of, code_for, is_code, slot_of
from tests.storefront.pages import assert_nothing_inline, place_on_page
from tests.world import NOW, make_live_offer

PHONE = "13800008000"


@pytest.fixture
def number(app: Flask, client: FlaskClient, database: Database) -> str:
    """An order of that phone, placed on another device."""
    app.extensions["clock"] = lambda: NOW
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=10)
    return place_on_page(app.test_client(), offer, 1)


def messages(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(select(Notice.body).order_by(Notice.id)))


def code_in(body: str) -> str:
    found = re.search(r"\b(\d{6})\b", body)
    assert found
    return found[1]


def enter(client: FlaskClient, code: str, phone: str = PHONE) -> int:
    return client.post("/orders/find/code", data={"phone": phone, "code": code}).status_code


def test_the_code_opens_the_orders_of_that_phone_once(
    app: Flask, client: FlaskClient, database: Database, number: str
) -> None:
    assert client.get(f"/orders/{number}").status_code == 404
    assert 'href="/orders/find"' in client.get("/orders").text
    for _ in range(2):
        page = client.post("/orders/find", data={"phone": "138 0000 8000"})
        assert_nothing_inline(page)
    (body,) = messages(database)
    code = code_in(body)
    assert "key=" not in body
    wrong = "000000" if code != "000000" else "111111"
    assert enter(client, wrong) == 422
    assert enter(client, f" {code[:3]} {code[3:]} ") == 303
    assert number in client.get("/orders").text
    assert client.get(f"/orders/{number}").status_code == 200
    # The same message opens nothing a second time.
    assert enter(app.test_client(), code) == 429


def test_whoever_guesses_is_stopped_and_learns_nothing(
    app: Flask, client: FlaskClient, database: Database, number: str
) -> None:
    known = client.post("/orders/find", data={"phone": PHONE}).text
    stranger = client.post("/orders/find", data={"phone": "13900009999"}).text
    assert known.replace(PHONE, "") == stranger.replace("13900009999", "")
    code = code_in(messages(database)[0])
    guesses = [f"{(int(code) + step) % 10**6:06d}" for step in range(1, 6)]
    assert [enter(client, guess) for guess in guesses] == [422] * 5
    # Also the right one comes too late now.
    assert enter(client, code) == 429


def test_codes_are_not_sent_without_end_and_not_to_what_is_no_mobile(
    app: Flask, client: FlaskClient, database: Database, number: str
) -> None:
    for minute in range(8):
        app.extensions["clock"] = lambda minute=minute: NOW + timedelta(minutes=6 * minute)
        client.post("/orders/find", data={"phone": PHONE})
    assert len(messages(database)) == 4
    for odd in ("", "0578-6121234", "+447700900123", "１" * 11, "9" * 5000, "\0"):
        page = client.post("/orders/find", data={"phone": odd})
        assert page.status_code == 422, odd
        assert 'id="error-phone"' in page.text
    assert client.post("/orders/find/code", data={"phone": "x", "code": "1"}).location == "/orders/find"


@given(st.integers(0, 10**6), st.integers(0, 10**8))
def test_a_code_is_good_for_five_to_ten_minutes_and_for_one_phone(seed: int, seconds: int) -> None:
    moment = NOW + timedelta(seconds=seconds)
    secret, phone = f"secret-{seed}", f"138{seed:08d}"
    code = code_for(secret, phone, slot_of(moment))
    assert re.fullmatch(r"\d{6}", code)
    assert is_code(secret, phone, code, moment)
    assert is_code(secret, phone, code, moment + SLOT)
    later = code_for(secret, phone, slot_of(moment + 2 * SLOT)), code_for(secret, phone, slot_of(moment + 3 * SLOT))
    assert is_code(secret, phone, code, moment + 3 * SLOT) == (code in later)
    assert phone not in bucket_of(secret, phone)
    assert not is_code(secret, phone, "", moment)
    assert not is_code(secret, phone, "１２３４５６", moment)
