"""The way back for ten seconds after a parcel was given to the lead: pressed by mistake, it is in the same hands again."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew.models import Shift
from fulfillment.crew.queries import is_at_work
from fulfillment.packing import queries
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask, TaskLog
from fulfillment.packing.pins import service as pins
from fulfillment.packing.pins.queries import is_kept_for_another
from fulfillment.packing.plans.service import ask_for_plan
from fulfillment.packing.states import GOODS_TROUBLES, TAKEN, WAITING
from kernel.audit import Actor
from kernel.ids import time_ordered_id


def seconds_to_undo(session: Session, task_id: int, packer_id: int, now: datetime) -> int:
    """How long the screen still offers the way back; 0 once it is over or somebody else has the parcel."""
    given = _given_back(session, task_id, packer_id)
    return max(0, int((given.at + packing.UNDO_SHOWN - now).total_seconds())) if given else 0


def undo_give_back(session: Session, task_id: int, packer_id: int, *, now: datetime, by: Actor) -> bool:
    """The parcel is this person's again at the rate that was frozen before, if nobody took it; a second press changes nothing.

    It goes last in what is in hand: its place went when it was given back.
    """
    packing.lock_packer(session, packer_id)
    task = packing.lock_task(session, task_id)
    if task.state == TAKEN and task.packer_id == packer_id:
        return True
    given = _given_back(session, task_id, packer_id)
    if given is None or now - given.at > packing.UNDO_WITHIN or not _may_have(session, task_id, packer_id, now):
        return False
    in_hand = queries.tasks_in_hand(session, packer_id)
    task.batch = in_hand[0].batch if in_hand else time_ordered_id()
    task.packer_id, task.taken_at, task.rate_fen = packer_id, now, given.rate_fen
    task.trouble = task.rests_until = None
    pins.forget_task(session, task_id)
    packing.move_task(session, task, TAKEN, at=now, by=by, reason="undo")
    ask_for_plan(session, now)
    return True


def _given_back(session: Session, task_id: int, packer_id: int) -> TaskLog | None:
    """The line of the log that gave it back, if it is the last one, about the goods, and this person's."""
    last = session.scalar(select(TaskLog).where(TaskLog.task_id == task_id).order_by(TaskLog.id.desc()).limit(1))
    is_theirs = last is not None and last.packer_id == packer_id and last.to_state == WAITING
    return last if is_theirs and last and last.reason in GOODS_TROUBLES else None


def _may_have(session: Session, task_id: int, packer_id: int, now: datetime) -> bool:
    """Whether the person is still at work and the lead keeps the parcel for nobody else."""
    at_work = select(Shift.id).where(Shift.person_id == packer_id, is_at_work(now)).exists()
    free = select(PackingTask.id).where(PackingTask.id == task_id, at_work, ~is_kept_for_another(packer_id, now))
    return session.scalar(free) is not None
