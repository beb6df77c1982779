"""Finishing, taking back and giving back work that a device could not report when it happened.

Everything here is safe to repeat and locks as ``packing.service`` does: the task, then its parcel.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.packing import late_rules, packer_service, queries
from fulfillment.packing import service as packing
from fulfillment.packing.late_rest import rest_late
from fulfillment.packing.late_rules import Standing, Stint
from fulfillment.packing.lead_rules import parcel_number, read_scan
from fulfillment.packing.models import PackingTask, TaskLog
from fulfillment.packing.states import PACKED, PERSON_TROUBLES, STOPPED, TAKEN, WAITING
from fulfillment.piecework import service as piecework
from kernel.audit import Actor
from kernel.errors import NotFound, Refused
from kernel.ids import time_ordered_id

# What the way to the server may have added between a "done" and its undo: a request may hang as long as this.
ON_THE_WAY: Final = timedelta(seconds=20)
_LATE: Final = "finished before it left the hands"


@dataclass(frozen=True)
class Finished:
    """What came of a late "done": whether it was the first, whether the parcel is not to be sent, when it was."""

    task_id: int
    is_first: bool
    is_stopped: bool
    at: datetime


def finish_late(
    session: Session, task_id: int, packer_id: int, *, acted_at: datetime, now: datetime, by: Actor
) -> Finished:
    """The parcel was packed at ``acted_at`` (bounded by when it was taken and now); the wage is of that time.

    Raises:
        NotFound: the work never was in this packer's hands.
        Refused: the order was cancelled before, or somebody else has the parcel or has packed it.
    """
    task = packing.lock_task(session, task_id)
    stint = _last_stint(session, task, packer_id)
    at = late_rules.bounded(acted_at, stint, now) if stint else now
    worth = late_rules.worth(_standing(session, task, packer_id), stint, at)
    if worth in _REFUSALS:
        zh, en = _REFUSALS[worth]
        raise Refused(zh, en, code=worth)
    if stint is None:
        raise NotFound("这件活不在您手上。", "That work is not in your hands.", code="not_in_your_hands")
    if worth == late_rules.TAKE_AND_FINISH:
        _take_again(session, task, packer_id, stint, at=at, now=now, by=by)
    if worth == late_rules.PAY_ONLY:
        _owe_although_stopped(session, task, packer_id, stint, at=at, by=by)
    elif worth != late_rules.ALREADY:
        packing.finish_task(session, task_id, packer_id, now=at, by=by)
    return Finished(task_id, worth != late_rules.ALREADY, worth == late_rules.PAY_ONLY, at)


_REFUSALS: Final = {
    late_rules.CANCELLED: (
        "订单先取消了，这件不用寄。请把东西放回去。",
        "The order was cancelled before. It is not sent; please put the goods back.",
    ),
    late_rules.OTHER_HAS_IT: (
        "断网的时候，组长把这件交给别人了。请放到一边，交给组长。",
        "While there was no network the lead gave this one to somebody else. Put it aside and give it to the lead.",
    ),
    late_rules.OTHER_PACKED_IT: (
        "断网的时候，别人包好了这件，只能记一次。请放到一边，组长会来看。",
        "While there was no network somebody else packed this one; it counts once. Put it aside for the lead to see.",
    ),
}


def finish_scanned_late(
    session: Session, scanned: str, packer_id: int, *, card: int | None, acted_at: datetime, now: datetime, by: Actor
) -> Finished:
    """Mark the scanned parcel done, as ``packer_service.finish_scanned`` would have at ``acted_at``.

    Raises:
        NotFound: no parcel has this number.
        Refused: as ``finish_late``, or it holds other goods than the card that was shown.
    """
    parcel = queries.parcel_by_number(session, parcel_number(read_scan(scanned)))
    if parcel is None:
        raise packer_service.unknown_parcel()
    task = parcel.task
    if _last_stint(session, task, packer_id) is None:
        raise packer_service.not_in_your_hands()
    if task.packed_at is None and card != task.id and packer_service.holds_other_goods(session, task, card):
        raise packer_service.other_goods(parcel)
    return finish_late(session, task.id, packer_id, acted_at=acted_at, now=now, by=by)


def undo_late(
    session: Session, task_id: int, packer_id: int, *, done_at: datetime, acted_at: datetime, by: Actor
) -> bool:
    """Take a "done" of ``done_at`` back that was undone on the device at ``acted_at``; the device allows ten seconds."""
    if acted_at - done_at > packing.UNDO_WITHIN + ON_THE_WAY:
        return False
    # By then the way back was open on the device; what the network added does not shut it.
    at = max(done_at, min(acted_at, done_at + packing.UNDO_WITHIN))
    return packing.undo_finish(session, task_id, packer_id, now=at, by=by)


def give_back_late(
    session: Session, task_id: int, packer_id: int, *, reason: str, acted_at: datetime, now: datetime, by: Actor
) -> bool:
    """Give work back; whether it still was in hand. Work that was taken anew since then stays where it is.

    A break begins then, and for who is unwell the shift ends, as with the form online.

    Raises:
        NotFound: the work never was in this packer's hands.
    """
    if reason in PERSON_TROUBLES:
        _rest(session, task_id, packer_id, reason=reason, acted_at=acted_at, now=now, by=by)
    task = packing.lock_task(session, task_id)
    if task.state == TAKEN and task.packer_id == packer_id:
        assert task.taken_at is not None
        if acted_at >= task.taken_at:
            packing.return_task(session, task_id, packer_id, reason=reason, now=now, by=by)
            return True
        return False
    if _last_stint(session, task, packer_id) is None:
        raise NotFound("这件活不在您手上。", "That work is not in your hands.", code="not_in_your_hands")
    return False


def rest_with_empty_hands(
    session: Session, packer_id: int, *, reason: str, acted_at: datetime, now: datetime, by: Actor
) -> bool:
    """Pause or end the shift as of ``acted_at`` (bounded by now); whether anything changed.

    The device had nothing to give back. What the person has in hand all the same, from another tablet, goes back as with
    the form online: nobody else could take it meanwhile.
    """
    is_new = rest_late(session, packer_id, reason=reason, at=min(acted_at, now), by=by)
    if is_new:
        for task_id in sorted(task.id for task in queries.tasks_in_hand(session, packer_id)):
            packing.return_task(session, task_id, packer_id, reason=reason, now=now, by=by)
    return is_new


def _rest(
    session: Session, task_id: int, packer_id: int, *, reason: str, acted_at: datetime, now: datetime, by: Actor
) -> None:
    """Before the task is locked, as everywhere: whoever takes work locks the packer and the shift first."""
    takes = select(TaskLog.at).where(
        TaskLog.task_id == task_id,
        TaskLog.packer_id == packer_id,
        TaskLog.from_state == WAITING,
        TaskLog.to_state == TAKEN,
    )
    # The first of them: news from before she took it once more is old news, and must not look like today's.
    first = session.scalar(takes.order_by(TaskLog.id).limit(1))
    if first is not None:
        rest_late(session, packer_id, reason=reason, at=max(first, min(acted_at, now)), by=by)


def has_in_hand(session: Session, task_id: int, packer_id: int) -> bool:
    """Whether the task is in this packer's hands now."""
    task = packing.lock_task(session, task_id)
    return task.state == TAKEN and task.packer_id == packer_id


def _standing(session: Session, task: PackingTask, packer_id: int) -> Standing:
    return Standing(
        state=task.state,
        is_hers=task.packer_id == packer_id,
        is_packed=task.packed_at is not None,
        stopped_at=_stopped_at(session, task.id) if task.state == STOPPED else None,
    )


def _stopped_at(session: Session, task_id: int) -> datetime | None:
    stops = select(TaskLog.at).where(TaskLog.task_id == task_id, TaskLog.to_state == STOPPED)
    return session.scalar(stops.order_by(TaskLog.id).limit(1))


def _last_stint(session: Session, task: PackingTask, packer_id: int) -> Stint | None:
    """From the log: when the packer last took the task, at which rate, and when it left her hands."""
    moves = session.scalars(
        select(TaskLog).where(TaskLog.task_id == task.id, TaskLog.packer_id == packer_id).order_by(TaskLog.id)
    ).all()
    taken = next((move for move in reversed(moves) if move.to_state == TAKEN and move.from_state == WAITING), None)
    if taken is None:
        return None
    left = next((move.at for move in moves if move.id > taken.id and move.to_state in (WAITING, STOPPED)), None)
    is_still_hers = task.packer_id == packer_id and task.state in (TAKEN, PACKED)
    return Stint(taken.at, None if is_still_hers else left, taken.rate_fen)


def _take_again(
    session: Session, task: PackingTask, packer_id: int, stint: Stint, *, at: datetime, now: datetime, by: Actor
) -> None:
    """What left her hands is hers again, at the rate that was frozen when she took it."""
    rate_fen = _frozen_rate(stint)
    if task.state == TAKEN:
        packing.move_task(session, task, WAITING, at=now, by=by, reason=_LATE)
    task.packer_id, task.taken_at, task.rate_fen = packer_id, stint.taken_at, rate_fen
    task.batch = time_ordered_id()
    task.trouble = task.rests_until = None
    packing.move_task(session, task, TAKEN, at=at, by=by, reason=_LATE)


def _owe_although_stopped(
    session: Session, task: PackingTask, packer_id: int, stint: Stint, *, at: datetime, by: Actor
) -> None:
    """Finished before its order was cancelled: what was packed stays owed, as it does when there is a network."""
    task.packer_id, task.taken_at, task.rate_fen = packer_id, stint.taken_at, _frozen_rate(stint)
    task.packed_at = at
    session.add(
        TaskLog(
            task_id=task.id,
            from_state=STOPPED,
            to_state=STOPPED,
            packer_id=packer_id,
            at=at,
            by=by.name,
            reason=_LATE,
            rate_fen=task.rate_fen,
        )
    )
    session.flush()
    piecework.record_wage(session, packer_id=packer_id, task_id=task.id, rate_fen=task.rate_fen, earned_at=at, by=by)


def _frozen_rate(stint: Stint) -> int:
    if stint.rate_fen is None:
        # Taken before moves kept their rate: no figure is made up, a person decides.
        raise Refused(
            "这件活当时的单价没有记下来，请组长处理。",
            "The rate of then was not kept for this one. Please ask the lead.",
            code=late_rules.RATE_UNKNOWN,
        )
    return stint.rate_fen
