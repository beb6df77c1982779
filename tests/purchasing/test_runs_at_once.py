"""Paying at one instant: two runs, a run and the counter, several desks; each race with its control."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from fulfillment.purchasing.runs import service
from fulfillment.purchasing.runs.models import SettlementRunPayable
from fulfillment.purchasing.settlements import queries as settlements
from fulfillment.purchasing.settlements.models import Settlement, SettlementPart, SettlementRun
from fulfillment.purchasing.settlements.service import Payment, settle
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from kernel.people import service as people
from kernel.people.rules import OWNER
from tests.packing.races import ROW_LOCKS, all_look_first, drop, told_at_once, without
from tests.purchasing.test_runs import CAP, LOAD_FEN, advance, draft, grower, staff
from tests.purchasing.test_weigh_in import at_once
from tests.purchasing.world import WEIGHER
from tests.world import NOW


def two_drafts_of_one_line(database: Database) -> tuple[list[int], list[int], Actor, int]:
    """Two drafts that both mean to pay one line, as only a database without the drafts' key can hold them."""
    with database.transaction() as session:
        lead, owner = staff(session)
        contract = grower(session, "吴长根")
        payable = settlements.open_payables(session)[0]
        session.execute(text("ALTER TABLE settlement_run_payables DROP CONSTRAINT pk_settlement_run_payables"))
        first = draft(session, lead, contract.farmer_id, key="draft-1")
        second = SettlementRun(
            idempotency_key="draft-2", state="draft", set_off_cap_bps=CAP, made_by_id=lead.person_id, made_at=NOW
        )
        session.add(second)
        session.flush()
        for table, extra in (("farmers", ", set_off_fen"), ("payables", ", payable_id")):
            session.execute(
                text(
                    f"INSERT INTO settlement_run_{table} (run_id, farmer_id{extra}) "
                    f"SELECT {second.id}, farmer_id{extra} FROM settlement_run_{table} WHERE run_id = {first.id}"
                )
            )
        return [first.id, second.id], [payable.id], owner, contract.farmer_id


def closing(run_ids: list[int], owner: Actor) -> list[Callable[[Session], object]]:
    def task(run_id: int) -> Callable[[Session], object]:
        return lambda session: service.close(session, run_id, seen_fen=LOAD_FEN, seen_farmers=1, now=NOW, by=owner)

    return [task(run_id) for run_id in run_ids]


def paid_times(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(Settlement)) or 0


def test_two_runs_and_the_counter_pay_one_line_once(database: Database) -> None:
    run_ids, payable_ids, owner, farmer_id = two_drafts_of_one_line(database)
    payment = Payment(farmer_id, frozenset(payable_ids), "cash")

    def counter(session: Session) -> object:
        return settle(session, payment, key="counter-1", now=NOW, by=WEIGHER)

    got = at_once(database, [*closing(run_ids, owner), counter])
    assert got.count("written") == 1
    assert set(got) <= {"written", "settled_already", "figures_changed"}
    assert paid_times(database) == 1


def test_without_the_key_of_the_lines_two_runs_pay_it_twice(database: Database) -> None:
    """The control: the same race with the guard out."""
    run_ids, _, owner, _ = two_drafts_of_one_line(database)
    drop(database, "settlement_lines pk_settlement_lines")
    with all_look_first(database, "INSERT INTO settlements "):
        assert told_at_once(database, *closing(run_ids, owner)) == ["written", "written"]
    assert paid_times(database) == 2


DESKS = 4


def setting_off(database: Database) -> list[Callable[[Session], object]]:
    """Four desks each pay one line of a farmer and keep 2,000 for an advance of 5,000."""
    with database.transaction() as session:
        contract = grower(session, "吴长根", *[10_000] * DESKS)
        advance(session, contract.farmer_id, 5_000)
        lines = [payable.id for payable in settlements.open_payables(session)]
        farmer_id = contract.farmer_id

    def task(line: int) -> Callable[[Session], object]:
        payment = Payment(farmer_id, frozenset({line}), "cash", set_off_fen=2_000, cap_bps=CAP)
        return lambda session: settle(session, payment, key=f"desk-{line}", now=NOW, by=WEIGHER)

    return [task(line) for line in lines]


def kept_fen(database: Database) -> int:
    with database.transaction() as session:
        return -int(session.scalar(select(func.sum(SettlementPart.amount_fen))) or 0)


def test_four_desks_at_once_set_an_advance_off_only_once(database: Database) -> None:
    got = at_once(database, setting_off(database))
    assert set(got) <= {"written", "settled_already", "invalid"}
    assert kept_fen(database) == 2_000 * got.count("written") <= 5_000


def test_without_the_trigger_they_keep_more_than_was_advanced(database: Database) -> None:
    """The control: the same race with the guard out."""
    tasks = setting_off(database)
    drop(database, "DROP TRIGGER settlement_parts_within ON settlement_parts")
    with all_look_first(database, "INSERT INTO settlements ", hands=DESKS):
        assert told_at_once(database, *tasks) == ["written"] * DESKS
    assert kept_fen(database) == 2_000 * DESKS > 5_000


def test_a_payable_is_in_one_draft_at_a_time(database: Database) -> None:
    with database.transaction() as session:
        lead, owner = staff(session)
        farmer_id = grower(session, "吴长根").farmer_id
    tasks = [
        lambda session, by=by, key=key: draft(session, by, farmer_id, key=key)
        for by, key in ((lead, "draft-1"), (owner, "draft-2"))
    ]
    got = at_once(database, tasks)
    assert got.count("written") == 1
    assert set(got) <= {"written", "in_another_run", "nothing_to_pay"}


@pytest.mark.parametrize("is_guarded", [True, False])
def test_without_the_key_of_the_drafts_a_payable_is_in_two(database: Database, is_guarded: bool) -> None:
    with database.transaction() as session:
        lead, owner = staff(session)
        farmer_id = grower(session, "吴长根").farmer_id
    if not is_guarded:
        drop(database, "settlement_run_payables pk_settlement_run_payables")
    tasks = [
        lambda session, by=by, key=key: draft(session, by, farmer_id, key=key)
        for by, key in ((lead, "draft-1"), (owner, "draft-2"))
    ]
    with all_look_first(database, "INSERT INTO settlement_runs "):
        got = told_at_once(database, *tasks)
    assert got == (["in_another_run", "written"] if is_guarded else ["written", "written"])
    with database.transaction() as session:
        chosen = session.scalar(select(func.count()).select_from(SettlementRunPayable))
    assert chosen == (1 if is_guarded else 2)


# ---- one run, closed by two ----


def one_draft(database: Database) -> list[Callable[[Session], object]]:
    """A draft, closed by one owner and by another."""
    with database.transaction() as session:
        lead, owner = staff(session)
        person = people.add_person(session, name="老板娘", shown_name="老板娘", roles=[OWNER], now=NOW, by=SYSTEM)
        run_id = draft(session, lead, grower(session, "吴长根").farmer_id).id
    return closing([run_id], owner) + closing([run_id], Actor(person.id, "老板娘"))


def test_a_run_is_closed_by_one_of_two(database: Database) -> None:
    assert told_at_once(database, *one_draft(database)) == ["written", "wrong_state"]
    assert paid_times(database) == 1


def test_a_run_is_closed_once_by_who_presses_twice(database: Database) -> None:
    press, _ = one_draft(database)
    assert told_at_once(database, press, press) == ["written", "written"]
    assert paid_times(database) == 1


GUARDS = {
    "the key of the settlements": "settlements uq_settlements_idempotency_key",
    "once a run": "settlements uq_settlements_once_a_run",
    "the key of the lines": "settlement_lines pk_settlement_lines",
    "a closed run stays": "DROP TRIGGER settlement_runs_stay ON settlement_runs",
}


@pytest.mark.parametrize("left", [*GUARDS, None])
def test_without_the_lock_each_guard_alone_closes_a_run_once_and_without_any_it_pays_twice(
    database: Database, left: str | None
) -> None:
    tasks = one_draft(database)
    drop(database, *(guard for name, guard in GUARDS.items() if name != left))
    with without(database, ROW_LOCKS), all_look_first(database, "INSERT INTO settlements "):
        got = told_at_once(database, *tasks)
    assert got.count("written") == (1 if left else 2), got
    assert paid_times(database) == (1 if left else 2)
