"""Printing slips: every copy is noted, and another one needs its reason."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.packing import print_queries, queries
from fulfillment.packing.models import Parcel, SlipPrint
from fulfillment.packing.states import CANCELLED, HANDED_OVER
from kernel.audit import Actor
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
        record_slip_print(session, parcel_id, now=now, by=by, reason=reason)
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
