"""`gongfang buyers`: a buyer who asks by phone gets a copy, and is forgotten where nothing is under way."""

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, update

from app.commands.buyers import buyers
from kernel.audit import AuditEntry
from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import Invalid, NotFound
from shop.orders.counter import place_batch
from shop.orders.models import Order
from shop.orders.placing import Placed
from shop.waitlist import service as line
from tests.world import ask, make_live_offer

PHONE = "13800008000"


def run(database: Database, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(buyers, arguments, input=typed, env={"DATABASE_URL": database.url})


@pytest.fixture
def numbers(database: Database) -> list[str]:
    """One order that is over and one that is held, of the same phone, and one of somebody else."""
    now = utc_now()
    with database.transaction() as session:
        offer = make_live_offer(session, now=now)
        wishes = [
            ask(offer, f"a-wish-{phone}-{turn}", phone=phone)
            for turn, phone in enumerate((PHONE, PHONE, "13900000009"))
        ]
        placed = place_batch(session, wishes, now)
        assert all(isinstance(each, Placed) for each in placed)
        found = [each.number for each in placed if isinstance(each, Placed)]
        session.execute(update(Order).where(Order.number == found[0]).values(state="cancelled"))
        return found


def test_a_copy_holds_the_orders_of_that_phone_and_the_record_holds_no_phone(
    database: Database, numbers: list[str]
) -> None:
    result = run(database, "export", "138-0000-8000")
    assert result.exit_code == 0, result.output
    assert {order["number"] for order in json.loads(result.stdout)["orders"]} == set(numbers[:2])
    with database.transaction() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "buyer.exported")).one()
        assert set(entry.after["orders"]) == set(numbers[:2])
        assert PHONE not in str(entry.after) + entry.subject


def test_a_place_in_line_is_in_the_copy_and_counts_as_under_way(database: Database) -> None:
    now = utc_now()
    with database.transaction() as session:
        offer = make_live_offer(session, on_hand=1, now=now)
        place_batch(session, [ask(offer, "the-last-piece", device="d" * 64)], now)
        wait = line.join(session, ask(offer, "a-wait-in-line", phone="13900000002"), now)
    copy = json.loads(run(database, "export", "13900000002").stdout)
    assert [each["number"] for each in copy["places_in_line"]] == [wait.number]
    assert copy["orders"] == []
    erased = run(database, "erase", "13900000002", "--yes")
    assert "1 under way" in erased.output


def test_erasing_asks_first_and_no_changes_nothing(database: Database, numbers: list[str]) -> None:
    assert run(database, "erase", PHONE, typed="n\n").exit_code == 1
    with database.transaction() as session:
        assert len(session.scalars(select(Order).where(Order.phone == PHONE)).all()) == 2


def test_what_is_over_is_erased_and_what_is_under_way_is_told(database: Database, numbers: list[str]) -> None:
    result = run(database, "erase", PHONE, "--yes")
    assert result.exit_code == 0, result.output
    assert "1 orders emptied" in result.output
    assert "1 under way" in result.output
    with database.transaction() as session:
        phones = {order.number: order.phone for order in session.scalars(select(Order))}
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "buyer.erased")).one()
    assert phones == {numbers[0]: "", numbers[1]: PHONE, numbers[2]: "13900000009"}
    assert entry.after == {"orders": [numbers[0]], "under_way": 1}


@pytest.mark.parametrize(("phone", "problem"), [("nobody", Invalid), ("13700000000", NotFound)])
def test_a_number_that_is_none_or_unknown_is_refused(
    database: Database, numbers: list[str], phone: str, problem: type[Exception]
) -> None:
    for command in ("export", "erase"):
        assert isinstance(run(database, command, phone).exception, problem)
