"""Finishing, returning and stopping packing work. It is opened in ``opening_service``, given in ``hand_out_service``.

Rows are locked in one order: the packer, the packer's shift, then tasks by id, each with its parcel, then bags. Whoever holds an
order's lock (cancelling, handing over) has taken it before any of these.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.bags import service as bags
from fulfillment.crew import queries as crew_queries
from fulfillment.crew import service as crew
from fulfillment.crew.rules import OWN
from fulfillment.packing import queries
from fulfillment.packing.models import Packer, PackingTask, Parcel, TaskLog
from fulfillment.packing.pins import service as pins
from fulfillment.packing.plans.service import ask_for_plan
from fulfillment.packing.states import (
    CANCELLED,
    GOODS_TROUBLES,
    HANDED_OVER,
    OPEN,
    PACKED,
    PARCEL_MOVES,
    REASSIGNED,
    STOPPED,
    TAKEN,
    TASK_MOVES,
    TROUBLES,
    WAITING,
)
from fulfillment.piecework import service as piecework
from kernel.audit import Actor
from kernel.errors import NotFound, Refused

PACK = "pack"
# The screen offers ten seconds; five more are for a slow line and a slow hand.
UNDO_SHOWN = timedelta(seconds=10)
UNDO_WITHIN = UNDO_SHOWN + timedelta(seconds=5)
# Time for the lead to look at missing or spoiled goods; after it the work is handed out again, so that none is forgotten.
TROUBLE_RESTS = timedelta(minutes=30)


def move_task(session: Session, task: PackingTask, new: str, *, at: datetime, by: Actor, reason: str = "") -> None:
    """Change a task's state as the table of moves allows, and log it with the rate of the moment."""
    if new not in TASK_MOVES[task.state]:
        raise Refused("这件活现在不能这样改。", f"A task that is {task.state} cannot become {new}.", code="wrong_state")
    session.add(
        TaskLog(
            task_id=task.id,
            from_state=task.state,
            to_state=new,
            packer_id=task.packer_id,
            at=at,
            by=by.name,
            reason=reason,
            rate_fen=task.rate_fen,
        )
    )
    task.state = new
    session.flush()


def move_parcel(parcel: Parcel, new: str) -> None:
    """Change a parcel's state as the table of moves allows."""
    if new not in PARCEL_MOVES[parcel.state]:
        raise Refused(
            "这个包裹现在不能这样改。", f"A parcel that is {parcel.state} cannot become {new}.", code="wrong_state"
        )
    parcel.state = new


def require_packer(session: Session, person_id: int) -> None:
    """Refuse somebody who does not pack here, or no longer.

    Raises:
        NotFound: nobody who packs here has this id.
    """
    if not queries.packs_here(session, person_id):
        raise NotFound("没有这个打包员。", "There is no such packer.")


def lock_packer(session: Session, packer_id: int) -> Packer:
    """The packer's row, locked and read anew; a person who packs for the first time can do any work until they say else."""
    session.execute(
        insert(Packer).values(person_id=packer_id).on_conflict_do_nothing(index_elements=[Packer.person_id])
    )
    return session.scalars(
        select(Packer)
        .where(Packer.person_id == packer_id)
        .with_for_update(of=Packer)
        .execution_options(populate_existing=True)
    ).one()


def lock_task(session: Session, task_id: int, packer_id: int | None = None) -> PackingTask:
    """The task and its parcel, locked and read anew; somebody else's task is not found."""
    task = session.scalar(
        select(PackingTask)
        .where(PackingTask.id == task_id)
        .with_for_update(of=PackingTask)
        .execution_options(populate_existing=True)
    )
    if task is None or (packer_id is not None and task.packer_id != packer_id):
        raise _not_in_your_hands()
    # A statement of its own: joined to the first one, a parcel that changed during the wait would be the old one.
    session.scalars(
        select(Parcel)
        .where(Parcel.id == task.parcel_id)
        .with_for_update(of=Parcel)
        .execution_options(populate_existing=True)
    ).one()
    return task


def _not_in_your_hands() -> NotFound:
    return NotFound("这件活不在您手上。", "That work is not in your hands.")


def finish_task(session: Session, task_id: int, packer_id: int, *, now: datetime, by: Actor) -> bool:
    """The parcel is packed, its wage owed, its bags written down; again changes nothing. Returns whether this was the first."""
    task = lock_task(session, task_id, packer_id)
    if task.packed_at is not None:
        return False
    if task.state != TAKEN:
        raise Refused(
            "这个订单取消了。请把东西放回去。",
            "This order was cancelled. Please put the goods back.",
            code="stopped",
        )
    task.packed_at = now
    move_task(session, task, PACKED, at=now, by=by)
    move_parcel(task.parcel, PACKED)
    assert task.rate_fen is not None
    piecework.record_wage(session, packer_id=packer_id, task_id=task.id, rate_fen=task.rate_fen, earned_at=now, by=by)
    bags.take_for_parcel(session, task.parcel_id, queries.quantities_of(session, task.parcel_id), now=now, by=by)
    return True


def undo_finish(session: Session, task_id: int, packer_id: int, *, now: datetime, by: Actor) -> bool:
    """Take a "done" back within seconds (``UNDO_WITHIN``): a wage line of its own reverses it, its bags lie on the shelf."""
    task = lock_task(session, task_id, packer_id)
    if task.state != PACKED or task.packed_at is None or now - task.packed_at > UNDO_WITHIN:
        return False
    if task.parcel.state != PACKED:
        return False
    piecework.reverse_wage(session, task_id=task.id, reason="undo", at=now, by=by)
    task.packed_at = None
    move_task(session, task, TAKEN, at=now, by=by, reason="undo")
    move_parcel(task.parcel, OPEN)
    bags.give_back(session, [task.parcel_id])
    return True


def return_task(
    session: Session, task_id: int, packer_id: int, *, reason: str, now: datetime, by: Actor
) -> PackingTask:
    """Give work back with a reason; somebody else may take it, at the rate of then. A second time changes nothing."""
    if reason not in (*TROUBLES, REASSIGNED):
        raise ValueError(f"unknown reason {reason}")
    task = lock_task(session, task_id)
    if task.packer_id != packer_id:
        if queries.was_given_back_by(session, task_id, packer_id):
            return task
        raise _not_in_your_hands()
    if task.state == TAKEN:
        move_task(session, task, WAITING, at=now, by=by, reason=reason)
        task.packer_id = task.taken_at = task.rate_fen = task.batch = task.batch_place = task.because = None
        ask_for_plan(session, now)
        task.trouble = reason if reason in TROUBLES else None
        task.rests_until = now + TROUBLE_RESTS if reason in GOODS_TROUBLES else None
        session.flush()
    return task


def leave_bench(session: Session, packer_id: int, *, reason: str, now: datetime, by: Actor, how: str = OWN) -> int:
    """The person goes home: the shift ends, everything in hand goes back. Returns how many tasks that were."""
    lock_packer(session, packer_id)
    crew.end_shift(session, packer_id, how=how, now=now)
    pins.forget_person(session, packer_id)
    ask_for_plan(session, now)
    return _return_all(session, packer_id, reason=reason, now=now, by=by)


def take_break(session: Session, packer_id: int, *, now: datetime, by: Actor) -> int:
    """The person rests: the shift goes on with a break, everything in hand goes back. Returns how many tasks that were.

    Taking work, or coming back, ends the break. Who never came has nothing to rest from and only gives work back.
    """
    lock_packer(session, packer_id)
    if crew_queries.open_shift(session, packer_id) is not None:
        crew.begin_break(session, packer_id, now=now)
    ask_for_plan(session, now)
    return _return_all(session, packer_id, reason="break", now=now, by=by)


def _return_all(session: Session, packer_id: int, *, reason: str, now: datetime, by: Actor) -> int:
    in_hand = sorted(task.id for task in queries.tasks_in_hand(session, packer_id))
    for task_id in in_hand:
        return_task(session, task_id, packer_id, reason=reason, now=now, by=by)
    session.flush()
    return len(in_hand)


def stop_tasks_of_order(session: Session, order_id: UUID, *, now: datetime, by: Actor, reason: str) -> None:
    """The order will not be sent: its work stops, also in somebody's hands. What was packed stays owed.

    The order must be locked already.

    Raises:
        Refused: a parcel has left already.
    """
    task_ids = session.scalars(
        select(PackingTask.id).join(Parcel).where(Parcel.order_id == order_id).order_by(PackingTask.id)
    ).all()
    # All of them before any bag: who packs one of them holds its task and waits for bags.
    tasks = [lock_task(session, task_id) for task_id in task_ids]
    for task in tasks:
        if task.parcel.state == HANDED_OVER:
            raise Refused(
                "包裹已经交给快递，不能取消。可以收到后退货。",
                "A parcel has left already; it can be returned after it arrives.",
                code="left_already",
            )
        if task.state != STOPPED:
            move_task(session, task, STOPPED, at=now, by=by, reason=reason)
        if task.parcel.state != CANCELLED:
            move_parcel(task.parcel, CANCELLED)
    session.flush()
    bags.give_back(session, [task.parcel_id for task in tasks])
