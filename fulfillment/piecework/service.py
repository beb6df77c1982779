"""Writing the ledger of piece wages."""

from collections.abc import Collection, Mapping
from datetime import date, datetime

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from fulfillment.piecework.models import PieceRate, WageEntry
from fulfillment.piecework.queries import rates_in_force
from fulfillment.piecework.rules import Rate, rate_for
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused


def set_rate(
    session: Session,
    *,
    operation: str,
    up_to_g: int,
    rate_fen: int,
    valid_from: date,
    now: datetime,
    by: Actor,
    product_id: int | None = None,
) -> PieceRate:
    """A new rate from a day on, for one product or for any; work that was taken before keeps its own.

    Raises:
        Refused: there is one for that day already, which can be corrected.
    """
    rate = PieceRate(
        operation=operation, product_id=product_id, up_to_g=up_to_g, rate_fen=rate_fen, valid_from=valid_from
    )
    _write_rate(session, rate)
    _record_rate(session, rate, "set", now=now, by=by)
    return rate


def correct_rate(
    session: Session, rate_id: int, *, rate_fen: int, reason: str, today: date, now: datetime, by: Actor
) -> PieceRate:
    """Put a rate that was typed wrong right, for work that is taken from now on, with a row that supersedes it.

    Raises:
        NotFound: there is no such rate. Refused: it is of an earlier day, or was corrected before.
    """
    wrong = session.get(PieceRate, rate_id)
    if wrong is None:
        raise NotFound("没有这个单价。", "There is no such rate.")
    if wrong.valid_from < today:
        raise Refused(
            "以前的单价不能改，请从今天起定新的。",
            "A rate of an earlier day stays as it is; set a new one from today.",
            code="rate_in_use",
        )
    right = PieceRate(
        operation=wrong.operation,
        product_id=wrong.product_id,
        up_to_g=wrong.up_to_g,
        valid_from=wrong.valid_from,
        rate_fen=rate_fen,
        supersedes_id=wrong.id,
        reason=reason,
    )
    _write_rate(session, right)
    _record_rate(session, right, "corrected", now=now, by=by, before={"rate_fen": wrong.rate_fen})
    return right


def _write_rate(session: Session, rate: PieceRate) -> None:
    try:
        with session.begin_nested():
            session.add(rate)
            session.flush()
    except IntegrityError as error:
        raise _said(error) from None


def _said(error: IntegrityError) -> Exception:
    if "uq_piece_rates_first" in str(error.orig):
        return Refused(
            "这一天这个大小已经有单价了。请换一天；打错了就在那一行点“改错”。",
            "There is a rate for that size and day already. Choose another day, or correct the one that is wrong.",
            code="rate_exists",
        )
    if "uq_piece_rates_supersedes" in str(error.orig):
        return Refused(
            "这个单价刚才已经改过了，请看现在的。",
            "That rate was corrected before; look at the one that holds now.",
            code="rate_superseded",
        )
    return error


def _record_rate(
    session: Session,
    rate: PieceRate,
    what: str,
    *,
    now: datetime,
    by: Actor,
    before: Mapping[str, object] | None = None,
) -> None:
    facts = {
        "operation": rate.operation,
        "product_id": rate.product_id,
        "up_to_g": rate.up_to_g,
        "rate_fen": rate.rate_fen,
        "valid_from": rate.valid_from.isoformat(),
        "reason": rate.reason,
    }
    record_change(
        session,
        actor=by,
        action=f"piece_rate.{what}",
        subject=f"piece_rate:{rate.id}",
        at=now,
        before=before,
        after={name: fact for name, fact in facts.items() if fact not in (None, "")},
    )


def rate_now(session: Session, *, operation: str, weight_g: int, day: date, products: Collection[int] = ()) -> int:
    """The rate in fen on a day for a piece of this weight that holds these products.

    Raises:
        Refused: nobody has set a rate yet.
    """
    rows = rates_in_force(session, operation, day)
    rate = rate_for([Rate(row.up_to_g, row.rate_fen, row.product_id) for row in rows], weight_g, products)
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
