"""Two leads at once with one list or one box; an order of which a part has left is refunded for the rest, or whole."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from app import workflows
from app.care.invariants import check_within
from app.care.rounds import ALL_INVARIANTS
from fulfillment.couriers.lists import queries as list_queries
from fulfillment.couriers.lists import service as lists
from fulfillment.couriers.lists.models import HandOverLine, HandOverList
from fulfillment.couriers.lists.rules import read_signature
from fulfillment.packing import service as packing
from fulfillment.packing.boxes import service as boxes
from fulfillment.packing.models import PackingTask, Parcel
from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Problem, Refused
from kernel.parse import FieldError
from shop.orders.counter import Counter
from shop.orders.models import Order
from shop.payments.models import Refund
from shop.stock import service as stock
from shop.stock.models import StockLevel, StockMovement
from tests.lead.world import Bench, packed_parcel, parcel_of, set_up, take_all
from tests.ops.evening import pay
from tests.packing.races import PATIENCE_S, all_at_once, wait_until_blocked
from tests.packing.world import ZONE, id_of, take
from tests.sending.test_boxes import both
from tests.sending.world import drawn, orders_of_one_buyer
from tests.world import NOW, ask, make_live_offer, make_variant

# ---- one list, two desks ----


def signing(parcel_ids: list[int]) -> Callable[[Session], HandOverList]:
    return lambda session: lists.sign_list(
        session, "ZTO", parcel_ids, collector="王师傅", signature=drawn(), tare_g=120, zone=ZONE, now=NOW, by=SYSTEM
    )


def left_with_zto(database: Database, bench: Bench, how_many: int = 2) -> list[int]:
    ids = []
    for place in range(how_many):
        number = packed_parcel(database, bench)
        with database.transaction() as session:
            parcel = parcel_of(session, number)
            tracking = f"7800000000000{place}"
            workflows.hand_over(session, parcel.id, carrier="ZTO", tracking=tracking, by=SYSTEM, now=NOW)
            ids.append(parcel.id)
    return ids


def signed_twice(database: Database, ids: list[int]) -> int:
    """How many lines there are after two desks signed for the same parcels at once."""
    both(database, signing(ids), signing(ids))
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(HandOverLine)) or 0


def test_what_two_desks_sign_for_at_once_is_on_one_list(database: Database, bench: Bench) -> None:
    assert signed_twice(database, left_with_zto(database, bench)) == 2


def test_it_is_on_two_lists_without_the_guard(database: Database, bench: Bench) -> None:
    """The control: the unique parcel of a line is what keeps it on one list."""
    with database.transaction() as session:
        session.execute(text("ALTER TABLE hand_over_lines DROP CONSTRAINT uq_hand_over_lines_parcel_id"))
    assert signed_twice(database, left_with_zto(database, bench)) == 4


def test_a_list_takes_whole_boxes_of_one_courier_only(database: Database, bench: Bench) -> None:
    ids = left_with_zto(database, bench, 1)
    waiting = packed_parcel(database, bench)
    with database.transaction() as session:
        still_here = parcel_of(session, waiting).id
    for wrong in ([], [*ids, still_here], [*ids, 10**9]):
        with pytest.raises(Refused, match="changed"), database.transaction() as session:
            signing(wrong)(session)


def test_a_list_that_is_full_ends_with_a_whole_box(
    database: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut in the middle, the rest of the box could never be signed for."""
    alone, lead, rider = left_with_zto(database, bench, 3)
    with database.transaction() as session:
        box = {"sent_with_id": lead, "tracking_number": "78000000000001"}
        session.execute(update(Parcel).where(Parcel.id == rider).values(**box))
        with pytest.raises(Refused, match="changed"):
            signing([alone, lead])(session)
        monkeypatch.setattr(list_queries, "MOST_ON_A_LIST", 2)
        listed = list_queries.unsigned(session, "ZTO", NOW)
        assert [parcel.id for parcel in listed] == [alone]
        monkeypatch.setattr(list_queries, "MOST_ON_A_LIST", 3)
        assert signing([one.id for one in list_queries.unsigned(session, "ZTO", NOW)])(session).boxes == 2


@given(st.text(max_size=200))
def test_only_our_own_strokes_are_a_signature(raw: str) -> None:
    try:
        taken = read_signature(raw)
    except FieldError:
        return
    assert taken == raw
    assert set(raw) <= set("ML 0123456789")


# ---- one box, two desks ----


def test_one_box_handed_over_at_six_desks_ships_its_goods_once(database: Database, bench: Bench) -> None:
    first, second, _ = orders_of_one_buyer(database, bench)
    with database.transaction() as session:
        ids = [parcel_of(session, number).id for number in (first, second)]
        workflows.combine_parcels(session, ids, by=SYSTEM, now=NOW)
    for packer in (bench.ann, bench.bea, bench.ann):
        take_all(database, packer)
        with database.transaction() as session:
            for task in session.scalars(select(PackingTask).where(PackingTask.packer_id == id_of(packer))):
                packing.finish_task(session, task.id, id_of(packer), now=NOW, by=packer)

    def leave(place: int) -> Callable[[Session], object]:
        # Half of the desks scan one slip of the box, half the other.
        return lambda session: workflows.hand_over(
            session, ids[place % 2], carrier="ZTO", tracking="78012345678901", by=SYSTEM, now=NOW
        )

    assert both(database, *(leave(place) for place in range(6))) == ["done"] * 6
    with database.transaction() as session:
        shipped = select(func.count()).where(StockMovement.kind == "shipped")
        assert session.scalar(shipped) == 2, "each parcel once"
        assert session.get_one(StockLevel, bench.variant_id).on_hand == 97


def is_in_the_way(database: Database, bench: Bench) -> bool:
    """Whether a box of two orders that waits for the goods of one holds those of the other meanwhile."""
    with database.transaction() as session:
        later = make_variant(session)
        stock.receive(session, later.id, 5, source="test", by=SYSTEM, at=NOW)
        variants = [later.id, bench.variant_id]
    assert variants[0] > variants[1], "the goods of the first parcel come second in the order of locks"
    numbers = [packed_parcel(database, bench, variant_id=variant) for variant in variants]
    with database.transaction() as session:
        first, second = (parcel_of(session, number) for number in numbers)
        session.execute(update(Parcel).where(Parcel.id == second.id).values(sent_with_id=first.id))
        box = first.id

    def leave() -> None:
        with database.transaction() as session:
            workflows.hand_over(session, box, carrier="ZTO", tracking="78012345678901", by=SYSTEM, now=NOW)

    level = select(StockLevel.variant_id)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.execute(level.where(StockLevel.variant_id == variants[1]).with_for_update())
            leaving = pool.submit(leave)
            wait_until_blocked(database)
            others = level.where(StockLevel.variant_id == variants[0]).with_for_update(skip_locked=True)
            is_held = session.scalar(others) is None
        leaving.result(PATIENCE_S)
    return is_held


def test_the_goods_of_a_shared_box_are_locked_in_the_order_of_the_house(database: Database, bench: Bench) -> None:
    assert not is_in_the_way(database, bench)


def test_parcel_after_parcel_they_are_not(database: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: two boxes, or a box and the counter, could wait for each other in a ring."""
    monkeypatch.setattr(stock, "lock_levels", lambda *_: None)
    assert is_in_the_way(database, bench)


# ---- money for what did not leave ----


def paid_order_in_two_parcels(database: Database, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, list[int]]:
    """An order paid here of three bags in two boxes, of which the first has left; a live offer stands behind it."""
    bench = set_up(database)
    monkeypatch.setattr(workflows.terms, "heaviest_parcel_g", 700)
    with database.transaction() as session:
        offer = make_live_offer(session, price_fen=3_333)
    Counter(database).place(ask(offer, "k-1", 3), NOW)
    with database.transaction() as session:
        order_id = session.scalars(select(Order.id)).one()
    pay(database, order_id, NOW)
    with database.transaction() as session:
        taken = take(session, bench.ann) + take(session, bench.bea)
        ids = sorted({task.parcel_id for task in taken} | set(session.scalars(select(Parcel.id))))
        first = next(task for task in taken if task.parcel_id == ids[0])
        assert first.packer_id is not None
        packing.finish_task(session, first.id, first.packer_id, now=NOW, by=bench.ann)
    with database.transaction() as session:
        workflows.hand_over(session, ids[0], carrier="ZTO", tracking="78012345678901", by=SYSTEM, now=NOW)
    return order_id, ids


def test_the_part_that_is_still_here_is_stopped_and_paid_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id, ids = paid_order_in_two_parcels(database, monkeypatch)
    with database.transaction() as session:
        order = workflows.stop_rest(session, order_id, by=SYSTEM, reason="no_goods", now=NOW)
        assert (order.state, order.refunded_fen) == ("shipped", 3_333)
    with database.transaction() as session:
        assert [session.get_one(Parcel, one).state for one in ids] == ["handed_over", "cancelled"]
        assert session.scalars(select(Refund.amount_fen)).all() == [3_333]
        assert check_within(session, ALL_INVARIANTS).violations == []
    with pytest.raises(Problem), database.transaction() as session:
        workflows.stop_rest(session, order_id, by=SYSTEM, reason="no_goods", now=NOW)


def test_all_the_money_goes_back_also_when_a_part_has_left(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    order_id, ids = paid_order_in_two_parcels(database, monkeypatch)
    with database.transaction() as session:
        total = session.get_one(Order, order_id).total_fen
        order = workflows.refund_part(session, order_id, total, reason="angry", by=SYSTEM, now=NOW)
        assert (order.state, order.refunded_fen) == ("refunded", total)
    with database.transaction() as session:
        assert session.get_one(Parcel, ids[1]).state == "cancelled", "nothing more is sent"
        assert sum(session.scalars(select(Refund.amount_fen))) == total
        assert check_within(session, ALL_INVARIANTS).violations == []


def test_two_leads_stop_the_rest_at_once_and_it_is_paid_back_once(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id, _ = paid_order_in_two_parcels(database, monkeypatch)

    def stop(session: Session) -> object:
        return workflows.stop_rest(session, order_id, by=SYSTEM, reason="no_goods", now=NOW)

    answers = both(database, stop, stop)
    assert sorted(answers) == ["done", "wrong_state"]
    with database.transaction() as session:
        assert session.scalars(select(Refund.amount_fen)).all() == [3_333]


def test_it_is_paid_back_twice_without_the_orders_lock(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: unlocked, both see a part that is still here; the database keeps the second one out."""
    from shop.orders import service as orders

    order_id, _ = paid_order_in_two_parcels(database, monkeypatch)
    monkeypatch.setattr(orders, "lock_order", lambda session, one: session.get_one(Order, one))
    monkeypatch.setattr(packing, "lock_task", lambda session, one, _=None: session.get_one(PackingTask, one))
    both_have_read, stop_here = Barrier(2), boxes.stop_what_is_here

    def after_both(*args: Any, **facts: Any) -> list[Parcel]:
        both_have_read.wait(PATIENCE_S)
        return stop_here(*args, **facts)

    monkeypatch.setattr(boxes, "stop_what_is_here", after_both)

    def stop(session: Session) -> object:
        return workflows.stop_rest(session, order_id, by=SYSTEM, reason="no_goods", now=NOW)

    with pytest.raises(Exception, match=r"stopped_parts|stock_movements|released more"):
        all_at_once(database, stop, stop)
