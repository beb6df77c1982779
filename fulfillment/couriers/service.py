"""Parcels leave with a courier, each with a number of its own."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
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


def hand_over_box(
    session: Session, box: Sequence[Parcel], *, carrier: str, tracking: str, now: datetime, by: Actor
) -> bool:
    """Give a packed box to the courier: all its parcels leave under one number. Repeated with that number nothing changes.

    ``box`` is locked, with the orders of its parcels, and begins with the parcel that leads it
    (fulfillment/packing/boxes); ``carrier`` is a code of ``CARRIERS``, or empty: then the number says which courier it
    is. Returns whether this was the first time.

    Raises:
        Invalid: the number cannot be one, or does not say which courier it belongs to.
        Refused: not packed yet, cancelled, gone with another number, or the number is on another parcel.
    """
    code, number = read_waybill(carrier, tracking)
    lead = box[0]
    if lead.state == HANDED_OVER:
        if lead.tracking_number == number:
            return False
        raise Refused(
            f"这个包裹已经用 {lead.tracking_number} 交出去了。",
            f"It has left already with {lead.tracking_number}.",
            code="left_already",
        )
    for parcel in box:
        _refuse_unpacked(parcel, len(box))
    _refuse_used(session, box, number)
    # The one that leads first: the database looks for its number only.
    for parcel in box:
        parcel.carrier, parcel.tracking_number, parcel.handed_over_at = code, number, now
        move_parcel(parcel, HANDED_OVER)
        record_change(
            session,
            actor=by,
            action="parcel.handed_over",
            subject=f"parcel:{parcel.number}",
            at=now,
            after={"carrier": code, "tracking": number},
        )
    _write(session)
    return True


def correct_waybill(
    session: Session, parcel_id: int, *, carrier: str, tracking: str, now: datetime, by: Actor
) -> Parcel:
    """Put right the courier or the number of a parcel that has left; what stood there is kept in the record of changes.

    Raises:
        Invalid: the number cannot be one, or does not say which courier it belongs to.
        Refused: the parcel has not left yet, or the number is on another parcel.
    """
    code, number = read_waybill(carrier, tracking)
    box = _lock_box_that_left(session, parcel_id)
    asked_for = next((parcel for parcel in box if parcel.id == parcel_id), None)
    if asked_for is None:
        raise NotFound("没有这个包裹。", "There is no such parcel.")
    if asked_for.state != HANDED_OVER:
        raise Refused("这个包裹还没有交给快递。", "This parcel has not left yet.", code="not_left")
    before = {"carrier": asked_for.carrier, "tracking": asked_for.tracking_number}
    after = {"carrier": code, "tracking": number}
    if before == after:
        return asked_for
    _refuse_used(session, box, number)
    for parcel in box:
        parcel.carrier, parcel.tracking_number = code, number
        record_change(
            session,
            actor=by,
            action="parcel.waybill_corrected",
            subject=f"parcel:{parcel.number}",
            at=now,
            before=before,
            after=after,
        )
    _write(session)
    return asked_for


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


def _lock_box_that_left(session: Session, parcel_id: int) -> Sequence[Parcel]:
    """A parcel and what shares its box, locked by id; once it has left nothing is put in or taken out."""
    lead = select(func.coalesce(Parcel.sent_with_id, Parcel.id)).where(Parcel.id == parcel_id).scalar_subquery()
    return session.scalars(
        select(Parcel)
        .where(or_(Parcel.id == lead, Parcel.sent_with_id == lead))
        .order_by(Parcel.id)
        .with_for_update(of=Parcel)
        .execution_options(populate_existing=True)
    ).all()


def _refuse_unpacked(parcel: Parcel, in_box: int) -> None:
    if parcel.state == OPEN:
        together = in_box > 1
        raise Refused(
            f"同一箱的 {parcel.number} 还没有包好。包好再交，或者先拆开。" if together else "这个包裹还没有包好。",
            f"{parcel.number} of the same box is not packed yet. Pack it, or take the box apart."
            if together
            else "This parcel is not packed yet.",
            code="not_packed",
        )
    if parcel.state == CANCELLED:
        raise Refused(
            "这个订单取消了，包裹不要交出去。", "This order was cancelled; keep the parcel here.", code="cancelled"
        )


def _refuse_used(session: Session, box: Sequence[Parcel], number: str) -> None:
    """A number is on one box only, whichever courier it names."""
    ours = [parcel.id for parcel in box]
    used = select(Parcel.number).where(Parcel.tracking_number == number, Parcel.id.not_in(ours))
    other = session.scalar(used.order_by(Parcel.id).limit(1))
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
