"""What became of a settlement: the farmer has the money, or it came back and is owed again by a line of its own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts import rules as accounts
from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.models import Payable
from fulfillment.purchasing.settlements.models import (
    PayableQuestion,
    Settlement,
    SettlementPayment,
    SettlementReturn,
)
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused


@dataclass(frozen=True)
class HandOut:
    """How money was handed out: the bank's number or a note, and SVG path data of a signature, both may be empty."""

    method: str
    reference: str = ""
    signature: str = ""


def hand_out(session: Session, settlement_id: int, how: HandOut, *, now: datetime, by: Actor) -> SettlementPayment:
    """The farmer has the money of a settlement. A second time changes nothing.

    Raises:
        Refused: it was taken back before.
    """
    settlement = _lock(session, settlement_id)
    known = session.get(SettlementPayment, settlement_id)
    if known is not None:
        return known
    if session.get(SettlementReturn, settlement_id) is not None:
        raise Refused(
            "这一笔已经撤销了，钱回到应付里了。", "This one was reversed; it is owed anew.", code="returned_already"
        )
    payment = SettlementPayment(
        settlement_id=settlement.id,
        farmer_id=settlement.farmer_id,
        fen=settlement.total_fen,
        method=how.method,
        reference=how.reference,
        signature=how.signature,
        at=now,
        by=by.name,
    )
    session.add(payment)
    session.flush()
    _record(session, settlement, "handed_out", {"method": how.method, "signed": bool(how.signature)}, now=now, by=by)
    return payment


def take_money_back(session: Session, settlement_id: int, *, reason: str, now: datetime, by: Actor) -> SettlementReturn:
    """The bank sent it back, or it was wrong: an entry owes the farmer the same sum again. A second time changes nothing.

    What the settlement kept for advances stays set off.

    Raises:
        Refused: there was no money in it.
    """
    settlement = _lock(session, settlement_id)
    known = session.get(SettlementReturn, settlement_id)
    if known is not None:
        return known
    if not settlement.total_fen:
        raise Refused("这一笔没有钱要退。", "There is no money in this one.", code="nothing_to_return")
    entry = FarmerEntry(
        idempotency_key=f"came-back:{settlement.id}",
        farmer_id=settlement.farmer_id,
        kind=accounts.CAME_BACK,
        amount_fen=settlement.total_fen,
        day=now.date(),
        reason=reason,
        at=now,
        by=by.name,
    )
    session.add(entry)
    session.flush()
    returned = SettlementReturn(
        settlement_id=settlement.id,
        entry_id=entry.id,
        farmer_id=settlement.farmer_id,
        fen=settlement.total_fen,
        reason=reason,
        at=now,
        by=by.name,
    )
    session.add(returned)
    session.flush()
    _record(session, settlement, "came_back", {"fen": settlement.total_fen, "reason": reason}, now=now, by=by)
    return returned


def _lock(session: Session, settlement_id: int) -> Settlement:
    settlement = lock_row(session, Settlement, settlement_id)
    if settlement is None:
        raise NotFound("没有这次结算。", "There is no such settlement.")
    return settlement


def _record(
    session: Session, settlement: Settlement, what: str, after: dict[str, object], *, now: datetime, by: Actor
) -> None:
    subject = f"settlement:{settlement.id}"
    record_change(session, actor=by, action=f"settlement.{what}", subject=subject, at=now, after=after)


def ask_about(session: Session, payable_id: int, *, reason: str, now: datetime, by: Actor) -> PayableQuestion:
    """Somebody doubts what is owed for a delivery: runs leave it out until it is answered.

    The same form sent twice asks once.

    Raises:
        Refused: another question is open already.
    """
    if session.get(Payable, payable_id) is None:
        raise NotFound("没有这笔应付款。", "There is no such payable.")
    question = PayableQuestion(payable_id=payable_id, reason=reason, asked_at=now, asked_by=by.name)
    try:
        with session.begin_nested():
            session.add(question)
            session.flush()
    except IntegrityError as error:
        if "uq_payable_questions_open" not in str(error.orig):
            raise
        is_open = (PayableQuestion.payable_id == payable_id, PayableQuestion.answered_at.is_(None))
        open_one = session.scalars(select(PayableQuestion).where(*is_open)).one_or_none()
        if open_one and (open_one.reason, open_one.asked_by) == (reason, by.name):
            return open_one
        raise Refused(
            "这一笔已经有疑问在等答复。", "A question about it is open already.", code="question_open"
        ) from None
    return question


def answer(session: Session, question_id: int, *, words: str, now: datetime, by: Actor) -> PayableQuestion:
    """The doubt is cleared, with words that say how. A second answer changes nothing."""
    question = lock_row(session, PayableQuestion, question_id)
    if question is None:
        raise NotFound("没有这个疑问。", "There is no such question.")
    if question.answered_at is None:
        question.answer, question.answered_at, question.answered_by = words, now, by.name
        session.flush()
    return question
