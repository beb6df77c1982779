"""A complaint is answered: money goes back with the answer in one commit, and the buyer is told."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.workflows.called_off import refund_part
from app.workflows.telling import tell_buyer
from kernel.audit import Actor
from kernel.text import Text
from shop.complaints import service as complaints
from shop.complaints.models import Complaint


def grant_complaint(
    session: Session, complaint_id: int, refund_fen: int, answer: str, *, now: datetime, by: Actor
) -> Complaint:
    """So much of the order's money goes back, and the buyer is told.

    Raises:
        Refused: it was answered already, or more is asked for than is left of the order's money.
    """
    complaint = complaints.grant(session, complaint_id, refund_fen, answer, now=now, by=by)
    refund_part(session, complaint.order_id, refund_fen, reason=f"complaint: {complaint.kind}", by=by, now=now)
    yuan = f"{refund_fen / 100:.2f}"
    _tell(
        session,
        complaint,
        Text(
            f"您报的问题处理好了，退回 {yuan} 元，原路返回。{answer}", f"It is settled: {yuan} yuan go back. {answer}"
        ),
        now,
    )
    return complaint


def refuse_complaint(session: Session, complaint_id: int, answer: str, *, now: datetime, by: Actor) -> Complaint:
    """No money goes back; the buyer is told why."""
    complaint = complaints.refuse(session, complaint_id, answer, now=now, by=by)
    _tell(
        session,
        complaint,
        Text(f"您报的问题有答复了：{answer}", f"There is an answer to what you told us: {answer}"),
        now,
    )
    return complaint


def _tell(session: Session, complaint: Complaint, said: Text, now: datetime) -> None:
    subject = f"complaint:{complaint.id}"
    tell_buyer(session, complaint.order, f"{subject}:answered", said, now, subject=subject)
