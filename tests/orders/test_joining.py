"""A second order put together with one that is still held: one order, one postage, nothing lost when it cannot be."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session

from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Refused
from shop.orders import counter
from shop.orders import service as orders
from shop.orders.forms import read_order
from shop.orders.models import Order
from shop.orders.placing import TIME_TO_PAY, Asked, Joined, KeptLine, Placed
from shop.stock.models import StockLevel
from shop.streams import service as streams
from shop.streams.models import Offer
from tests.packing.races import ROW_LOCKS, all_look_first, told_at_once, without
from tests.streams.evening import XIANG
from tests.world import NOW, TERMS, LiveOffer, ask, make_live_offer, order_body

# How the statement begins that frees what is taken over.
_WRITES = "\n    WITH freed"
LATER = NOW + timedelta(minutes=1)


def place(session: Session, asked: Asked) -> Placed | Exception:
    return counter.place_batch(session, [asked], LATER)[0]


def hold(session: Session, offer: LiveOffer, quantity: int = 2) -> Joined:
    (first,) = counter.place_batch(session, [ask(offer, f"first-{offer.offer_id}", quantity)], NOW)
    assert isinstance(first, Placed)
    return Joined(first.id, (KeptLine(offer.offer_id, quantity, offer.price_fen),), first.hold_until)


def ask_with(offer: LiveOffer, joined: Joined, key: str, quantity: int = 1, **buyer: str) -> Asked:
    body = order_body(offer, quantity, **buyer)
    return read_order(body, stream_id=offer.stream_id, key=key, terms=TERMS, locale="zh", joins=joined)


def taken(session: Session, offer: LiveOffer) -> tuple[int, int]:
    """What is taken of the offer, and held of its stock."""
    session.expire_all()
    return session.get_one(Offer, offer.offer_id).taken, session.get_one(StockLevel, offer.variant_id).held


def test_goods_of_two_streams_become_one_order_with_one_postage(session: Session) -> None:
    one, other = make_live_offer(session), make_live_offer(session, price_fen=2_000)
    joined = hold(session, one)
    both = place(session, ask_with(other, joined, "both-together", 1))
    assert isinstance(both, Placed)
    assert [(line["offer_id"], line["quantity"], line["unit_price_fen"]) for line in both.row["lines"]] == [
        (one.offer_id, 2, 3_980),
        (other.offer_id, 1, 2_000),
    ]
    assert (both.row["goods_fen"], both.shipping_fen) == (9_960, 0), "together it is free from 99 yuan"
    assert session.get_one(Order, joined.order_id).state == "cancelled"
    assert (taken(session, one), taken(session, other)) == ((2, 2), (1, 1))


def test_what_is_held_keeps_its_price_and_what_comes_to_it_costs_what_it_costs_now(session: Session) -> None:
    offer = make_live_offer(session)
    joined = hold(session, offer)
    streams.change_offer(session, offer.stream_id, offer.offer_id, {"price_fen": 4_500}, now=LATER, by=XIANG)
    both = place(session, ask_with(offer, joined, "dearer-now", 3))
    assert isinstance(both, Placed)
    assert [(line["quantity"], line["unit_price_fen"]) for line in both.row["lines"]] == [(2, 3_980), (3, 4_500)]
    assert taken(session, offer) == (5, 5)


def test_goods_at_two_prices_paid_late_are_taken_again_as_one_and_given_back_as_one(session: Session) -> None:
    offer = make_live_offer(session)
    joined = hold(session, offer)
    streams.change_offer(session, offer.stream_id, offer.offer_id, {"price_fen": 4_500}, now=LATER, by=XIANG)
    both = place(session, ask_with(offer, joined, "paid-too-late", 3))
    assert isinstance(both, Placed)
    orders.expire_lapsed(session, both.hold_until)
    assert taken(session, offer) == (0, 0)
    order = orders.lock_order(session, both.id)
    assert orders.take_stock_again(session, order, at=both.hold_until)
    assert taken(session, offer) == (5, 5)
    orders.mark_paid(session, order, at=both.hold_until, by=SYSTEM)
    orders.release_paid(session, order, at=both.hold_until, by=SYSTEM)
    assert taken(session, offer) == (0, 0)


def test_what_is_held_stays_hers_when_its_stream_is_over(session: Session) -> None:
    over, other = make_live_offer(session), make_live_offer(session)
    joined = hold(session, over)
    streams.end_stream(session, over.stream_id, now=LATER, by=XIANG)
    assert isinstance(place(session, ask_with(other, joined, "after-the-end")), Placed)


def test_adding_does_not_hold_goods_for_ever_and_leaves_time_to_pay(session: Session) -> None:
    one, other = make_live_offer(session), make_live_offer(session)
    joined = hold(session, one)
    both = place(session, ask_with(other, joined, "soon-enough"))
    assert isinstance(both, Placed)
    assert both.hold_until == joined.hold_until
    last = joined.hold_until - timedelta(seconds=5)
    again = Joined(both.id, tuple(KeptLine(o.offer_id, n, 3_980) for o, n in ((one, 2), (other, 1))), both.hold_until)
    (third,) = counter.place_batch(session, [ask_with(other, again, "last-moment")], last)
    assert isinstance(third, Placed)
    assert third.hold_until == last + TIME_TO_PAY


@pytest.mark.parametrize(
    ("end", "code"),
    [("cancelled", "hold_gone"), ("expired", "hold_gone"), ("paid", "hold_gone")],
)
def test_an_order_that_is_not_held_any_more_takes_nothing_with_it(session: Session, end: str, code: str) -> None:
    one, other = make_live_offer(session), make_live_offer(session)
    joined = hold(session, one)
    session.execute(
        text("UPDATE orders SET state = :state, paid_at = now(), ship_by = now() WHERE id = :id"),
        {"state": end, "id": joined.order_id},
    )
    answer = place(session, ask_with(other, joined, "too-late-now"))
    assert isinstance(answer, Refused)
    assert answer.code == code
    assert taken(session, other) == (0, 0)


def test_when_it_does_not_fit_the_held_order_stays_as_it_was(session: Session) -> None:
    one, few = make_live_offer(session), make_live_offer(session, on_hand=1)
    joined = hold(session, one)
    answer = place(session, ask_with(few, joined, "not-so-many", 2))
    assert isinstance(answer, Refused)
    assert (answer.code, answer.extra["left"]) == ("out_of_stock", 1)
    assert session.get_one(Order, joined.order_id).state == "held"
    assert (taken(session, one), taken(session, few)) == ((2, 2), (0, 0))


def test_the_cap_counts_both(session: Session) -> None:
    offer = make_live_offer(session, cap=3)
    joined = hold(session, offer)
    answer = place(session, ask_with(offer, joined, "over-the-cap", 2))
    assert isinstance(answer, Refused)
    assert (answer.code, answer.extra["left"]) == ("cap_reached", 1)
    assert isinstance(place(session, ask_with(offer, joined, "at-the-cap", 1)), Placed)


def test_fresh_goods_do_not_travel_far_by_way_of_another_address(session: Session) -> None:
    fresh, dry = make_live_offer(session, fresh=True), make_live_offer(session)
    joined = hold(session, fresh)
    answer = place(session, ask_with(dry, joined, "far-away-now", province="西藏自治区"))
    assert isinstance(answer, Refused)
    assert answer.code == "no_fresh_there"


def test_a_double_tap_gives_the_same_order(session: Session) -> None:
    one, other = make_live_offer(session), make_live_offer(session)
    asked = ask_with(other, hold(session, one), "tapped-twice")
    first, second = place(session, asked), place(session, asked)
    assert isinstance(first, Placed)
    assert isinstance(second, Placed)
    assert (second.number, second.is_new) == (first.number, False)
    assert (taken(session, one), taken(session, other)) == ((2, 2), (1, 1))


def placing(asked: Asked) -> Callable[[Session], None]:
    def deed(session: Session) -> None:
        answer = place(session, asked)
        if isinstance(answer, Exception):
            raise answer

    return deed


@pytest.mark.parametrize("is_locked", [True, False])
def test_an_order_is_taken_over_once_and_without_its_lock_the_ledger_refuses(
    database: Database, is_locked: bool
) -> None:
    with database.transaction() as session:
        one, other = make_live_offer(session), make_live_offer(session)
        joined = hold(session, one)
    deeds = [placing(ask_with(other, joined, f"at-once-{n}")) for n in range(2)]
    if is_locked:
        assert told_at_once(database, *deeds) == ["hold_gone", "written"]
    else:
        with without(database, rf"{ROW_LOCKS}( SKIP LOCKED)?"), all_look_first(database, _WRITES):
            refused, written = told_at_once(database, *deeds)
        assert written == "written"
        assert "uq_stock_movements" in refused
    with database.transaction() as session:
        assert (taken(session, one), taken(session, other)) == ((2, 2), (1, 1))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.booleans()), max_size=8))
def test_whatever_is_put_together_what_is_held_adds_up(database: Database, steps: list[tuple[int, int, bool]]) -> None:
    with database.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        offers = [make_live_offer(session, on_hand=6) for _ in range(3)]
        held: dict[UUID, Joined] = {}
        for number, (which, quantity, is_joined) in enumerate(steps):
            joined = next(reversed(held.values()), None) if is_joined else None
            offer, key = offers[which], f"step-{number:06d}"
            asked = ask_with(offer, joined, key, quantity) if joined else ask(offer, key, quantity)
            placed = place(session, asked)
            if isinstance(placed, Placed):
                if joined:
                    del held[joined.order_id]
                lines = tuple(
                    KeptLine(line["offer_id"], line["quantity"], line["unit_price_fen"]) for line in placed.row["lines"]
                )
                held[placed.id] = Joined(placed.id, lines, placed.hold_until)
        for offer in offers:
            of_it = [line.quantity for each in held.values() for line in each.lines if line.offer_id == offer.offer_id]
            assert taken(session, offer) == (sum(of_it), sum(of_it))
        session.rollback()
