"""Parcels leave with a courier, each with a number of its own."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.couriers.rules import choose_carrier, clean_tracking
from fulfillment.packing.models import Parcel
from fulfillment.packing.service import move_parcel
from fulfillment.packing.states import CANCELLED, HANDED_OVER, OPEN
from kernel.audit import Actor, record_change
from kernel.errors import Invalid, NotFound, Refused
from kernel.parse import FieldError
from kernel.text import Text


def hand_over_parcel(
    session: Session, parcel_id: int, *, carrier: str, tracking: str, now: datetime, by: Actor
) -> tuple[Parcel, bool]:
    """Give a packed parcel to the courier; repeated with the same number it changes nothing.

    ``carrier`` is a code of ``CARRIERS``, or empty: then the number says which courier it is. The parcel's order must
    be locked already (docs/architecture.md, "Locks").

    Raises:
        Invalid: the number cannot be one, or does not say which courier it belongs to.
        Refused: not packed yet, cancelled, gone with another number, or the number is on another parcel.
    """
    code, number = read_waybill(carrier, tracking)
    parcel = _lock_parcel(session, parcel_id)
    if parcel.state == HANDED_OVER:
        if parcel.tracking_number == number:
            return parcel, False
        raise Refused(
            f"这个包裹已经用 {parcel.tracking_number} 交出去了。",
            f"It has left already with {parcel.tracking_number}.",
            code="left_already",
        )
    _refuse_unpacked(parcel)
    _refuse_used(session, parcel, number)
    parcel.carrier, parcel.tracking_number, parcel.handed_over_at = code, number, now
    move_parcel(parcel, HANDED_OVER)
    _write(session)
    record_change(
        session,
        actor=by,
        action="parcel.handed_over",
        subject=f"parcel:{parcel.number}",
        at=now,
        after={"carrier": code, "tracking": number},
    )
    return parcel, True


def correct_waybill(
    session: Session, parcel_id: int, *, carrier: str, tracking: str, now: datetime, by: Actor
) -> Parcel:
    """Put right the courier or the number of a parcel that has left; what stood there is kept in the record of changes.

    Raises:
        Invalid: the number cannot be one, or does not say which courier it belongs to.
        Refused: the parcel has not left yet, or the number is on another parcel.
    """
    code, number = read_waybill(carrier, tracking)
    parcel = _lock_parcel(session, parcel_id)
    if parcel.state != HANDED_OVER:
        raise Refused("这个包裹还没有交给快递。", "This parcel has not left yet.", code="not_left")
    before = {"carrier": parcel.carrier, "tracking": parcel.tracking_number}
    after = {"carrier": code, "tracking": number}
    if before == after:
        return parcel
    _refuse_used(session, parcel, number)
    parcel.carrier, parcel.tracking_number = code, number
    _write(session)
    record_change(
        session,
        actor=by,
        action="parcel.waybill_corrected",
        subject=f"parcel:{parcel.number}",
        at=now,
        before=before,
        after=after,
    )
    return parcel


def read_waybill(carrier: str, tracking: str) -> tuple[str, str]:
    """Courier and clean number as typed or scanned; raises ``Invalid`` at the field that is wrong."""
    try:
        number = clean_tracking(tracking)
    except FieldError as error:
        raise Invalid(error.text.zh, error.text.en, fields={"tracking": error.text}) from None
    try:
        return choose_carrier(carrier, number), number
    except FieldError as error:
        raise Invalid(error.text.zh, error.text.en, fields={"carrier": error.text}) from None


def _lock_parcel(session: Session, parcel_id: int) -> Parcel:
    parcel = session.scalar(
        select(Parcel)
        .where(Parcel.id == parcel_id)
        .with_for_update(of=Parcel)
        .execution_options(populate_existing=True)
    )
    if parcel is None:
        raise NotFound("没有这个包裹。", "There is no such parcel.")
    return parcel


def _refuse_unpacked(parcel: Parcel) -> None:
    if parcel.state == OPEN:
        raise Refused("这个包裹还没有包好。", "This parcel is not packed yet.", code="not_packed")
    if parcel.state == CANCELLED:
        raise Refused(
            "这个订单取消了，包裹不要交出去。", "This order was cancelled; keep the parcel here.", code="cancelled"
        )


def _refuse_used(session: Session, parcel: Parcel, number: str) -> None:
    """A number is on one parcel only, whichever courier it names."""
    other = session.scalar(select(Parcel.number).where(Parcel.tracking_number == number, Parcel.id != parcel.id))
    if other:
        raise _used_already(Text(f"包裹 {other} ", f"parcel {other}"))


def _write(session: Session) -> None:
    """Write what was changed; the unique index has the last word when two people scan one label at one moment."""
    try:
        session.flush()
    except IntegrityError:
        raise _used_already(Text("别的包裹", "another parcel")) from None


def _used_already(other: Text) -> Refused:
    return Refused(f"这个单号已经贴在{other.zh}上了。", f"That number is on {other.en} already.", code="tracking_used")
