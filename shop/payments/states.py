"""The states of a payment and of a refund."""

from typing import Final

OPENING: Final = "opening"  # the intent is written, Stripe has not answered yet
OPEN: Final = "open"  # the hosted page is open
UNDER_WAY: Final = "under_way"  # the buyer is done on the page, the wallet's money is not there yet
SUCCEEDED: Final = "succeeded"
EXPIRED: Final = "expired"  # nothing was charged on this page and nothing should be any more

PAYMENT_STATES: Final = (OPENING, OPEN, UNDER_WAY, SUCCEEDED, EXPIRED)

# While a payment is in one of these its page is the order's only one.
LIVE: Final = (OPENING, OPEN, UNDER_WAY)

# A wallet may succeed after the page ran out, so EXPIRED is not the end; SUCCEEDED is.
PAYMENT_MOVES: Final[dict[str, frozenset[str]]] = {
    OPENING: frozenset({OPEN, UNDER_WAY, SUCCEEDED, EXPIRED}),
    OPEN: frozenset({UNDER_WAY, SUCCEEDED, EXPIRED}),
    UNDER_WAY: frozenset({SUCCEEDED, EXPIRED}),
    EXPIRED: frozenset({SUCCEEDED}),
    SUCCEEDED: frozenset(),
}

REQUESTED: Final = "requested"
PENDING: Final = "pending"
REFUND_SUCCEEDED: Final = "succeeded"
FAILED: Final = "failed"

REFUND_MOVES: Final[dict[str, frozenset[str]]] = {
    REQUESTED: frozenset({PENDING, REFUND_SUCCEEDED, FAILED}),
    PENDING: frozenset({REFUND_SUCCEEDED, FAILED}),
    # A wallet's refund can come back days after it was reported as done.
    REFUND_SUCCEEDED: frozenset({FAILED}),
    FAILED: frozenset(),
}
