"""Any day at the bench: take, finish, undo, give back, stop, new rates; what is owed stays what was earned."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.packing.states import TAKEN, TROUBLES
from fulfillment.piecework import queries as piecework_queries
from fulfillment.piecework import service as piecework
from fulfillment.piecework.models import WageEntry
from kernel.audit import Actor
from kernel.clock import local_day
from kernel.db import Database
from kernel.errors import NotFound, Refused
from tests.packing.world import ZONE, id_of, make_packer, make_pile, make_rate, stop_order_of, take
from tests.world import NOW

PACKERS, PARCELS = 3, 7
ACTS = ("take", "take", "finish", "finish", "finish", "undo", "give_back", "leave", "stop", "new_rate")
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, PACKERS - 1), st.integers(0, PARCELS - 1), st.integers(0, 40)),
    max_size=45,
)


@dataclass
class Day:
    """The bench beside a plain account of what should be owed."""

    session: Session
    packers: list[Actor]
    tasks: list[int]
    now: datetime = NOW
    rate_fen: int = 80
    frozen: dict[int, int] = field(default_factory=dict)
    owed: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    paid_for: dict[int, tuple[int, int]] = field(default_factory=dict)

    def act(self, name: str, packer: Actor, which: int, seconds: int) -> None:
        """One press of a button, some seconds after the last one."""
        self.now += timedelta(seconds=seconds)
        in_hand = self._in_hand(packer) if name in ("finish", "give_back") else []
        # Mostly the work in hand, sometimes anybody's.
        task_id = in_hand[which % len(in_hand)].id if in_hand and seconds % 4 else self.tasks[which]
        try:
            getattr(self, name)(packer, task_id)
        except (NotFound, Refused):
            return

    def take(self, packer: Actor, _: int) -> None:
        before = {task.id for task in self._in_hand(packer)}
        for task in take(self.session, packer, self.now):
            if task.id not in before:
                self.frozen[task.id] = self.rate_fen
            assert task.rate_fen == self.frozen[task.id]

    def finish(self, packer: Actor, task_id: int) -> None:
        if packing.finish_task(self.session, task_id, id_of(packer), now=self.now, by=packer):
            assert task_id not in self.paid_for, "paid twice"
            self.paid_for[task_id] = (id_of(packer), self.frozen[task_id])
            self.owed[id_of(packer)] += self.frozen[task_id]

    def undo(self, packer: Actor, task_id: int) -> None:
        if packing.undo_finish(self.session, task_id, id_of(packer), now=self.now, by=packer):
            who, fen = self.paid_for.pop(task_id)
            assert who == packer.person_id
            self.owed[who] -= fen

    def give_back(self, packer: Actor, task_id: int) -> None:
        reason = TROUBLES[task_id % len(TROUBLES)]
        packing.return_task(self.session, task_id, id_of(packer), reason=reason, now=self.now, by=packer)

    def leave(self, packer: Actor, _: int) -> None:
        packing.leave_bench(self.session, id_of(packer), reason="break", now=self.now, by=packer)
        assert not self._in_hand(packer)

    def stop(self, _: Actor, task_id: int) -> None:
        stop_order_of(self.session, task_id)

    def new_rate(self, *_: object) -> None:
        self.now += timedelta(days=1)
        self.rate_fen += 7
        make_rate(self.session, self.rate_fen, local_day(self.now, ZONE))

    def _in_hand(self, packer: Actor) -> list[PackingTask]:
        mine = select(PackingTask).where(PackingTask.packer_id == packer.person_id, PackingTask.state == TAKEN)
        return list(self.session.scalars(mine.order_by(PackingTask.id)))


# What a day must at least hold: so that a run that finishes nothing cannot pass for a good one.
A_FULL_DAY = [
    ("take", 0, 0, 1),
    ("finish", 0, 0, 1),
    ("undo", 0, 0, 8),
    ("finish", 0, 0, 1),
    ("take", 1, 0, 1),
    ("new_rate", 0, 0, 0),
    ("finish", 1, 0, 1),
    ("give_back", 1, 0, 1),
    ("stop", 2, 0, 4),
    ("leave", 0, 0, 1),
]


def live_through(database: Database, steps: list[tuple[str, int, int, int]]) -> Day:
    """Play the steps in a transaction that is rolled back, and check the ledger after the last one."""
    with database.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        make_rate(session)
        make_pile(session, PARCELS)
        tasks = list(session.scalars(select(PackingTask.id).order_by(PackingTask.id)))
        day = Day(session, [make_packer(session, f"打包员{number}") for number in range(PACKERS)], tasks)
        for name, who, which, seconds in steps:
            day.act(name, day.packers[who], which, seconds)
        session.expire_all()
        check_ledger(day)
        session.rollback()
    return day


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_what_is_owed_is_the_frozen_rates_of_what_was_finished_less_what_was_taken_back(
    database: Database, steps: list[tuple[str, int, int, int]]
) -> None:
    live_through(database, steps)


def test_a_full_day_finishes_and_takes_back(database: Database) -> None:
    day = live_through(database, A_FULL_DAY)
    assert len(day.paid_for) == 2
    assert sum(day.owed.values()) == 2 * 80


def test_the_account_notices_an_undo_that_keeps_the_money(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piecework, "reverse_wage", lambda *_, **__: False)
    with pytest.raises(AssertionError):
        live_through(database, A_FULL_DAY[:3])


def check_ledger(day: Day) -> None:
    """The ledger, the tasks and the plain account agree, each for itself and for each packer."""
    session = day.session
    ledger = session.scalar(select(func.coalesce(func.sum(WageEntry.amount_fen), 0)))
    finished = session.scalar(
        select(func.coalesce(func.sum(PackingTask.rate_fen), 0)).where(PackingTask.packed_at.is_not(None))
    )
    assert ledger == finished == sum(day.owed.values())
    for packer in day.packers:
        earned = piecework_queries.earned_between(session, id_of(packer), NOW, day.now + timedelta(seconds=1))
        pieces = sum(who == packer.person_id for who, _ in day.paid_for.values())
        assert (earned.pieces, earned.fen) == (pieces, day.owed[id_of(packer)])
