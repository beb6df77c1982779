"""The counter: who gets the last bag, and what the others hear."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select, text

from kernel.db import Database
from kernel.errors import Refused
from shop.orders import counter_sql
from shop.orders.counter import Counter
from shop.orders.models import Order
from shop.stock.models import StockLevel, StockMovement
from shop.streams.models import Offer
from tests.world import NOW, LiveOffer, ask, make_live_offer

BUYERS = 20
PIECES = 5


def open_offer(database: Database, **terms: object) -> LiveOffer:
    with database.transaction() as session:
        return make_live_offer(session, **terms)


def held_and_taken(database: Database, offer: LiveOffer) -> tuple[int, int, int]:
    with database.transaction() as session:
        level = session.get_one(StockLevel, offer.variant_id)
        ledger = session.scalar(
            select(func.sum(StockMovement.held_change)).where(StockMovement.variant_id == offer.variant_id)
        )
        return level.held, session.get_one(Offer, offer.offer_id).taken, int(ledger or 0)


def press_all_at_once(database: Database, offer: LiveOffer, counters: list[Counter]) -> list[str]:
    """Twenty buyers press at one instant, spread over the counters of several processes; what each got."""
    start = Barrier(BUYERS)
    got: list[str] = []

    def press(number: int) -> None:
        wish = ask(offer, f"race-{number:04d}", phone=f"1380000{number:04d}")
        start.wait()
        try:
            counters[number % len(counters)].place(wish, NOW)
            got.append("held")
        except Refused as refusal:
            got.append(refusal.code)

    threads = [Thread(target=press, args=(number,)) for number in range(BUYERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return got


def test_five_pieces_go_to_five_of_twenty_buyers(database: Database) -> None:
    offer = open_offer(database, on_hand=PIECES)
    got = press_all_at_once(database, offer, [Counter(database), Counter(database)])
    assert sorted(got) == ["held"] * PIECES + ["out_of_stock"] * (BUYERS - PIECES)
    assert held_and_taken(database, offer) == (PIECES, PIECES, PIECES)


def test_five_pieces_are_oversold_without_the_guard(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same race with the row locks and the CHECK constraints taken out must sell too many."""
    offer = open_offer(database, on_hand=PIECES)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE stock_levels DROP CONSTRAINT ck_stock_levels_held_within_on_hand"))
        session.execute(text("ALTER TABLE offers DROP CONSTRAINT ck_offers_taken_within_allotment"))
    for name in ("_LOCK_OFFERS", "_LOCK_LEVELS"):
        unlocked = str(getattr(counter_sql, name)).split(" FOR NO KEY UPDATE")[0]
        monkeypatch.setattr(counter_sql, name, text(unlocked))
    pause = Barrier(BUYERS)
    read_levels = counter_sql.lock_offers

    def everybody_reads_first(session: object, ids: object) -> object:
        seen = read_levels(session, ids)  # type: ignore[arg-type]
        pause.wait(10)
        return seen

    monkeypatch.setattr(counter_sql, "lock_offers", everybody_reads_first)
    got = press_all_at_once(database, offer, [Counter(database) for _ in range(BUYERS)])
    assert got.count("held") > PIECES


def test_the_same_key_gives_the_same_order(database: Database) -> None:
    offer = open_offer(database)
    counter = Counter(database)
    first = counter.place(ask(offer, "double-tap"), NOW)
    again = counter.place(ask(offer, "double-tap"), NOW)
    assert (again.number, again.is_new, first.is_new) == (first.number, False, True)
    assert held_and_taken(database, offer) == (1, 1, 1)


def test_a_double_tap_at_the_same_instant_is_one_order(database: Database) -> None:
    offer = open_offer(database)
    counters = [Counter(database), Counter(database)]
    start = Barrier(8)
    numbers: list[str] = []

    def tap(index: int) -> None:
        start.wait()
        numbers.append(counters[index % 2].place(ask(offer, "eight-taps"), NOW).number)

    threads = [Thread(target=tap, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(numbers) == 8
    assert len(set(numbers)) == 1
    assert held_and_taken(database, offer) == (1, 1, 1)


def test_a_key_used_for_another_wish_is_refused(database: Database) -> None:
    offer = open_offer(database)
    counter = Counter(database)
    counter.place(ask(offer, "one-wish-1", 1), NOW)
    with pytest.raises(Refused) as refused:
        counter.place(ask(offer, "one-wish-1", 2), NOW)
    assert refused.value.code == "idempotency_key_reused"


def test_more_than_is_left_is_refused_with_what_is_left(database: Database) -> None:
    offer = open_offer(database, on_hand=3)
    with pytest.raises(Refused) as refused:
        Counter(database).place(ask(offer, "too-many-", 4), NOW)
    assert (refused.value.code, refused.value.extra) == ("out_of_stock", {"left": 3})
    assert held_and_taken(database, offer) == (0, 0, 0)


def test_a_hold_that_ran_out_gives_way_without_the_worker(database: Database) -> None:
    offer = open_offer(database, on_hand=1)
    counter = Counter(database)
    first = counter.place(ask(offer, "slow-payer"), NOW)
    later = NOW + timedelta(minutes=11)
    second = counter.place(ask(offer, "next-buyer", phone="13800000002"), later)
    with database.transaction() as session:
        states = dict(session.execute(select(Order.number, Order.state)).all())
    assert states == {first.number: "expired", second.number: "held"}
    assert held_and_taken(database, offer) == (1, 1, 1)


def test_a_buyer_is_not_blocked_by_her_own_hold(database: Database) -> None:
    offer = open_offer(database, on_hand=2, cap=2)
    counter = Counter(database)
    first = counter.place(ask(offer, "changed-mind-1", 1, device="phone-a"), NOW)
    second = counter.place(ask(offer, "changed-mind-2", 2, device="phone-a"), NOW)
    with database.transaction() as session:
        states = dict(session.execute(select(Order.number, Order.state)).all())
    assert states == {first.number: "cancelled", second.number: "held"}
    assert held_and_taken(database, offer) == (2, 2, 2)


def test_somebody_elses_device_does_not_take_a_hold_away(database: Database) -> None:
    offer = open_offer(database, on_hand=2)
    counter = Counter(database)
    counter.place(ask(offer, "mine-stays-1", 2, device="phone-a"), NOW)
    with pytest.raises(Refused):
        counter.place(ask(offer, "mine-stays-2", 1, device="phone-b"), NOW)


def test_the_cap_counts_what_a_buyer_already_has(database: Database) -> None:
    offer = open_offer(database, cap=3)
    counter = Counter(database)
    counter.place(ask(offer, "cap-first-", 2), NOW)
    with pytest.raises(Refused) as refused:
        counter.place(ask(offer, "cap-second", 2), NOW)
    assert (refused.value.code, refused.value.extra) == ("cap_reached", {"left": 1})


def test_fresh_goods_are_not_sent_where_they_would_spoil(database: Database) -> None:
    offer = open_offer(database, fresh=True)
    with pytest.raises(Refused) as refused:
        Counter(database).place(ask(offer, "to-xinjiang", province="新疆维吾尔自治区"), NOW)
    assert refused.value.code == "no_fresh_there"


def test_one_bad_order_spoils_no_other(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the joint write fails, each is tried alone."""
    offer = open_offer(database)
    counter = Counter(database)
    together = counter._place_together

    def fails_for_many(batch: list[object], now: object) -> object:
        if len(batch) > 1:
            raise ValueError("joint write failed")
        return together(batch, now)  # type: ignore[arg-type]

    monkeypatch.setattr(counter, "_place_together", fails_for_many)
    assert press_all_at_once(database, offer, [counter]) == ["held"] * BUYERS
    assert held_and_taken(database, offer) == (BUYERS, BUYERS, BUYERS)
