"""Forms sent twice at one instant: each writes money or grams once, by its key; and twice with lock and key gone."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from fulfillment.purchasing.lots import changes_service as changes
from fulfillment.purchasing.lots import making_service as making
from fulfillment.purchasing.lots import service as lots
from fulfillment.purchasing.lots.changes_service import Counted
from fulfillment.purchasing.lots.making_service import Dried
from fulfillment.purchasing.lots.models import BaggingTakenBack, LotChange
from fulfillment.purchasing.lots.undo_service import take_back_bagging
from fulfillment.purchasing.models import Lot
from kernel.db import Database
from tests.packing.races import ROW_LOCKS, all_look_first, drop, told_at_once, without
from tests.purchasing.test_lots import DAY, WHEN, make_lots
from tests.purchasing.test_runs import advance
from tests.purchasing.world import grams_on_hand, make_contract, make_goods, make_quote, weigh_in, weighed

Deed = Callable[[Session], object]


def a_weigh_in(session: Session) -> Deed:
    contract = make_contract(session)
    make_quote(session, contract)
    facts = weighed(contract)
    return lambda later: weigh_in(later, facts, "one-form")


def an_advance(session: Session) -> Deed:
    farmer_id = make_contract(session).farmer_id
    return lambda later: advance(later, farmer_id, 1_000, "one-form")


def a_bagging(session: Session) -> Deed:
    (lot,), bag = make_lots(session, 10_000)
    lot_id, bag_id = lot.id, bag.id
    return lambda later: lots.bag_lot(later, lot_id, bag_id, 4, key="one-form", **DAY)


def a_mixing(session: Session) -> Deed:
    (one, other), _ = make_lots(session, 10_000, 10_000)
    parts = {one.id: 1_000, other.id: 1_000}
    return lambda later: making.mix_lots(later, parts, grade="一级", key="one-form", **DAY)


def a_drying(session: Session) -> Deed:
    (lot,), _ = make_lots(session, 10_000)
    dried, parts = Dried(make_goods(session)[1].id, 500, "一级"), {lot.id: 4_000}
    return lambda later: making.dry_lots(later, parts, dried, key="one-form", **DAY)


def a_waste(session: Session) -> Deed:
    (lot_id,) = (lot.id for lot in make_lots(session, 10_000)[0])
    return lambda later: changes.waste(later, lot_id, 1_000, reason="发霉", key="one-form", **WHEN)


def a_count(session: Session) -> Deed:
    (lot_id,) = (lot.id for lot in make_lots(session, 10_000)[0])
    return lambda later: changes.count_lot(later, lot_id, Counted(9_900, "盘点"), key="one-form", **WHEN)


FORMS = [
    (a_weigh_in, "deliveries", "uq_deliveries_idempotency_key"),
    (an_advance, "farmer_entries", "uq_farmer_entries_idempotency_key"),
    (a_bagging, "baggings", "uq_baggings_idempotency_key"),
    (a_mixing, "lots", "uq_lots_key"),
    (a_drying, "lots", "uq_lots_key"),
    (a_waste, "lot_changes", "uq_lot_changes_key"),
    (a_count, "lot_changes", "uq_lot_changes_key"),
]
of_each_form = pytest.mark.parametrize(("form", "table", "key"), FORMS, ids=[form.__name__ for form, *_ in FORMS])


def rows(database: Database, table: str) -> int:
    with database.transaction() as session:
        return int(session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


@of_each_form
def test_a_form_sent_twice_at_one_instant_is_written_once(
    database: Database, form: Callable[[Session], Deed], table: str, key: str
) -> None:
    with database.transaction() as session:
        send = form(session)
    before = rows(database, table)
    assert told_at_once(database, send, send) == ["written", "written"], "both are told of the one"
    assert rows(database, table) == before + 1


@pytest.mark.parametrize("is_key_left", [True, False])
@of_each_form
def test_without_the_lock_the_key_alone_lets_one_in_and_without_both_it_is_written_twice(
    database: Database, form: Callable[[Session], Deed], table: str, key: str, is_key_left: bool
) -> None:
    with database.transaction() as session:
        send = form(session)
    before = rows(database, table)
    if not is_key_left:
        drop(database, f"{table} {key}")
    with without(database, ROW_LOCKS), all_look_first(database, "UPDATE contracts", f"INSERT INTO {table}"):
        got = told_at_once(database, send, send)
    assert rows(database, table) - before == (1 if is_key_left else 2), got
    assert is_key_left or got == ["written", "written"]


# ---- two forms that mean the same ----


@pytest.fixture
def counts(database: Database) -> tuple[int, list[Deed]]:
    """Two people who count the same lot, 100 g below the book, each with a form of their own."""
    with database.transaction() as session:
        (lot_id,) = (lot.id for lot in make_lots(session, 10_000)[0])

    def count(key: str) -> Deed:
        return lambda session: changes.count_lot(session, lot_id, Counted(9_900, "盘点"), key=key, **WHEN)

    return lot_id, [count("one"), count("two")]


@pytest.mark.parametrize(("is_guarded", "left_g"), [(True, 9_900), (False, 9_800)])
def test_two_who_count_a_lot_put_the_book_right_once_and_twice_without_the_lock(
    database: Database, counts: tuple[int, list[Deed]], is_guarded: bool, left_g: int
) -> None:
    lot_id, both = counts
    if is_guarded:
        assert told_at_once(database, *both) == ["written", "written"]
    else:
        with without(database, ROW_LOCKS), all_look_first(database, "INSERT INTO lot_changes"):
            assert told_at_once(database, *both) == ["written", "written"]
    with database.transaction() as session:
        assert session.get_one(Lot, lot_id).left_g == left_g
        assert session.scalar(select(func.count(LotChange.id))) == (1 if is_guarded else 2)


@pytest.fixture
def bagging(database: Database) -> tuple[Deed, Callable[[], tuple[int, int, int]]]:
    """Four bags that two people take back; what then is said of the lot, the bags in stock and how often it was."""
    with database.transaction() as session:
        (lot,), bag = make_lots(session, 10_000)
        wrong, _ = lots.bag_lot(session, lot.id, bag.id, 4, key="wrong", **DAY)
        lots.bag_lot(session, lot.id, bag.id, 8, key="right", **DAY)
        wrong_id, lot_id, bag_id = wrong.id, lot.id, bag.id

    def state() -> tuple[int, int, int]:
        with database.transaction() as session:
            times = session.scalar(select(func.count()).select_from(BaggingTakenBack)) or 0
            return session.get_one(Lot, lot_id).used_g, grams_on_hand(session, bag_id), times

    return lambda session: take_back_bagging(session, wrong_id, reason="写错", **WHEN), state


def test_a_bagging_is_taken_back_once_however_many_press(
    database: Database, bagging: tuple[Deed, Callable[[], tuple[int, int, int]]]
) -> None:
    undo, state = bagging
    assert told_at_once(database, *[undo] * 4) == ["written"] * 4
    assert state() == (2_000, 8, 1)


GUARDS = {
    "its own key": "baggings_taken_back pk_baggings_taken_back",
    "the bags' check": "bag_stocks ck_bag_stocks_no_more_than_filled",
    "the lot's sum": "DROP TRIGGER lots_add_up ON lots",
    "the stock ledger's source": "stock_movements uq_stock_movements_source_kind_variant_id",
}


@pytest.mark.parametrize("left", [*GUARDS, None])
def test_without_the_lock_each_guard_alone_lets_it_be_taken_back_once_and_without_any_it_is_twice(
    database: Database, bagging: tuple[Deed, Callable[[], tuple[int, int, int]]], left: str | None
) -> None:
    undo, state = bagging
    drop(database, *(guard for name, guard in GUARDS.items() if name != left))
    with without(database, ROW_LOCKS), all_look_first(database, "UPDATE bag_stocks"):
        got = told_at_once(database, undo, undo)
    assert got.count("written") == (1 if left else 2), got
    assert state() == ((2_000, 8, 1) if left else (1_000, 4, 2))
