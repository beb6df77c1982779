"""A break, or being unwell, that a device reports late: the shift pauses or ends when it happened.

As with the forms online (``packing.take_break``, ``packer_service.stop_unwell``), except that work is given back task by
task, as the device says. Locks in the order of the house: the packer, the shift; the caller's tasks come after.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew_queries
from fulfillment.crew import service as crew
from fulfillment.crew.models import Shift
from fulfillment.crew.rules import OWN
from fulfillment.packing.lead_rules import UNWELL
from fulfillment.packing.models import Packer, TaskLog
from fulfillment.packing.pins import service as pins
from fulfillment.packing.states import TAKEN, WAITING
from kernel.audit import Actor, record_change

_BREAK = "break"


def rest_late(session: Session, packer_id: int, *, reason: str, at: datetime, by: Actor) -> bool:
    """Pause the shift, or end it for who is unwell, as of ``at``; whether anything changed.

    What the person did since then (came anew, took work, was back from a break) says more than old news: then the shift
    stays as it is. Told again, for the next piece in hand, nothing changes.
    """
    session.get(Packer, packer_id, with_for_update=True)
    shift = crew_queries.open_shift(session, packer_id)
    if shift is None or _did_something_after(session, shift, packer_id, at):
        return False
    if reason == _BREAK:
        return crew.begin_break(session, packer_id, now=at)
    crew.end_shift(session, packer_id, how=OWN, now=at)
    pins.forget_person(session, packer_id)
    record_change(session, actor=by, action=UNWELL, subject=f"person:{packer_id}", at=at)
    return True


def _did_something_after(session: Session, shift: Shift, packer_id: int, at: datetime) -> bool:
    was_back = any(rest.ended_at is not None and rest.ended_at > at for rest in shift.breaks)
    takes = select(TaskLog.id).where(
        TaskLog.packer_id == packer_id,
        TaskLog.at > at,
        TaskLog.from_state == WAITING,
        TaskLog.to_state == TAKEN,
    )
    return shift.began_at > at or was_back or session.scalar(takes.limit(1)) is not None
