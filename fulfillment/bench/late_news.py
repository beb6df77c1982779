"""Work that was done without a network and did not count (decision 21): what the lead is told, and what the lead decides.

Presses and scans about the same parcel by the same person are one piece of news, so that nothing is paid twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased, selectinload

from fulfillment.bench.queue_models import (
    CORRECTION,
    DONE,
    NOTHING_TO_PAY,
    REFUSED,
    SCAN,
    BenchAction,
    LateDecision,
)
from fulfillment.packing.late_rules import UNPAID
from fulfillment.packing.models import PackingTask, Parcel, TaskLog
from fulfillment.packing.states import TAKEN
from fulfillment.piecework.corrections.models import WageCorrection
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused
from kernel.people.models import Person

PAGE: Final = 50
# A "done" for work that, by the records, never was in those hands. Such a scan is a slip of the hand and no news.
NEVER_IN_HAND: Final = "not_in_your_hands"

_ABOUT_WORK = and_(
    BenchAction.state == REFUSED,
    BenchAction.task_id.is_not(None),
    or_(
        and_(BenchAction.kind.in_((DONE, SCAN)), BenchAction.code.in_(UNPAID)),
        and_(BenchAction.kind == DONE, BenchAction.code == NEVER_IN_HAND),
    ),
)
_OTHER = aliased(BenchAction)
_SAME_WORK = and_(_OTHER.person_id == BenchAction.person_id, _OTHER.task_id == BenchAction.task_id)
# A press that arrives once the work was decided about brings nothing new: it is not paid a second time.
_IS_DECIDED = (
    select(LateDecision)
    .join(_OTHER, _OTHER.key == LateDecision.action_key)
    .where(_SAME_WORK)
    .correlate(BenchAction)
    .exists()
)
_OPEN = and_(_ABOUT_WORK, ~_IS_DECIDED)


@dataclass(frozen=True)
class LateNews:
    """Who did which parcel without its counting; ``rate_fen`` is the rate of then, as far as it is known.

    ``packed_by`` is whoever it counts for, ``held_by`` whoever has it in hand now.
    """

    key: str
    person: Person
    parcel: Parcel
    code: str
    acted_at: datetime
    received_at: datetime
    packed_by: Person | None
    held_by: Person | None
    rate_fen: int | None


def count_open(session: Session) -> int:
    """How many pieces of news wait for the lead."""
    pieces = select(BenchAction.person_id, BenchAction.task_id).where(_OPEN).distinct().subquery()
    return session.scalar(select(func.count()).select_from(pieces)) or 0


def open_news(session: Session, most: int = PAGE) -> list[LateNews]:
    """What waits for the lead, in the order in which it arrived."""
    actions = session.scalars(select(BenchAction).where(_OPEN).order_by(BenchAction.received_at, BenchAction.key)).all()
    ordered = sorted(actions, key=_piece)
    firsts = [next(same) for _, same in groupby(ordered, key=_piece)]
    firsts.sort(key=lambda action: (action.received_at, action.key))
    return [_told(session, action) for action in firsts[:most]]


def _piece(action: BenchAction) -> tuple[int, int]:
    assert action.task_id is not None
    return action.person_id, action.task_id


def _told(session: Session, action: BenchAction) -> LateNews:
    task = session.get_one(PackingTask, action.task_id)
    parcel = session.get_one(Parcel, task.parcel_id, options=[selectinload(Parcel.lines)])
    whose = session.get(Person, task.packer_id) if task.packer_id else None
    return LateNews(
        key=action.key,
        person=session.get_one(Person, action.person_id),
        parcel=parcel,
        code=action.code,
        acted_at=action.acted_at,
        received_at=action.received_at,
        packed_by=whose if task.packed_at else None,
        held_by=whose if task.state == TAKEN else None,
        rate_fen=_rate_of_then(session, action),
    )


def _rate_of_then(session: Session, action: BenchAction) -> int | None:
    takes = select(TaskLog.rate_fen).where(
        TaskLog.task_id == action.task_id, TaskLog.packer_id == action.person_id, TaskLog.to_state == TAKEN
    )
    return session.scalar(takes.order_by(TaskLog.id.desc()).limit(1))


def decided(session: Session, most: int = 20) -> Sequence[tuple[LateDecision, BenchAction, Person, Parcel]]:
    """What was decided last, newest first."""
    found = (
        select(LateDecision, BenchAction, Person, Parcel)
        .join(BenchAction, BenchAction.key == LateDecision.action_key)
        .join(Person, Person.id == BenchAction.person_id)
        .join(PackingTask, PackingTask.id == BenchAction.task_id)
        .join(Parcel, Parcel.id == PackingTask.parcel_id)
        .where(~_is_about_the_same_as_another())
    )
    newest = found.order_by(LateDecision.at.desc(), LateDecision.action_key).limit(most)
    return [(decision, action, person, parcel) for decision, action, person, parcel in session.execute(newest)]


def _is_about_the_same_as_another() -> ColumnElement[bool]:
    """A press and a scan about the same work were decided together, and are told once."""
    told = aliased(LateDecision)
    of_same_work = select(told).join(_OTHER, _OTHER.key == told.action_key).where(_SAME_WORK)
    return of_same_work.where(told.action_key < BenchAction.key).correlate(BenchAction).exists()


def news_of(session: Session, key: str, person_id: int) -> LateNews | None:
    """A piece of news that still waits, when it is this person's."""
    action = session.scalar(select(BenchAction).where(_OPEN, BenchAction.key == key))
    return _told(session, action) if action is not None and action.person_id == person_id else None


def settle(session: Session, key: str, *, now: datetime, by: Actor) -> None:
    """Nothing is to be paid. A second time changes nothing.

    Raises:
        NotFound: there is no such news. Refused: a correction was proposed for it.
    """
    if _decide(session, key, NOTHING_TO_PAY, None, now=now, by=by).outcome != NOTHING_TO_PAY:
        raise _decided_already()


def answer_with(session: Session, key: str, correction: WageCorrection, *, now: datetime, by: Actor) -> None:
    """The correction is the lead's answer.

    Raises:
        NotFound: there is no such news, or it is about somebody else. Refused: it was decided before.
    """
    action = session.get(BenchAction, key)
    if action is None or action.person_id != correction.person_id:
        raise _unknown()
    if _decide(session, key, CORRECTION, correction.id, now=now, by=by).correction_id != correction.id:
        raise _decided_already()


def _decide(
    session: Session, key: str, outcome: str, correction_id: int | None, *, now: datetime, by: Actor
) -> LateDecision:
    """Write the decision for all that is open about the same work; the decision that stands now."""
    # The task's row lets two leads wait for each other; the table's key is the last guard.
    action = session.scalar(select(BenchAction).where(_ABOUT_WORK, BenchAction.key == key))
    if action is None:
        raise _unknown()
    _lock_work(session, action.task_id)
    stands = _decision_about(session, action)
    if stands is not None:
        return stands
    same = and_(_OPEN, BenchAction.person_id == action.person_id, BenchAction.task_id == action.task_id)
    assert by.person_id is not None
    made = {
        each: LateDecision(action_key=each, outcome=outcome, correction_id=correction_id, at=now, by_id=by.person_id)
        for each in session.scalars(select(BenchAction.key).where(same)).all()
    }
    session.add_all(made.values())
    session.flush()
    record_change(
        session,
        actor=by,
        action=f"late_work.{outcome}",
        subject=f"person:{action.person_id}",
        at=now,
        after={"task": action.task_id, "correction": correction_id},
    )
    return made.get(key) or session.get_one(LateDecision, key)


def _lock_work(session: Session, task_id: int | None) -> None:
    session.get(PackingTask, task_id, with_for_update=True)


def _decision_about(session: Session, action: BenchAction) -> LateDecision | None:
    """What was decided about the work that an action is about."""
    of_same_work = BenchAction.person_id == action.person_id, BenchAction.task_id == action.task_id
    decisions = select(LateDecision).join(BenchAction, BenchAction.key == LateDecision.action_key).where(*of_same_work)
    return session.scalar(decisions.order_by(LateDecision.action_key).limit(1))


def _unknown() -> NotFound:
    return NotFound("没有这一条。", "There is no such news.")


def _decided_already() -> Refused:
    return Refused("这一条已经有人处理了。", "Somebody has decided this one already.", code="decided_already")
