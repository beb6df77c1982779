"""Deciding about a delivery whose market price was corrected afterwards: once, by a person, never to the farmer's loss."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts.service import add_supplement
from fulfillment.purchasing.corrections import queries
from fulfillment.purchasing.corrections.models import QuoteCorrection
from fulfillment.purchasing.corrections.queries import PAID, Difference
from fulfillment.purchasing.models import Delivery
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused


@dataclass(frozen=True)
class Decision:
    """What a person decided about the line they saw: ``seen_fen`` is the difference that stood there."""

    delivery_id: int
    quote_id: int
    seen_fen: int
    decision: str
    reason: str = ""


def decide(session: Session, wish: Decision, *, now: datetime, by: Actor) -> QuoteCorrection:
    """Pay the difference as a supplement, or leave it with a reason; the same line again changes nothing.

    Raises:
        NotFound: no such delivery. Refused: the difference is another one by now, or nothing is missing.
    """
    _lock(session, wish.delivery_id)
    known = queries.decision_about(session, wish.delivery_id, wish.quote_id)
    if known is not None:
        return known
    found = next(iter(queries.open_differences(session, wish.delivery_id)), None)
    if found is None or found.fen <= 0 or (found.quote.id, found.fen) != (wish.quote_id, wish.seen_fen):
        raise Refused("价又变了，请再看一眼。", "The price has changed meanwhile. Please look again.", code="changed")
    line = _write(session, found, wish, now, by)
    record_change(
        session,
        actor=by,
        action=f"quote_correction.{line.decision}",
        subject=f"delivery:{line.delivery_id}",
        at=now,
        before={"pay_fen": line.was_fen, "added_fen": line.before_fen},
        after={"would_fen": line.would_fen, "quote_id": line.quote_id, "reason": line.reason},
    )
    return line


def _lock(session: Session, delivery_id: int) -> None:
    """One decision about a delivery at a time; the row itself is never changed."""
    locked = select(Delivery.id).where(Delivery.id == delivery_id).with_for_update(key_share=True)
    if session.scalar(locked) is None:
        raise NotFound("没有这次交货。", "There is no such delivery.")


def _write(session: Session, found: Difference, wish: Decision, now: datetime, by: Actor) -> QuoteCorrection:
    delivery = found.delivery
    entry = None
    if wish.decision == PAID:
        entry = add_supplement(
            session,
            farmer_id=delivery.farmer_id,
            delivery_id=delivery.id,
            amount_fen=found.fen,
            reason=f"{found.quote.day} 行情更正 / price corrected",
            key=f"correction:{delivery.id}:{found.quote.id}",
            now=now,
            by=by,
        )
    line = QuoteCorrection(
        delivery_id=delivery.id,
        quote_id=found.quote.id,
        farmer_id=delivery.farmer_id,
        was_fen=delivery.pay_fen,
        before_fen=found.before_fen,
        would_fen=found.would_fen,
        difference_fen=found.fen,
        decision=wish.decision,
        entry_id=entry.id if entry else None,
        reason=wish.reason,
        at=now,
        by=by.name,
    )
    session.add(line)
    session.flush()
    return line
