"""Many days of paying in any order: whatever happens, sums equal ledgers and no balance drifts."""

from datetime import timedelta
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts import rules as accounts
from fulfillment.purchasing.accounts.service import Entry, add_entry, undo_entry
from fulfillment.purchasing.runs import service
from fulfillment.purchasing.settlements import queries as settlements
from fulfillment.purchasing.settlements import result_service as results
from fulfillment.purchasing.settlements.models import Settlement
from fulfillment.purchasing.settlements.result_service import HandOut
from fulfillment.purchasing.settlements.rules import OpenEntry, most_set_off
from fulfillment.purchasing.settlements.service import Payment, settle
from fulfillment.purchasing.statements.queries import season
from kernel.errors import Refused
from tests.purchasing.test_runs import CAP, close, draft, grower, sound, staff
from tests.purchasing.world import TODAY, WEIGHER, weigh_in, weighed
from tests.world import NOW

ZONE = ZoneInfo("Asia/Shanghai")
STEPS = 45


class Walk:
    """Two farmers and everything that can happen to their money."""

    def __init__(self, session: Session, seed: int) -> None:
        self.session, self.chance, self.serial = session, Random(seed), count(1)
        self.lead, self.owner = staff(session)
        self.contracts = [grower(session, name) for name in ("吴长根", "叶水生")]
        self.done: set[str] = set()

    def step(self) -> None:
        """One thing happens, if it can."""
        actions = (self.deliver, self.write_entry, self.undo, self.pay_at_counter, self.run, self.hand_out, self.back)
        action = self.chance.choice(actions)
        try:
            with self.session.begin_nested():
                action()
                self.done.add(action.__name__)
        except Refused:
            pass

    def deliver(self) -> None:
        contract = self.chance.choice(self.contracts)
        if contract.delivered_g < 95_000:
            weigh_in(self.session, weighed(contract, gross_g=self.chance.randrange(1_300, 6_000)))

    def write_entry(self) -> None:
        kind = self.chance.choice(accounts.TYPED_KINDS)
        what = accounts.FUEL if kind == accounts.ADVANCE else ""
        farmer_id = self.chance.choice(self.contracts).farmer_id
        entry = Entry(farmer_id, kind, self.chance.randrange(1, 90_000), TODAY, what, None, "纸 1", None, "说明")
        add_entry(self.session, entry, key=f"walk-{next(self.serial)}", now=NOW, by=WEIGHER)

    def undo(self) -> None:
        for each in settlements.open_entries(self.session)[:1]:
            undo_entry(self.session, each.entry.id, reason="写错", now=NOW, by=WEIGHER)

    def pay_at_counter(self) -> None:
        farmer_id = self.chance.choice(self.contracts).farmer_id
        payables = [each for each in settlements.open_payables(self.session, farmer_id) if self.chance.random() < 0.6]
        entries = settlements.open_entries(self.session, farmer_id)
        added = [each for each in entries if each.left_fen > 0 and self.chance.random() < 0.6]
        gross = sum(each.amount_fen for each in payables) + sum(each.left_fen for each in added)
        debts = [OpenEntry(each.entry.id, each.left_fen) for each in entries if each.left_fen < 0]
        kept = self.chance.randint(0, most_set_off(gross, debts, CAP))
        payment = Payment(
            farmer_id,
            frozenset(each.id for each in payables),
            "cash",
            credit_ids=frozenset(each.entry.id for each in added),
            set_off_fen=kept,
            cap_bps=CAP,
        )
        settle(self.session, payment, key=f"walk-{next(self.serial)}", now=NOW, by=WEIGHER)

    def run(self) -> None:
        ids = [contract.farmer_id for contract in self.contracts]
        made = draft(self.session, self.lead, *ids, key=f"walk-{next(self.serial)}", set_off_bps=CAP)
        if self.chance.random() < 0.3:
            service.drop(self.session, made.id, now=NOW, by=self.lead)
        else:
            close(self.session, made, self.owner)

    def hand_out(self) -> None:
        for settlement in self._settlements():
            results.hand_out(self.session, settlement.id, HandOut("cash", "单 1"), now=NOW, by=self.owner)

    def back(self) -> None:
        for settlement in self._settlements():
            results.take_money_back(self.session, settlement.id, reason="退回", now=NOW, by=self.owner)

    def _settlements(self) -> list[Settlement]:
        found = self.session.scalars(select(Settlement).order_by(Settlement.id)).all()
        return self.chance.sample(list(found), min(1, len(found)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_order_of_events_makes_a_balance_drift(session: Session, seed: int) -> None:
    walk = Walk(session, seed)
    for _ in range(STEPS):
        walk.step()
    sound(session)
    assert walk.done == {"deliver", "write_entry", "undo", "pay_at_counter", "run", "hand_out", "back"}
    session.expire_all()
    for contract in walk.contracts:
        to_get = season(session, contract.farmer_id, TODAY - timedelta(days=400), TODAY + timedelta(days=400), ZONE)
        still_open = sum(each.amount_fen for each in settlements.open_payables(session, contract.farmer_id))
        left = sum(each.left_fen for each in settlements.open_entries(session, contract.farmer_id))
        on_the_way = sum(
            each.total_fen
            for each in session.scalars(select(Settlement).where(Settlement.farmer_id == contract.farmer_id))
            if each.payment is None and each.returned is None
        )
        assert to_get.balance_fen == still_open + left + on_the_way
