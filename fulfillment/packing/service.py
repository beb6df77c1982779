"""Opening, handing out, finishing, returning and stopping packing work.

Rows are locked in one order: the packer, the packer's shift, then tasks by id, then a task's parcel. Whoever holds an
order's lock (cancelling, handing over) has taken it before any of these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew_queries
from fulfillment.crew import service as crew
from fulfillment.crew.rules import OWN
from fulfillment.packing import queries, rules, shift_service
from fulfillment.packing.models import Packer, PackingTask, Parcel, ParcelLine, TaskLog
from fulfillment.packing.pins import service as pins
from fulfillment.packing.pins.queries import is_kept_for_another, kept_for
from fulfillment.packing.plans.choosing import Chosen, look_around, next_planned, reason_for
from fulfillment.packing.plans.service import ask_for_plan
from fulfillment.packing.plans.terms import DEFAULT as HAND_OUT
from fulfillment.packing.plans.terms import HandOutTerms
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
from fulfillment.routing.rules import WaitingTask, batch_size, fair_share, needs_in_words, next_tasks
from kernel.audit import Actor
from kernel.clock import local_day
from kernel.errors import NotFound, Refused
from kernel.ids import time_ordered_id
from shop.catalog.models import Variant
from shop.orders.models import Order

PACK = "pack"
LARGEST_BATCH = HAND_OUT.largest_batch
# The screen offers ten seconds; five more are for a slow line and a slow hand.
UNDO_SHOWN = timedelta(seconds=10)
UNDO_WITHIN = UNDO_SHOWN + timedelta(seconds=5)
# Time for the lead to look at missing or spoiled goods; after it the work is handed out again, so that none is forgotten.
TROUBLE_RESTS = timedelta(minutes=30)
_LOOK_AHEAD = 200
_HAND_OUT_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('gongfang: hand out work'))")


def open_parcels(session: Session, order: Order, now: datetime, *, heaviest_g: int, reason: str = "") -> list[Parcel]:
    """Turn a paid order into parcels and packing tasks; called again it opens nothing. ``order`` must be locked."""
    existing = session.scalars(select(Parcel).where(Parcel.order_id == order.id)).all()
    if existing:
        return []
    variants = variants_of(session, order)
    to_pack = [rules.ToPack(x.id, x.variant_id, x.sku, x.quantity, variants[x.variant_id].gross_g) for x in order.lines]
    return open_boxes(session, order, rules.split(to_pack, heaviest_g), variants, now, reason=reason)


def variants_of(session: Session, order: Order) -> dict[int, Variant]:
    """What an order asks for, by id."""
    found = session.scalars(select(Variant).where(Variant.id.in_([line.variant_id for line in order.lines])))
    return {variant.id: variant for variant in found}


def open_boxes(
    session: Session,
    order: Order,
    boxes: Sequence[Sequence[rules.ToPack]],
    variants: Mapping[int, Variant],
    now: datetime,
    *,
    first: int = 1,
    reason: str = "",
) -> list[Parcel]:
    """A parcel and its task for each box of an order, numbered from ``first`` on. ``order`` must be locked."""
    photos = {variant.id: variant.product.photo for variant in variants.values()}
    parcels = []
    for sequence, box in enumerate(boxes, first):
        parcel = _open_parcel(session, order, sequence, box, photos, now)
        _open_task(session, parcel, box, now, reason)
        parcels.append(parcel)
    ask_for_plan(session, now)
    return parcels


def _open_parcel(
    session: Session,
    order: Order,
    sequence: int,
    box: Sequence[rules.ToPack],
    photos: Mapping[int, str],
    now: datetime,
) -> Parcel:
    """One box of an order; its lines copy what the order says, so that a slip never changes afterwards."""
    assert order.ship_by is not None
    parcel = Parcel(
        number=f"{order.number.replace('-', '')}{sequence:02d}",
        order_id=order.id,
        sequence=sequence,
        weight_g=rules.weight_g(box),
        due_at=order.ship_by,
        state=OPEN,
        created_at=now,
    )
    session.add(parcel)
    session.flush()
    ordered = {line.id: line for line in order.lines}
    session.add_all(
        ParcelLine(
            parcel_id=parcel.id,
            order_line_id=line.order_line_id,
            variant_id=line.variant_id,
            quantity=line.quantity,
            sku=line.sku,
            title=ordered[line.order_line_id].title,
            spec=ordered[line.order_line_id].spec,
            photo=photos[line.variant_id],
        )
        for line in box
    )
    return parcel


def _open_task(session: Session, parcel: Parcel, box: Sequence[rules.ToPack], now: datetime, reason: str) -> None:
    task = PackingTask(
        parcel_id=parcel.id,
        state=WAITING,
        due_at=parcel.due_at,
        needs=needs_in_words(rules.needs(box)),
        mix=rules.mix(box),
        minutes=rules.minutes(box),
    )
    session.add(task)
    session.flush()
    session.add(TaskLog(task_id=task.id, from_state=None, to_state=WAITING, at=now, by="system", reason=reason))
    session.flush()


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
    packer = _lock_packer(session, packer_id)
    # Asked once the packer is locked: whoever lets a person go locks it too, and finds what was taken until then.
    require_packer(session, packer_id)
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


def require_packer(session: Session, person_id: int) -> None:
    """Refuse somebody who does not pack here, or no longer.

    Raises:
        NotFound: nobody who packs here has this id.
    """
    if not queries.packs_here(session, person_id):
        raise NotFound("没有这个打包员。", "There is no such packer.")


def _lock_packer(session: Session, packer_id: int) -> Packer:
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
        operation=PACK,
        weight_g=task.parcel.weight_g,
        day=local_day(now, zone),
        products=queries.products_in(session, task.parcel_id),
    )
    task.packer_id, task.taken_at, task.batch = packer_id, now, batch
    task.trouble = task.rests_until = None
    pins.forget_task(session, task.id)
    move_task(session, task, TAKEN, at=now, by=by)
    return task


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
    """The parcel is packed and its wage owed; a second time changes nothing. Returns whether this was the first."""
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
    return True


def undo_finish(session: Session, task_id: int, packer_id: int, *, now: datetime, by: Actor) -> bool:
    """Take a "done" back within seconds (``UNDO_WITHIN``): the wage line is reversed by one of its own."""
    task = lock_task(session, task_id, packer_id)
    if task.state != PACKED or task.packed_at is None or now - task.packed_at > UNDO_WITHIN:
        return False
    if task.parcel.state != PACKED:
        return False
    piecework.reverse_wage(session, task_id=task.id, reason="undo", at=now, by=by)
    task.packed_at = None
    move_task(session, task, TAKEN, at=now, by=by, reason="undo")
    move_parcel(task.parcel, OPEN)
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
    _lock_packer(session, packer_id)
    crew.end_shift(session, packer_id, how=how, now=now)
    pins.forget_person(session, packer_id)
    ask_for_plan(session, now)
    return _return_all(session, packer_id, reason=reason, now=now, by=by)


def take_break(session: Session, packer_id: int, *, now: datetime, by: Actor) -> int:
    """The person rests: the shift goes on with a break, everything in hand goes back. Returns how many tasks that were.

    Taking work, or coming back, ends the break. Who never came has nothing to rest from and only gives work back.
    """
    _lock_packer(session, packer_id)
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
    for task_id in task_ids:
        task = lock_task(session, task_id)
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
