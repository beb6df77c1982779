"""Writing the ledger of piece wages."""

from datetime import date, datetime

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

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
    last = _last_piece(session, task_id)
    if last is not None and last.reversal_id is None:
        return False
    row = {
        "packer_id": packer_id,
        "task_id": task_id,
        "round": last.round + 1 if last else 1,
        "kind": "piece",
        "rate_fen": rate_fen,
        "amount_fen": rate_fen,
        "earned_at": earned_at,
        "reason": "",
        "by": by.name,
    }
    return _write(session, row)


def reverse_wage(session: Session, *, task_id: int, reason: str, at: datetime, by: Actor) -> bool:
    """Take back what is owed for the task with a line of its own; a second time changes nothing."""
    last = _last_piece(session, task_id)
    if last is None or last.reversal_id is not None:
        return False
    row = {
        "packer_id": last.packer_id,
        "task_id": task_id,
        "round": last.round,
        "kind": "reversal",
        "rate_fen": last.rate_fen,
        "amount_fen": -last.rate_fen,
        "earned_at": at,
        "reverses_id": last.id,
        "reason": reason,
        "by": by.name,
    }
    return _write(session, row)


def _write(session: Session, row: dict[str, object]) -> bool:
    """Add a line unless the database knows one like it (its unique indexes)."""
    written = session.execute(insert(WageEntry).values(row).on_conflict_do_nothing().returning(WageEntry.id)).first()
    return written is not None


def _last_piece(session: Session, task_id: int) -> Row[int, int, int, int, int] | None:
    """The newest line that pays for a task, with the id of the line that took it back, if any."""
    reversal = aliased(WageEntry)
    return session.execute(
        select(WageEntry.id, WageEntry.packer_id, WageEntry.round, WageEntry.rate_fen, reversal.id.label("reversal_id"))
        .outerjoin(reversal, reversal.reverses_id == WageEntry.id)
        .where(WageEntry.task_id == task_id, WageEntry.kind == "piece")
        .order_by(WageEntry.round.desc())
        .limit(1)
    ).first()
