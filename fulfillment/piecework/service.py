"""Writing the ledger of piece wages."""

from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.piecework.models import PieceRate, WageEntry
from fulfillment.piecework.rules import Rate, rate_for
from kernel.audit import Actor, record_change
from kernel.errors import Refused


def set_rate(
    session: Session, *, operation: str, up_to_g: int, rate_fen: int, valid_from: date, now: datetime, by: Actor
) -> PieceRate:
    """A new rate from a day on; work that was taken before keeps its own."""
    rate = PieceRate(operation=operation, up_to_g=up_to_g, rate_fen=rate_fen, valid_from=valid_from)
    try:
        with session.begin_nested():
            session.add(rate)
            session.flush()
    except IntegrityError:
        raise Refused(
            "这一天这个大小已经有单价了，请换一天。",
            "There is a rate for that size and day already; choose another day.",
            code="rate_exists",
        ) from None
    record_change(
        session,
        actor=by,
        action="piece_rate.set",
        subject=f"piece_rate:{rate.id}",
        at=now,
        after={"operation": operation, "up_to_g": up_to_g, "rate_fen": rate_fen, "valid_from": valid_from.isoformat()},
    )
    return rate


def rate_now(session: Session, *, operation: str, weight_g: int, day: date) -> int:
    """The rate in fen for a parcel of this weight on this day.

    Raises:
        Refused: nobody has set a rate yet.
    """
    newest = (
        select(PieceRate.up_to_g, func.max(PieceRate.valid_from).label("valid_from"))
        .where(PieceRate.operation == operation, PieceRate.valid_from <= day)
        .group_by(PieceRate.up_to_g)
        .subquery()
    )
    rows = session.execute(
        select(PieceRate.up_to_g, PieceRate.rate_fen)
        .join(newest, (PieceRate.up_to_g == newest.c.up_to_g) & (PieceRate.valid_from == newest.c.valid_from))
        .where(PieceRate.operation == operation)
    )
    rate = rate_for([Rate(row.up_to_g, row.rate_fen) for row in rows], weight_g)
    if rate is None:
        raise Refused("还没有设计件单价，请组长先设。", "No piece rate is set yet; ask the lead.", code="no_rate")
    return rate.rate_fen


def record_wage(
    session: Session, *, packer_id: int, task_id: int, rate_fen: int, earned_at: datetime, by: Actor
) -> bool:
    """Owe a packer for a finished task; a second time changes nothing. Returns whether a line was written."""
    reversals = session.scalar(
        select(func.count()).select_from(WageEntry).where(WageEntry.task_id == task_id, WageEntry.kind == "reversal")
    )
    row = {
        "packer_id": packer_id,
        "task_id": task_id,
        "round": (reversals or 0) + 1,
        "kind": "piece",
        "rate_fen": rate_fen,
        "amount_fen": rate_fen,
        "earned_at": earned_at,
        "reason": "",
        "by": by.name,
    }
    written = session.execute(insert(WageEntry).values(row).on_conflict_do_nothing().returning(WageEntry.id)).first()
    return written is not None


def reverse_wage(session: Session, *, task_id: int, reason: str, at: datetime, by: Actor) -> bool:
    """Take back the task's open entry with a line of its own; a second time changes nothing."""
    reversed_ids = select(WageEntry.reverses_id).where(WageEntry.reverses_id.is_not(None))
    entry = session.scalar(
        select(WageEntry).where(
            WageEntry.task_id == task_id, WageEntry.kind == "piece", WageEntry.id.not_in(reversed_ids)
        )
    )
    if entry is None:
        return False
    row = {
        "packer_id": entry.packer_id,
        "task_id": task_id,
        "round": entry.round,
        "kind": "reversal",
        "rate_fen": entry.rate_fen,
        "amount_fen": -entry.rate_fen,
        "earned_at": at,
        "reverses_id": entry.id,
        "reason": reason,
        "by": by.name,
    }
    written = session.execute(insert(WageEntry).values(row).on_conflict_do_nothing().returning(WageEntry.id)).first()
    return written is not None
