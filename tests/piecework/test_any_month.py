"""Any month: parcels with undo and repeats, team work, corrections, pay runs and their reversal; the books stay right."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.care.invariants import check_within
from app.care.wage_invariants import WAGES
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.piecework.corrections import service as corrections
from fulfillment.piecework.corrections.models import WageCorrection
from fulfillment.piecework.models import WageEntry
from fulfillment.piecework.pay import queries as pay_queries
from fulfillment.piecework.pay import service as pay
from fulfillment.piecework.pay.models import Payout
from fulfillment.piecework.work import service as work
from fulfillment.piecework.work.models import WorkBooking, WorkKind
from kernel.audit import Actor
from kernel.db import Database
from kernel.errors import NotFound, Refused
from tests.packing.world import make_pile, make_rate, take
from tests.piecework.world import ZONE, id_of, make_kind, make_lead, make_owner, make_packer, note
from tests.world import NOW

PACKERS, PARCELS = 3, 6
ACTS = ("take", "finish", "finish", "again", "undo", "book", "unbook", "propose", "confirm", "refuse", "run", "close",
        "reverse", "pay_out", "came_back")  # fmt: skip
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, PACKERS - 1), st.integers(0, PARCELS - 1), st.integers(1, 400)),
    max_size=40,
)


@dataclass
class Month:
    """The workshop beside a plain account of what should be owed to whom."""

    session: Session
    lead: Actor
    owner: Actor
    packers: list[Actor]
    tasks: list[int]
    kind: WorkKind
    now: datetime = NOW
    owed: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    packed: dict[int, int] = field(default_factory=dict)

    def act(self, name: str, packer: Actor, which: int, amount: int) -> None:
        """One thing that somebody does."""
        self.now += timedelta(seconds=amount % 20)
        try:
            getattr(self, name)(packer, which, amount)
        except (NotFound, Refused):
            return

    def take(self, packer: Actor, *_: int) -> None:
        take(self.session, packer, self.now)

    def finish(self, packer: Actor, which: int, _: int) -> None:
        mine = select(PackingTask).where(PackingTask.packer_id == packer.person_id, PackingTask.state == "taken")
        task = self.session.scalars(mine.order_by(PackingTask.id)).first()
        if task and packing.finish_task(self.session, task.id, id_of(packer), now=self.now, by=packer):
            self.packed[task.id] = id_of(packer)
            self.owed[id_of(packer)] += task.rate_fen or 0

    def again(self, packer: Actor, which: int, _: int) -> None:
        """A tablet that was offline says it once more."""
        packing.finish_task(self.session, self.tasks[which], id_of(packer), now=self.now, by=packer)
        assert self.packed.get(self.tasks[which]) == id_of(packer) or self._adopt(which, packer)

    def _adopt(self, which: int, packer: Actor) -> bool:
        """It was in hand and not done yet: then this was the first time."""
        task = self.session.get_one(PackingTask, self.tasks[which])
        self.packed[task.id] = id_of(packer)
        self.owed[id_of(packer)] += task.rate_fen or 0
        return True

    def undo(self, packer: Actor, which: int, _: int) -> None:
        if packing.undo_finish(self.session, self.tasks[which], id_of(packer), now=self.now, by=packer):
            self.owed[self.packed.pop(self.tasks[which])] -= (
                self.session.get_one(PackingTask, self.tasks[which]).rate_fen or 0
            )

    def book(self, packer: Actor, which: int, amount: int) -> None:
        team = {id_of(each): 1 + amount % 7 + place for place, each in enumerate(self.packers[: which % PACKERS + 1])}
        split = "minutes" if amount % 2 else "equal"
        wish = note(self.kind, team, amount, split=split, at=self.now)
        booking = work.book(self.session, wish, zone=ZONE, now=self.now, by=self.lead)
        for share in booking.shares:
            self.owed[share.person_id] += share.amount_fen

    def unbook(self, *_: object) -> None:
        newest = self.session.scalars(select(WorkBooking).order_by(WorkBooking.id.desc())).first()
        if newest and work.undo(self.session, newest.id, now=self.now, by=self.lead):
            for share in newest.shares:
                self.owed[share.person_id] -= share.amount_fen

    def propose(self, packer: Actor, which: int, amount: int) -> None:
        fen = -amount if which % 2 else amount
        corrections.propose(
            self.session, person_id=id_of(packer), amount_fen=fen, reason="x", now=self.now, by=self.lead
        )

    def _waiting(self, which: int) -> WageCorrection:
        waiting = self.session.scalars(select(WageCorrection).order_by(WageCorrection.id)).all()
        if not waiting:
            raise NotFound
        return waiting[which % len(waiting)]

    def confirm(self, packer: Actor, which: int, _: int) -> None:
        correction = self._waiting(which)
        was_new = correction.decided_at is None
        corrections.confirm(self.session, correction.id, now=self.now, by=self.owner)
        self.owed[correction.person_id] += correction.amount_fen if was_new else 0

    def refuse(self, packer: Actor, which: int, _: int) -> None:
        corrections.refuse(self.session, self._waiting(which).id, note="x", now=self.now, by=self.owner)

    def run(self, *_: object) -> None:
        pay.open_run(self.session, first_day=date(2026, 11, 1), last_day=date(2026, 11, 30), now=self.now, by=self.lead)

    def close(self, *_: object) -> None:
        run = pay_queries.open_run(self.session)
        if run is None:
            return
        paid = [each for each in pay_queries.review(self.session, run, now=self.now, zone=ZONE) if each.is_paid]
        total = sum(each.total_fen for each in paid)
        pay.close(self.session, run.id, seen_fen=total, seen_people=len(paid), zone=ZONE, now=self.now, by=self.owner)

    def reverse(self, packer: Actor, which: int, _: int) -> None:
        runs = pay_queries.runs(self.session)
        if runs:
            pay.reverse(self.session, runs[which % len(runs)].id, reason="x", now=self.now, by=self.owner)

    def pay_out(self, packer: Actor, which: int, amount: int) -> None:
        runs = pay_queries.runs(self.session)
        if runs:
            run_id = runs[which % len(runs)].id
            pay.pay_out(
                self.session, run_id, id_of(packer), fen=amount, method="cash", note="", now=self.now, by=self.owner
            )

    def came_back(self, packer: Actor, which: int, _: int) -> None:
        payouts = self.session.scalars(select(Payout.id).order_by(Payout.id)).all()
        if payouts:
            pay.came_back(self.session, payouts[which % len(payouts)], note="x", now=self.now, by=self.owner)


A_FULL_MONTH = [
    ("take", 0, 0, 1), ("finish", 0, 0, 1), ("undo", 0, 0, 1), ("finish", 0, 0, 1), ("again", 0, 0, 1),
    ("book", 0, 2, 101), ("unbook", 0, 0, 1), ("book", 0, 1, 200), ("propose", 0, 0, 50), ("propose", 1, 1, 30),
    ("confirm", 0, 0, 1), ("confirm", 0, 1, 1), ("run", 0, 0, 1), ("close", 0, 0, 1), ("pay_out", 0, 0, 20),
    ("reverse", 0, 0, 1), ("came_back", 0, 0, 1), ("reverse", 0, 0, 1), ("run", 0, 0, 1), ("close", 0, 0, 1),
    ("pay_out", 0, 0, 60), ("book", 0, 0, 9),
]  # fmt: skip


def live_through(database: Database, steps: list[tuple[str, int, int, int]]) -> Month:
    """Play the steps in a transaction that is rolled back, and check all books after the last one."""
    with database.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        make_rate(session)
        make_pile(session, PARCELS)
        tasks = list(session.scalars(select(PackingTask.id).order_by(PackingTask.id)))
        packers = [make_packer(session, f"打包员{number}") for number in range(PACKERS)]
        month = Month(session, make_lead(session), make_owner(session), packers, tasks, make_kind(session))
        for name, who, which, amount in steps:
            month.act(name, packers[who], which, amount)
        session.expire_all()
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        check_books(month)
        session.rollback()
    return month


def check_books(month: Month) -> None:
    """The ledger is the plain account; each line is paid at most once; what is not paid is still there to be paid."""
    session = month.session
    ledger: dict[int, int] = defaultdict(int)
    for entry in session.scalars(select(WageEntry)):
        ledger[entry.packer_id] += entry.amount_fen
    assert {who: fen for who, fen in ledger.items() if fen} == {who: fen for who, fen in month.owed.items() if fen}
    assert check_within(session, WAGES).violations == []
    paid = sum(run.total_fen or 0 for run in pay_queries.runs(session) if run.state == "closed")
    unpaid = session.execute(
        text(
            "SELECT COALESCE(sum(w.amount_fen), 0) FROM wage_entries w WHERE NOT EXISTS (SELECT 1 FROM pay_run_entries e "
            "JOIN pay_runs r ON r.id = e.run_id WHERE e.entry_id = w.id AND e.kind = 'taken' AND r.state = 'closed')"
        )
    ).scalar_one()
    assert paid + unpaid == sum(ledger.values())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(steps=STEPS)
def test_whatever_happens_in_a_month_everybody_is_owed_and_paid_exactly(
    database: Database, steps: list[tuple[str, int, int, int]]
) -> None:
    live_through(database, steps)


def test_a_full_month_has_something_in_every_book(database: Database) -> None:
    month = live_through(database, A_FULL_MONTH)
    assert month.owed[id_of(month.packers[0])] == 80 + 3_000 + 50 + 270
    assert month.owed[id_of(month.packers[1])] == 3_000 - 30


def test_the_account_notices_a_line_that_two_runs_take(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pay_queries, "_UNPAID", text(str(pay_queries._UNPAID).replace("r.state = 'closed'", "false")))
    steps = [("book", 0, 0, 9), ("run", 0, 0, 1), ("close", 0, 0, 1), ("run", 0, 0, 1), ("close", 0, 0, 1)]
    with pytest.raises(Exception, match=r"uq_pay_run_entries_taken"):
        live_through(database, steps)
