"""Giving work to one person, or back to everybody: waiting work by keeping it, work in hand by taking it back first."""

from datetime import datetime

from sqlalchemy.orm import Session

from fulfillment.crew.notes import service as notes
from fulfillment.crew.notes.rules import GIVEN, NOT_GIVEN, TAKEN_BACK
from fulfillment.packing import queries
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, PackingTask
from fulfillment.packing.pins import service as pins
from fulfillment.packing.plans.service import ask_for_plan
from fulfillment.packing.states import REASSIGNED, TAKEN, WAITING
from kernel.audit import Actor, record_change
from kernel.errors import Refused


def reassign(
    session: Session, task_id: int, *, seen_with: int | None, to: int | None, now: datetime, by: Actor
) -> PackingTask:
    """Move a task to one person, or (``to`` empty) to everybody; what is in somebody's hands is taken back first.

    Args:
        session: the edge's transaction.
        task_id: which work.
        seen_with: in whose hands the lead saw it, empty when it waited: if that is not so any more, nothing moves.
        to: for whom it is kept from now on.
        now: the time of the request.
        by: the lead.

    Raises:
        NotFound: no such task, or nobody who packs here has this id.
        Refused: it is packed, stopped or in other hands by now, or does not suit the person.
    """
    task = packing.lock_task(session, task_id)
    in_hands_of = task.packer_id if task.state == TAKEN else None
    if task.state not in (WAITING, TAKEN) or in_hands_of != seen_with:
        raise Refused(
            "这件活刚刚变了：可能有人领走了、包好了或停掉了。请看现在的样子再分。",
            "This work has just changed hands, was packed or stopped. Look at it as it is now.",
            code="changed_meanwhile",
        )
    if to is not None:
        _require_suits(session, task, to)
    if in_hands_of is not None and in_hands_of != to:
        packing.return_task(session, task_id, in_hands_of, reason=REASSIGNED, now=now, by=by)
        notes.leave_note(session, in_hands_of, TAKEN_BACK, subject=task.parcel.number, now=now, by=by)
    if in_hands_of is None or in_hands_of != to:
        _keep(session, task, to, now=now, by=by)
        ask_for_plan(session, now)
    return task


def _require_suits(session: Session, task: PackingTask, person_id: int) -> None:
    packing.require_packer(session, person_id)
    packer = session.get(Packer, person_id)
    if packer is not None and not task.needs_set <= queries.hands_of(packer).abilities:
        raise Refused(
            "这件活不适合这个人（太重，或者字太多），请分给别人。",
            "This work does not suit that person (too heavy, or too much to read). Give it to somebody else.",
            code="does_not_suit",
        )


def _keep(session: Session, task: PackingTask, to: int | None, *, now: datetime, by: Actor) -> None:
    """Keep waiting work for one person, or for nobody; both people read about it, and it is written down."""
    before = pins.keep(session, task, to, now=now, by=by)
    if before == to:
        return
    number = task.parcel.number
    if before is not None:
        notes.withdraw(session, before, number, now)
        notes.leave_note(session, before, NOT_GIVEN, subject=number, now=now, by=by)
    if to is not None:
        notes.withdraw(session, to, number, now)
        notes.leave_note(session, to, GIVEN, subject=number, now=now, by=by)
    record_change(
        session,
        actor=by,
        action="task.reassigned",
        subject=f"parcel:{number}",
        at=now,
        before={"person": before},
        after={"person": to},
    )
