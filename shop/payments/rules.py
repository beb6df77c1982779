"""What to do about money that Stripe reports: pure decisions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

# Stripe takes an expiry of 30 minutes to 24 hours (docs.stripe.com, Checkout, managing limited inventory); a
# minute of room at both ends, since its clock decides. A shorter hold closes the session itself.
SHORTEST_SESSION = timedelta(minutes=31)
LONGEST_SESSION = timedelta(hours=24) - timedelta(minutes=1)

# Stripe sends an event again for three days; what is not known by then a person has to look at.
ASK_FOR = timedelta(days=3)
_ASK_AT_MOST_EVERY = timedelta(minutes=1)

METHODS = ("card", "alipay", "wechat_pay")


@dataclass(frozen=True)
class SessionFacts:
    """A Checkout session as Stripe shows it when asked; money in fen."""

    session_id: str
    payment_ref: str | None
    status: str
    payment_status: str
    amount_fen: int
    currency: str
    intent_id: str | None
    intent_status: str | None
    url: str | None
    livemode: bool

    @property
    def is_paid(self) -> bool:
        """Whether the money is there."""
        return self.payment_status == "paid"

    @property
    def is_over(self) -> bool:
        """Whether nothing was paid here and nothing will be: the page ran out, or the wallet said no afterwards."""
        wallet_said_no = self.status == "complete" and self.intent_status in ("requires_payment_method", "canceled")
        return not self.is_paid and (self.status == "expired" or wallet_said_no)

    @property
    def is_under_way(self) -> bool:
        """Whether the buyer is done on the page and the wallet's answer is still to come."""
        return self.status == "complete" and not self.is_paid and not self.is_over


class Decision(Enum):
    """What an observed session means for its order."""

    WAIT = "wait"
    UNDER_WAY = "under_way"
    CLOSE = "close"
    PAY = "pay"
    TAKE_AGAIN_OR_REFUND = "take_again_or_refund"
    REFUND = "refund"
    REFUND_DUPLICATE = "refund_duplicate"
    HOLD_FOR_A_PERSON = "hold_for_a_person"
    NOTHING = "nothing"


def decide(
    facts: SessionFacts, *, amount_fen: int, currency: str, payment_state: str, order_state: str, paid_otherwise: bool
) -> Decision:
    """What to do about a payment, given what Stripe says and what state the order is in."""
    if payment_state == "succeeded":
        return Decision.NOTHING
    if not facts.is_paid:
        if facts.is_over:
            return Decision.CLOSE
        return Decision.UNDER_WAY if facts.is_under_way else Decision.WAIT
    if (facts.amount_fen, facts.currency) != (amount_fen, currency):
        return Decision.HOLD_FOR_A_PERSON
    if paid_otherwise:
        return Decision.REFUND_DUPLICATE
    by_state = {"held": Decision.PAY, "expired": Decision.TAKE_AGAIN_OR_REFUND}
    # Cancelled or refunded: the buyer said no, so the money goes back.
    return by_state.get(order_state, Decision.REFUND)


def session_expiry(now: datetime, hold_until: datetime) -> datetime:
    """When the hosted page ends by itself: with the hold, as far as Stripe allows."""
    return min(max(hold_until, now + SHORTEST_SESSION), now + LONGEST_SESSION)


def ask_again_at(opened_at: datetime, now: datetime) -> datetime | None:
    """When to ask next about a page that nobody reported on: soon at first, then rarely; ``None`` after three days."""
    age = now - opened_at
    return None if age > ASK_FOR else now + max(_ASK_AT_MOST_EVERY, age / 4)
