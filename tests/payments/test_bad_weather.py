"""The line to Stripe is cut or slow: money is taken once, and the buyer reads "checking", never "failed"."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select

from config import Settings
from kernel.db import Database
from kernel.outbox import Job
from shop.orders.models import OrderLog
from shop.payments import stripe_gateway
from shop.payments.models import PaymentNote
from tests.payments.town import Town, open_town


@pytest.fixture
def hasty_town(
    settings: Settings, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Town]:
    """A town that waits a tenth of a second for Stripe instead of some seconds."""
    monkeypatch.setattr(stripe_gateway, "_TIMEOUT_S", (0.1, 0.1))
    with open_town(settings, database, tmp_path) as town:
        yield town


def test_nobody_waits_five_seconds_for_stripe() -> None:
    assert sum(stripe_gateway._TIMEOUT_S) + stripe_gateway._AT_ONCE_S < 5


def test_the_line_breaks_after_the_charge_and_the_order_is_paid_once(town: Town) -> None:
    """The buyer sees a broken page, no event arrives; she opens the order and presses pay again."""
    number = town.order(town.offer())
    session_id = town.session_of(town.press_pay(number))
    town.levers.break_after_charge = True
    with pytest.raises(requests.ConnectionError):
        town.card(session_id)
    town.lose_events()
    town.levers.break_after_charge = False
    page = town.page(number)
    assert "失败" not in page
    assert "货给您留着了" in page
    back = town.web.post(f"{town.shop_url}/orders/{number}/pay?lang=zh", timeout=30)
    assert back.url == f"{town.shop_url}/orders/{number}?from=payment"
    assert "收到付款了" in back.text
    assert len(town.store.newest("charge")) == 1
    with town.database.transaction() as session:
        assert session.scalar(select(func.count()).where(OrderLog.to_state == "paid")) == 1


def test_while_stripe_is_slow_the_buyer_reads_checking_and_the_worker_brings_the_answer(hasty_town: Town) -> None:
    town = hasty_town
    number = town.order(town.offer())
    town.pay(number)
    town.lose_events()
    town.levers.slow_answers_s = 1
    page = town.page(number, came_back=True)
    assert "正在确认付款" in page
    assert "失败" not in page
    assert "没有付成" in page, "she may go to the same page again, which takes money once"
    town.levers.slow_answers_s = 0
    town.work()
    assert town.state(number) == "paid"


def test_a_page_that_waits_for_the_answer_asks_the_shop_not_stripe(hasty_town: Town) -> None:
    town = hasty_town
    number = town.order(town.offer())
    town.pay(number)
    town.levers.slow_answers_s = 30
    state = f"{town.shop_url}/orders/{number}/state?from=payment"
    assert town.web.get(state, timeout=5).json() == {"state": "held", "standing": "checking"}
    town.levers.slow_answers_s = 0
    town.deliver()
    assert town.web.get(state, timeout=5).json() == {"state": "paid", "standing": "paid"}


def test_pressing_pay_while_stripe_is_slow_says_so_and_costs_nothing(hasty_town: Town) -> None:
    town = hasty_town
    number = town.order(town.offer())
    town.levers.slow_answers_s = 1
    assert town.press_pay(number) == f"/orders/{number}"
    page = town.page(number)
    assert "支付平台暂时没有回应，我们会再查一次。您不会被多扣钱。" in page
    town.levers.slow_answers_s = 0
    town.pay(number)
    town.deliver()
    assert town.state(number) == "paid"
    assert len(town.payments(number)) == 1


def test_a_slow_stripe_is_answered_200_and_the_event_is_applied_later(hasty_town: Town) -> None:
    town = hasty_town
    number = town.order(town.offer())
    town.pay(number)
    event = town.events("checkout.session.completed")[0]
    town.levers.slow_answers_s = 1
    assert town.post_event(event) == 200
    assert town.state(number) == "held"
    town.levers.slow_answers_s = 0
    town.work()
    assert town.state(number) == "paid"


def test_a_key_that_stripe_does_not_take_loses_no_refund(town: Town) -> None:
    """The owner has to put the key right; until then nothing is given up."""
    number = town.order(town.offer())
    town.pay(number)
    town.deliver()
    town.cancel(number)
    with town.another_key():
        town.work()
    assert [refund.state for refund in town.refunds(number)] == ["requested"]
    with town.database.transaction() as session:
        assert session.scalars(select(Job.last_error).where(Job.kind == "send_refund")).one() == "PaymentsAway"
    town.pass_time(minutes=5)
    town.work()
    assert [refund.state for refund in town.refunds(number)] == ["succeeded"]


def test_three_days_without_an_answer_call_a_person(town: Town) -> None:
    number = town.order(town.offer())
    town.wallet(town.session_of(town.press_pay(number)), "later")
    town.lose_events()
    for _ in range(60):
        town.pass_time(hours=2)
        town.work()
    with town.database.transaction() as session:
        assert session.scalars(select(PaymentNote.kind)).all() == ["never_answered"]
        asked = session.scalar(select(func.count()).where(Job.kind == "check_payment"))
        assert 5 < (asked or 0) < 60, "often at first, then rarely"
