"""What to do about money that Stripe reports: pure decisions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

# Stripe takes an expiry of 30 minutes to 24 hours (docs.stripe.com, Checkout, managing limited inventory); a
# minute more, since its clock decides. A shorter hold closes the session itself.
SHORTEST_SESSION = timedelta(minutes=31)

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
    url: str | None
    livemode: bool

    @property
    def is_paid(self) -> bool:
        """Whether the money is there."""
        return self.payment_status == "paid"


class Decision(Enum):
    """What an observed session means for its order."""

    WAIT = "wait"
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
        return Decision.CLOSE if facts.status == "expired" else Decision.WAIT
    if (facts.amount_fen, facts.currency) != (amount_fen, currency):
        return Decision.HOLD_FOR_A_PERSON
    if paid_otherwise:
        return Decision.REFUND_DUPLICATE
    by_state = {"held": Decision.PAY, "expired": Decision.TAKE_AGAIN_OR_REFUND}
    # Cancelled or refunded: the buyer said no, so the money goes back.
    return by_state.get(order_state, Decision.REFUND)


def session_expiry(now: datetime, hold_until: datetime) -> datetime:
    """When the hosted page ends by itself, at the earliest that Stripe allows."""
    return max(hold_until, now + SHORTEST_SESSION)
