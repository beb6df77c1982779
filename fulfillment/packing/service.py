"""Opening, handing out, finishing and returning packing work."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session, joinedload

from fulfillment.packing import queries, rules
from fulfillment.packing.models import Packer, PackingTask, Parcel, ParcelLine, SlipPrint, TaskLog
from fulfillment.packing.states import (
    CANCELLED,
    HANDED_OVER,
    OPEN,
    PACKED,
    PARCEL_MOVES,
    STOPPED,
    TAKEN,
    TASK_MOVES,
    TROUBLES,
    WAITING,
)
from fulfillment.piecework import service as piecework
from fulfillment.routing.rules import Hands, WaitingTask, batch_size, next_tasks
from kernel.audit import Actor
from kernel.clock import local_day
from kernel.errors import NotFound, Refused
from kernel.ids import time_ordered_id
from shop.catalog.models import Variant
from shop.orders.models import Order

PACK = "pack"
LARGEST_BATCH = 3
UNDO_WITHIN = timedelta(seconds=10)
_LOOK_AHEAD = 200
_HAND_OUT_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('gongfang: hand out work'))")


def open_parcels(session: Session, order: Order, now: datetime, *, heaviest_g: int, reason: str = "") -> list[Parcel]:
    """Turn a paid order into parcels and packing tasks; called again it opens nothing. ``order`` must be locked."""
    existing = session.scalars(select(Parcel).where(Parcel.order_id == order.id)).all()
    if existing:
        return []
    variants = {
        variant.id: variant
        for variant in session.scalars(select(Variant).where(Variant.id.in_([x.variant_id for x in order.lines])))
    }
    to_pack = [rules.ToPack(x.id, x.variant_id, x.sku, x.quantity, variants[x.variant_id].gross_g) for x in order.lines]
    titles = {line.id: line for line in order.lines}
    parcels = []
    for sequence, box in enumerate(rules.split(to_pack, heaviest_g), 1):
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
        session.add_all(
            ParcelLine(
                parcel_id=parcel.id,
                order_line_id=line.order_line_id,
                variant_id=line.variant_id,
                quantity=line.quantity,
                sku=line.sku,
                title=titles[line.order_line_id].title,
                spec=titles[line.order_line_id].spec,
                photo=variants[line.variant_id].product.photo,
            )
            for line in box
        )
        _open_task(session, parcel, box, now, reason)
        parcels.append(parcel)
    return parcels


def _open_task(session: Session, parcel: Parcel, box: Sequence[rules.ToPack], now: datetime, reason: str) -> None:
    task = PackingTask(
        parcel_id=parcel.id,
        state=WAITING,
        due_at=parcel.due_at,
        needs=" ".join(sorted(rules.needs(box))),
        mix=rules.mix(box),
        minutes=rules.minutes(box),
    )
    session.add(task)
    session.flush()
    session.add(TaskLog(task_id=task.id, from_state=None, to_state=WAITING, at=now, by="system", reason=reason))
    session.flush()


def _move(session: Session, task: PackingTask, new: str, *, at: datetime, by: Actor, reason: str = "") -> None:
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


def hands_of(packer: Packer) -> Hands:
    """What a person can do, from the preferences stated."""
    cannot = {
        "lift": packer.no_lifting or packer.seated or packer.one_handed,
        "read": packer.no_reading or packer.low_sight,
        "fine_motor": packer.one_handed,
    }
    return Hands(frozenset(ability for ability, is_hard in cannot.items() if not is_hard))


def take_work(session: Session, packer_id: int, *, now: datetime, zone: ZoneInfo, by: Actor) -> list[PackingTask]:
    """Give a packer the next batch, or what is in hand already; the piece rate is frozen now.

    Work is handed out one person at a time: with ``SKIP LOCKED`` alone, whoever presses second would be told that
    there is no work while the first is still choosing.
    """
    session.execute(_HAND_OUT_ONE_AT_A_TIME)
    packer = session.scalar(select(Packer).where(Packer.person_id == packer_id).with_for_update(of=Packer))
    if packer is None:
        raise NotFound("您还没有登记为打包员，请找组长。", "You are not registered as a packer; ask the lead.")
    in_hand = list(queries.tasks_in_hand(session, packer_id))
    if in_hand:
        return in_hand
    packer.present_since = packer.present_since or now
    waiting = session.execute(
        select(PackingTask.id, PackingTask.due_at, PackingTask.needs, PackingTask.mix)
        .where(PackingTask.state == WAITING)
        .order_by(PackingTask.due_at, PackingTask.id)
        .limit(_LOOK_AHEAD)
        .with_for_update()
    ).all()
    tasks = [WaitingTask(row.id, row.due_at, frozenset(row.needs.split()), row.mix) for row in waiting]
    earned = queries.earned_today(session, now, zone)
    mine = earned.get(packer_id, 0)
    size = batch_size(mine, min(earned.values(), default=0), max(earned.values(), default=0), LARGEST_BATCH)
    chosen = next_tasks(tasks, hands_of(packer), size)
    batch = time_ordered_id()
    return [_hand_out(session, task.id, packer_id, batch, now=now, zone=zone, by=by) for task in chosen]


def _hand_out(
    session: Session, task_id: int, packer_id: int, batch: UUID, *, now: datetime, zone: ZoneInfo, by: Actor
) -> PackingTask:
    task = session.get_one(PackingTask, task_id, populate_existing=True)
    task.rate_fen = piecework.rate_now(session, operation=PACK, weight_g=task.parcel.weight_g, day=local_day(now, zone))
    task.packer_id, task.taken_at, task.batch, task.trouble = packer_id, now, batch, None
    _move(session, task, TAKEN, at=now, by=by)
    return task


def lock_task(session: Session, task_id: int, packer_id: int | None = None) -> PackingTask:
    """The task, locked and read anew; somebody else's task is not found."""
    task = session.scalar(
        select(PackingTask)
        .where(PackingTask.id == task_id)
        .options(joinedload(PackingTask.parcel))
        .with_for_update(of=PackingTask)
        .execution_options(populate_existing=True)
    )
    if task is None or (packer_id is not None and task.packer_id != packer_id):
        raise NotFound("没有这件活。", "There is no such task.")
    return task


def finish_task(session: Session, task_id: int, packer_id: int, *, now: datetime, by: Actor) -> bool:
    """The parcel is packed and its wage owed; a second time changes nothing. Returns whether this was the first."""
    task = lock_task(session, task_id, packer_id)
    if task.state == PACKED:
        return False
    if task.state != TAKEN:
        raise Refused(
            "这件活已经停了，请把东西放回去，再领新的。",
            "This task was stopped. Put the goods back and get new work.",
            code="stopped",
        )
    task.packed_at = now
    _move(session, task, PACKED, at=now, by=by)
    move_parcel(task.parcel, PACKED)
    assert task.rate_fen is not None
    piecework.record_wage(session, packer_id=packer_id, task_id=task.id, rate_fen=task.rate_fen, earned_at=now, by=by)
    return True


def undo_finish(session: Session, task_id: int, packer_id: int, *, now: datetime, by: Actor) -> bool:
    """Take a "done" back within ten seconds: the wage line is reversed by one of its own."""
    task = lock_task(session, task_id, packer_id)
    if task.state != PACKED or task.packed_at is None or now - task.packed_at > UNDO_WITHIN:
        return False
    if task.parcel.state != PACKED:
        return False
    piecework.reverse_wage(session, task_id=task.id, reason="undo", at=now, by=by)
    _move(session, task, TAKEN, at=now, by=by, reason="undo")
    move_parcel(task.parcel, OPEN)
    task.packed_at = None
    return True


def return_task(
    session: Session, task_id: int, packer_id: int, *, reason: str, now: datetime, by: Actor
) -> PackingTask:
    """Give work back with a reason; somebody else may take it, at the rate of then."""
    if reason not in TROUBLES:
        raise ValueError(f"unknown reason {reason}")
    task = lock_task(session, task_id, packer_id)
    if task.state == TAKEN:
        _move(session, task, WAITING, at=now, by=by, reason=reason)
        task.packer_id = task.taken_at = task.rate_fen = task.batch = None
        task.trouble = reason
        session.flush()
    return task


def stop_tasks_of_order(session: Session, order_id: UUID, *, now: datetime, by: Actor, reason: str) -> None:
    """The order will not be sent: its work stops, also in somebody's hands. What was packed stays owed.

    Raises:
        Refused: a parcel has left already.
    """
    parcels = session.scalars(select(Parcel).where(Parcel.order_id == order_id).order_by(Parcel.id)).all()
    for parcel in parcels:
        task = session.scalars(
            select(PackingTask).where(PackingTask.parcel_id == parcel.id).with_for_update(of=PackingTask)
        ).one()
        session.refresh(parcel)
        if parcel.state == HANDED_OVER:
            raise Refused(
                "包裹已经交给快递，不能取消。可以收到后退货。",
                "A parcel has left already; it can be returned after it arrives.",
                code="left_already",
            )
        if task.state != STOPPED:
            _move(session, task, STOPPED, at=now, by=by, reason=reason)
        if parcel.state != CANCELLED:
            move_parcel(parcel, CANCELLED)
    session.flush()


def record_slip_print(session: Session, parcel_id: int, *, now: datetime, by: Actor, reason: str = "") -> int:
    """Note that a slip was printed; returns which copy it is.

    Raises:
        Refused: it was printed before and no reason is given for another.
    """
    session.execute(select(Parcel.id).where(Parcel.id == parcel_id).with_for_update())
    copies = queries.slip_copies(session, parcel_id)
    if copies and not reason:
        raise Refused(
            "这张单子已经打印过了。要再打一张，请选原因。",
            "This slip was printed already. Choose a reason to print it again.",
            code="printed_already",
        )
    session.add(SlipPrint(parcel_id=parcel_id, copy=copies + 1, at=now, by=by.name, reason=reason if copies else ""))
    session.flush()
    return copies + 1
