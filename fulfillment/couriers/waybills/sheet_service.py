"""Numbers from couriers' own sheets written to the boxes that wait for them, row by row; and what columns a sheet has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.couriers.waybills import queries, service
from fulfillment.couriers.waybills.models import CourierSheet, Waybill
from fulfillment.couriers.waybills.sheets import DEFAULT_COLUMNS, ReadNumbers
from fulfillment.couriers.waybills.states import ASKED, CANCELLED, CANCELLING, FAILED, ISSUED
from kernel.audit import Actor, record_change
from kernel.errors import Refused
from kernel.text import Text


@dataclass(frozen=True)
class Imported:
    """What a file of numbers did: given now, there already, and what was refused (in ``read.refused``)."""

    new: int
    unchanged: int
    read: ReadNumbers


def import_numbers(session: Session, read: ReadNumbers, *, carrier: str, now: datetime, by: Actor) -> Imported:
    """Give each box its number; a good row is kept whatever stands in the others, and the same file again changes nothing."""
    waybills = {
        waybill.key: waybill for waybill in session.scalars(select(Waybill).where(Waybill.key.in_(list(read.numbers))))
    }
    new = unchanged = 0
    # In the order of the boxes, so that two files at once never wait for each other in a ring.
    for key in sorted(read.numbers, key=lambda one: waybills[one].parcel_id if one in waybills else 0):
        row, number = read.numbers[key]
        waybill = waybills.get(key)
        problem = _problem(waybill, carrier, number)
        if waybill is None or problem is not None:
            column = read.key_column if waybill is None or waybill.carrier != carrier else read.number_column
            read.refuse(row, column, problem or _UNKNOWN)
        elif waybill.state == ISSUED:
            unchanged += 1
        else:
            try:
                with session.begin_nested():
                    service.give_number(session, waybill.id, number, now=now, by=by)
                new += 1
            except Refused as refused:
                read.refuse(row, read.number_column, refused.text)
    read.refused.sort(key=lambda one: one.row)
    return Imported(new, unchanged, read)


_UNKNOWN = Text("没有这个包裹，或它没有在等运单号。", "There is no such parcel, or it waits for no number.")


def _problem(waybill: Waybill | None, carrier: str, number: str) -> Text | None:
    """Why a row cannot be used, or ``None``."""
    if waybill is None:
        return _UNKNOWN
    if waybill.carrier != carrier:
        return Text("这个包裹等的是另一家快递的单号。", "This parcel waits for a number of another courier.")
    if waybill.state in (CANCELLED, CANCELLING):
        return Text("这个包裹不用发了，运单已取消。", "This parcel is not sent; its waybill was cancelled.")
    if waybill.state == ISSUED and waybill.number != number:
        return Text(f"这个包裹已经有单号 {waybill.number}。", f"This parcel has the number {waybill.number} already.")
    return None if waybill.state in (ASKED, FAILED, ISSUED) else _UNKNOWN


def columns_of(session: Session, carrier: str) -> Sequence[Sequence[str]]:
    """The columns of a courier's sheet: those that somebody set, else ours."""
    return queries.sheet_columns(session, carrier) or DEFAULT_COLUMNS


def set_columns(session: Session, carrier: str, columns: list[list[str]], *, now: datetime, by: Actor) -> None:
    """Set which columns a courier's sheet has, and what is in them."""
    before = [list(column) for column in columns_of(session, carrier)]
    row = {"columns": columns, "changed_at": now, "changed_by": by.name}
    session.execute(
        insert(CourierSheet).values(carrier=carrier, **row).on_conflict_do_update(index_elements=["carrier"], set_=row)
    )
    record_change(
        session,
        actor=by,
        action="courier_sheet.changed",
        subject=f"courier:{carrier}",
        at=now,
        before={"columns": before},
        after={"columns": columns},
    )
