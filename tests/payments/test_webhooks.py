"""Stripe's events: what is believed, what is not, and that each has its effect once."""

import json
from time import time
from typing import Any

import pytest
from sqlalchemy import func, select

from fulfillment.packing.models import PackingTask
from sandbox.store import Thing, new_id
from shop.orders.models import OrderLog
from shop.payments.models import PaymentEvent, PaymentNote
from tests.payments.town import Town


@pytest.fixture
def number(town: Town) -> str:
    """An order that waits for its money."""
    return town.order(town.offer(on_hand=10))


def completed(town: Town) -> Thing:
    return town.events("checkout.session.completed")[0]


def paid_times(town: Town) -> int:
    with town.database.transaction() as session:
        return session.scalar(select(func.count()).select_from(OrderLog).where(OrderLog.to_state == "paid")) or 0


def stored(town: Town) -> list[PaymentEvent]:
    with town.database.transaction() as session:
        return list(session.scalars(select(PaymentEvent)))


def notes(town: Town) -> list[str]:
    with town.database.transaction() as session:
        return list(session.scalars(select(PaymentNote.kind).order_by(PaymentNote.id)))


def test_a_wrong_signature_changes_nothing(town: Town, number: str) -> None:
    town.pay(number)
    assert town.post_event(completed(town), secret="whsec_wrong") == 400
    assert stored(town) == []
    assert town.state(number) == "held"


def test_an_old_event_is_not_played_again(town: Town, number: str) -> None:
    town.pay(number)
    assert town.post_event(completed(town), at=int(time()) - 301) == 400
    assert town.post_event(completed(town), at=int(time()) - 200) == 200
    assert town.state(number) == "paid"


def test_a_changed_body_breaks_the_signature(town: Town, number: str) -> None:
    town.pay(number)
    event = completed(town)
    body = json.dumps(event).encode()
    signature = town.postman.sign(body, int(time()))
    answer = town.web.post(
        f"{town.shop_url}/webhooks/stripe",
        data=body.replace(b"4580", b"4581"),
        headers={"Stripe-Signature": signature},
        timeout=30,
    )
    assert b"4580" in body
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_signature")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'"x"', b"\xff\xfe", b"{}", b'{"object": "event"}', b'{"data": {"object": 1}}']
)
def test_what_is_no_event_is_a_clear_400_even_when_signed(town: Town, body: bytes) -> None:
    assert town.post_event({}, body=body) == 400
    assert stored(town) == []


def test_a_live_event_on_a_test_account_is_refused(town: Town, number: str) -> None:
    town.pay(number)
    assert town.post_event({**completed(town), "livemode": True}) == 400
    assert town.post_event({**completed(town), "account": "acct_other"}) == 400
    assert (stored(town), town.state(number)) == ([], "held")


def test_an_event_pays_once_however_often_it_comes(town: Town, number: str) -> None:
    town.pay(number)
    assert [town.post_event(completed(town)) for _ in range(5)] == [200] * 5
    assert paid_times(town) == 1
    assert len(stored(town)) == 1


def test_another_event_about_the_same_payment_pays_nothing_again(town: Town, number: str) -> None:
    town.pay(number)
    town.post_event(completed(town))
    assert town.post_event({**completed(town), "id": new_id("evt")}) == 200
    assert paid_times(town) == 1
    assert len(stored(town)) == 2


def test_bad_weather_at_the_post_changes_nothing(town: Town, number: str) -> None:
    town.levers.pull({"copies": 5, "shuffle": True, "delay_events_s": 30})
    town.pay(number)
    town.desk.dispute(town.store.newest("intent")[0]["id"], "open")
    assert town.postman.deliver_due() == 0, "the events are still on their way"
    assert town.deliver() == 5 * 4
    assert paid_times(town) == 1
    assert town.state(number) == "paid"
    with town.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(PackingTask)) == 1
    assert notes(town) == ["dispute"]


def test_a_body_that_lies_about_the_money_is_not_believed(town: Town, number: str) -> None:
    """A signed body says "paid"; asked again, Stripe says that nobody paid."""
    session_id = town.session_of(town.press_pay(number))
    said: dict[str, Any] = {**town.desk.session(session_id), "payment_status": "paid", "status": "complete"}
    event = town.postman.emit("checkout.session.completed", said)
    assert town.post_event(event) == 200
    assert town.state(number) == "held"


def test_an_event_about_a_session_that_stripe_does_not_know_is_kept_and_done_with(town: Town, number: str) -> None:
    session = {**town.desk.session(town.session_of(town.press_pay(number))), "id": "cs_test_nowhere"}
    assert town.post_event(town.postman.emit("checkout.session.completed", session)) == 200
    event = stored(town)[0]
    assert event.applied_at is not None
    assert event.outcome == "no such thing at Stripe"
    assert town.state(number) == "held"


@pytest.mark.parametrize("change", [{"amount_total": 1}, {"amount_total": 4_581}, {"currency": "usd"}])
def test_another_amount_or_currency_pays_nothing_and_calls_a_person_once(
    town: Town, number: str, change: dict[str, Any]
) -> None:
    session_id = town.session_of(town.press_pay(number))
    town.store.change("session", session_id, lambda session: session.update(change))
    town.desk.pay(session_id, "card")
    town.deliver()
    assert town.post_event({**completed(town), "id": new_id("evt")}) == 200
    assert town.state(number) == "held"
    assert notes(town) == ["wrong_amount"]
    assert town.payments(number)[0].trouble


def test_somebody_elses_session_with_our_reference_does_not_speak_for_our_payment(town: Town, number: str) -> None:
    """A payment link made by hand may carry any reference; when it runs out, the order's own page stays open."""
    session_id = town.session_of(town.press_pay(number))
    twin = {**town.desk.session(session_id), "id": new_id("cs_test")}
    town.store.put("session", twin)
    town.desk.expire_session(twin["id"])
    town.deliver()
    assert [payment.state for payment in town.payments(number)] == ["open"]
    assert stored(town)[0].outcome == "nothing"


def test_a_thing_without_an_id_is_none_of_ours(town: Town) -> None:
    event = town.postman.emit("balance.available", {"object": "balance", "available": []})
    assert town.post_event(event) == 200
    assert stored(town)[0].outcome == "not ours"


def test_while_stripe_is_away_the_event_is_kept_and_applied_later(town: Town, number: str) -> None:
    town.pay(number)
    with town.stripe_away():
        assert town.post_event(completed(town)) == 200
        assert town.state(number) == "held"
        town.work()
        assert stored(town)[0].applied_at is None
    town.pass_time(minutes=1)
    town.work()
    assert town.state(number) == "paid"
    assert stored(town)[0].applied_at is not None


def test_a_refund_that_names_something_else_in_its_metadata_breaks_nothing(town: Town, number: str) -> None:
    town.pay(number)
    town.deliver()
    intent = town.store.newest("intent")[0]["id"]
    town.desk.refund({"payment_intent": intent, "amount": "100", "metadata": {"refund": "not-a-uuid"}})
    town.deliver()
    assert [refund.amount_fen for refund in town.refunds(number)] == [100]
