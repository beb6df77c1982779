"""Paying at the counter at one instant: one form sent often, and paying against taking back; the controls of both."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.models import Payable
from fulfillment.purchasing.settlements.models import SettlementLine
from fulfillment.purchasing.settlements.service import take_back
from kernel.db import Database
from tests.packing.races import all_look_first, drop, told_at_once
from tests.purchasing.test_settlement import open_debt, paid, payments
from tests.purchasing.world import WEIGHER
from tests.world import NOW

FORM, LINE = "settlements uq_settlements_idempotency_key", "settlement_lines pk_settlement_lines"


@pytest.mark.parametrize(
    ("gone", "times"),
    [([LINE], 1), ([FORM], 1), ([LINE, FORM], 2)],
    ids=["the form's key is left", "the lines' key is left", "nothing is left"],
)
def test_each_key_alone_pays_one_form_once_and_without_any_it_is_paid_twice(
    database: Database, gone: list[str], times: int
) -> None:
    farmer_id, payable_ids = open_debt(database)
    drop(database, *gone)
    with all_look_first(database, "INSERT INTO settlements "):
        told_at_once(database, *payments(farmer_id, payable_ids, "one-form")[:2])
    assert paid(database) == (times, times * (10_000 + 20_000) * 8_960 // 1_000)


@pytest.mark.parametrize("is_guarded", [True, False])
def test_without_the_key_of_the_lines_a_delivery_is_paid_and_taken_back(database: Database, is_guarded: bool) -> None:
    farmer_id, payable_ids = open_debt(database)
    with database.transaction() as session:
        delivery_id = session.get_one(Payable, payable_ids[0]).delivery_id
    if not is_guarded:
        drop(database, LINE)

    def back(session: Session) -> object:
        return take_back(session, delivery_id, reason="记错", now=NOW, by=WEIGHER)

    with all_look_first(database, "INSERT INTO settlement_lines"):
        got = told_at_once(database, back, *payments(farmer_id, payable_ids[:1])[:1])
    assert got == (["settled_already", "written"] if is_guarded else ["written", "written"])
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(SettlementLine)) == (1 if is_guarded else 2)
