"""Coming, going, resting and putting right what was noted about it.

A person's open shift is one row, which the database keeps to one a person; whoever changes it locks it first. At the
bench it is locked after the packer and before tasks.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.crew.models import Shift, ShiftBreak
from fulfillment.crew.rules import LEAD, NIGHT, Span, is_stale
from kernel.audit import SYSTEM, Actor, differences, record_change
from kernel.errors import Invalid, NotFound, Refused
from kernel.text import Text

_LONGEST_CORRECTED = timedelta(hours=24)


def begin_shift(session: Session, person_id: int, *, how: str, now: datetime, by: Actor) -> Shift:
    """The person is here from now on; who is here already stays here since then, and a break ends.

    A shift so old that it was forgotten is ended first (:func:`end_forgotten`); callers who know of a later sign of
    work than the shift's own end it themselves before.
    """
    old = _lock_open(session, person_id)
    if old is not None and is_stale(old.began_at, now):
        end_forgotten(session, old, last_sign=None, now=now)
    new = session.execute(
        insert(Shift)
        .values(person_id=person_id, began_at=now, began_how=how)
        # Also waits for somebody else who notes the same person at this moment.
        .on_conflict_do_nothing()
        .returning(Shift.id)
    ).first()
    shift = _lock_open(session, person_id)
    if shift is None:
        # A shift that was entered by hand reaches past now: it ends then, and the person comes again after it.
        raise Refused(
            "这段时间已经记过了，请组长看一下出勤。",
            "This time is noted already; ask the lead to look at the shifts.",
            code="shifts_overlap",
        )
    if new:
        record_change(
            session, actor=by, action="packer.here", subject=f"person:{person_id}", at=now, after={"how": how}
        )
    _end_break(shift, now)
    session.flush()
    return shift


def end_shift(session: Session, person_id: int, *, how: str, now: datetime) -> Shift | None:
    """The person goes home; a break ends with it. Nothing happens to whoever is not here."""
    shift = _lock_open(session, person_id)
    if shift is None:
        return None
    # Two tablets whose clocks or requests cross must not end a shift before it began.
    _end(shift, max(now, shift.began_at), how)
    session.flush()
    return shift


def _end(shift: Shift, at: datetime, how: str) -> None:
    for rest in list(shift.breaks):
        if rest.began_at > at:
            shift.breaks.remove(rest)
        elif rest.ended_at is None or rest.ended_at > at:
            rest.ended_at = at
    shift.ended_at, shift.ended_how = at, how


def begin_break(session: Session, person_id: int, *, now: datetime) -> bool:
    """The person rests from now on; who rests already goes on. Returns whether a break began.

    Raises:
        Refused: the person is not here.
    """
    shift = _lock_open(session, person_id)
    if shift is None:
        raise Refused("还没有来，不用休息。", "Nobody rests who is not here yet.", code="not_here")
    if shift.open_break is not None:
        return False
    latest = max((rest.ended_at for rest in shift.breaks if rest.ended_at), default=shift.began_at)
    shift.breaks.append(ShiftBreak(began_at=max(now, latest)))
    session.flush()
    return True


def end_break(session: Session, person_id: int, *, now: datetime) -> bool:
    """The person is back from a break. Returns whether there was one."""
    shift = _lock_open(session, person_id)
    ended = shift is not None and _end_break(shift, now)
    session.flush()
    return ended


def _end_break(shift: Shift, now: datetime) -> bool:
    rest = shift.open_break
    if rest is not None:
        rest.ended_at = max(now, rest.began_at)
    return rest is not None


def plan_end(session: Session, person_id: int, until: datetime | None, *, now: datetime) -> None:
    """Note when the person means to go home; empty when they do not know.

    Raises:
        Refused: the person is not here. Invalid: the time has passed already, or is more than a day away.
    """
    shift = _lock_open(session, person_id)
    if shift is None:
        raise Refused("还没有来，请先按“来了”。", "Not here yet; press Here first.", code="not_here")
    if until is not None and not now < until <= now + _LONGEST_CORRECTED:
        _refuse("planned_until", "请写今天晚一点的时间。", "Give a time later today.")
    shift.planned_until = until
    session.flush()


def _lock_open(session: Session, person_id: int) -> Shift | None:
    """The person's open shift, locked and read anew with its breaks."""
    shift = session.scalar(
        select(Shift)
        .where(Shift.person_id == person_id, Shift.ended_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if shift is not None:
        session.expire(shift, ["breaks"])
    return shift


def lock_shift(session: Session, shift_id: int) -> Shift:
    """A shift, locked and read anew.

    Raises:
        NotFound: there is none with this id.
    """
    shift = session.get(Shift, shift_id, with_for_update=True, populate_existing=True)
    if shift is None:
        raise NotFound("没有这段出勤。", "There is no such shift.")
    session.expire(shift, ["breaks"])
    return shift


def end_forgotten(session: Session, shift: Shift, *, last_sign: datetime | None, now: datetime) -> None:
    """End a shift that its person forgot, at the last sign of work; the lead is asked to look. ``shift`` must be locked."""
    rests = [moment for rest in shift.breaks for moment in (rest.began_at, rest.ended_at) if moment is not None]
    ended_at = min(now, max([shift.began_at, *rests, *([last_sign] if last_sign else [])]))
    _end(shift, ended_at, NIGHT)
    session.flush()
    record_change(
        session,
        actor=SYSTEM,
        action="shift.forgotten",
        subject=f"person:{shift.person_id}",
        at=now,
        after={"ended_at": ended_at.isoformat()},
    )


def note_looked_at(session: Session, shift_id: int, *, now: datetime, by: Actor) -> Shift:
    """The lead has looked at a forgotten shift and leaves it as it is; a second time changes nothing."""
    shift = lock_shift(session, shift_id)
    if shift.looked_at is None and shift.ended_how == NIGHT:
        shift.looked_at = now
        session.flush()
        record_change(session, actor=by, action="shift.left_as_is", subject=f"person:{shift.person_id}", at=now)
    return shift


def correct_shift(
    session: Session,
    shift_id: int,
    *,
    began_at: datetime,
    ended_at: datetime | None,
    breaks: Sequence[Span],
    reason: str,
    now: datetime,
    by: Actor,
) -> Shift:
    """Put a shift right; what it was, what it is and why are kept.

    Raises:
        NotFound: there is no such shift.
        Invalid: the times are in no order, in the future, or a break is outside.
        Refused: the person had another shift at that time.
    """
    shift = lock_shift(session, shift_id)
    if shift.ended_at is not None and ended_at is None:
        _refuse("ended_at", "请填几点走的。", "Say when the person left.")
    _require_order(Span(began_at, ended_at), breaks, now)
    before = _facts(shift)
    with _no_two_at_a_time(session):
        if shift.ended_at != ended_at:
            shift.ended_how = LEAD
        shift.began_at, shift.ended_at = began_at, ended_at
        shift.breaks.clear()
        session.flush()
        shift.breaks.extend(ShiftBreak(began_at=rest.began_at, ended_at=rest.ended_at) for rest in breaks)
        shift.looked_at = now
        session.flush()
    _record(session, shift, "shift.corrected", before, reason, now, by)
    return shift


def add_shift(
    session: Session,
    person_id: int,
    *,
    began_at: datetime,
    ended_at: datetime,
    breaks: Sequence[Span],
    reason: str,
    now: datetime,
    by: Actor,
) -> Shift:
    """Note a shift that nobody noted while it lasted. Raises as :func:`correct_shift`."""
    _require_order(Span(began_at, ended_at), breaks, now)
    shift = Shift(person_id=person_id, began_at=began_at, began_how=LEAD, ended_at=ended_at, ended_how=LEAD)
    shift.breaks = [ShiftBreak(began_at=rest.began_at, ended_at=rest.ended_at) for rest in breaks]
    with _no_two_at_a_time(session):
        session.add(shift)
        session.flush()
    _record(session, shift, "shift.added", {}, reason, now, by)
    return shift


def _record(
    session: Session, shift: Shift, action: str, before: Mapping[str, Any], reason: str, now: datetime, by: Actor
) -> None:
    was, became = differences(before, _facts(shift))
    record_change(
        session,
        actor=by,
        action=action,
        subject=f"person:{shift.person_id}",
        at=now,
        before=was,
        after={**became, "reason": reason},
    )


def _facts(shift: Shift) -> dict[str, Any]:
    return {
        "began_at": shift.began_at.isoformat(),
        "ended_at": shift.ended_at.isoformat() if shift.ended_at else None,
        "breaks": [
            f"{rest.began_at.isoformat()}/{rest.ended_at.isoformat() if rest.ended_at else ''}" for rest in shift.breaks
        ],
    }


def _require_order(span: Span, breaks: Sequence[Span], now: datetime) -> None:
    """Refuse times that cannot be true."""
    if span.began_at > now:
        _refuse("began_at", "这个时间还没到。", "That time has not come yet.")
    if span.ended_at is not None and not span.began_at <= span.ended_at <= now:
        _refuse(
            "ended_at", "走的时间要在来以后，也不能还没到。", "Leaving comes after arriving, and not in the future."
        )
    if (span.ended_at or now) - span.began_at > _LONGEST_CORRECTED:
        _refuse("ended_at", "一次出勤不能超过 24 小时。", "One shift is at most 24 hours.")
    after = span.began_at
    for rest in sorted(breaks, key=lambda rest: rest.began_at):
        # An open break is only one that goes on now, in a shift that goes on.
        ends = rest.ended_at or (now if span.ended_at is None else None)
        if ends is None or not after <= rest.began_at <= ends <= (span.ended_at or now):
            _refuse(
                "breaks", "休息要在来和走之间，也不能重叠。", "Breaks lie between coming and going and do not overlap."
            )
        after = ends


def _refuse(field: str, zh: str, en: str) -> NoReturn:
    raise Invalid(zh, en, fields={field: Text(zh, en)})


@contextmanager
def _no_two_at_a_time(session: Session) -> Iterator[None]:
    """Write in a savepoint; the database knows whether the person had another shift then."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as error:
        if "ex_shifts_one_at_a_time" not in str(error.orig):
            raise
        raise Refused(
            "这个人在这段时间已经有一段出勤了。请先改那一段。",
            "This person has another shift at that time. Put that one right first.",
            code="shifts_overlap",
        ) from None
