"""Complaining, taking it back, and the answer. Money goes back through the order's own refund (app/workflows)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import Invalid, NotFound, Refused
from kernel.photos import Photo
from kernel.text import Text
from shop.complaints import queries, rules
from shop.complaints.models import Complaint, ComplaintPhoto
from shop.orders.models import Order


def complain(
    session: Session, order: Order, kind: str, words: str, photos: Sequence[Photo], *, key: str, now: datetime
) -> Complaint:
    """Write a complaint with its photos; the same key again is the same complaint.

    Raises:
        Refused: it is too early or too late, or one is open already. Invalid: damage is to be seen, or too many photos.
    """
    known = session.scalar(select(Complaint).where(Complaint.key == key, Complaint.order_id == order.id))
    if known is not None:
        return known
    against = rules.why_not(kind, queries.delivered(session, order), now)
    if against is not None:
        raise Refused(against.zh, against.en, code="not_now")
    if kind == rules.DAMAGED and not photos:
        _refuse_photos("请拍一张照片，让我们看看坏在哪里。", "Please take a photo that shows the damage.")
    if len(photos) > rules.MOST_PHOTOS:
        _refuse_photos(f"最多 {rules.MOST_PHOTOS} 张照片。", f"{rules.MOST_PHOTOS} photos at most.")
    complaint = Complaint(key=key, order_id=order.id, kind=kind, words=words, state=rules.OPEN, at=now)
    complaint.photos = [
        ComplaintPhoto(place=place, jpeg=each.jpeg, width=each.width, height=each.height)
        for place, each in enumerate(photos, 1)
    ]
    try:
        with session.begin_nested():
            session.add(complaint)
            session.flush()
    except IntegrityError as error:
        if "uq_complaints" not in str(error.orig):
            raise
        raise Refused(
            "您已经报过一次，我们正在看。", "You have told us already; we are looking into it.", code="open_already"
        ) from None
    return complaint


def _refuse_photos(zh: str, en: str) -> None:
    raise Invalid(zh, en, fields={"photos": Text(zh, en)})


def withdraw(session: Session, complaint_id: int, *, now: datetime, by: Actor) -> Complaint:
    """The buyer takes it back; one that is answered stays answered."""
    complaint = lock_complaint(session, complaint_id)
    if complaint.state == rules.OPEN:
        _decide(session, complaint, rules.WITHDRAWN, "", now=now, by=by)
    return complaint


def refuse(session: Session, complaint_id: int, answer: str, *, now: datetime, by: Actor) -> Complaint:
    """No money goes back, and the buyer reads why.

    Raises:
        Refused: somebody answered it already.
    """
    complaint = _lock_open(session, complaint_id)
    _decide(session, complaint, rules.REFUSED, answer, now=now, by=by)
    return complaint


def grant(session: Session, complaint_id: int, refund_fen: int, answer: str, *, now: datetime, by: Actor) -> Complaint:
    """So much goes back; whoever calls this sends the money in the same transaction (``workflows.grant_complaint``).

    Raises:
        Refused: somebody answered it already.
    """
    complaint = _lock_open(session, complaint_id)
    complaint.refund_fen = refund_fen
    _decide(session, complaint, rules.GRANTED, answer, now=now, by=by)
    return complaint


def erase_words(session: Session, order_ids: Sequence[UUID]) -> None:
    """What a buyer told about these orders, and the photos, are gone; that there was a complaint, and the money, stay."""
    mine = select(Complaint.id).where(Complaint.order_id.in_(order_ids), Complaint.state != rules.OPEN)
    session.execute(delete(ComplaintPhoto).where(ComplaintPhoto.complaint_id.in_(mine)))
    session.execute(update(Complaint).where(Complaint.id.in_(mine)).values(words=""))


def lock_complaint(session: Session, complaint_id: int) -> Complaint:
    """The complaint, locked and read anew."""
    complaint = lock_row(session, Complaint, complaint_id)
    if complaint is None:
        raise NotFound("没有这条售后。", "There is no such complaint.")
    return complaint


def _lock_open(session: Session, complaint_id: int) -> Complaint:
    complaint = lock_complaint(session, complaint_id)
    if complaint.state != rules.OPEN:
        raise Refused(
            "这一条已经有人处理了，或者买家撤回了。",
            "It is answered already, or was taken back.",
            code="decided_already",
        )
    return complaint


def _decide(session: Session, complaint: Complaint, state: str, answer: str, *, now: datetime, by: Actor) -> None:
    complaint.state, complaint.answer, complaint.decided_at, complaint.decided_by = state, answer, now, by.name
    session.flush()
    after = {"state": state, "answer": answer, "refund_fen": complaint.refund_fen}
    subject = f"complaint:{complaint.id}"
    record_change(session, actor=by, action=f"complaint.{state}", subject=subject, at=now, after=after)
