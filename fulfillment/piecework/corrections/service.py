"""Corrections: one person proposes, another decides. Complaints: a packer says it, a person answers."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.piecework.corrections.models import WageComplaint, WageCorrection
from fulfillment.piecework.models import WageEntry
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused


def propose(
    session: Session, *, person_id: int, amount_fen: int, reason: str, now: datetime, by: Actor
) -> WageCorrection:
    """More (or less, below zero) for a person, with a reason; nothing is owed until a second person agrees."""
    correction = WageCorrection(
        person_id=person_id, amount_fen=amount_fen, reason=reason, proposed_by_id=by.person_id, proposed_at=now
    )
    session.add(correction)
    session.flush()
    _record(session, correction, "proposed", now=now, by=by)
    return correction


def confirm(session: Session, correction_id: int, *, now: datetime, by: Actor) -> WageCorrection:
    """A second person agrees: the line is written. A second time changes nothing.

    Raises:
        Refused: who confirms has proposed it or gets it, or it was refused before.
    """
    correction = _lock(session, correction_id)
    if correction.granted_fen == correction.amount_fen:
        return correction
    _require_somebody_else(correction, by)
    if correction.decided_at is not None:
        raise Refused("这笔更正已经退回了。", "That correction was refused before.", code="decided_already")
    correction.granted_fen, correction.decided_by_id, correction.decided_at = (
        correction.amount_fen,
        by.person_id,
        now,
    )
    session.flush()
    session.add(
        WageEntry(
            packer_id=correction.person_id,
            correction_id=correction.id,
            kind="correction",
            rate_fen=correction.amount_fen,
            amount_fen=correction.amount_fen,
            earned_at=now,
            reason=correction.reason,
            by=by.name,
            by_id=by.person_id,
        )
    )
    session.flush()
    _record(session, correction, "confirmed", now=now, by=by)
    return correction


def refuse(session: Session, correction_id: int, *, note: str, now: datetime, by: Actor) -> WageCorrection:
    """A second person does not agree, or who proposed it takes it back; nothing is owed. Decided already: nothing changes.

    Raises:
        Refused: it is for the person who refuses, and somebody else proposed it.
    """
    correction = _lock(session, correction_id)
    if correction.decided_at is None:
        is_taken_back = by.person_id == correction.proposed_by_id
        if not is_taken_back:
            _require_somebody_else(correction, by)
        correction.granted_fen, correction.decided_by_id, correction.decided_at = 0, by.person_id, now
        correction.note = note
        session.flush()
        _record(session, correction, "taken_back" if is_taken_back else "refused", now=now, by=by)
    return correction


def _lock(session: Session, correction_id: int) -> WageCorrection:
    correction = lock_row(session, WageCorrection, correction_id)
    if correction is None:
        raise NotFound("没有这笔更正。", "There is no such correction.")
    return correction


def _require_somebody_else(correction: WageCorrection, by: Actor) -> None:
    if by.person_id in (correction.proposed_by_id, correction.person_id):
        raise Refused(
            "要另一个人来定：不能是提出的人，也不能是本人。",
            "Somebody else decides: neither who proposed it nor whom it is for.",
            code="second_person",
        )


def _record(session: Session, correction: WageCorrection, what: str, *, now: datetime, by: Actor) -> None:
    facts = {"person": correction.person_id, "amount_fen": correction.amount_fen, "reason": correction.reason}
    subject = f"wage_correction:{correction.id}"
    record_change(session, actor=by, action=f"wage_correction.{what}", subject=subject, at=now, after=facts)


def complain(
    session: Session, *, entry_id: int | None, kind: str, words: str, now: datetime, by: Actor
) -> WageComplaint:
    """A packer says that a line of their own is not right, or that one is missing. The same line again: the open one.

    Raises:
        NotFound: the line is not theirs.
    """
    if entry_id is not None:
        known = _open_complaint(session, entry_id)
        own = session.scalar(select(WageEntry.id).where(WageEntry.id == entry_id, WageEntry.packer_id == by.person_id))
        if own is None:
            raise NotFound("没有这一笔。", "There is no such line.")
        if known is not None:
            return known
    complaint = WageComplaint(person_id=by.person_id, entry_id=entry_id, kind=kind, words=words, at=now)
    try:
        with session.begin_nested():
            session.add(complaint)
            session.flush()
    except IntegrityError as error:
        # Pressed on two tablets at once: the first one stands.
        known = _open_complaint(session, entry_id) if entry_id is not None else None
        if "uq_wage_complaints_open" not in str(error.orig) or known is None:
            raise
        return known
    return complaint


def _open_complaint(session: Session, entry_id: int) -> WageComplaint | None:
    return session.scalar(
        select(WageComplaint).where(WageComplaint.entry_id == entry_id, WageComplaint.answered_at.is_(None))
    )


def answer(
    session: Session,
    complaint_id: int,
    *,
    words: str,
    now: datetime,
    by: Actor,
    correction: WageCorrection | None = None,
) -> WageComplaint:
    """A person answers, and perhaps proposes a correction with it; the answer stands in the pass book.

    Raises:
        NotFound: there is no such complaint. Refused: it is one's own; or it was answered meanwhile, so that another
            correction for it would pay it twice; or the correction is for somebody else.
    """
    complaint = lock_row(session, WageComplaint, complaint_id)
    if complaint is None:
        raise NotFound("没有这个问题。", "There is no such question.")
    if complaint.person_id == by.person_id:
        raise Refused("自己提的要别人来答。", "Somebody else answers your own question.", code="second_person")
    if correction is not None and (complaint.answered_at is not None or correction.person_id != complaint.person_id):
        raise Refused(
            "这个问题刚才已经有人答复了。请看那笔更正，还差的再另提。",
            "Somebody has answered this question just now. Look at that first; propose apart from it what is still missing.",
            code="answered_already",
        )
    if complaint.answered_at is None:
        complaint.answered_by_id, complaint.answered_at, complaint.answer = by.person_id, now, words
        complaint.correction_id = correction.id if correction else None
        session.flush()
        record_change(
            session,
            actor=by,
            action="wage_complaint.answered",
            subject=f"wage_complaint:{complaint.id}",
            at=now,
            after={"correction": complaint.correction_id} if correction else {},
        )
    return complaint
