"""Waybills as people ask for them, give them up, and type or import their numbers.

Nothing here speaks to a courier: what has to be said is left as a job in the same transaction (``steps.py`` does it).
Rows are locked in one order: the parcel, then its waybill.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.couriers.cases import service as cases
from fulfillment.couriers.providers import SHEET
from fulfillment.couriers.rules import clean_tracking
from fulfillment.couriers.waybills.models import Waybill
from fulfillment.couriers.waybills.states import (
    ASKED,
    CANCELLED,
    CANCELLING,
    FAILED,
    ISSUED,
    LIVE,
    WAYBILL_MOVES,
)
from fulfillment.packing.boxes.queries import box_weights
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import CANCELLED as PARCEL_CANCELLED
from fulfillment.packing.states import HANDED_OVER
from kernel import outbox
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused

SEND_JOB = "send_waybill"
CANCEL_JOB = "cancel_waybill"
MOST_AT_ONCE = 200


def ask_waybills(
    session: Session, parcel_ids: Sequence[int], *, carrier: str, way: str, now: datetime, by: Actor
) -> list[Waybill]:
    """Ask a courier for the numbers of these parcels; one that has a live waybill already is left as it is.

    ``way`` is a name of ``PROVIDERS``: with ``sheet`` the parcel waits for the courier's sheet, otherwise the worker
    asks at once. Returns the new wishes.

    Raises:
        NotFound: a parcel is not there. Refused: one has left or was cancelled; nothing is asked then.
    """
    parcels = lock_parcels(session, parcel_ids)
    gone = [parcel.number for parcel in parcels if parcel.state in (HANDED_OVER, PARCEL_CANCELLED)]
    if gone:
        numbers = ", ".join(gone[:5])
        raise Refused(
            f"这些包裹已经交走或取消了，不用取号：{numbers}",
            f"These parcels have left or were cancelled and need no waybill: {numbers}",
            code="gone",
        )
    # What goes in another parcel's box goes under its number.
    leads = [parcel for parcel in parcels if parcel.sent_with_id is None]
    weights = box_weights(session, [parcel.id for parcel in leads])
    asked = [_ask(session, parcel, weights[parcel.id], carrier, way, now=now, by=by) for parcel in leads]
    return [waybill for waybill in asked if waybill is not None]


def _ask(
    session: Session, parcel: Parcel, weight_g: int, carrier: str, way: str, *, now: datetime, by: Actor
) -> Waybill | None:
    """One new wish; ``None`` when the parcel has a live waybill, which the unique index decides."""
    before = session.scalar(select(func.count()).where(Waybill.parcel_id == parcel.id)) or 0
    row = {
        "parcel_id": parcel.id,
        "key": f"{parcel.number}-{before + 1}",
        "state": ASKED,
        "provider": way,
        "carrier": carrier,
        "facts": {},
        "weight_g": weight_g,
        "asked_at": now,
        "asked_by": by.name,
    }
    waybill = session.scalar(insert(Waybill).values(row).on_conflict_do_nothing().returning(Waybill))
    if waybill is not None and way != SHEET:
        _send(session, waybill, now)
    return waybill


def _send(session: Session, waybill: Waybill, now: datetime) -> None:
    outbox.enqueue(session, SEND_JOB, {"waybill": waybill.id}, now=now, key=f"{SEND_JOB}:{waybill.id}")


def ask_again(session: Session, waybill_id: int, *, now: datetime, by: Actor) -> Waybill:
    """Ask once more for a number that did not come; the key is the same, so that it can be only one.

    Raises:
        Refused: nothing failed, or the parcel has another waybill by now.
    """
    waybill = lock_waybill(session, waybill_id)
    if waybill.state == ASKED:
        return waybill
    if waybill.state != FAILED or waybill.number:
        raise _wrong_state()
    move_waybill(waybill, ASKED)
    waybill.problem, waybill.said, waybill.tries = None, "", 0
    waybill.asked_at, waybill.asked_by = now, by.name
    _write(session)
    cases.pass_cases(session, waybill.parcel_id, ["waybill_failed", "waybill_slow"], now=now)
    _send(session, waybill, now)
    return waybill


def give_number(session: Session, waybill_id: int, number: str, *, now: datetime, by: Actor) -> Waybill:
    """A number that a person looked up, or that came on the courier's sheet; the same again changes nothing.

    Raises:
        FieldError: it cannot be a number. Refused: another number is there, or it is on another parcel.
    """
    clean = clean_tracking(number)
    waybill = lock_waybill(session, waybill_id)
    if waybill.state == ISSUED and waybill.number == clean:
        return waybill
    if waybill.state not in (ASKED, FAILED) or waybill.number not in (None, clean):
        raise _wrong_state()
    refuse_used(session, waybill.parcel_id, clean)
    move_waybill(waybill, ISSUED)
    waybill.number, waybill.issued_at, waybill.problem, waybill.said = clean, now, None, ""
    _write(session)
    cases.pass_cases(session, waybill.parcel_id, ["waybill_failed", "waybill_slow"], now=now)
    record_change(
        session,
        actor=by,
        action="waybill.typed",
        subject=f"parcel:{waybill.parcel.number}",
        at=now,
        after={"carrier": waybill.carrier, "number": clean},
    )
    return waybill


def drop_waybill(session: Session, waybill_id: int, *, reason: str, now: datetime, by: Actor) -> Waybill:
    """Give a waybill up: at the courier too, once it was told of it. Given up already, nothing changes.

    Raises:
        Refused: its parcel has left with it.
    """
    waybill = lock_waybill(session, waybill_id)
    if waybill.parcel.state == HANDED_OVER and waybill.parcel.tracking_number == waybill.number:
        raise Refused("包裹已经带着这张运单交给快递了。", "The parcel has left with this waybill.", code="left_already")
    if waybill.state not in (CANCELLED, CANCELLING):
        _drop(session, waybill, reason=reason, now=now, by=by)
    return waybill


def drop_of_order(session: Session, order_id: UUID, *, reason: str, now: datetime, by: Actor) -> int:
    """The order will not be sent: its waybills are given up. Returns how many. The order must be locked already."""
    parcel_ids = session.scalars(select(Parcel.id).where(Parcel.order_id == order_id)).all()
    return drop_of_parcels(session, parcel_ids, reason=reason, now=now, by=by)


def drop_of_parcels(session: Session, parcel_ids: Sequence[int], *, reason: str, now: datetime, by: Actor) -> int:
    """Give up what these parcels have of waybills that no parcel has left with; returns how many."""
    has_any = select(Waybill.id).where(Waybill.parcel_id.in_(parcel_ids), Waybill.state.in_([*LIVE, FAILED])).limit(1)
    if not parcel_ids or session.scalar(has_any) is None:
        return 0
    lock_parcels(session, parcel_ids)
    waybills = session.scalars(
        select(Waybill)
        .join(Parcel)
        .where(
            Waybill.parcel_id.in_(parcel_ids),
            Waybill.state.in_([*LIVE, FAILED]),
            Waybill.number.is_distinct_from(Parcel.tracking_number) | Waybill.number.is_(None),
        )
        .order_by(Waybill.id)
        .with_for_update(of=Waybill)
        .execution_options(populate_existing=True)
    ).all()
    for waybill in waybills:
        _drop(session, waybill, reason=reason, now=now, by=by)
    return len(waybills)


def _drop(session: Session, waybill: Waybill, *, reason: str, now: datetime, by: Actor) -> None:
    was, waybill.reason = waybill.state, reason
    # What the courier was never told of, and what stands on a sheet only, ends here. A number that did not come may
    # still have been issued: the worker asks for it once more with the same key, to give it back.
    may_be_issued = was in LIVE or (was == FAILED and waybill.problem == "unknown" and waybill.number is None)
    if waybill.provider != SHEET and waybill.sent_at is not None and may_be_issued:
        move_waybill(waybill, CANCELLING)
        waybill.tries, waybill.problem = 0, None
        job = CANCEL_JOB if waybill.number else SEND_JOB
        outbox.enqueue(session, job, {"waybill": waybill.id}, now=now, key=f"{job}:{waybill.id}")
    else:
        move_waybill(waybill, CANCELLED)
        waybill.cancelled_at, waybill.problem = now, None
    session.flush()
    cases.pass_cases(session, waybill.parcel_id, ["waybill_failed", "waybill_slow"], now=now)
    record_change(
        session,
        actor=by,
        action="waybill.dropped",
        subject=f"parcel:{waybill.parcel.number}",
        at=now,
        before={"state": was, "number": waybill.number},
        after={"state": waybill.state, "reason": reason},
    )


def move_waybill(waybill: Waybill, new: str) -> None:
    """Change a waybill's state as the table of moves allows."""
    if new not in WAYBILL_MOVES[waybill.state]:
        raise _wrong_state()
    waybill.state = new


def lock_parcels(session: Session, parcel_ids: Sequence[int]) -> list[Parcel]:
    """The parcels, locked in the order of their ids and read anew.

    Raises:
        NotFound: one of them is not there.
    """
    wanted = sorted(set(parcel_ids))
    found = session.scalars(
        select(Parcel)
        .where(Parcel.id.in_(wanted))
        .order_by(Parcel.id)
        .with_for_update(of=Parcel)
        .execution_options(populate_existing=True)
    ).all()
    if len(found) != len(wanted):
        raise NotFound("有的包裹找不到了，请重新选。", "Some of the parcels are gone. Please choose again.")
    return list(found)


def lock_waybill(session: Session, waybill_id: int) -> Waybill:
    """A waybill after its parcel, both locked and read anew.

    Raises:
        NotFound: there is none.
    """
    parcel_id = session.scalar(select(Waybill.parcel_id).where(Waybill.id == waybill_id))
    if parcel_id is None:
        raise NotFound("没有这张运单。", "There is no such waybill.")
    lock_parcels(session, [parcel_id])
    return session.scalars(
        select(Waybill)
        .where(Waybill.id == waybill_id)
        .with_for_update(of=Waybill)
        .execution_options(populate_existing=True)
    ).one()


_IS_USED = text("""
    SELECT p.number FROM parcels p WHERE p.tracking_number = :number AND COALESCE(p.sent_with_id, p.id) <> :parcel
    UNION ALL
    SELECT p.number FROM waybills w JOIN parcels p ON p.id = w.parcel_id WHERE w.number = :number AND w.parcel_id <> :parcel
    LIMIT 1
""")


def refuse_used(session: Session, parcel_id: int, number: str) -> None:
    """A number is on one box only, whichever courier it names; ``parcel_id`` leads the box."""
    other = session.scalar(_IS_USED, {"number": number, "parcel": parcel_id})
    if other:
        raise Refused(
            f"这个单号已经在包裹 {other} 上了。", f"That number is on parcel {other} already.", code="tracking_used"
        )


def _write(session: Session) -> None:
    """Write what was changed; the unique indexes have the last word when two people act at one moment."""
    try:
        session.flush()
    except IntegrityError:
        raise Refused(
            "这个单号或这个包裹刚刚被用过了，请刷新再看。",
            "That number or parcel was used at this very moment; look again.",
            code="tracking_used",
        ) from None


def _wrong_state() -> Refused:
    return Refused("这张运单现在不能这样改。", "This waybill cannot be changed like that now.", code="wrong_state")
