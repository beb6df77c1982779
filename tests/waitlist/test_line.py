"""The line for what is sold out: who gets what comes back, and who never gets past it."""

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from kernel.audit import BUYER, SYSTEM
from kernel.db import Database
from kernel.errors import Problem, Refused
from shop.orders import service as orders
from shop.orders.counter import place_batch
from shop.orders.models import Order
from shop.orders.placing import KeyReused, OfferState, OutOfStock, Placed
from shop.stock import service as stock
from shop.stock.models import StockLevel
from shop.streams import queries as streams
from shop.streams import service as running
from shop.streams.models import Offer
from shop.waitlist import queries, service
from shop.waitlist.models import Wait
from shop.waitlist.states import LEFT, OVER, SERVED, WAITING
from tests.packing.races import all_at_once
from tests.world import NOW, TERMS, LiveOffer, ask, make_live_offer


def phone(number: int) -> str:
    return f"1380000{number:04d}"


def buy(session: Session, offer: LiveOffer, number: int, quantity: int = 1, **more: str) -> Placed:
    """An order of buyer ``number``; raises what stands against it."""
    (answer,) = place_batch(session, [ask(offer, f"order-{number:04d}", quantity, phone=phone(number), **more)], NOW)
    if isinstance(answer, Exception):
        raise answer
    return answer


def line_up(session: Session, offer: LiveOffer, number: int, quantity: int = 1, *, cap_key: str = "") -> Wait:
    wish = ask(offer, f"wait-{number:04d}{cap_key}", quantity, phone=phone(number), name=f"买家{number}")
    return service.join(session, wish, NOW)


def give_up(session: Session, placed: Placed) -> None:
    orders.cancel_held(session, orders.lock_order(session, placed.id), at=NOW, by=BUYER, reason="changed her mind")


def serve(session: Session, now: datetime = NOW) -> list[str]:
    return [ended.number for ended in service.serve(session, TERMS, now)]


def left_on_the_page(session: Session, offer: LiveOffer) -> int:
    seen = streams.snapshot(session, offer.stream_id, NOW)
    assert seen is not None
    return int(seen["offers"][0]["left"])


@pytest.fixture
def sold_out(session: Session) -> tuple[LiveOffer, Placed]:
    """Two pieces, both held by one buyer."""
    offer = make_live_offer(session, on_hand=2)
    return offer, buy(session, offer, 1, 2)


def test_what_comes_back_goes_to_the_first_in_line_and_not_to_whoever_presses_next(
    session: Session, sold_out: tuple[LiveOffer, Placed]
) -> None:
    offer, held = sold_out
    first, second = line_up(session, offer, 2), line_up(session, offer, 3)
    assert (queries.place_in_line(session, first), queries.place_in_line(session, second)) == (1, 2)
    assert session.get_one(Offer, offer.offer_id, populate_existing=True).waiting == 2
    give_up(session, held)
    # The page says sold out, and it is true: what came back is kept.
    assert left_on_the_page(session, offer) == 0
    with pytest.raises(OutOfStock):
        buy(session, offer, 9)
    assert serve(session) == [first.number, second.number]
    for wait in (first, second):
        order = session.get_one(Order, wait.order_id)
        assert (wait.state, order.state, order.hold_until) == (SERVED, "held", NOW + timedelta(minutes=10))
        assert (wait.phone, wait.wish) == ("", {})
    assert (order.buyer_name, order.phone, order.detail, order.total_fen) == (
        "买家3",
        phone(3),
        "示例路8号",
        3_980 + 600,
    )
    assert session.get_one(Offer, offer.offer_id, populate_existing=True).waiting == 0


def test_silence_passes_it_on(session: Session, sold_out: tuple[LiveOffer, Placed]) -> None:
    offer, held = sold_out
    waits = [line_up(session, offer, number) for number in (2, 3, 4)]
    give_up(session, held)
    assert serve(session) == [waits[0].number, waits[1].number]
    later = NOW + timedelta(minutes=11)
    assert orders.expire_lapsed(session, later) == 2
    assert serve(session, later) == [waits[2].number]
    # The one piece that is left over is anybody's again.
    assert left_on_the_page(session, offer) == 1


def test_a_restock_of_five_is_offered_to_the_first_five(session: Session, sold_out: tuple[LiveOffer, Placed]) -> None:
    offer, _ = sold_out
    waits = [line_up(session, offer, number) for number in range(2, 9)]
    stock.receive(session, offer.variant_id, 5, source="van", by=SYSTEM, at=NOW)
    assert serve(session) == []
    running.change_offer(session, offer.stream_id, offer.offer_id, {"allotment": 7}, now=NOW, by=SYSTEM)
    assert serve(session) == [wait.number for wait in waits[:5]]
    assert [queries.place_in_line(session, wait) for wait in waits[5:]] == [1, 2]


def test_who_wants_more_than_there_is_gets_what_there_is(session: Session) -> None:
    offer = make_live_offer(session, on_hand=3)
    small, large = buy(session, offer, 1), buy(session, offer, 2, 2)
    wait = line_up(session, offer, 3, 3)
    give_up(session, small)
    assert serve(session) == [wait.number]
    assert session.get_one(Order, wait.order_id).goods_fen == 3_980
    give_up(session, large)
    assert left_on_the_page(session, offer) == 2


def test_there_is_a_line_only_for_what_is_sold_out_and_everybody_stands_in_it_once(
    session: Session, sold_out: tuple[LiveOffer, Placed]
) -> None:
    offer, _ = sold_out
    wait = line_up(session, offer, 2)
    assert line_up(session, offer, 2).id == wait.id
    with pytest.raises(KeyReused) as reused:
        line_up(session, offer, 2, 2)
    assert reused.value.number == wait.number
    for act, code in (
        (lambda: line_up(session, offer, 2, cap_key="-again"), "already_waiting"),
        (lambda: line_up(session, make_live_offer(session, on_hand=5), 2, cap_key="-left"), "still_left"),
        (lambda: line_up(session, make_live_offer(session, on_hand=1), 2, 3, cap_key="-some"), "still_left"),
        (lambda: line_up(session, make_live_offer(session, on_hand=0, cap=1), 2, 2, cap_key="-cap"), "cap_reached"),
    ):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.code == code


def test_who_leaves_is_forgotten_and_a_wait_ends_once(session: Session, sold_out: tuple[LiveOffer, Placed]) -> None:
    offer, held = sold_out
    wait = line_up(session, offer, 2)
    assert service.leave(session, wait.number, NOW).state == LEFT
    assert (wait.phone, wait.wish) == ("", {})
    assert service.leave(session, wait.number, NOW).state == LEFT
    give_up(session, held)
    assert serve(session) == []
    assert left_on_the_page(session, offer) == 2
    with pytest.raises(DBAPIError, match="only ends, once"), session.begin_nested():
        session.execute(text("UPDATE waits SET state = 'waiting', ended_at = NULL"))
    with pytest.raises(DBAPIError, match="only ends, once"), session.begin_nested():
        session.execute(text("DELETE FROM waits"))


def test_a_line_ends_with_its_stream_and_waits_while_an_offer_is_closed(
    session: Session, sold_out: tuple[LiveOffer, Placed]
) -> None:
    offer, held = sold_out
    wait = line_up(session, offer, 2)
    give_up(session, held)
    running.change_offer(session, offer.stream_id, offer.offer_id, {"state": "closed"}, now=NOW, by=SYSTEM)
    assert (serve(session), wait.state) == ([], WAITING)
    running.end_stream(session, offer.stream_id, now=NOW, by=SYSTEM)
    (ended,) = service.serve(session, TERMS, NOW)
    assert (ended.placed, ended.phone, wait.state, wait.why) == (None, phone(2), OVER, service.STREAM_ENDED)


def test_a_buyer_swaps_her_own_hold_while_others_wait(session: Session) -> None:
    """Her own pieces are hers: the line gets what comes back, not what she only orders anew."""
    offer = make_live_offer(session, on_hand=2)
    wish = ask(offer, "order-mine", 2, phone=phone(1), device="d" * 64)
    (held,) = place_batch(session, [wish], NOW)
    assert isinstance(held, Placed)
    line_up(session, offer, 2, 2)
    anew = ask(offer, "order-mine-2", 1, phone=phone(1), device="d" * 64)
    (swapped,) = place_batch(session, [anew], NOW)
    assert isinstance(swapped, Placed)
    assert session.get_one(Order, held.id, populate_existing=True).state == "cancelled"
    assert len(serve(session)) == 1


def test_what_cannot_be_sold_to_her_any_more_ends_her_wait_with_the_reason(session: Session) -> None:
    offer = make_live_offer(session, on_hand=2)
    held = buy(session, offer, 1)
    buy(session, offer, 2)
    wait = line_up(session, offer, 2)
    running.change_offer(session, offer.stream_id, offer.offer_id, {"cap_per_buyer": 1}, now=NOW, by=SYSTEM)
    give_up(session, held)
    assert serve(session) == [wait.number]
    assert (wait.state, wait.why) == (OVER, "cap_reached")
    assert left_on_the_page(session, offer) == 1


RUSH = 6


def rush(database: Database, offer: LiveOffer, held: Placed) -> tuple[int, int]:
    """One gives two pieces up while others press "buy" and two workers serve the line; how many orders each side got."""

    def press(number: int) -> bool:
        def act(session: Session) -> bool:
            try:
                return buy(session, offer, number).is_new
            except Problem:
                return False

        return act  # type: ignore[return-value]

    def give(session: Session) -> bool:
        give_up(session, held)
        return False

    def turn(session: Session) -> bool:
        serve(session)
        return False

    pressed = all_at_once(database, give, turn, turn, *(press(100 + number) for number in range(RUSH)))  # type: ignore[arg-type]
    with database.transaction() as session:
        serve(session)
        served = session.scalar(select(func.count()).where(Wait.state == SERVED)) or 0
    return sum(pressed), served


def opened(database: Database) -> tuple[LiveOffer, Placed]:
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=2)
        held = buy(session, offer, 1, 2)
        line_up(session, offer, 2)
        line_up(session, offer, 3)
    return offer, held


def test_at_one_instant_nobody_gets_past_those_who_wait(database: Database) -> None:
    offer, held = opened(database)
    assert rush(database, offer, held) == (0, 2)
    with database.transaction() as session:
        level = session.get_one(StockLevel, offer.variant_id)
        assert (level.on_hand, level.held, session.get_one(Offer, offer.offer_id).waiting) == (2, 2, 0)


def test_without_what_is_kept_somebody_gets_past_them(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same rush with the guard taken out. The pieces come back before anybody presses."""
    monkeypatch.setattr(OfferState, "keep_for_line", lambda _: None)
    offer, held = opened(database)
    with database.transaction() as session:
        give_up(session, held)
        assert buy(session, offer, 100).is_new


STEPS = st.lists(
    st.tuples(st.sampled_from(["wait", "leave", "buy", "give up", "serve", "restock"]), st.integers(1, 3)),
    min_size=5,
    max_size=25,
)


@given(STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_happens_the_offer_counts_its_line_and_the_line_keeps_its_order(
    session: Session, steps: list[tuple[str, int]]
) -> None:
    with session.begin_nested() as story:
        offer = make_live_offer(session, on_hand=2)
        held: list[Placed] = []
        waits: list[Wait] = []
        served: list[str] = []
        for number, (act, quantity) in enumerate(steps, 1):
            try:
                if act == "wait":
                    waits.append(line_up(session, offer, number, quantity))
                elif act == "leave" and waits:
                    service.leave(session, waits[quantity % len(waits)].number, NOW)
                elif act == "buy":
                    held.append(buy(session, offer, number, quantity))
                elif act == "give up" and held:
                    give_up(session, held.pop(0))
                elif act == "serve":
                    served += serve(session)
                elif act == "restock":
                    stock.receive(session, offer.variant_id, quantity, source=f"van-{number}", by=SYSTEM, at=NOW)
                    more = {"allotment": session.get_one(Offer, offer.offer_id).allotment + quantity}
                    running.change_offer(session, offer.stream_id, offer.offer_id, more, now=NOW, by=SYSTEM)
            except Problem:
                pass
            session.expire_all()
            terms, level = session.get_one(Offer, offer.offer_id), session.get_one(StockLevel, offer.variant_id)
            assert terms.waiting == sum(wait.quantity for wait in waits if wait.state == WAITING)
            assert terms.taken == level.held <= level.on_hand
        numbers = [wait.number for wait in waits]
        assert served == sorted(served, key=numbers.index)
        story.rollback()
