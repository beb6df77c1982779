"""What the courier answered, written down: a number, a no, a number taken back, or no usable answer at all."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.couriers.cases import service as cases
from fulfillment.couriers.providers import CourierRefuses, IssuedWaybill
from fulfillment.couriers.rules import clean_tracking
from fulfillment.couriers.tracking.rules import clean_words
from fulfillment.couriers.waybills.models import Waybill
from fulfillment.couriers.waybills.service import CANCEL_JOB, lock_waybill, move_waybill, refuse_used
from fulfillment.couriers.waybills.states import ASKED, CANCELLED, CANCELLING, FAILED, ISSUED
from kernel import outbox
from kernel.errors import Refused
from kernel.parse import FieldError

# After so many tries without an answer the lead is told (about two minutes), and after so many it is given up (an hour).
TELL_AFTER = 6
MOST_TRIES = 11


def begin_sending(session: Session, waybill_id: int, now: datetime) -> Waybill | None:
    """The waybill that is to be asked for, noted as told to the courier; ``None`` when that is not wanted any more."""
    waybill = lock_waybill(session, waybill_id)
    is_wanted = waybill.state == ASKED or (waybill.state == CANCELLING and waybill.number is None)
    if not is_wanted:
        return None
    waybill.sent_at = waybill.sent_at or now
    waybill.tries += 1
    session.flush()
    return waybill


def note_issued(session: Session, waybill_id: int, issued: IssuedWaybill, now: datetime) -> Waybill:
    """The courier gave a number: the parcel's, or one to give back when it is not wanted any more. Twice is once.

    Raises:
        CourierRefuses: the number is none, or is on another parcel; it is not used.
    """
    waybill = lock_waybill(session, waybill_id)
    if waybill.number is not None or waybill.state not in (ASKED, CANCELLING):
        return waybill
    number = _usable(session, waybill.parcel_id, issued.number)
    waybill.number, waybill.issued_at = number, now
    waybill.bulkpen, waybill.pkg_name = issued.bulkpen, issued.pkg_name
    waybill.facts, waybill.fee_fen = dict(issued.facts), issued.fee_fen
    if waybill.state == ASKED:
        move_waybill(waybill, ISSUED)
    else:
        key = f"{CANCEL_JOB}:{waybill.id}"
        outbox.enqueue(session, CANCEL_JOB, {"waybill": waybill.id}, now=now, key=key)
    try:
        session.flush()
    except IntegrityError:
        raise CourierRefuses("number", number) from None
    cases.pass_cases(session, waybill.parcel_id, ["waybill_failed", "waybill_slow"], now=now)
    return waybill


def _usable(session: Session, parcel_id: int, raw: str) -> str:
    try:
        number = clean_tracking(raw)
        refuse_used(session, parcel_id, number)
    except (FieldError, Refused):
        raise CourierRefuses("number", raw) from None
    if session.scalar(select(Waybill.id).where(Waybill.number == number)):
        raise CourierRefuses("number", raw)
    return number


def note_refused(session: Session, waybill_id: int, refusal: CourierRefuses, now: datetime) -> None:
    """The courier said no: work for the lead; where no number was wanted any more, the end."""
    waybill = lock_waybill(session, waybill_id)
    said = clean_words(refusal.said)
    if waybill.state == ASKED:
        move_waybill(waybill, FAILED)
        waybill.problem, waybill.said = refusal.kind, said
        cases.open_case(session, waybill.parcel_id, "waybill_failed", detail=refusal.kind, said=said, now=now)
    elif waybill.state == CANCELLING and refusal.kind == "repeat":
        _keep(session, waybill, refusal.kind, said, now)
    elif waybill.state == CANCELLING:
        move_waybill(waybill, CANCELLED)
        waybill.cancelled_at = now
    session.flush()


def note_away(session: Session, waybill_id: int, reason: str, now: datetime) -> bool:
    """No usable answer; after a while the lead is told, in the end it has failed. Returns whether to try again."""
    waybill = lock_waybill(session, waybill_id)
    if waybill.state not in (ASKED, CANCELLING):
        return False
    if waybill.tries >= MOST_TRIES:
        if waybill.state == ASKED:
            move_waybill(waybill, FAILED)
            waybill.problem, waybill.said = "unknown", reason
            cases.open_case(session, waybill.parcel_id, "waybill_failed", detail="unknown", said=reason, now=now)
        else:
            _keep(session, waybill, "unknown", reason, now)
        cases.pass_cases(session, waybill.parcel_id, ["waybill_slow"], now=now)
        session.flush()
        return False
    if waybill.tries >= TELL_AFTER and waybill.state == ASKED:
        cases.open_case(session, waybill.parcel_id, "waybill_slow", said=reason, now=now)
    return True


def begin_cancelling(session: Session, waybill_id: int) -> Waybill | None:
    """The waybill whose number is to be given back; ``None`` when there is nothing to do any more."""
    waybill = lock_waybill(session, waybill_id)
    if waybill.state != CANCELLING or waybill.number is None:
        return None
    waybill.tries += 1
    session.flush()
    return waybill


def note_cancelled(session: Session, waybill_id: int, now: datetime) -> None:
    """The courier took the number back."""
    waybill = lock_waybill(session, waybill_id)
    if waybill.state == CANCELLING:
        move_waybill(waybill, CANCELLED)
        waybill.cancelled_at = now
        session.flush()
        cases.pass_cases(session, waybill.parcel_id, ["cancel_failed"], now=now)


def note_kept(session: Session, waybill_id: int, refusal: CourierRefuses, now: datetime) -> None:
    """The courier does not take the number back: somebody has to ring."""
    waybill = lock_waybill(session, waybill_id)
    if waybill.state == CANCELLING:
        _keep(session, waybill, refusal.kind, clean_words(refusal.said), now)
        session.flush()


def _keep(session: Session, waybill: Waybill, kind: str, said: str, now: datetime) -> None:
    move_waybill(waybill, FAILED)
    waybill.problem, waybill.said = kind, said
    cases.open_case(session, waybill.parcel_id, "cancel_failed", detail=kind, said=said, now=now)
