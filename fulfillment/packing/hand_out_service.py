"""Handing out packing work: one person at a time, what the lead keeps for them first, then what the plan says.

Rows are locked in the order that ``packing.service`` names: the packer, the packer's shift, then tasks by id.
"""

from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.orm import Session

from fulfillment.crew.rules import OWN
from fulfillment.packing import queries, shift_service
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, PackingTask
from fulfillment.packing.pins import service as pins
from fulfillment.packing.pins.queries import is_kept_for_another, kept_for
from fulfillment.packing.plans.choosing import Chosen, look_around, next_planned, reason_for
from fulfillment.packing.plans.service import ask_for_plan
from fulfillment.packing.plans.terms import DEFAULT as HAND_OUT
from fulfillment.packing.plans.terms import HandOutTerms
from fulfillment.packing.states import TAKEN
from fulfillment.piecework import service as piecework
from fulfillment.routing.rules import WaitingTask, batch_size, fair_share, next_tasks
from kernel.audit import Actor
from kernel.clock import local_day
from kernel.ids import time_ordered_id

LARGEST_BATCH = HAND_OUT.largest_batch
_LOOK_AHEAD = 200
_HAND_OUT_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('gongfang: hand out work'))")


def take_work(
    session: Session,
    packer_id: int,
    *,
    now: datetime,
    zone: ZoneInfo,
    by: Actor,
    how: str = OWN,
    terms: HandOutTerms = HAND_OUT,
) -> list[PackingTask]:
    """Give a packer the next batch of the plan, or what is in hand already; the piece rate is frozen now.

    The person is here from now on at the latest; ``how`` says by what they came (badge, PIN), and a break ends.

    Work is handed out one person at a time: whoever presses second chooses from what the first has left, instead of
    being told that there is none while the first is still choosing.

    Raises:
        NotFound: the person packs here no longer. Refused: nobody has set a piece rate yet.
    """
    around = look_around(session, packer_id, now, zone)
    session.execute(_HAND_OUT_ONE_AT_A_TIME)
    packer = packing.lock_packer(session, packer_id)
    # Asked once the packer is locked: whoever lets a person go locks it too, and finds what was taken until then.
    packing.require_packer(session, packer_id)
    in_hand = list(queries.tasks_in_hand(session, packer_id))
    shift = shift_service.arrive(session, packer_id, how=how, now=now, by=by)
    if shift.began_at == now:
        ask_for_plan(session, now)
    if in_hand:
        return in_hand
    chosen = _choose(session, packer, now, zone, terms)
    because = reason_for(session, packer, chosen, around, now)
    batch = time_ordered_id()
    tasks = [_hand_out(session, task.id, packer_id, batch, now=now, zone=zone, by=by) for task in chosen.tasks]
    for place, task in enumerate(tasks):
        task.batch_place, task.because = place, because
    session.flush()
    return tasks


def _lock_waiting(session: Session, packer: Packer, now: datetime) -> list[WaitingTask]:
    """Work that suits the packer and is kept for nobody else, earliest due first."""
    return _lock_suitable(session, packer, now, ~is_kept_for_another(packer.person_id, now))


def _lock_kept(session: Session, packer: Packer, now: datetime) -> list[WaitingTask]:
    """Work that suits the packer and that the lead keeps for them."""
    return _lock_suitable(session, packer, now, kept_for(packer.person_id))


def _lock_suitable(session: Session, packer: Packer, now: datetime, for_whom: ColumnElement[bool]) -> list[WaitingTask]:
    """Suitable work, locked; what somebody else has locked is being stopped or moved, so it is left out."""
    rows = session.execute(
        select(PackingTask.id, PackingTask.due_at, PackingTask.needs)
        .where(*queries.is_on_the_pile(now), queries.suits(packer), for_whom)
        .order_by(PackingTask.due_at, PackingTask.id)
        .limit(_LOOK_AHEAD)
        .with_for_update(skip_locked=True)
    )
    return [WaitingTask(row.id, row.due_at, frozenset(row.needs.split())) for row in rows]


def _choose(session: Session, packer: Packer, now: datetime, zone: ZoneInfo, terms: HandOutTerms) -> Chosen:
    """What the lead keeps for this person comes first; then what the plan says, or without one what is due first."""
    hands = queries.hands_of(packer)
    kept = next_tasks(_lock_kept(session, packer, now), hands, terms.largest_batch)
    is_kept = {task.id for task in kept}
    planned = next_planned(session, packer, now, terms, leave_out=is_kept, most=terms.largest_batch - len(kept))
    if planned is not None:
        return replace(planned, tasks=[*kept, *planned.tasks], is_kept=bool(kept))
    waiting = _lock_waiting(session, packer, now)
    share = _share_of(session, packer.person_id, len(waiting) + len(kept), now, zone, terms)
    others = [task for task in waiting if task.id not in is_kept]
    return Chosen([*kept, *next_tasks(others, hands, max(0, share - len(kept)))], is_kept=bool(kept))


def _share_of(
    session: Session, packer_id: int, waiting: int, now: datetime, zone: ZoneInfo, terms: HandOutTerms
) -> int:
    """How many tasks this person may take at once where there is no plan."""
    earned = queries.earned_today(session, now, zone)
    size = batch_size(earned.get(packer_id, 0), min(earned.values()), max(earned.values()), terms.largest_batch)
    return min(size, fair_share(waiting, queries.idle_people(session, now)))


def _hand_out(
    session: Session, task_id: int, packer_id: int, batch: UUID, *, now: datetime, zone: ZoneInfo, by: Actor
) -> PackingTask:
    task = session.get_one(PackingTask, task_id, populate_existing=True)
    task.rate_fen = piecework.rate_now(
        session,
        operation=packing.PACK,
        weight_g=task.parcel.weight_g,
        day=local_day(now, zone),
        products=queries.products_in(session, task.parcel_id),
    )
    task.packer_id, task.taken_at, task.batch = packer_id, now, batch
    task.trouble = task.rests_until = None
    pins.forget_task(session, task.id)
    packing.move_task(session, task, TAKEN, at=now, by=by)
    return task
