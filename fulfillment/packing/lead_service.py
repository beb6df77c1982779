"""What the lead does at the bench: print slips, note who is here, take work back."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.packing import print_queries
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, Parcel, SlipPrint
from fulfillment.packing.states import CANCELLED, HANDED_OVER
from kernel.audit import Actor, record_change
from kernel.clock import day_bounds, local_day
from kernel.errors import NotFound, Refused

LARGEST_BATCH = 200


def print_slips(
    session: Session, parcel_ids: Sequence[int], *, reason: str, now: datetime, by: Actor
) -> list[SlipPrint]:
    """Note that these slips are printed, in this order; what was printed before needs a reason for another copy.

    Raises:
        Refused: a parcel has left or was cancelled, or was printed before and no reason is given. Nothing is noted then.
    """
    parcels = {parcel.id: parcel for parcel in _lock(session, parcel_ids)}
    if set(parcel_ids) != set(parcels):
        raise NotFound("有的包裹找不到了，请重新选。", "Some of the parcels are gone. Please choose again.")
    _refuse_gone([parcel for parcel in parcels.values() if parcel.state in (HANDED_OVER, CANCELLED)])
    if not reason:
        _refuse_printed(session, list(parcels.values()))
    for parcel_id in dict.fromkeys(parcel_ids):
        packing.record_slip_print(session, parcel_id, now=now, by=by, reason=reason)
    return [print_queries.prints_of(session, parcel_id)[-1] for parcel_id in dict.fromkeys(parcel_ids)]


def _lock(session: Session, parcel_ids: Sequence[int]) -> Sequence[Parcel]:
    """The parcels, locked in the order of their ids whatever the order of printing, and read anew."""
    return session.scalars(
        select(Parcel)
        .where(Parcel.id.in_(parcel_ids))
        .order_by(Parcel.id)
        .with_for_update(of=Parcel)
        .execution_options(populate_existing=True)
    ).all()


def _refuse_gone(gone: Sequence[Parcel]) -> None:
    if gone:
        numbers = ", ".join(parcel.number for parcel in gone[:5])
        raise Refused(
            f"这些包裹已经交走或取消了，不用打：{numbers}",
            f"These parcels have left or were cancelled, so there is nothing to print: {numbers}",
            code="gone",
        )


def _refuse_printed(session: Session, parcels: Sequence[Parcel]) -> None:
    printed = print_queries.copies_of(session, [parcel.id for parcel in parcels])
    if printed:
        numbers = ", ".join(parcel.number for parcel in parcels if parcel.id in printed)[:200]
        raise Refused(
            f"已经打印过了：{numbers}。要再打一张，请选原因。",
            f"Printed already: {numbers}. Choose a reason to print again.",
            code="printed_already",
        )


def note_arrival(session: Session, person_id: int, *, now: datetime, zone: ZoneInfo, by: Actor) -> None:
    """A packer is here from now on; who is here already stays here since then.

    Raises:
        NotFound: nobody who packs here has this id.
    """
    packing.require_packer(session, person_id)
    session.execute(
        insert(Packer).values(person_id=person_id).on_conflict_do_nothing(index_elements=[Packer.person_id])
    )
    today, _ = day_bounds(local_day(now, zone), zone)
    arrived = session.execute(
        update(Packer)
        .where(Packer.person_id == person_id, Packer.present_since.is_(None) | (Packer.present_since < today))
        .values(present_since=now)
        .returning(Packer.person_id)
    ).first()
    if arrived:
        record_change(session, actor=by, action="packer.here", subject=f"person:{person_id}", at=now)


def note_departure(session: Session, person_id: int, *, reason: str, now: datetime, by: Actor) -> int:
    """A packer has gone: what is in hand goes back to the pile. Returns how many tasks that were.

    Raises:
        NotFound: nobody who packs here has this id.
    """
    packing.require_packer(session, person_id)
    returned = packing.leave_bench(session, person_id, reason=reason, now=now, by=by)
    record_change(
        session,
        actor=by,
        action="packer.gone",
        subject=f"person:{person_id}",
        at=now,
        after={"reason": reason, "returned": returned},
    )
    return returned
