"""Compare with Stripe and mend what webhooks missed: `gongfang reconcile`.

Everything is read again from Stripe and goes through the same steps as a webhook, so nothing can be applied twice; a
second pass finds nothing.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.care.models import RECONCILE, note_run
from kernel import outbox
from kernel.db import Database
from kernel.errors import Problem
from shop.payments import queries, steps
from shop.payments.models import Payment, PaymentEvent, Refund
from shop.payments.rules import SessionFacts
from shop.payments.states import LIVE, PENDING, REQUESTED
from shop.payments.steps import Till
from shop.payments.stripe_gateway import EventFacts

# Events about other things (a balance, an invoice) are none of ours.
_OURS = ("checkout.session.", "refund.", "charge.dispute.")
_PAYMENT_JOBS = ("send_refund", "expire_checkout", "end_order", "check_payment", "replay_event")


@dataclass
class Reconciled:
    """What was compared, what differed, what is mended, and what a person has to look at."""

    since: datetime
    events_seen: int = 0
    events_missed: int = 0
    events_left: int = 0
    pages_seen: int = 0
    payments_mended: int = 0
    refunds_seen: int = 0
    refunds_mended: int = 0
    jobs_taken_up_again: int = 0
    # Paid pages that no payment here knows, by Stripe's id.
    unknown_paid: list[str] = field(default_factory=list)

    @property
    def found(self) -> int:
        """How many differences there were."""
        mended = self.payments_mended + self.refunds_mended + self.jobs_taken_up_again
        return self.events_missed + mended + len(self.unknown_paid)

    @property
    def left(self) -> int:
        """How many are still there."""
        return self.events_left + len(self.unknown_paid)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        facts = {**asdict(self), "since": self.since.isoformat()}
        return {"ok": not self.left, "found": self.found, "mended": self.found - self.left, "left": self.left, **facts}


def reconcile(database: Database, till: Till, since: datetime, now: datetime) -> Reconciled:
    """Take in every event, page and refund since ``since`` that was missed.

    Raises:
        PaymentsAway: Stripe does not answer; what was done so far stands, and running it again goes on.
    """
    result = Reconciled(since)
    _take_in_events(database, till, result, now)
    _compare_pages(database, till, result, now)
    _ask_about_open_payments(database, till, result, now)
    _ask_about_refunds(database, till, result, now)
    with database.transaction() as session:
        result.jobs_taken_up_again = outbox.take_up_again(session, _PAYMENT_JOBS, now)
        note_run(session, RECONCILE, now, found=result.found, details={**result.as_json(), "unknown_paid": None})
    return result


def _take_in_events(database: Database, till: Till, result: Reconciled, now: datetime) -> None:
    """Oldest first, as they would have come."""
    events = [event for event in till.gateway.events_since(result.since) if event.type.startswith(_OURS)]
    missed = _not_applied(database, events)
    for event in reversed(missed):
        with suppress(Problem):
            steps.receive_event(database, till, event, now)
    result.events_seen, result.events_missed = len(events), len(missed)
    result.events_left = len(_not_applied(database, missed))


def _not_applied(database: Database, events: Sequence[EventFacts]) -> list[EventFacts]:
    ids = [event.event_id for event in events]
    with database.transaction() as session:
        applied = set(
            session.scalars(
                select(PaymentEvent.event_id).where(
                    PaymentEvent.event_id.in_(ids), PaymentEvent.applied_at.is_not(None)
                )
            )
        )
    return [event for event in events if event.event_id not in applied]


def _compare_pages(database: Database, till: Till, result: Reconciled, now: datetime) -> None:
    for facts in till.gateway.sessions_since(result.since):
        result.pages_seen += 1
        before = _state_of_page(database, facts)
        if before is None:
            if facts.is_paid and queries.as_uuid(facts.payment_ref):
                result.unknown_paid.append(facts.session_id)
            continue
        steps.settle_session(database, till, facts, now)
        result.payments_mended += _state_of_page(database, facts) != before


def _state_of_page(database: Database, facts: SessionFacts) -> tuple[str, str | None] | None:
    with database.transaction() as session:
        payment = queries.payment_of_session(session, facts)
        return (payment.state, payment.trouble) if payment else None


def _ask_about_open_payments(database: Database, till: Till, result: Reconciled, now: datetime) -> None:
    """Payments whose page should long be over; their page may be older than ``since``, or was never opened."""
    overdue = select(Payment.id).where(Payment.state.in_(LIVE), Payment.expires_at < now)
    for payment_id in _all(database, overdue):
        before = _states(database, Payment, payment_id)
        steps.look_at_payment(database, till, payment_id, now)
        result.payments_mended += _states(database, Payment, payment_id) != before


def _ask_about_refunds(database: Database, till: Till, result: Reconciled, now: datetime) -> None:
    for refund_id in _all(database, select(Refund.id).where(Refund.state.in_([REQUESTED, PENDING]))):
        result.refunds_seen += 1
        before = _states(database, Refund, refund_id)
        with database.transaction() as session:
            stripe_id = session.get_one(Refund, refund_id).stripe_id
        if stripe_id:
            facts = till.gateway.fetch_refund(stripe_id)
            with database.transaction() as session:
                till.settle_refund(session, facts, now)
        result.refunds_mended += _states(database, Refund, refund_id) != before


def _all(database: Database, query: Any) -> list[UUID]:
    with database.transaction() as session:
        return list(session.scalars(query))


def _states(database: Database, kind: type[Payment] | type[Refund], row_id: UUID) -> str:
    with database.transaction() as session:
        return str(session.scalars(select(kind.state).where(kind.id == row_id)).one())
