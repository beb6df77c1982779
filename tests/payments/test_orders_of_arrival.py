"""Stripe's events may come in any order, late or twice: every order of arrival ends in one state (drill R5)."""

from collections.abc import Callable
from itertools import permutations

import pytest
from sqlalchemy import func, select

from app import workflows
from fulfillment.packing.models import PackingTask
from shop.orders.models import Order, OrderLog
from shop.payments.models import Payment, PaymentNote
from tests.payments.town import Town

TOTAL = 4_580
# Events that the shop acts on; the others are answered and forgotten.
ACTED_ON = ("checkout.session.", "refund.", "charge.dispute.")


def paid(town: Town, session_id: str) -> None:
    town.desk.pay(session_id, "card")


def paid_and_refunded_by_hand(town: Town, session_id: str) -> None:
    paid(town, session_id)
    town.desk.refund({"payment_intent": town.desk.session(session_id)["payment_intent"]})


def paid_by_wallet_and_refunded_in_two_parts(town: Town, session_id: str) -> None:
    town.desk.pay(session_id, "alipay")
    intent = town.desk.session(session_id)["payment_intent"]
    for part in ("1000", "2000"):
        town.desk.refund({"payment_intent": intent, "amount": part})
    town.finish_later()


def refunded_by_hand_but_the_refund_failed(town: Town, session_id: str) -> None:
    town.desk.pay(session_id, "alipay")
    town.desk.refund({"payment_intent": town.desk.session(session_id)["payment_intent"], "amount": "1000"})
    town.levers.refunds_fail = True
    town.finish_later()
    town.levers.refunds_fail = False


def disputed_and_decided(town: Town, session_id: str) -> None:
    paid(town, session_id)
    intent = town.desk.session(session_id)["payment_intent"]
    town.desk.dispute(intent, "open")
    town.desk.dispute(intent, "won")


def wallet_that_succeeds_later(town: Town, session_id: str) -> None:
    town.desk.pay_later(session_id, 0, "succeed")
    town.desk.do_what_is_due()


def wallet_that_fails_later(town: Town, session_id: str) -> None:
    town.desk.pay_later(session_id, 0, "fail")
    town.desk.do_what_is_due()


def page_that_ran_out(town: Town, session_id: str) -> None:
    town.desk.expire_session(session_id)


# What happens at Stripe, and how it must end: order, payment, refunded fen, tasks not stopped, notes, open notes.
STORIES: dict[Callable[[Town, str], None], tuple[object, ...]] = {
    paid: ("paid", "succeeded", 0, 1, (), 0),
    paid_and_refunded_by_hand: ("refunded", "succeeded", TOTAL, 0, (), 0),
    paid_by_wallet_and_refunded_in_two_parts: ("paid", "succeeded", 3_000, 1, (), 0),
    refunded_by_hand_but_the_refund_failed: ("paid", "succeeded", 0, 1, (), 0),
    disputed_and_decided: ("paid", "succeeded", 0, 1, ("dispute",), 0),
    wallet_that_succeeds_later: ("paid", "succeeded", 0, 1, (), 0),
    wallet_that_fails_later: ("held", "expired", 0, 0, (), 0),
    page_that_ran_out: ("held", "expired", 0, 0, (), 0),
}


def end_of(town: Town, number: str) -> tuple[object, ...]:
    """How an order stands at the end."""
    with town.database.transaction() as session:
        order = session.scalars(select(Order).where(Order.number == number)).one()
        payment = session.scalars(select(Payment).where(Payment.order_id == order.id)).one()
        assert payment.refunded_fen == order.refunded_fen
        times_paid = session.scalar(
            select(func.count()).where(OrderLog.order_id == order.id, OrderLog.to_state == "paid")
        )
        assert times_paid == (payment.state == "succeeded")
        tasks = select(func.count()).select_from(PackingTask).join(PackingTask.parcel)
        noted = session.scalars(select(PaymentNote).where(PaymentNote.order_id == order.id)).all()
        return (
            order.state,
            payment.state,
            order.refunded_fen,
            session.scalar(tasks.where(PackingTask.parcel.has(order_id=order.id), PackingTask.state != "stopped")),
            tuple(sorted(note.kind for note in noted if note.kind != "refund_failed")),
            sum(note.closed_at is None for note in noted if note.kind == "dispute"),
        )


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_every_order_of_arrival_ends_in_one_state(
    town: Town, story: Callable[[Town, str], None], pytestconfig: pytest.Config
) -> None:
    offer = town.offer(on_hand=1_000)
    turn = 0
    orders_of_arrival: list[tuple[int, ...]] = [()]
    while turn < len(orders_of_arrival):
        number = town.order(offer, key=f"turn-{turn:06d}", phone=f"139{turn:08d}")
        session_id = town.session_of(town.press_pay(number))
        before = len(town.events())
        story(town, session_id)
        events = [event for event in town.events()[before:] if event["type"].startswith(ACTED_ON)]
        if turn == 0:
            # Each order of arrival, and each with its first event repeated at the end.
            all_orders = list(permutations(range(len(events))))
            if not pytestconfig.getoption("--drills"):
                all_orders = all_orders[:: 1 + len(all_orders) // 24]
            orders_of_arrival = [*all_orders, *((*order, order[0]) for order in all_orders)]
        for place in orders_of_arrival[turn]:
            assert town.post_event(events[place]) == 200
        assert end_of(town, number) == STORIES[story], [events[place]["type"] for place in orders_of_arrival[turn]]
        turn += 1
    assert turn >= 2


@pytest.mark.parametrize("stock_is_left", [True, False])
def test_an_order_that_ended_before_its_money_was_reported_ends_alike_whoever_reports_it(
    town: Town, stock_is_left: bool
) -> None:
    """The event, the buyer's return and the worker's question, in every order of arrival."""
    reports: dict[str, Callable[[str], object]] = {
        "event": lambda number: town.deliver(),
        "buyer": lambda number: town.page(number, came_back=True),
        "worker": lambda number: town.work(),
    }
    for turn, order_of_arrival in enumerate(permutations(reports)):
        offer = town.offer(on_hand=2 if stock_is_left else 1)
        number = town.order(offer, key=f"first-{turn:06d}", phone=f"137{turn:08d}")
        town.desk.pay(town.session_of(town.press_pay(number)), "card")
        town.pass_time(minutes=11)
        town.order(offer, key=f"second-{turn:06d}", phone=f"136{turn:08d}")
        with town.database.transaction() as session:
            ended = session.scalars(select(Order).where(Order.number == number)).one()
            if ended.state == "held":
                # Stock was left for the second buyer, so nobody at the counter needed the first one's hold.
                workflows.expire_holds(session, town.now())
        assert town.state(number) == "expired"
        for name in order_of_arrival:
            reports[name](number)
        town.work()
        town.deliver()
        assert town.state(number) == ("paid" if stock_is_left else "refunded"), order_of_arrival
        assert town.row(number).refunded_fen == (0 if stock_is_left else TOTAL)
