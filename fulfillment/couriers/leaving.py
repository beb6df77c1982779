"""A box at the door: its label is the one that was issued for it, what it does not need is given up, and it is followed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from fulfillment.couriers.rules import carrier_name, clean_tracking
from fulfillment.couriers.tracking import service as tracking
from fulfillment.couriers.waybills import queries
from fulfillment.couriers.waybills import service as waybills
from fulfillment.packing.models import Parcel
from kernel.audit import Actor
from kernel.errors import Refused
from kernel.parse import FieldError


def carrier_on_label(session: Session, box: Sequence[Parcel], carrier: str, scanned: str) -> str:
    """The courier of the number on the label: the one that issued it, else what a person chose (or nothing).

    ``box`` is locked and begins with the parcel that leads it.

    Raises:
        Refused: another number was issued for this box, or this one for another box.
    """
    try:
        number = clean_tracking(scanned)
    except FieldError:
        # Handing over says what is wrong with it.
        return carrier
    lead = box[0]
    issued = queries.issued_of(session, lead.id)
    if issued is not None and number not in (issued.number, lead.tracking_number):
        raise Refused(
            f"这个包裹的面单是{carrier_name(issued.carrier)} {issued.number}，扫到的是 {number}。请核对面单，别贴错了；真要换单号，先取消那张运单。",
            f"This parcel's label is {issued.carrier} {issued.number}, but {number} was scanned. Check the label; to use another number, cancel that waybill first.",
            code="other_label",
        )
    waybills.refuse_used(session, lead.id, number)
    return issued.carrier if issued is not None and issued.number == number else carrier


def note_left(session: Session, box: Sequence[Parcel], *, now: datetime, by: Actor) -> None:
    """A box has left: waybills that it left without are given up, and from now on somebody asks where it is."""
    waybills.drop_of_parcels(session, [parcel.id for parcel in box], reason="left with another number", now=now, by=by)
    tracking.begin(session, box[0], now)
