"""States: no path leads round the table, and histories keep stock and ledger equal."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Refused
from shop.orders import service
from shop.orders.counter import Counter
from shop.orders.states import CANCELLED, EXPIRED, HELD, MOVES, PAID, REFUNDED, STATES, TAKES_STOCK
from shop.stock.models import StockLevel, StockMovement
from shop.streams.models import Offer
from tests.world import NOW, ask, make_live_offer


def test_every_state_has_its_moves_and_refunded_is_the_end() -> None:
    assert set(MOVES) == set(STATES)
    assert MOVES[REFUNDED] == frozenset()
    assert PAID not in MOVES[CANCELLED], "a buyer who said no is not charged after all"


def test_a_move_that_is_not_in_the_table_is_refused(database: Database) -> None:
    with database.transaction() as session:
        offer = make_live_offer(session)
    placed = Counter(database).place(ask(offer, "one-order-"), NOW)
    with database.transaction() as session:
        order = service.lock_order(session, placed.id)
        with pytest.raises(Refused):
            service.move_order(session, order, "delivered", at=NOW, by=SYSTEM)


STEPS = st.lists(st.sampled_from(["place", "pay", "expire", "late", "cancel", "give_up"]), max_size=12)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=STEPS)
def test_any_history_keeps_level_offer_and_ledger_equal(database: Database, steps: list[str]) -> None:
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=4)
    counter, now, states = Counter(database), NOW, {}
    for number, step in enumerate(steps):
        now += timedelta(minutes=4)
        if step == "place":
            try:
                placed = counter.place(ask(offer, f"h-{offer.offer_id}-{number:06d}", 2), now)
                states[placed.id] = HELD
            except Refused:
                continue
        with database.transaction() as session:
            _apply(session, step, states, now)
    with database.transaction() as session:
        held = sum(2 for order_id in states if service.lock_order(session, order_id).state in TAKES_STOCK)
        level = session.get_one(StockLevel, offer.variant_id)
        ledger = session.scalar(
            select(func.coalesce(func.sum(StockMovement.held_change), 0)).where(
                StockMovement.variant_id == offer.variant_id
            )
        )
        assert level.held == ledger == held == session.get_one(Offer, offer.offer_id).taken
        assert 0 <= held <= 4


def _apply(session, step, states, now) -> None:  # type: ignore[no-untyped-def]
    if step == "expire":
        service.expire_lapsed(session, now)
    orders = [service.lock_order(session, order_id) for order_id in states]
    for order in orders:
        if (step == "pay" and order.state == HELD) or (
            step == "late" and order.state == EXPIRED and service.take_stock_again(session, order, at=now)
        ):
            service.mark_paid(session, order, at=now, by=SYSTEM)
        elif step == "cancel" and order.state == HELD:
            service.cancel_held(session, order, at=now, by=SYSTEM, reason="test")
        elif step == "give_up" and order.state == PAID:
            service.release_paid(session, order, at=now, by=SYSTEM)
            service.mark_refunded(session, order, at=now, by=SYSTEM, reason="test")
