"""Parcels leave with a courier, each with a number of its own."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.couriers.rules import CARRIERS, clean_tracking, guess_carrier
from fulfillment.packing.models import Parcel
from fulfillment.packing.service import move_parcel
from fulfillment.packing.states import HANDED_OVER, OPEN
from kernel.audit import Actor, record_change
from kernel.errors import Invalid, NotFound, Refused
from kernel.parse import FieldError


def hand_over_parcel(
    session: Session, parcel_id: int, *, carrier: str, tracking: str, now: datetime, by: Actor
) -> tuple[Parcel, bool]:
    """Give a packed parcel to the courier; repeated with the same number it changes nothing.

    The parcel's order must be locked already (docs/architecture.md, "Locks").

    Raises:
        Refused: not packed yet, gone with another number, or the number is on another parcel.
    """
    try:
        number = clean_tracking(tracking)
    except FieldError as error:
        raise Invalid(error.text.zh, error.text.en, fields={"tracking": error.text}) from None
    code = carrier if carrier in CARRIERS else guess_carrier(number) or "OTHER"
    parcel = session.scalar(
        select(Parcel)
        .where(Parcel.id == parcel_id)
        .with_for_update(of=Parcel)
        .execution_options(populate_existing=True)
    )
    if parcel is None:
        raise NotFound("没有这个包裹。", "There is no such parcel.")
    if parcel.state == HANDED_OVER:
        if parcel.tracking_number == number:
            return parcel, False
        raise Refused(
            f"这个包裹已经用 {parcel.tracking_number} 交出去了。",
            f"It has left already with {parcel.tracking_number}.",
            code="left_already",
        )
    if parcel.state == OPEN:
        raise Refused("这个包裹还没有包好。", "This parcel is not packed yet.", code="not_packed")
    other = session.scalar(select(Parcel.number).where(Parcel.carrier == code, Parcel.tracking_number == number))
    if other:
        raise Refused(
            f"这个单号已经贴在包裹 {other} 上了。", f"That number is on parcel {other} already.", code="tracking_used"
        )
    parcel.carrier, parcel.tracking_number, parcel.handed_over_at = code, number, now
    move_parcel(parcel, HANDED_OVER)
    session.flush()
    record_change(
        session,
        actor=by,
        action="parcel.handed_over",
        subject=f"parcel:{parcel.number}",
        at=now,
        after={"carrier": code, "tracking": number},
    )
    return parcel, True
