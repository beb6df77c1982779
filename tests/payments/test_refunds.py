"""Money going back: whole, in parts, late, failing, and made at Stripe by hand. Never more than was paid."""

from threading import Barrier, Thread

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.packing.models import PackingTask
from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Refused
from shop.orders import service as orders
from shop.orders.models import Order
from shop.payments import refunds
from shop.payments.models import Payment, PaymentNote
from tests.payments.town import Town

TOTAL = 4_580


@pytest.fixture
def number(town: Town) -> str:
    """A paid order."""
    number = town.order(town.offer(on_hand=10))
    town.pay(number)
    town.deliver()
    return number


def order_id(town: Town, number: str):  # type: ignore[no-untyped-def]
    with town.database.transaction() as session:
        return session.scalars(select(Order.id).where(Order.number == number)).one()


def money(town: Town, number: str) -> tuple[int, int, int]:
    """Refunded on the order, on its payment, and at Stripe."""
    charge = town.store.newest("charge")[0]
    return town.row(number).refunded_fen, town.payments(number)[0].refunded_fen, charge["amount_refunded"]


def test_the_whole_order_is_cancelled_and_refunded(town: Town, number: str) -> None:
    town.cancel(number)
    assert town.state(number) == "refunded"
    assert "钱正在退回" in town.page(number)
    town.work()
    assert money(town, number) == (TOTAL, TOTAL, TOTAL)
    assert "钱退回去了" in town.page(number)


def test_a_part_goes_back_and_the_order_goes_on(town: Town, number: str) -> None:
    town.refund(number, 1_000)
    town.work()
    assert (town.state(number), money(town, number)) == ("paid", (1_000, 1_000, 1_000))
    page = town.page(number)
    assert "已退" in page
    assert "¥10.00" in page


def test_parts_that_add_up_to_all_end_the_order(town: Town, number: str) -> None:
    for part in (1_000, TOTAL - 1_000):
        town.refund(number, part)
    town.work()
    assert (town.state(number), money(town, number)) == ("refunded", (TOTAL, TOTAL, TOTAL))
    with town.database.transaction() as session:
        assert session.scalars(select(PackingTask.state)).all() == ["stopped"]


@pytest.mark.parametrize(
    ("amount_fen", "code"), [(TOTAL + 1, "refund_too_large"), (0, "refund_too_small"), (-5, "refund_too_small")]
)
def test_more_than_is_left_or_nothing_is_refused_by_name(town: Town, number: str, amount_fen: int, code: str) -> None:
    with pytest.raises(Refused) as refused:
        town.refund(number, amount_fen)
    assert refused.value.code == code
    assert money(town, number) == (0, 0, 0)


def refund_at_once(town: Town, number: str, amount_fen: int) -> list[str]:
    """Two people refund the same order at one instant; what each got."""
    start, got, which = Barrier(2), [], order_id(town, number)

    def press() -> None:
        start.wait()
        try:
            with town.database.transaction() as session:
                workflows.refund_part(session, which, amount_fen, reason="test", by=SYSTEM, now=town.now())
            got.append("refunded")
        except Refused as refusal:
            got.append(refusal.code)

    threads = [Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(got)


def test_two_refunds_at_once_never_exceed_what_was_paid(town: Town, number: str) -> None:
    assert refund_at_once(town, number, 3_000) == ["refund_too_large", "refunded"]
    town.work()
    assert money(town, number) == (3_000, 3_000, 3_000)


def test_two_refunds_at_once_exceed_it_without_the_guards(
    town: Town, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the order's lock, the condition and the CHECK constraints, both are written."""
    with town.database.transaction() as session:
        for constraint in (
            "payments DROP CONSTRAINT ck_payments_refunds_within_paid",
            "orders DROP CONSTRAINT ck_orders_refunds_within_total",
        ):
            session.execute(text(f"ALTER TABLE {constraint}"))
    both_have_read = Barrier(2)

    def without_lock(session: Session, which: object) -> Order:
        found = session.get_one(Order, which)
        both_have_read.wait(10)
        return found

    def without_condition(session: Session, order: Order, payment: Payment, amount_fen: int) -> None:
        assert payment.refunded_fen + amount_fen <= payment.amount_fen
        both_have_read.wait(10)
        session.execute(
            update(Payment).where(Payment.id == payment.id).values(refunded_fen=Payment.refunded_fen + amount_fen)
        )

    monkeypatch.setattr(orders, "lock_order", without_lock)
    monkeypatch.setattr(refunds, "_reserve", without_condition)
    assert refund_at_once(town, number, 3_000) == ["refunded", "refunded"]
    assert town.payments(number)[0].refunded_fen == 6_000 > TOTAL


def test_a_wallets_refund_is_under_way_until_stripe_says_it_is_done(town: Town) -> None:
    number = town.order(town.offer())
    town.pay(number, "wechat_pay")
    town.deliver()
    town.cancel(number)
    town.work()
    assert [refund.state for refund in town.refunds(number)] == ["pending"]
    assert "正在退" in town.page(number)
    town.finish_later()
    town.deliver()
    assert [refund.state for refund in town.refunds(number)] == ["succeeded"]
    assert "钱退回去了" in town.page(number)


def test_a_refund_that_fails_later_is_told_and_may_be_tried_again(town: Town) -> None:
    number = town.order(town.offer())
    town.pay(number, "alipay")
    town.deliver()
    town.levers.refunds_fail = True
    town.cancel(number)
    town.work()
    town.finish_later()
    town.deliver()
    assert [refund.state for refund in town.refunds(number)] == ["failed"]
    assert money(town, number) == (0, 0, 0)
    page = town.page(number)
    assert "退款没有成功，工坊在处理" in page
    assert "钱退回去了" not in page
    town.levers.refunds_fail = False
    with town.database.transaction() as session:
        order = orders.lock_order(session, order_id(town, number))
        refunds.refund_everything(session, order, reason="again", now=town.now(), by=SYSTEM)
    town.work()
    town.finish_later()
    town.deliver()
    assert [refund.state for refund in town.refunds(number)] == ["failed", "succeeded"]
    assert money(town, number) == (TOTAL, TOTAL, TOTAL)


def test_a_refund_whose_answer_was_lost_is_sent_once(town: Town, number: str) -> None:
    town.levers.lose_answers = 2
    town.cancel(number)
    town.worker.run_once()
    assert [refund.state for refund in town.refunds(number)] == ["requested"]
    town.pass_time(minutes=5)
    town.work()
    assert [refund.state for refund in town.refunds(number)] == ["succeeded"]
    assert [made["amount"] for made in town.store.newest("refund")] == [TOTAL]


def test_a_refund_is_sent_once_even_when_stripe_has_forgotten_its_key(town: Town, number: str) -> None:
    town.levers.lose_answers = 2
    town.refund(number, 1_000)
    town.worker.run_once()
    town.store.rows("DELETE FROM answers")
    town.pass_time(days=2)
    town.work()
    assert [refund.state for refund in town.refunds(number)] == ["succeeded"]
    assert money(town, number) == (1_000, 1_000, 1_000)


def test_a_refund_that_stripe_will_not_make_gives_its_money_free_and_calls_a_person(town: Town, number: str) -> None:
    intent = town.payments(number)[0].intent_id
    town.refund(number, 3_000)
    town.desk.refund({"payment_intent": intent, "amount": "2000"})
    town.work()
    assert [refund.state for refund in town.refunds(number)] == ["failed"]
    town.deliver()
    town.pass_time(minutes=5)
    town.work()
    assert money(town, number) == (2_000, 2_000, 2_000)
    with town.database.transaction() as session:
        assert session.scalars(select(PaymentNote.kind)).all() == ["refund_failed"]


def test_a_refund_made_at_stripe_is_written_down_and_ends_a_paid_order(town: Town, number: str) -> None:
    town.desk.refund({"payment_intent": town.payments(number)[0].intent_id})
    town.deliver()
    assert (town.state(number), money(town, number)) == ("refunded", (TOTAL, TOTAL, TOTAL))
    with town.database.transaction() as session:
        assert session.scalars(select(PackingTask.state)).all() == ["stopped"]


def test_a_refund_made_at_stripe_waits_for_ours_that_is_on_its_way(town: Town, number: str) -> None:
    """Ours for all is reserved but not sent when somebody refunds a part by hand: no guard is broken, none is lost."""
    town.refund(number, 4_000)
    town.desk.refund({"payment_intent": town.payments(number)[0].intent_id, "amount": "1000"})
    town.deliver()
    town.pass_time(minutes=5)
    town.work()
    town.pass_time(minutes=5)
    town.work()
    assert money(town, number) == (1_000, 1_000, 1_000)
    assert sorted(refund.state for refund in town.refunds(number)) == ["failed", "succeeded"]


def test_the_database_itself_refuses_more_than_was_paid(town: Town, database: Database, number: str) -> None:
    with pytest.raises(IntegrityError, match="refunds_within_paid"), database.transaction() as session:
        session.execute(update(Payment).values(refunded_fen=TOTAL + 1))
