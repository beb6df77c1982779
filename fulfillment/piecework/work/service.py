"""Writing other work down: kinds of work, bookings, and the decision of a second person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.piecework import service as piecework
from fulfillment.piecework.models import WageEntry
from fulfillment.piecework.rules import pay_for, shares
from fulfillment.piecework.work import queries, rules
from fulfillment.piecework.work.models import WorkBooking, WorkKind, WorkShare
from kernel.audit import Actor, record_change
from kernel.clock import local_day
from kernel.db import lock_row
from kernel.errors import NotFound, Refused


def add_kind(
    session: Session,
    *,
    code: str,
    name_zh: str,
    name_en: str,
    unit: str,
    per: int,
    customer: str,
    now: datetime,
    by: Actor,
) -> WorkKind:
    """A new kind of piece work; its rate is set on its own.

    Raises:
        Refused: the code is taken.
    """
    kind = WorkKind(code=code, name_zh=name_zh, name_en=name_en, unit=unit, per=per, customer=customer, created_at=now)
    try:
        with session.begin_nested():
            session.add(kind)
            session.flush()
    except IntegrityError as error:
        if "work_kinds_code" not in str(error.orig):
            raise
        raise Refused(
            "这个代号已经有了，请换一个。", "That code is taken; choose another.", code="kind_exists"
        ) from None
    facts = {"code": code, "name": name_zh, "unit": unit, "per": per}
    record_change(session, actor=by, action="work_kind.added", subject=f"work_kind:{kind.id}", at=now, after=facts)
    return kind


def offer_kind(session: Session, kind_id: int, *, now: datetime, by: Actor) -> WorkKind:
    """A kind of work is done here (again)."""
    return _set_active(session, kind_id, "offered", now=now, by=by)


def end_kind(session: Session, kind_id: int, *, now: datetime, by: Actor) -> WorkKind:
    """A kind of work is not done any more; what was written down stays."""
    return _set_active(session, kind_id, "ended", now=now, by=by)


def _set_active(session: Session, kind_id: int, what: str, *, now: datetime, by: Actor) -> WorkKind:
    kind = session.get(WorkKind, kind_id)
    if kind is None:
        raise NotFound("没有这种活。", "There is no such work.")
    if kind.active != (what == "offered"):
        kind.active = what == "offered"
        session.flush()
        record_change(session, actor=by, action=f"work_kind.{what}", subject=f"work_kind:{kind.id}", at=now)
    return kind


@dataclass(frozen=True)
class Note:
    """Work that somebody wants to write down; ``team`` is each person's minutes or parts (1 where parts are equal)."""

    kind_id: int
    product_id: int | None
    quantity: int
    worked_at: datetime
    split: str
    team: Mapping[int, int]
    remark: str = ""


@dataclass(frozen=True)
class Worked:
    """A note worked out: the frozen rate, the sum and each person's part, in fen."""

    kind: WorkKind
    rate_fen: int
    total_fen: int
    parts: Mapping[int, int]


def work_out(session: Session, note: Note, zone: ZoneInfo) -> Worked:
    """What a note would pay, at the rate of the day on which the work was done; stores nothing.

    Raises:
        NotFound: no such kind of work. Refused: it is no longer done, or has no rate.
    """
    kind = session.get(WorkKind, note.kind_id)
    if kind is None:
        raise NotFound("没有这种活。", "There is no such work.")
    if not kind.active:
        raise Refused("这种活现在不做了。", "That work is not done any more.", code="kind_ended")
    rate_fen = piecework.rate_now(
        session,
        operation=kind.code,
        weight_g=0,
        day=local_day(note.worked_at, zone),
        products=[note.product_id] if note.product_id else [],
    )
    total_fen = pay_for(note.quantity, rate_fen, kind.per)
    if total_fen == 0:
        raise Refused(
            "数量太少，算下来不到一分钱。请攒够了再记。",
            "That is too little to make one fen; note it together with more.",
            code="nothing_to_pay",
        )
    return Worked(kind, rate_fen, total_fen, shares(total_fen, rules.weights_of(note.split, note.team)))


def book(session: Session, note: Note, *, zone: ZoneInfo, now: datetime, by: Actor) -> WorkBooking:
    """The lead writes work down: it counts at once.

    Raises:
        Refused: the lead is one of the team, so that somebody else must write it down.
    """
    if by.person_id in note.team:
        raise Refused(
            "您自己也在里面，请另一位组长或负责人来记。",
            "You are one of the team: let another lead or the owner write it down.",
            code="own_work",
        )
    booking = _add(session, note, noted_by=rules.LEAD, zone=zone, now=now, by=by)
    _decide(session, booking, confirmed=True, now=now, by=by)
    return booking


def propose(session: Session, note: Note, *, zone: ZoneInfo, now: datetime, by: Actor) -> WorkBooking:
    """A packer writes down own work, alone or in a team: it waits for the lead."""
    if by.person_id not in note.team:
        raise Refused("请把自己也算进去。", "Count yourself in.", code="not_own_work")
    return _add(session, note, noted_by=rules.PACKER, zone=zone, now=now, by=by)


def _add(session: Session, note: Note, *, noted_by: str, zone: ZoneInfo, now: datetime, by: Actor) -> WorkBooking:
    worked = work_out(session, note, zone)
    booking = WorkBooking(
        kind=worked.kind,
        product_id=note.product_id,
        quantity=note.quantity,
        unit=worked.kind.unit,
        per=worked.kind.per,
        rate_fen=worked.rate_fen,
        total_fen=worked.total_fen,
        split=note.split,
        worked_at=note.worked_at,
        note=note.remark,
        noted_by=noted_by,
        proposed_by_id=by.person_id,
        proposed_at=now,
    )
    weights = rules.weights_of(note.split, note.team)
    booking.shares = [
        WorkShare(person_id=person_id, weight=weights[person_id], amount_fen=fen)
        for person_id, fen in worked.parts.items()
    ]
    session.add(booking)
    session.flush()
    facts = {"work": worked.kind.code, "quantity": note.quantity, "total_fen": worked.total_fen, "people": len(weights)}
    record_change(session, actor=by, action="work.noted", subject=f"work:{booking.id}", at=now, after=facts)
    return booking


def confirm(session: Session, booking_id: int, *, now: datetime, by: Actor) -> WorkBooking:
    """The lead has counted too: the work is owed. A second time changes nothing.

    Raises:
        Refused: it was declined, or the person who confirms is one of the team.
    """
    booking = _lock(session, booking_id)
    if booking.confirmed:
        return booking
    _require_open(booking)
    if by.person_id == booking.proposed_by_id or by.person_id in {share.person_id for share in booking.shares}:
        raise Refused(
            "自己的活要别人来确认。请找另一位组长或负责人。",
            "Own work is confirmed by somebody else: another lead or the owner.",
            code="own_work",
        )
    _decide(session, booking, confirmed=True, now=now, by=by)
    return booking


def decline(session: Session, booking_id: int, *, reason: str, now: datetime, by: Actor) -> WorkBooking:
    """The note is not right; nothing is owed, and the packer sees why. A second time changes nothing."""
    booking = _lock(session, booking_id)
    if booking.decided_at is None:
        booking.note = "\n".join(filter(None, [booking.note, reason]))
        _decide(session, booking, confirmed=False, now=now, by=by)
    return booking


def _lock(session: Session, booking_id: int) -> WorkBooking:
    booking = lock_row(session, WorkBooking, booking_id)
    if booking is None:
        raise NotFound("没有这一笔。", "There is no such note.")
    return booking


def _require_open(booking: WorkBooking) -> None:
    if booking.decided_at is not None:
        raise Refused("这一笔已经退回了。", "That note was declined already.", code="decided_already")


def _decide(session: Session, booking: WorkBooking, *, confirmed: bool, now: datetime, by: Actor) -> None:
    booking.decided_by_id, booking.decided_at, booking.confirmed = by.person_id, now, confirmed
    session.flush()
    if confirmed:
        session.add_all(_owed(booking, share, by) for share in booking.shares)
        session.flush()
    if booking.noted_by == rules.PACKER:
        what = "confirmed" if confirmed else "declined"
        record_change(session, actor=by, action=f"work.{what}", subject=f"work:{booking.id}", at=now)


def _owed(booking: WorkBooking, share: WorkShare, by: Actor) -> WageEntry:
    return WageEntry(
        packer_id=share.person_id,
        share_id=share.id,
        kind="work",
        rate_fen=share.amount_fen,
        amount_fen=share.amount_fen,
        earned_at=booking.worked_at,
        by=by.name,
        by_id=by.person_id,
    )


def undo(session: Session, booking_id: int, *, now: datetime, by: Actor) -> bool:
    """Take back what was decided a moment ago (``UNDO_WITHIN``), by who decided it: each part by a line of its own."""
    booking = _lock(session, booking_id)
    if not may_undo(booking, now, by):
        return False
    parts = queries.live_parts(session, booking_id)
    session.add_all(
        WageEntry(
            packer_id=part.packer_id,
            share_id=part.share_id,
            kind="reversal",
            rate_fen=part.rate_fen,
            amount_fen=-part.rate_fen,
            earned_at=part.earned_at,
            reverses_id=part.id,
            reason="undo",
            by=by.name,
            by_id=by.person_id,
        )
        for part in parts
    )
    session.flush()
    if parts:
        record_change(session, actor=by, action="work.undone", subject=f"work:{booking.id}", at=now)
    return bool(parts)


def may_undo(booking: WorkBooking, now: datetime, by: Actor) -> bool:
    """Whether the way back is still open to this person."""
    return (
        bool(booking.confirmed)
        and booking.decided_by_id == by.person_id
        and booking.decided_at is not None
        and now - booking.decided_at <= rules.UNDO_WITHIN
    )
