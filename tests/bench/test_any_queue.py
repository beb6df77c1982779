"""Any days at the bench with devices that come and go: what is owed is the frozen rates of what was finished."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.care import invariants
from app.care.village_invariants import WORK
from fulfillment.bench import queue_service
from fulfillment.bench.queue_forms import Action
from fulfillment.bench.queue_models import BenchAction
from fulfillment.bench.queue_rules import Pass
from fulfillment.packing import late_service
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask
from fulfillment.packing.states import TAKEN
from fulfillment.piecework import service as piecework
from fulfillment.piecework.models import WageEntry
from kernel.audit import SYSTEM, Actor
from kernel.clock import local_day
from kernel.db import Database
from kernel.errors import NotFound, Refused
from tests.packing.world import ZONE, id_of, make_packer, make_pile, make_rate, stop_order_of, take
from tests.world import NOW

PACKERS, PARCELS, DEVICES = 2, 7, 3
# Orders are stopped here without their money going back, so not all of them hold.
BOOKS = [
    each
    for each in WORK
    if each.name in {"parcels_and_tasks_agree", "wages_are_what_was_packed", "reversals_match", "late_news_counts_once"}
]
ACTS = (
    "take",
    "take",
    "done",
    "done",
    "done",
    "undo",
    "give_back",
    "sync",
    "sync",
    "half_answer",
    "repeat",
    "lead",
    "stop",
    "new_rate",
)
STEPS = st.lists(
    st.tuples(st.sampled_from(ACTS), st.integers(0, DEVICES - 1), st.integers(0, PARCELS - 1), st.integers(0, 40)),
    max_size=50,
)


@dataclass
class Tablet:
    """A device of one packer: what waits on it, what it has sent, and by how much its clock is wrong."""

    packer: Actor
    name: str
    hours_wrong: int
    waiting: list[tuple[Action, datetime]] = field(default_factory=list)
    sent: list[tuple[Action, datetime]] = field(default_factory=list)


@dataclass
class Days:
    """The bench, its devices, and a plain account of which finished work was paid at which rate."""

    session: Session
    tablets: list[Tablet]
    tasks: list[int]
    now: datetime = NOW
    rate_fen: int = 80
    # By packer and task: the rates that were frozen for her, newest last.
    frozen: dict[tuple[int, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, tuple[str, str]] = field(default_factory=dict)
    _keys: Iterator[int] = field(default_factory=lambda: count(1))

    def act(self, name: str, tablet: Tablet, which: int, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        try:
            getattr(self, name)(tablet, which)
        except (NotFound, Refused):
            return

    def take(self, tablet: Tablet, _: int) -> None:
        before = set(self._in_hand(tablet))
        for task in take(self.session, tablet.packer, self.now):
            if task.id not in before:
                self.frozen[id_of(tablet.packer), task.id].append(self.rate_fen)

    def done(self, tablet: Tablet, which: int) -> None:
        """Mostly of work in hand, sometimes of anybody's."""
        hand = self._in_hand(tablet)
        self._note(tablet, "done", hand[which % len(hand)] if hand and which < PARCELS - 2 else self.tasks[which])

    def undo(self, tablet: Tablet, _: int) -> None:
        dones = [action for action, _ in (*tablet.sent, *tablet.waiting) if action.kind == "done"]
        if dones:
            self._note(tablet, "undo", None, dones[-1].key)

    def give_back(self, tablet: Tablet, which: int) -> None:
        self._note(tablet, "give_back", self.tasks[which], "short")

    def sync(self, tablet: Tablet, _: int) -> None:
        for action, at in tablet.waiting:
            self._send(tablet, action, at)
        tablet.sent += tablet.waiting
        tablet.waiting = []

    def half_answer(self, tablet: Tablet, _: int) -> None:
        """The server has heard all of it, the device nothing: all of it will be sent again."""
        for action, at in tablet.waiting:
            self._send(tablet, action, at)

    def repeat(self, tablet: Tablet, which: int) -> None:
        """Old news, in any order."""
        for action, at in Random(which).sample(tablet.sent, len(tablet.sent)):
            self._send(tablet, action, at)

    def lead(self, tablet: Tablet, which: int) -> None:
        """Work is taken out of her hands."""
        packing.return_task(
            self.session, self.tasks[which], id_of(tablet.packer), reason="break", now=self.now, by=SYSTEM
        )

    def stop(self, _: Tablet, which: int) -> None:
        stop_order_of(self.session, self.tasks[which])

    def new_rate(self, *_: object) -> None:
        self.now += timedelta(days=1)
        self.rate_fen += 7
        make_rate(self.session, self.rate_fen, local_day(self.now, ZONE))

    def _note(self, tablet: Tablet, kind: str, task: int | None, detail: str = "") -> None:
        serial = next(self._keys)
        wrong = self.now + timedelta(hours=tablet.hours_wrong)
        tablet.waiting.append((Action(f"key-{serial:012d}", serial, kind, task, None, detail, 0, wrong), self.now))

    def _send(self, tablet: Tablet, action: Action, at: datetime) -> None:
        aged = Action(**{**vars(action), "age_ms": int((self.now - at).total_seconds() * 1000)})
        leave = Pass(id_of(tablet.packer), tablet.name, NOW)
        try:
            with self.session.begin_nested():
                line = queue_service.receive(self.session, aged, leave, tablet.packer, now=self.now)
        except queue_service.Later:
            return
        assert self.answers.setdefault(action.key, (line.state, line.code)) == (line.state, line.code)
        assert line.acted_at <= self.now

    def _in_hand(self, tablet: Tablet) -> list[int]:
        mine = select(PackingTask.id).where(
            PackingTask.packer_id == tablet.packer.person_id, PackingTask.state == TAKEN
        )
        return list(self.session.scalars(mine.order_by(PackingTask.id)))


@contextmanager
def some_days(database: Database, steps: list[tuple[str, int, int, int]]) -> Iterator[Days]:
    """Play the steps in a transaction that is rolled back; at the end every device has sent all it has."""
    with database.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        make_rate(session)
        make_pile(session, PARCELS)
        tasks = list(session.scalars(select(PackingTask.id).order_by(PackingTask.id)))
        packers = [make_packer(session, f"打包员{number}") for number in range(PACKERS)]
        # The first packer's badge is on two tablets; one clock is a day slow, one two days fast.
        owners = [(packers[0], "a", -24), (packers[0], "b", 48), (packers[1], "c", 0)]
        days = Days(session, [Tablet(*owner) for owner in owners], tasks)
        for name, who, which, seconds in steps:
            days.act(name, days.tablets[who], which, seconds)
        for tablet in days.tablets:
            days.sync(tablet, 0)
        session.expire_all()
        yield days
        session.rollback()


def check_account(days: Days) -> None:
    """Each task is paid once while it counts as finished, to one packer, at a rate that was frozen for that packer."""
    owed = days.session.execute(
        select(WageEntry.task_id, WageEntry.packer_id, func.sum(WageEntry.amount_fen))
        .group_by(WageEntry.task_id, WageEntry.packer_id)
        .having(func.sum(WageEntry.amount_fen) != 0)
    ).all()
    finished = days.session.scalars(select(PackingTask).where(PackingTask.packed_at.is_not(None))).all()
    assert sorted((task, packer, int(fen)) for task, packer, fen in owed) == sorted(
        (task.id, task.packer_id, task.rate_fen) for task in finished
    )
    for task, packer, fen in owed:
        assert task is not None
        assert int(fen) in days.frozen[packer, task]
    for entry in days.session.scalars(select(WageEntry)):
        assert NOW <= entry.earned_at <= days.now
    report = invariants.check_within(days.session, BOOKS)
    assert len(report.checked) == 4
    assert report.violations == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_wages_are_the_frozen_rates_of_finished_work_whenever_the_news_arrives(
    database: Database, steps: list[tuple[str, int, int, int]]
) -> None:
    with some_days(database, steps) as days:
        check_account(days)


# A device repeats itself and undoes late; the badge is on two tablets; work is taken back before its "done" arrives.
A_FULL_DAY = [
    ("take", 0, 0, 1),
    ("done", 0, 0, 1),
    ("half_answer", 0, 0, 1),
    ("undo", 0, 0, 3),
    ("done", 0, 0, 1),
    ("done", 1, 0, 1),
    ("sync", 0, 0, 9),
    ("repeat", 0, 3, 1),
    ("done", 1, 1, 1),
    ("new_rate", 0, 0, 0),
    ("lead", 1, 1, 5),
    ("lead", 1, 2, 5),
    ("sync", 1, 0, 30),
]


def test_a_full_day_pays_undoes_and_pays_late(database: Database) -> None:
    with some_days(database, A_FULL_DAY) as days:
        check_account(days)
        kinds = [(kind, state) for kind, state in days.session.execute(select(BenchAction.kind, BenchAction.state))]
        assert kinds.count(("done", "done")) >= 3
        assert ("undo", "done") in kinds
        assert ("done", "already") in kinds


def test_the_account_notices_late_work_that_is_paid_at_the_rate_of_today(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_service, "_frozen_rate", lambda _: 1)
    with some_days(database, A_FULL_DAY) as days, pytest.raises(AssertionError):
        check_account(days)


def test_the_account_notices_an_undo_that_keeps_the_money(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piecework, "reverse_wage", lambda *_, **__: False)
    with some_days(database, [*A_FULL_DAY[:4], ("sync", 0, 0, 0)]) as days, pytest.raises(AssertionError):
        check_account(days)
