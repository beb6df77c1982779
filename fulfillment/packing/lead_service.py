"""What the lead does at the bench: note who is here, take work back, see to what was wrong."""

from datetime import datetime

from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew_queries
from fulfillment.crew import service as crew
from fulfillment.crew.rules import LEAD
from fulfillment.packing import queries, shift_service
from fulfillment.packing import service as packing
from fulfillment.packing.lead_rules import PREFERENCES
from fulfillment.packing.models import Packer, PackingTask
from fulfillment.packing.plans.service import ask_for_plan
from fulfillment.packing.states import STOPPED, WAITING
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


def note_unpacked(session: Session, task_id: int, *, now: datetime, by: Actor) -> PackingTask:
    """The goods of a box that was stopped after it was packed are back on the shelf; a second time changes nothing."""
    task = packing.lock_task(session, task_id)
    if task.state == STOPPED and task.packed_at is not None and task.put_back_at is None:
        task.put_back_at = now
        session.flush()
        record_change(session, actor=by, action="parcel.unpacked", subject=f"parcel:{task.parcel.number}", at=now)
    return task


def begin_break(session: Session, person_id: int, *, now: datetime, by: Actor) -> None:
    """Somebody rests; what they have in hand stays theirs.

    Raises:
        NotFound: nobody who packs here has this id. Refused: they are not here.
    """
    packing.require_packer(session, person_id)
    if crew.begin_break(session, person_id, now=now):
        ask_for_plan(session, now)
        record_change(session, actor=by, action="packer.break", subject=f"person:{person_id}", at=now)


def end_break(session: Session, person_id: int, *, now: datetime, by: Actor) -> None:
    """Somebody is back from a break.

    Raises:
        NotFound: nobody who packs here has this id.
    """
    packing.require_packer(session, person_id)
    if crew.end_break(session, person_id, now=now):
        ask_for_plan(session, now)
        record_change(session, actor=by, action="packer.back", subject=f"person:{person_id}", at=now)


def send_everybody_home(session: Session, *, now: datetime, by: Actor) -> int:
    """The day is over: every shift ends, what is in hand goes back to the pile. Returns how many people went."""
    here = [person_id for person_id in crew_queries.here_now(session, now) if queries.packs_here(session, person_id)]
    for person_id in sorted(here):
        note_departure(session, person_id, reason="break", now=now, by=by)
    return len(here)


def set_preferences(session: Session, person_id: int, preferences: frozenset[str], *, now: datetime, by: Actor) -> None:
    """Note the work that suits a person, as the person said it."""
    packer = session.get(Packer, person_id, with_for_update={"of": Packer})
    if packer is None:
        packer = Packer(person_id=person_id, **dict.fromkeys(PREFERENCES, False))
        session.add(packer)
    before = sorted(name for name in PREFERENCES if getattr(packer, name))
    for name in PREFERENCES:
        setattr(packer, name, name in preferences)
    session.flush()
    if before != sorted(preferences):
        record_change(
            session,
            actor=by,
            action="packer.preferences",
            subject=f"person:{person_id}",
            at=now,
            before={"work": before},
            after={"work": sorted(preferences)},
        )
