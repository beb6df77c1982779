"""What the lead does at the bench: note who is here, take work back, see to what was wrong."""

from datetime import datetime

from sqlalchemy.orm import Session

from fulfillment.crew.rules import LEAD
from fulfillment.packing import service as packing
from fulfillment.packing import shift_service
from fulfillment.packing.models import PackingTask
from fulfillment.packing.plans.service import ask_for_plan
from fulfillment.packing.states import WAITING
from kernel.audit import Actor, record_change


def note_arrival(session: Session, person_id: int, *, now: datetime, by: Actor) -> None:
    """A packer is here from now on; who is here already stays here since then.

    Raises:
        NotFound: nobody who packs here has this id.
    """
    packing.require_packer(session, person_id)
    shift_service.arrive(session, person_id, how=LEAD, now=now, by=by)
    ask_for_plan(session, now)


def note_departure(session: Session, person_id: int, *, reason: str, now: datetime, by: Actor) -> int:
    """A packer has gone: what is in hand goes back to the pile. Returns how many tasks that were.

    Raises:
        NotFound: nobody who packs here has this id.
    """
    packing.require_packer(session, person_id)
    returned = packing.leave_bench(session, person_id, reason=reason, now=now, by=by, how=LEAD)
    record_change(
        session,
        actor=by,
        action="packer.gone",
        subject=f"person:{person_id}",
        at=now,
        after={"reason": reason, "returned": returned},
    )
    return returned


def settle_trouble(session: Session, task_id: int, *, now: datetime, by: Actor) -> PackingTask:
    """The lead has seen to what was wrong: the work is handed out again at once."""
    task = packing.lock_task(session, task_id)
    if task.state == WAITING and task.trouble is not None:
        record_change(
            session,
            actor=by,
            action="task.trouble_settled",
            subject=f"packing_task:{task.id}",
            at=now,
            before={"trouble": task.trouble},
        )
        task.trouble = task.rests_until = None
        ask_for_plan(session, now)
        session.flush()
    return task
