"""Holds that give way at the counter, and that nobody waits in a ring for anybody."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Problem, Refused, TooMany, Unavailable
from kernel.outbox import Job
from shop.orders import counter as counter_module
from shop.orders import counter_sql, rules, service
from shop.orders.counter import Counter
from shop.orders.forms import read_order
from shop.orders.models import Order
from shop.orders.placing import Asked, Limit
from shop.stock import service as stock
from shop.stock.models import StockLevel, StockMovement
from shop.streams import service as streams
from shop.streams.models import Offer
from tests.world import NOW, TERMS, LiveOffer, ask, make_live_offer, make_variant, order_body

LATER = NOW + timedelta(minutes=11)


def open_offer(database: Database, **terms: object) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, **terms)


def another_offer(database: Database, beside: LiveOffer, on_hand: int) -> LiveOffer:
    """A second product in the same stream."""
    with database.transaction() as session:
        variant = make_variant(session)
        stock.receive(session, variant.id, on_hand, source=f"test:{variant.id}", by=SYSTEM, at=NOW)
        offer = streams.add_offer(
            session,
            beside.stream_id,
            variant.id,
            price_fen=3_980,
            list_price_fen=4_980,
            allotment=on_hand,
            cap_per_buyer=None,
            now=NOW,
            by=SYSTEM,
        )
        return LiveOffer(beside.stream_id, offer.id, variant.id, offer.price_fen)


def ask_for(offers: list[LiveOffer], key: str, quantity: int = 1, *, device: str | None = None, **buyer: str) -> Asked:
    """A wish for several products at once."""
    body = order_body(offers[0], quantity, **buyer)
    body["lines"] = [{"offer_id": offer.offer_id, "quantity": quantity} for offer in offers]
    return read_order(body, stream_id=offers[0].stream_id, key=key, terms=TERMS, locale="zh", device_hash=device)


def states(database: Database) -> dict[str, str]:
    with database.transaction() as session:
        return dict(session.execute(select(Order.idempotency_key, Order.state)).all())


def assert_books_agree(database: Database) -> None:
    """Level, ledger and offer say the same about what is held."""
    with database.transaction() as session:
        for level in session.scalars(select(StockLevel)):
            moved = session.scalars(
                select(StockMovement.held_change).where(StockMovement.variant_id == level.variant_id)
            ).all()
            taken = session.scalars(select(Offer.taken).where(Offer.variant_id == level.variant_id)).all()
            assert level.held == sum(moved) == sum(taken)


def test_a_new_order_that_does_not_fit_even_so_leaves_the_buyer_her_hold(database: Database) -> None:
    offer = open_offer(database, on_hand=3)
    counter = Counter(database)
    counter.place(ask(offer, "keeps-this", 2, device="phone-a"), NOW)
    with pytest.raises(Refused) as refused:
        counter.place(ask(offer, "too-much-1", 4, device="phone-a"), NOW)
    assert refused.value.extra == {"left": 3}, "what she could have, her own hold included"
    assert states(database) == {"keeps-this": "held"}
    counter.place(ask(offer, "all-three-", 3, device="phone-a"), NOW)
    assert states(database) == {"keeps-this": "cancelled", "all-three-": "held"}
    assert_books_agree(database)


def test_a_hold_that_is_not_in_the_way_stays(database: Database) -> None:
    """Two orders of one buyer that both fit are two orders."""
    offer = open_offer(database, on_hand=5)
    counter = Counter(database)
    counter.place(ask(offer, "first-one-", 2, device="phone-a"), NOW)
    counter.place(ask(offer, "second-one", 2, device="phone-a"), NOW)
    assert set(states(database).values()) == {"held"}


def test_an_order_that_ended_at_the_counter_has_its_page_closed_by_a_job(database: Database) -> None:
    offer = open_offer(database, on_hand=1)
    counter = Counter(database)
    gone = counter.place(ask(offer, "slow-payer"), NOW)
    counter.place(ask(offer, "next-buyer", phone="13800000002"), LATER)
    with database.transaction() as session:
        jobs = session.execute(select(Job.kind, Job.payload)).all()
    assert [tuple(job) for job in jobs] == [("end_order", {"order": str(gone.id)})]


def test_a_lapsed_hold_on_two_products_gives_both_back(database: Database) -> None:
    first = open_offer(database, on_hand=1)
    second = another_offer(database, first, on_hand=1)
    counter = Counter(database)
    counter.place(ask_for([first, second], "both-of-it"), NOW)
    counter.place(ask(second, "only-that-", phone="13800000002"), LATER)
    assert states(database) == {"both-of-it": "expired", "only-that-": "held"}
    assert_books_agree(database)


def test_a_lapsed_hold_whose_other_goods_are_busy_is_left_to_the_worker(database: Database) -> None:
    """Waiting for them could make a ring of two counters, so nobody waits: sold out for this moment, sold later."""
    first = open_offer(database, on_hand=1)
    second = another_offer(database, first, on_hand=1)
    counter = Counter(database)
    counter.place(ask_for([first, second], "both-of-it"), NOW)
    with database.transaction() as busy:
        busy.execute(select(Offer).where(Offer.id == first.offer_id).with_for_update())
        with pytest.raises(Refused) as refused:
            counter.place(ask(second, "only-that-", phone="13800000002"), LATER)
    assert refused.value.code == "out_of_stock"
    counter.place(ask(second, "once-more-", phone="13800000002"), LATER)
    assert states(database)["both-of-it"] == "expired"
    assert_books_agree(database)


def test_a_hold_that_is_being_paid_right_now_is_left_alone(database: Database) -> None:
    offer = open_offer(database, on_hand=1)
    counter = Counter(database)
    placed = counter.place(ask(offer, "paying-now"), NOW)
    with database.transaction() as paying:
        order = service.lock_order(paying, placed.id)
        with pytest.raises(Refused):
            counter.place(ask(offer, "next-buyer", phone="13800000002"), LATER)
        service.mark_paid(paying, order, at=LATER, by=SYSTEM)
    assert states(database) == {"paying-now": "paid"}
    assert_books_agree(database)


def test_sweeping_and_selling_several_products_never_wait_in_a_ring(database: Database) -> None:
    """Orders lapse in the opposite order of their offers while two counters lock the offers in order."""
    first = open_offer(database, on_hand=50)
    second = another_offer(database, first, on_hand=50)
    for number in range(10):
        earlier, later = (second, first) if number % 2 else (first, second)
        counter = Counter(database)
        counter.place(ask(earlier, f"lapse-{number:04d}a", phone=f"1390000{number:04d}"), NOW)
        counter.place(ask(later, f"lapse-{number:04d}b", phone=f"1390001{number:04d}"), NOW + timedelta(seconds=1))

    def sweep() -> None:
        for _ in range(5):
            with database.transaction() as session:
                service.expire_lapsed(session, LATER, most=7)

    def sell(which: int) -> None:
        for number in range(15):
            wish = ask_for([first, second], f"sell-{which}-{number:04d}", phone=f"137000{which}{number:04d}")
            counters[which].place(wish, LATER)

    counters = [Counter(database), Counter(database)]
    assert at_one_instant(sweep, partial(sell, 0), partial(sell, 1)) == []
    assert_books_agree(database)


def at_one_instant(*works: Callable[[], None]) -> list[Exception]:
    """Do these in threads of their own, begun at one instant; what went wrong."""
    start, failed = Barrier(len(works)), []

    def run(work: Callable[[], None]) -> None:
        start.wait()
        try:
            work()
        except (Problem, OperationalError) as error:
            failed.append(error)

    threads = [Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return failed


def test_when_a_row_is_stuck_everybody_in_line_is_told_at_once(database: Database, server_url: str) -> None:
    """Not one after the other, each after a time-out of their own; the same key may be sent again."""
    offer = open_offer(database)
    impatient = Database(database.url, pool_size=2, lock_timeout_ms=300)
    counter, answers, stuck = Counter(impatient), [], Event()

    def press(number: int) -> None:
        stuck.wait()
        try:
            counter.place(ask(offer, f"in-line-{number:04d}", phone=f"1380000{number:04d}"), NOW)
        except Unavailable as busy:
            answers.append(busy.status)

    threads = [Thread(target=press, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    with database.transaction() as session:
        session.execute(select(Offer).where(Offer.id == offer.offer_id).with_for_update())
        stuck.set()
        for thread in threads:
            thread.join(30)
    assert answers == [503] * 8
    assert counter.place(ask(offer, "in-line-0000", phone="13800000000"), NOW).is_new
    impatient.dispose()


def test_the_constraints_alone_keep_stock_from_being_oversold(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the row locks taken out the database still refuses the sixth of five."""
    offer = open_offer(database, on_hand=5)
    for name in ("_LOCK_OFFERS", "_LOCK_LEVELS"):
        unlocked = str(getattr(counter_sql, name)).split(" FOR NO KEY UPDATE")[0]
        monkeypatch.setattr(counter_sql, name, text(unlocked))
    pause, got = Barrier(12), []
    read_offers = counter_sql.lock_offers
    monkeypatch.setattr(
        counter_sql,
        "lock_offers",
        lambda session, ids: (read_offers(session, ids), pause.wait(10) if not got else 0)[0],
    )

    def press(number: int) -> None:
        try:
            Counter(database).place(ask(offer, f"no-lock-{number:04d}", phone=f"1380000{number:04d}"), NOW)
            got.append("held")
        except Exception as error:  # noqa: BLE001 - whatever the database says
            got.append(type(error).__name__)

    threads = [Thread(target=press, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == 12
    assert got.count("held") <= 5
    assert_books_agree(database)


def test_one_device_cannot_order_without_end(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    offer = open_offer(database, on_hand=100)
    counter = Counter(database)

    def wish(number: int, device: str) -> Asked:
        limits = (Limit(f"orders:{device}", 3),)
        return read_order(
            order_body(offer, phone=f"1380000{number:04d}"),
            stream_id=offer.stream_id,
            key=f"flood-{device}-{number:04d}",
            terms=TERMS,
            locale="zh",
            limits=limits,
        )

    for number in range(3):
        counter.place(wish(number, "a"), NOW)
    with pytest.raises(TooMany) as refused:
        counter.place(wish(3, "a"), NOW)
    assert refused.value.extra == {"retry_after_s": 600}
    counter.place(wish(0, "a"), NOW)  # the same order again is no new one
    counter.place(wish(4, "b"), NOW)
    counter.place(wish(5, "a"), NOW + rules.ORDERS_WINDOW)
    assert len(states(database)) == 5


def test_who_came_while_the_rows_were_busy_is_served_with_the_others(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction for all of them, but not for those who want something else."""
    first = open_offer(database, on_hand=20)
    second = another_offer(database, first, on_hand=20)
    patient = Database(database.url, pool_size=2, lock_timeout_ms=14_000)
    counter, transactions = Counter(patient), []
    place_locked = counter_module.place_locked

    def note_size(session: Session, batch: list[Asked], *rest: Any) -> Any:
        transactions.append([asked.lines[0].offer_id for asked in batch])
        return place_locked(session, batch, *rest)

    monkeypatch.setattr(counter_module, "place_locked", note_size)
    threads = [
        Thread(target=counter.place, args=(ask(offer, f"late-{number:05d}", phone=f"1380000{number:04d}"), NOW))
        for number, offer in enumerate([first, first, second, first, first])
    ]
    with database.transaction() as busy:
        busy.execute(select(Offer).where(Offer.id == first.offer_id).with_for_update())
        threads[0].start()
        wait_until(lambda: waits_for_a_lock(database))
        for thread in threads[1:]:
            thread.start()
        wait_until(lambda: len(counter._waiting) == len(threads) - 1)
    for thread in threads:
        thread.join(30)
    patient.dispose()
    assert transactions == [[first.offer_id] * 4, [second.offer_id]]
    assert set(states(database).values()) == {"held"}
    assert_books_agree(database)


def waits_for_a_lock(database: Database) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with database.transaction() as session:
        return bool(session.scalar(text(waiting)))


def wait_until(is_so: Callable[[], bool]) -> None:
    """Look again and again until it is so."""
    for _ in range(2_000):
        if is_so():
            return
        Event().wait(0.005)
    raise AssertionError("it never was so")
