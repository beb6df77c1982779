"""Printing slips: each document is a job, every copy in it is noted, and another copy needs its reason."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.labels.papers import SLIP
from fulfillment.labels.printers.models import Printer
from fulfillment.labels.printers.queries import chosen_printer
from fulfillment.packing import print_queries
from fulfillment.packing.models import Parcel, PrintJob, SlipPrint
from fulfillment.packing.states import CANCELLED, HANDED_OVER
from kernel import once
from kernel.audit import Actor
from kernel.errors import NotFound, Refused

LARGEST_BATCH = 500


def print_slips(
    session: Session,
    parcel_ids: Sequence[int],
    *,
    reason: str,
    now: datetime,
    by: Actor,
    key: str | None = None,
    printer: Printer | None = None,
    first_place: int = 1,
    again_of: PrintJob | None = None,
) -> PrintJob:
    """Note that these slips are printed, in this order; what was printed before needs a reason for another copy.

    Raises:
        Refused: a parcel has left or was cancelled, or was printed before and no reason is given. Nothing is noted then.
    """
    wanted = list(dict.fromkeys(parcel_ids))
    parcels = {parcel.id: parcel for parcel in _lock(session, wanted)}
    if set(wanted) != set(parcels):
        raise NotFound("有的包裹找不到了，请重新选。", "Some of the parcels are gone. Please choose again.")
    _refuse_gone([parcel for parcel in parcels.values() if is_gone(parcel)])
    copies = print_queries.copies_of(session, wanted)
    if not reason:
        _refuse_printed([parcel for parcel in parcels.values() if parcel.id in copies])
    job = _open_job(session, reason, printer, first_place, key, now, by)
    job.again_of_id = again_of.id if again_of else None
    session.flush()
    for place, parcel_id in enumerate(wanted, 1):
        copy = copies.get(parcel_id, 0) + 1
        said = reason if copy > 1 else ""
        session.add(
            SlipPrint(parcel_id=parcel_id, copy=copy, at=now, by=by.name, reason=said, job_id=job.id, place=place)
        )
    session.flush()
    return job


def print_again(
    session: Session,
    job: PrintJob,
    first: int,
    last: int,
    *,
    reason: str,
    now: datetime,
    by: Actor,
    key: str | None = None,
    printer: Printer | None = None,
    first_place: int = 1,
) -> PrintJob:
    """Print one, some or all papers of a job again, from the ``first`` to the ``last`` place; what has left is left out.

    Raises:
        Refused: no reason, or everything in that range has left or was cancelled.
    """
    if not reason:
        raise Refused("请选为什么再打一次。", "Choose why to print again.", code="no_reason")
    parcels = print_queries.parcels_of_job(session, job.id)
    chosen = [parcel.id for place, parcel in parcels.items() if first <= place <= last and not is_gone(parcel)]
    if not chosen:
        raise Refused(
            "这一段的包裹都已经交走或取消了，不用补打。",
            "All parcels in that range have left or were cancelled; there is nothing to print.",
            code="gone",
        )
    return print_slips(
        session,
        chosen,
        reason=reason,
        now=now,
        by=by,
        key=key,
        printer=printer,
        first_place=first_place,
        again_of=job,
    )


def note_came_out(session: Session, job: PrintJob, *, now: datetime) -> None:
    """Somebody has all papers in hand: from now on the document is a preview. A second time changes nothing."""
    job.came_out_at = job.came_out_at or now
    session.flush()


def record_slip_print(session: Session, parcel_id: int, *, now: datetime, by: Actor, reason: str = "") -> int:
    """Note that one slip was printed on the usual printer; returns which copy it is.

    Raises:
        Refused: it was printed before and no reason is given for another.
    """
    print_slips(session, [parcel_id], reason=reason, now=now, by=by)
    return print_queries.prints_of(session, parcel_id)[-1].copy


def is_gone(parcel: Parcel) -> bool:
    """Whether there is nothing to print any more: it has left, or was cancelled."""
    return parcel.state in (HANDED_OVER, CANCELLED)


def _open_job(
    session: Session,
    reason: str,
    printer: Printer | None,
    first_place: int,
    key: str | None,
    now: datetime,
    by: Actor,
) -> PrintJob:
    how = printer or chosen_printer(session, SLIP)
    job = PrintJob(
        key=key or once.new_key(),
        at=now,
        by=by.name,
        by_id=by.person_id,
        printer=how.name,
        paper=how.paper,
        offset_x_um=how.offset_x_um,
        offset_y_um=how.offset_y_um,
        first_place=first_place,
        reason=reason,
    )
    session.add(job)
    return job


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


def _refuse_printed(printed: Sequence[Parcel]) -> None:
    if printed:
        numbers = ", ".join(parcel.number for parcel in printed)[:200]
        raise Refused(
            f"已经打印过了：{numbers}。要再打一张，请选原因。",
            f"Printed already: {numbers}. Choose a reason to print again.",
            code="printed_already",
        )
