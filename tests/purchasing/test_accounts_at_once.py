"""Farmers' accounts at one instant: entries undone, money handed out and sent back; each race with its controls."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.accounts.service import undo_entry
from fulfillment.purchasing.runs import queries as runs
from fulfillment.purchasing.settlements import queries as settlements
from fulfillment.purchasing.settlements.models import SettlementPart, SettlementPayment, SettlementReturn
from fulfillment.purchasing.settlements.result_service import HandOut, hand_out, take_money_back
from fulfillment.purchasing.settlements.service import Payment, settle
from kernel.db import Database
from tests.packing.races import ROW_LOCKS, all_look_first, drop, right_before, told_at_once, without
from tests.purchasing.test_runs import CAP, advance, close, draft, grower, staff
from tests.purchasing.world import WEIGHER
from tests.world import NOW

Deed = Callable[[Session], object]


def counted(database: Database, *tables: type[object]) -> list[int]:
    with database.transaction() as session:
        return [session.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


# ---- undoing an entry ----


@pytest.fixture
def debt(database: Database) -> tuple[Deed, Deed]:
    """An advance of 1,000: somebody undoes it, somebody else pays the farmer and keeps it."""
    with database.transaction() as session:
        farmer_id = grower(session, "吴长根").farmer_id
        entry_id = advance(session, farmer_id, 1_000).id
        line = settlements.open_payables(session)[0].id
    payment = Payment(farmer_id, frozenset({line}), "cash", set_off_fen=1_000, cap_bps=CAP)
    return (
        lambda session: undo_entry(session, entry_id, reason="写错", now=NOW, by=WEIGHER),
        lambda session: settle(session, payment, key="a-payment", now=NOW, by=WEIGHER),
    )


KEY, ONE_UNDOING = "farmer_entries uq_farmer_entries_idempotency_key", "DROP INDEX uq_farmer_entries_reverses_id"


def test_two_who_undo_an_entry_write_one_line(database: Database, debt: tuple[Deed, Deed]) -> None:
    assert told_at_once(database, debt[0], debt[0]) == ["written", "written"]
    assert counted(database, FarmerEntry) == [2]


@pytest.mark.parametrize(
    ("gone", "lines"),
    [([], 2), ([KEY], 2), ([ONE_UNDOING], 2), ([KEY, ONE_UNDOING], 3)],
    ids=["both left", "one undoing of an entry is left", "the key is left", "nothing is left"],
)
def test_without_the_lock_each_key_alone_lets_one_undo_and_without_any_it_is_undone_twice(
    database: Database, debt: tuple[Deed, Deed], gone: list[str], lines: int
) -> None:
    drop(database, *gone)
    with without(database, ROW_LOCKS), all_look_first(database, "INSERT INTO farmer_entries"):
        got = told_at_once(database, debt[0], debt[0])
    assert got.count("written") == lines - 1, got
    assert counted(database, FarmerEntry) == [lines]


def test_undoing_an_advance_and_keeping_it_at_one_instant_do_one_of_the_two(
    database: Database, debt: tuple[Deed, Deed]
) -> None:
    got = told_at_once(database, *debt)
    assert got in (["entry_used", "written"], ["settled_already", "written"], ["invalid", "written"])
    assert sum(counted(database, FarmerEntry, SettlementPart)) == 2


@pytest.mark.parametrize("is_guarded", [True, False])
def test_what_was_undone_meanwhile_is_kept_only_without_the_trigger(
    database: Database, debt: tuple[Deed, Deed], is_guarded: bool
) -> None:
    undo, keep = debt
    if not is_guarded:
        drop(database, "DROP TRIGGER settlement_parts_within ON settlement_parts")
    with right_before(database, "INSERT INTO settlement_parts", undo):
        assert told_at_once(database, keep) == ["settled_already" if is_guarded else "written"]
    assert counted(database, FarmerEntry, SettlementPart) == [2, 0 if is_guarded else 1]


@pytest.mark.parametrize("is_guarded", [True, False])
def test_what_was_kept_meanwhile_is_undone_only_without_the_trigger(
    database: Database, debt: tuple[Deed, Deed], is_guarded: bool
) -> None:
    undo, keep = debt
    if not is_guarded:
        drop(database, "DROP TRIGGER farmer_entries_fit ON farmer_entries")
    with without(database, ROW_LOCKS), right_before(database, "INSERT INTO farmer_entries", keep):
        assert told_at_once(database, undo) == ["entry_used" if is_guarded else "written"]
    assert counted(database, FarmerEntry, SettlementPart) == [1 if is_guarded else 2, 1]


# ---- handing out, and money that came back ----


@pytest.fixture
def closed(database: Database) -> tuple[Deed, Deed]:
    """A farmer's part of a closed run: somebody hands it out, somebody else hears that it came back."""
    with database.transaction() as session:
        lead, owner = staff(session)
        run = draft(session, lead, grower(session, "吴长根").farmer_id)
        close(session, run, owner)
        settlement_id = runs.outcomes(session, run)[0].settlement.id
    return (
        lambda session: hand_out(session, settlement_id, HandOut("cash", signature="M0 0"), now=NOW, by=WEIGHER),
        lambda session: take_money_back(session, settlement_id, reason="账号错", now=NOW, by=WEIGHER),
    )


def test_money_is_handed_out_once_however_many_press(database: Database, closed: tuple[Deed, Deed]) -> None:
    assert told_at_once(database, *[closed[0]] * 4) == ["written"] * 4
    assert counted(database, SettlementPayment) == [1]


@pytest.mark.parametrize("is_guarded", [True, False])
def test_without_the_lock_the_database_alone_hands_out_once_and_without_both_it_is_twice(
    database: Database, closed: tuple[Deed, Deed], is_guarded: bool
) -> None:
    if not is_guarded:
        drop(database, "settlement_payments pk_settlement_payments")
    with without(database, ROW_LOCKS), all_look_first(database, "INSERT INTO settlement_payments"):
        got = told_at_once(database, closed[0], closed[0])
    assert got.count("written") == (1 if is_guarded else 2)
    assert counted(database, SettlementPayment) == [1 if is_guarded else 2]


def test_money_comes_back_once_however_many_press(database: Database, closed: tuple[Deed, Deed]) -> None:
    assert told_at_once(database, *[closed[1]] * 4) == ["written"] * 4
    assert counted(database, FarmerEntry, SettlementReturn) == [1, 1]


ONE_RETURN = "settlement_returns pk_settlement_returns"


@pytest.mark.parametrize(
    ("gone", "times"),
    [([ONE_RETURN], 1), ([KEY], 1), ([KEY, ONE_RETURN], 2)],
    ids=["the entry's key is left", "one return a settlement is left", "nothing is left"],
)
def test_without_the_lock_each_key_alone_lets_it_come_back_once_and_without_any_it_is_owed_twice(
    database: Database, closed: tuple[Deed, Deed], gone: list[str], times: int
) -> None:
    drop(database, *gone)
    with without(database, ROW_LOCKS), all_look_first(database, "INSERT INTO farmer_entries"):
        got = told_at_once(database, closed[1], closed[1])
    assert got.count("written") == times, got
    assert counted(database, FarmerEntry, SettlementReturn) == [times, times]


@pytest.mark.parametrize("is_guarded", [True, False])
def test_what_came_back_meanwhile_is_handed_out_only_without_lock_and_trigger(
    database: Database, closed: tuple[Deed, Deed], is_guarded: bool
) -> None:
    """Handed out and owed again: the farmer would have it twice."""
    give, came_back = closed
    if not is_guarded:
        drop(database, "DROP TRIGGER settlement_payments_not_returned ON settlement_payments")
    with without(database, ROW_LOCKS), right_before(database, "INSERT INTO settlement_payments", came_back):
        (got,) = told_at_once(database, give)
    assert ("settlement_is_returned" in got, got == "written") == (is_guarded, not is_guarded)
    assert counted(database, SettlementPayment, SettlementReturn) == [0 if is_guarded else 1, 1]
