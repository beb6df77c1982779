"""Money against the clock: after the hold, in its last second, while cancelling, and twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import workflows
from shop.payments.models import PaymentNote
from shop.stock.models import StockLevel
from shop.streams.models import Offer
from tests.payments.town import Town
from tests.world import LiveOffer


def held(town: Town, offer: LiveOffer) -> tuple[int, int]:
    with town.database.transaction() as session:
        return session.get_one(StockLevel, offer.variant_id).held, session.get_one(Offer, offer.offer_id).taken


def notes(town: Town) -> list[str]:
    with town.database.transaction() as session:
        return list(session.scalars(select(PaymentNote.kind).order_by(PaymentNote.id)))


def let_it_lapse(town: Town) -> None:
    """The hold runs out and its stock is free, while Stripe has not heard of it yet."""
    town.pass_time(minutes=11)
    town.worker.run_once()


def test_a_hold_shorter_than_the_page_closes_the_page_itself(town: Town) -> None:
    number = town.order(town.offer())
    session_id = town.session_of(town.press_pay(number))
    payment = town.payments(number)[0]
    hold_until = town.row(number).hold_until
    assert hold_until is not None
    assert payment.expires_at >= payment.created_at + timedelta(minutes=30) > hold_until, "Stripe's shortest"
    town.pass_time(minutes=11)
    town.work()
    assert town.desk.session(session_id)["status"] == "expired"
    assert "这个付款页已经关闭" in town.web.get(f"{town.stripe_url}/pay/{session_id}", timeout=30).text


def test_a_late_payment_takes_stock_again_when_there_is_some(town: Town) -> None:
    offer = town.offer(on_hand=1)
    number = town.order(offer)
    town.pay(number)
    town.lose_events()
    with town.stripe_away():
        let_it_lapse(town)
    assert (town.state(number), held(town, offer)) == ("expired", (0, 0))
    assert "没有收钱。如果您刚好付了款" in town.page(number)
    town.pass_time(minutes=5)
    town.work()
    assert (town.state(number), held(town, offer)) == ("paid", (1, 1))
    assert "收到付款了" in town.page(number)


def test_a_late_payment_is_refunded_by_itself_when_all_is_sold_and_the_page_says_so(town: Town) -> None:
    offer = town.offer(on_hand=1)
    number = town.order(offer)
    town.pay(number)
    town.lose_events()
    with town.stripe_away():
        let_it_lapse(town)
        town.order(offer, key="faster-0001", phone="13800000002")
    town.pass_time(minutes=5)
    town.work()
    assert (town.state(number), held(town, offer)) == ("refunded", (1, 1))
    assert [(refund.amount_fen, refund.state) for refund in town.refunds(number)] == [(4_580, "succeeded")]
    page = town.page(number)
    assert "付款到的时候锁定的时间已经过了，货也卖完了，所以钱自动退回" in page
    assert "已退回" in page
    assert town.store.newest("charge")[0]["refunded"] is True
    assert notes(town) == ["late_no_stock"]


def test_money_that_comes_after_the_time_but_before_the_sweep_simply_pays(town: Town) -> None:
    offer = town.offer(on_hand=1)
    number = town.order(offer)
    town.pay(number)
    town.pass_time(minutes=11)
    town.deliver()
    town.work()
    assert (town.state(number), held(town, offer)) == ("paid", (1, 1))


def test_paid_in_the_last_second_while_the_page_is_being_closed(town: Town) -> None:
    """The sweep has ended the hold and wants to close the page, but the buyer was quicker at Stripe."""
    offer = town.offer(on_hand=1)
    number = town.order(offer)
    session_id = town.session_of(town.press_pay(number))
    town.pass_time(minutes=11)
    with town.database.transaction() as session:
        assert workflows.expire_holds(session, town.now()) == 1
    town.desk.pay(session_id, "card")
    town.lose_events()
    town.work()
    assert (town.state(number), held(town, offer)) == ("paid", (1, 1))


def test_a_hold_that_gave_way_at_the_counter_closes_its_page_too(town: Town) -> None:
    offer = town.offer(on_hand=1)
    number = town.order(offer)
    session_id = town.session_of(town.press_pay(number))
    town.pass_time(minutes=11)
    town.order(offer, key="next-buyer-1", phone="13800000002")
    assert town.state(number) == "expired"
    town.work()
    assert town.desk.session(session_id)["status"] == "expired"


def test_cancelling_closes_the_page(town: Town) -> None:
    number = town.order(town.offer())
    session_id = town.session_of(town.press_pay(number))
    town.cancel(number)
    town.work()
    assert town.desk.session(session_id)["status"] == "expired"
    assert [payment.state for payment in town.payments(number)] == ["expired"]


def test_cancelling_while_the_page_is_opening_closes_it_as_well(town: Town) -> None:
    number = town.order(town.offer())
    town.levers.lose_answers = 2
    town.press_pay(number)
    assert [payment.state for payment in town.payments(number)] == ["opening"]
    town.cancel(number)
    town.work()
    assert [session["status"] for session in town.store.newest("session")] == ["expired"]
    assert [payment.state for payment in town.payments(number)] == ["expired"]


def test_a_page_that_was_never_opened_is_given_up_in_peace(town: Town) -> None:
    """The program stopped between the intent and the call; by now Stripe refuses the old expiry."""
    number = town.order(town.offer())
    with town.stripe_away():
        town.press_pay(number)
    with town.database.transaction() as session:
        session.merge(town.payments(number)[0]).expires_at -= timedelta(minutes=20)
    town.pass_time(minutes=11)
    town.work()
    assert [payment.state for payment in town.payments(number)] == ["expired"]
    assert town.store.newest("session") == []


@pytest.mark.parametrize("is_known_first", [True, False])
def test_money_for_a_cancelled_order_goes_back(town: Town, is_known_first: bool) -> None:
    """Cancelled while paying: if the shop heard of the money first it cancels a paid order, else it returns it."""
    offer = town.offer(on_hand=1)
    number = town.order(offer)
    town.pay(number)
    if is_known_first:
        town.deliver()
    town.cancel(number)
    town.deliver()
    town.work()
    town.deliver()
    assert (town.state(number), held(town, offer)) == ("refunded", (0, 0))
    assert [(refund.amount_fen, refund.state) for refund in town.refunds(number)] == [(4_580, "succeeded")]
    assert town.store.newest("charge")[0]["amount_refunded"] == 4_580
    assert ("订单取消以后付款才到" in town.page(number)) is not is_known_first


def test_paid_twice_on_two_pages_is_paid_once_and_the_second_goes_back(town: Town) -> None:
    """The first page ran out here, a second one was opened, and then both were paid."""
    offer = town.offer(on_hand=5)
    number = town.order(offer)
    first = town.session_of(town.press_pay(number))
    with town.database.transaction() as session:
        session.merge(town.payments(number)[0]).expires_at = town.now()
    second = town.session_of(town.press_pay(number))
    assert first != second
    town.desk.pay(first, "card")
    town.desk.pay(second, "card")
    town.deliver()
    town.work()
    town.deliver()
    assert (town.state(number), held(town, offer)) == ("paid", (1, 1))
    order = town.row(number)
    assert order.refunded_fen == 0
    assert [refund.state for refund in town.refunds(number)] == ["succeeded"]
    assert sorted(charge["amount_refunded"] for charge in town.store.newest("charge")) == [0, 4_580]
    assert notes(town) == ["duplicate"]
