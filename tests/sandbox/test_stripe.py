"""The stand-in speaks Stripe's protocol: what the official client sees of it, and that levers do what they say."""

import time
from pathlib import Path

import pytest
import requests
import stripe

from sandbox.events import Levers, Postman
from sandbox.store import Store
from tests.payments.town import SECRET
from tests.sandbox.conftest import Stand


def test_a_session_has_the_fields_that_we_read(stand: Stand) -> None:
    session = stand.open(client_reference_id="ref-1", locale="zh")
    assert (session.amount_total, session.currency, session.status, session.payment_status) == (
        4_580,
        "cny",
        "open",
        "unpaid",
    )
    assert session.url == f"{stand.url}/pay/{session.id}"
    assert session.payment_intent is None
    again = stand.client.v1.checkout.sessions.retrieve(session.id)
    assert (again.client_reference_id, again.livemode) == ("ref-1", False)


@pytest.mark.parametrize(
    "change",
    [
        {"mode": "subscription"},
        {"success_url": ""},
        {"line_items": []},
        {"line_items": [{"quantity": 1}]},
        {"expires_at": 1},
        {"expires_at": "soon"},
        {"expires_at": 2**40},
    ],
)
def test_what_stripe_refuses_is_refused_by_name(stand: Stand, change: dict[str, object]) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        stand.open(**change)
    assert refused.value.http_status == 400


def test_another_key_opens_nothing(stand: Stand) -> None:
    with pytest.raises(stripe.AuthenticationError):
        stand.client_with("sk_test_other").v1.checkout.sessions.list()


def test_the_same_idempotency_key_gives_the_same_answer_and_another_wish_is_refused(stand: Stand) -> None:
    line = {"quantity": 1, "price_data": {"currency": "cny", "unit_amount": 100, "product_data": {"name": "x"}}}
    wish = {"mode": "payment", "line_items": [line], "success_url": "https://shop.example/"}
    create = stand.client.v1.checkout.sessions.create
    first = create(wish, {"idempotency_key": "k-1"})  # type: ignore[arg-type]
    assert create(wish, {"idempotency_key": "k-1"}).id == first.id  # type: ignore[arg-type]
    with pytest.raises(stripe.IdempotencyError):
        create({**wish, "locale": "en"}, {"idempotency_key": "k-1"})  # type: ignore[arg-type]
    bad = {**wish, "mode": "setup"}
    for _ in range(2):
        with pytest.raises(stripe.InvalidRequestError):
            create(bad, {"idempotency_key": "k-2"})  # type: ignore[arg-type]


def test_paying_makes_an_intent_and_a_charge_and_three_events(stand: Stand) -> None:
    session = stand.open()
    stand.desk.pay(session.id, "card")
    paid = stand.client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    intent = paid.payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    assert (intent.status, intent.amount_received) == ("succeeded", 4_580)
    charge = stand.client.v1.charges.retrieve(str(intent.latest_charge))
    assert (charge.paid, charge.amount, charge.amount_refunded) == (True, 4_580, 0)
    kinds = [event.type for event in stand.client.v1.events.list().data]
    assert sorted(kinds) == ["charge.succeeded", "checkout.session.completed", "payment_intent.succeeded"]


def test_a_page_is_used_once_and_closed_once(stand: Stand) -> None:
    session = stand.open()
    stand.desk.pay(session.id, "card")
    with pytest.raises(stripe.InvalidRequestError):
        stand.client.v1.checkout.sessions.expire(session.id)
    other = stand.open()
    assert stand.client.v1.checkout.sessions.expire(other.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        stand.client.v1.checkout.sessions.expire(other.id)
    answer = requests.post(f"{stand.url}/pay/{other.id}/card", data={"number": "4242424242424242"}, timeout=10)
    assert answer.status_code == 410


def test_a_page_runs_out_by_itself(stand: Stand) -> None:
    session = stand.open(expires_at=int(time.time()) + 1_900)
    stand.desk.store.rows("UPDATE chores SET due = 0")
    stand.desk.do_what_is_due()
    assert stand.client.v1.checkout.sessions.retrieve(session.id).status == "expired"
    assert [event.type for event in stand.client.v1.events.list().data] == ["checkout.session.expired"]


def test_a_refund_is_never_more_than_is_left(stand: Stand) -> None:
    session = stand.open()
    stand.desk.pay(session.id, "card")
    intent = stand.desk.session(session.id)["payment_intent"]
    refund = stand.client.v1.refunds.create
    assert refund({"payment_intent": intent, "amount": 4_000}).status == "succeeded"
    for amount in (581, 0):
        with pytest.raises(stripe.InvalidRequestError):
            refund({"payment_intent": intent, "amount": amount})
    assert refund({"payment_intent": intent}).amount == 580
    assert [made.amount for made in stand.client.v1.refunds.list({"payment_intent": intent}).data] == [580, 4_000]


def test_a_wallet_that_has_not_paid_yet_cannot_be_refunded(stand: Stand) -> None:
    session = stand.open()
    stand.desk.pay_later(session.id, 60, "succeed")
    intent = stand.desk.session(session.id)["payment_intent"]
    with pytest.raises(stripe.InvalidRequestError):
        stand.client.v1.refunds.create({"payment_intent": intent})


def test_lists_page_through_everything_newest_first(stand: Stand) -> None:
    made = [stand.open().id for _ in range(5)]
    first = stand.client.v1.checkout.sessions.list({"limit": 2})
    assert first.has_more
    seen = [session.id for session in first.auto_paging_iter()]
    assert seen == made[::-1]
    assert stand.client.v1.checkout.sessions.list({"created": {"gte": int(time.time()) + 60}}).data == []
    with pytest.raises(stripe.InvalidRequestError):
        stand.client.v1.checkout.sessions.list({"starting_after": "cs_none"})


def test_an_event_is_signed_so_that_the_library_takes_it(stand: Stand) -> None:
    event = stand.postman.emit("checkout.session.expired", {"id": "cs_1", "object": "checkout.session"})
    body = str(stripe.StripeObject.construct_from(event, "k")).encode()
    now = int(time.time())
    assert stripe.Webhook.construct_event(body, stand.postman.sign(body, now), SECRET).id == event["id"]
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, stand.postman.sign(body, now), "whsec_other")


def test_an_event_that_finds_nobody_at_home_is_carried_again(stand: Stand) -> None:
    stand.postman.emit("checkout.session.expired", {"id": "cs_1", "object": "checkout.session"})
    assert stand.postman.deliver_due() == 0
    assert stand.postman.deliver_due() == 0, "not at once"
    assert stand.waiting_events() == 1
    stand.postman.url = f"{stand.url}/_sandbox/levers"
    assert stand.postman.deliver_due(until=time.time() + 3_600) == 0, "no such lever: not taken"
    stand.postman.url = f"{stand.url}/pay/{stand.open().id}/wallet/alipay"
    assert stand.postman.deliver_due(until=time.time() + 3_600) == 1
    assert stand.waiting_events() == 0


@pytest.mark.parametrize("lever", [{"gravity": 0}, {"copies": "many"}, ["copies"], {"__class__": 1}])
def test_a_lever_that_is_not_there_is_refused(stand: Stand, lever: object) -> None:
    answer = requests.post(f"{stand.url}/_sandbox/levers", json=lever, timeout=10)
    assert answer.status_code == 400


def test_levers_drop_and_copy_events(stand: Stand) -> None:
    set_levers = f"{stand.url}/_sandbox/levers"
    assert requests.post(set_levers, json={"copies": 3}, timeout=10).json()["copies"] == 3
    stand.postman.emit("x", {"id": "1"})
    requests.post(set_levers, json={"drop_events": True}, timeout=10)
    stand.postman.emit("y", {"id": "2"})
    assert stand.waiting_events() == 3


def test_a_restart_forgets_nothing(stand: Stand, tmp_path: Path) -> None:
    session = stand.open()
    reopened = Store(tmp_path / "stripe.sqlite")
    assert reopened.get(session.id) is not None
    reopened.close()


@pytest.mark.parametrize(("locale", "words"), [("zh", "用银行卡付款"), ("en", "Pay by card")])
def test_the_page_says_in_both_languages_that_it_is_not_real(stand: Stand, locale: str, words: str) -> None:
    session = stand.open(locale=locale)
    page = requests.get(str(session.url), timeout=10).text
    assert words in page
    assert "演示支付页，不会真的扣钱 · Demo payment page, no real money" in page
    assert requests.get(f"{stand.url}/pay/cs_none", timeout=10).status_code == 404


def test_a_card_that_is_no_test_card_is_refused(stand: Stand) -> None:
    session = stand.open()
    for number in ("", "1234", "５" * 16, "4242 4242 4242 4241", "x" * 5_000):
        answer = requests.post(f"{session.url}/card", data={"number": number}, timeout=10)
        assert answer.status_code == 422


def test_the_postman_stops_with_his_carriers(tmp_path: Path) -> None:
    store = Store(tmp_path / "p.sqlite")
    postman = Postman(store, Levers(), "http://127.0.0.1:9/nobody", SECRET)
    postman.start()
    postman.emit("x", {"id": "1"})
    postman.stop()
    store.close()
