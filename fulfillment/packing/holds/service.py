"""Holding parcels back and freeing them again. The work on a parcel is locked first, as everywhere at the bench."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from fulfillment.packing import service as packing
from fulfillment.packing.holds import queries
from fulfillment.packing.holds.models import ParcelHold
from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.packing.states import PACKED
from kernel.audit import Actor, record_change
from kernel.errors import Refused


def hold_parcels(
    session: Session, parcel_ids: Sequence[int], *, lot_id: int, reason: str, now: datetime, by: Actor
) -> list[Parcel]:
    """Packed parcels stay in the house because of a lot; those that left meanwhile, or are held for it already, do not count."""
    held = []
    tasks = select(PackingTask.id).where(PackingTask.parcel_id.in_(parcel_ids)).order_by(PackingTask.id)
    for task_id in session.scalars(tasks).all():
        parcel = packing.lock_task(session, task_id).parcel
        if parcel.state != PACKED or _is_held_for(session, parcel.id, lot_id):
            continue
        session.add(ParcelHold(parcel_id=parcel.id, lot_id=lot_id, reason=reason, at=now, by=by.name))
        _note(session, parcel, "parcel.held", reason, now, by)
        held.append(parcel)
    session.flush()
    return held


def free_parcel(session: Session, parcel_id: int, *, reason: str, now: datetime, by: Actor) -> bool:
    """A parcel may leave again, whatever it was held for; the reason stays. Returns whether it was held."""
    return bool(_free(session, ParcelHold.parcel_id == parcel_id, reason, now, by))


def free_parcels_of(session: Session, lot_id: int, *, reason: str, now: datetime, by: Actor) -> list[int]:
    """Parcels that were held because of a lot may leave; one that is held for another lot too stays. Returns their ids."""
    return _free(session, ParcelHold.lot_id == lot_id, reason, now, by)


def _free(session: Session, which: ColumnElement[bool], reason: str, now: datetime, by: Actor) -> list[int]:
    held = select(ParcelHold.parcel_id).where(which, ParcelHold.freed_at.is_(None))
    tasks = select(PackingTask.id).where(PackingTask.parcel_id.in_(held)).order_by(PackingTask.id)
    parcels = {
        task.parcel.id: task.parcel
        for task in (packing.lock_task(session, one) for one in session.scalars(tasks).all())
    }
    found = select(ParcelHold).where(which, ParcelHold.parcel_id.in_(parcels), ParcelHold.freed_at.is_(None))
    freed = []
    for hold in session.scalars(found.order_by(ParcelHold.id).with_for_update()).all():
        hold.freed_at, hold.freed_by, hold.freed_reason = now, by.name, reason
        _note(session, parcels[hold.parcel_id], "parcel.freed", reason, now, by)
        freed.append(hold.parcel_id)
    session.flush()
    return freed


def refuse_held(session: Session, box: Sequence[Parcel]) -> None:
    """Refuse a box with a parcel that is held back, or with bags of a lot that is blocked.

    Raises:
        Refused: one of them is.
    """
    ids = [parcel.id for parcel in box]
    held, blocked = queries.open_holds(session, ids), queries.with_blocked_bags(session, ids)
    for parcel in box:
        if parcel.id in held:
            raise Refused(
                f"{parcel.number} 扣着，不能交：{held[parcel.id].reason}。请负责人先处理。",
                f"{parcel.number} is held back: {held[parcel.id].reason}. The lead has to see to it first.",
                code="held",
            )
        if parcel.id in blocked:
            raise Refused(
                f"{parcel.number} 里有封存批号的袋子，不能交。请负责人换袋子，或者解除封存。",
                f"{parcel.number} holds bags of a blocked lot. The lead has to put other bags in, or set the lot free.",
                code="blocked_bags",
            )


def _is_held_for(session: Session, parcel_id: int, lot_id: int) -> bool:
    mine = select(ParcelHold.id).where(
        ParcelHold.parcel_id == parcel_id, ParcelHold.lot_id == lot_id, ParcelHold.freed_at.is_(None)
    )
    return session.scalar(mine) is not None


def _note(session: Session, parcel: Parcel, action: str, reason: str, now: datetime, by: Actor) -> None:
    record_change(session, actor=by, action=action, subject=f"parcel:{parcel.number}", at=now, after={"reason": reason})
