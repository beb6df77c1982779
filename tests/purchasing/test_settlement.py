"""Paying farmers: each payable once, to the farmer it is owed to, for its amount."""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing import queries as purchasing_queries
from fulfillment.purchasing.accounts import rules as accounts
from fulfillment.purchasing.accounts.service import Entry, add_entry
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.lots.service import bag_lot
from fulfillment.purchasing.models import Delivery, DeliveryTakenBack, Payable
from fulfillment.purchasing.queries import payable_of
from fulfillment.purchasing.service import KeyReused
from fulfillment.purchasing.settlements import queries
from fulfillment.purchasing.settlements.models import Settlement, SettlementLine
from fulfillment.purchasing.settlements.service import Payment, settle, take_back
from fulfillment.purchasing.statements.queries import season
from kernel.db import Database
from kernel.errors import Refused
from tests.purchasing.test_database_rules import facts
from tests.purchasing.test_weigh_in import at_once
from tests.purchasing.world import (
    TODAY,
    WEIGHER,
    grams_in_ledger,
    grams_on_hand,
    make_contract,
    make_farmer,
    make_goods,
    make_quote,
    weigh_in,
    weighed,
)
from tests.world import NOW

ZONE = ZoneInfo("Asia/Shanghai")


def owed(session: Session, contract: Contract, *loads_g: int) -> list[Payable]:
    """One payable for each load."""
    make_quote(session, contract)
    return [payable_of(session, weigh_in(session, weighed(contract, gross_g=load + 1_200)).id) for load in loads_g]


def pay(
    session: Session, farmer_id: int, payables: list[Payable], key: str = "payment-1", method: str = "cash"
) -> Settlement:
    payment = Payment(farmer_id, frozenset(payable.id for payable in payables), method)
    return settle(session, payment, key=key, now=NOW, by=WEIGHER)


def test_chosen_lines_are_paid_and_the_others_stay_owed(session: Session) -> None:
    contract = make_contract(session)
    payables = owed(session, contract, 10_000, 20_000, 30_000)
    settlement = pay(session, contract.farmer_id, payables[:2])
    assert settlement.total_fen == payables[0].amount_fen + payables[1].amount_fen
    assert list(queries.settlement_lines(session, settlement.id)) == payables[:2]
    assert list(queries.open_payables(session)) == payables[2:]
    (left,) = queries.owed_by_farmer(session)
    assert (left.farmer.id, left.count, left.total_fen) == (contract.farmer_id, 1, payables[2].amount_fen)


def test_a_paid_line_is_not_paid_again(session: Session) -> None:
    contract = make_contract(session)
    payables = owed(session, contract, 10_000, 20_000)
    pay(session, contract.farmer_id, payables[:1])
    with pytest.raises(Refused) as refused, session.begin_nested():
        pay(session, contract.farmer_id, payables, "payment-2")
    assert refused.value.code == "settled_already"
    assert session.scalar(select(func.count()).select_from(Settlement)) == 1
    assert list(queries.open_payables(session)) == payables[1:]


def test_the_same_form_twice_is_one_payment_and_other_lines_under_its_key_are_refused(session: Session) -> None:
    contract = make_contract(session)
    payables = owed(session, contract, 10_000, 20_000)
    first = pay(session, contract.farmer_id, payables[:1])
    assert pay(session, contract.farmer_id, payables[:1]).id == first.id
    with pytest.raises(KeyReused):
        pay(session, contract.farmer_id, payables)


def test_nobody_is_paid_for_what_another_delivered(session: Session) -> None:
    contract, other = make_contract(session), make_contract(session, make_farmer(session, "叶水生"))
    payables = owed(session, contract, 10_000)
    for farmer_id in (other.farmer_id, 10**9):
        with pytest.raises(Refused) as refused:
            pay(session, farmer_id, payables)
        assert refused.value.code == "nothing_to_pay"


def test_the_database_pays_no_other_amount_and_no_other_farmer(session: Session) -> None:
    contract, other = make_contract(session), make_contract(session, make_farmer(session, "叶水生"))
    (payable,) = owed(session, contract, 10_000)
    with pytest.raises(IntegrityError, match="does not add up"), session.begin_nested():
        _pay_by_hand(session, contract, other, payable)


def _pay_by_hand(session: Session, contract: Contract, other: Contract, payable: Payable) -> None:
    row = {
        "idempotency_key": "by-hand",
        "total_fen": 1,
        "set_off_cap_bps": 0,
        "method": "cash",
        "reference": "",
        "at": NOW,
        "by": "x",
    }
    ids = [
        session.execute(
            insert(Settlement).values(row | {"farmer_id": each, "idempotency_key": f"k{each}"}).returning(Settlement.id)
        ).scalar_one()
        for each in (contract.farmer_id, other.farmer_id)
    ]
    line = {
        "payable_id": payable.id,
        "settlement_id": ids[0],
        "farmer_id": contract.farmer_id,
        "amount_fen": payable.amount_fen,
    }
    wrong = (
        {"amount_fen": payable.amount_fen + 1},
        {"settlement_id": ids[1]},
        {"settlement_id": ids[1], "farmer_id": other.farmer_id},
    )
    for change in wrong:
        with pytest.raises(IntegrityError, match="fk_settlement_lines"), session.begin_nested():
            session.execute(insert(SettlementLine).values(line | change))
    session.execute(insert(SettlementLine).values(line))
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_a_line_below_its_promise_is_not_paid(session: Session) -> None:
    """Only a database with its checks taken out can hold such a delivery; the last look still finds it."""
    contract = make_contract(session)
    (payable,) = owed(session, contract, 10_000)
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("ALTER TABLE deliveries DROP CONSTRAINT ck_deliveries_pay_adds_up"))
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    short = facts(payable.delivery) | {"pay_fen": payable.amount_fen - 1}
    delivery_id = session.execute(insert(Delivery).values(short).returning(Delivery.id)).scalar_one()
    debt = {"farmer_id": payable.farmer_id, "amount_fen": short["pay_fen"], "due_on": payable.due_on, "at": NOW}
    session.execute(insert(Payable).values(debt | {"delivery_id": delivery_id}))
    with pytest.raises(Refused) as refused:
        pay(session, contract.farmer_id, list(queries.open_payables(session)))
    assert refused.value.code == "below_promise"
    short_id = payable_of(session, delivery_id).id
    past_the_service = {"payable_id": short_id, "farmer_id": payable.farmer_id, "amount_fen": short["pay_fen"]}
    settlement = pay(session, contract.farmer_id, [payable])
    with pytest.raises(IntegrityError, match="below_promise"), session.begin_nested():
        session.execute(insert(SettlementLine).values(past_the_service | {"settlement_id": settlement.id}))
    assert settlement.total_fen == payable.amount_fen
    session.rollback()


DESKS = 5


def open_debt(database: Database) -> tuple[int, list[int]]:
    with database.transaction() as session:
        contract = make_contract(session)
        return contract.farmer_id, [payable.id for payable in owed(session, contract, 10_000, 20_000)]


def payments(farmer_id: int, payable_ids: list[int], key: str = "") -> list[Callable[[Session], object]]:
    def task(desk: int) -> Callable[[Session], object]:
        payment = Payment(farmer_id, frozenset(payable_ids), "cash")
        return lambda session: settle(session, payment, key=key or f"desk-{desk}", now=NOW, by=WEIGHER)

    return [task(desk) for desk in range(DESKS)]


def paid(database: Database) -> tuple[int, int]:
    """How many settlements there are, and what they come to."""
    with database.transaction() as session:
        count, total = session.execute(select(func.count(), func.coalesce(func.sum(Settlement.total_fen), 0))).one()
        return count, int(total)


def test_five_desks_at_once_pay_a_debt_once(database: Database) -> None:
    farmer_id, payable_ids = open_debt(database)
    got = at_once(database, payments(farmer_id, payable_ids))
    assert got == ["settled_already"] * (DESKS - 1) + ["written"]
    assert paid(database) == (1, (10_000 + 20_000) * 8_960 // 1_000)


def test_without_the_key_of_the_lines_it_is_paid_five_times(database: Database) -> None:
    """The control: the same race with the guard out."""
    farmer_id, payable_ids = open_debt(database)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE settlement_lines DROP CONSTRAINT pk_settlement_lines"))
    assert at_once(database, payments(farmer_id, payable_ids)) == ["written"] * DESKS
    assert paid(database)[0] == DESKS


def test_one_form_sent_five_times_at_once_pays_once(database: Database) -> None:
    farmer_id, payable_ids = open_debt(database)
    got = at_once(database, payments(farmer_id, payable_ids, "one-form"))
    assert got == ["written"] * DESKS, "each is told of the one payment"
    assert paid(database)[0] == 1


def test_a_statement_shows_every_movement_and_the_balance(session: Session) -> None:
    contract = make_contract(session)
    payables = owed(session, contract, 10_000, 20_000)
    make_quote(session, contract, day=TODAY - timedelta(days=9))
    older = weigh_in(session, weighed(contract, day=TODAY - timedelta(days=9), gross_g=6_200))
    pay(session, contract.farmer_id, payables[:1])
    found = season(session, contract.farmer_id, TODAY - timedelta(days=9), TODAY, ZONE)
    first, second, third = older.pay_fen, payables[0].amount_fen, payables[1].amount_fen
    assert [each.fen for each in found.movements] == [first, second, third, -second]
    assert [each.balance_fen for each in found.movements] == [
        first,
        first + second,
        first + second + third,
        first + third,
    ]
    assert (found.paid_fen, found.balance_fen, found.before_fen) == (second, first + third, 0)
    assert (found.premium_fen, found.premium_bps) == (found.delivered_fen - found.market_fen, 1_200)
    today_only = season(session, contract.farmer_id, TODAY, TODAY, ZONE)
    assert (today_only.before_fen, today_only.balance_fen) == (first, first + third)
    assert season(session, contract.farmer_id, TODAY + timedelta(days=1), TODAY, ZONE).premium_bps is None


# ---- written by mistake ----


def test_a_delivery_written_by_mistake_is_taken_back_whole(session: Session) -> None:
    contract = make_contract(session)
    wrong, right = owed(session, contract, 52_000, 25_000)
    for _ in range(2):
        delivery = take_back(session, wrong.delivery_id, reason="毛重打反了", now=NOW, by=WEIGHER)
    assert delivery.taken_back is not None
    assert delivery.taken_back.reason == "毛重打反了"
    assert list(queries.open_payables(session)) == [right]
    session.refresh(contract)
    assert contract.delivered_g == 25_000
    assert grams_on_hand(session, contract.variant_id) == grams_in_ledger(session, contract.variant_id) == 25_000
    assert purchasing_queries.day_totals(session, TODAY).net_g == 25_000
    assert [lot.delivery_id for lot in purchasing_queries.lots_in_stock(session)] == [right.delivery_id]
    assert purchasing_queries.lot_by_number(session, delivery.lot.number) is None
    movements = season(session, contract.farmer_id, TODAY, TODAY, ZONE).movements
    assert [(each.kind, each.fen) for each in movements] == [("void", 0), ("delivery", right.amount_fen)]


def test_what_was_taken_back_is_not_paid(session: Session) -> None:
    contract = make_contract(session)
    payables = owed(session, contract, 10_000)
    take_back(session, payables[0].delivery_id, reason="记错", now=NOW, by=WEIGHER)
    with pytest.raises(Refused) as refused:
        pay(session, contract.farmer_id, payables)
    assert refused.value.code == "settled_already"


def test_what_was_paid_or_bagged_is_not_taken_back(session: Session) -> None:
    bag, raw = make_goods(session)
    contract = make_contract(session, raw=raw)
    paid, bagged = owed(session, contract, 10_000, 20_000)
    pay(session, contract.farmer_id, [paid])
    bag_lot(session, bagged.delivery.lot.id, bag.id, 1, key="one-bag-key", today=TODAY, now=NOW, by=WEIGHER)
    for payable, code in ((paid, "settled_already"), (bagged, "lot_in_use")):
        with pytest.raises(Refused) as refused:
            take_back(session, payable.delivery_id, reason="记错", now=NOW, by=WEIGHER)
        assert refused.value.code == code
    session.refresh(contract)
    assert (contract.delivered_g, list(queries.open_payables(session))) == (30_000, [bagged])


def test_paying_and_taking_back_at_one_instant_do_one_of_the_two(database: Database) -> None:
    farmer_id, payable_ids = open_debt(database)
    with database.transaction() as session:
        delivery_id = session.get_one(Payable, payable_ids[0]).delivery_id

    def back(session: Session) -> object:
        return take_back(session, delivery_id, reason="记错", now=NOW, by=WEIGHER)

    for_one = payments(farmer_id, payable_ids[:1])[:1]
    got = at_once(database, [back, *for_one])
    assert got == ["settled_already", "written"]
    with database.transaction() as session:
        line = session.scalars(select(SettlementLine)).one()
        assert (line.settlement_id is None) == (session.get(DeliveryTakenBack, delivery_id) is not None)


def test_supplements_and_money_that_came_back_are_owed_too_advances_lower_nothing(session: Session) -> None:
    contract = make_contract(session)
    (payable,) = owed(session, contract, 10_000)
    farmer, other = contract.farmer_id, make_farmer(session, "叶水生").id
    for entry in (
        Entry(farmer, accounts.SUPPLEMENT, 900, TODAY, reason="少算了"),
        Entry(other, accounts.SUPPLEMENT, 500, TODAY, reason="少算了"),
        Entry(other, accounts.ADVANCE, 50_000, TODAY, what=accounts.SPAWN, paper_ref="收条 1"),
    ):
        add_entry(session, entry, key=f"entry-{entry.farmer_id}-{entry.kind}", now=NOW, by=WEIGHER)
    lines = [(each.farmer.id, each.count, each.total_fen) for each in queries.owed_by_farmer(session)]
    assert sorted(lines) == [(farmer, 2, payable.amount_fen + 900), (other, 1, 500)]
    before_due = queries.owed_in_all(session, payable.due_on - timedelta(days=1))
    assert (before_due.total_fen, before_due.due_fen) == (payable.amount_fen + 1_400, 1_400)
    assert queries.owed_in_all(session, payable.due_on).due_fen == payable.amount_fen + 1_400
