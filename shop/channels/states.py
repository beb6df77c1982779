"""What a platform says of an order, what that means here, and the moves between the two."""

from typing import Final

# The platform's side, in the words of every platform brought to these few.
UNPAID: Final = "unpaid"
TO_SHIP: Final = "to_ship"
PART_SHIPPED: Final = "part_shipped"
SHIPPED: Final = "shipped"
DONE: Final = "done"
CLOSED: Final = "closed"
GIFT_PENDING: Final = "gift_pending"
UNKNOWN: Final = "unknown"

STATUSES: Final = (UNPAID, TO_SHIP, PART_SHIPPED, SHIPPED, DONE, CLOSED, GIFT_PENDING, UNKNOWN)

NO_REFUND: Final = "none"
APPLYING: Final = "applying"
REFUNDING: Final = "refunding"
REFUNDED: Final = "refunded"
PARTLY_REFUNDED: Final = "partial_refunded"
REFUND_CLOSED: Final = "closed"

REFUNDS: Final = (NO_REFUND, APPLYING, REFUNDING, REFUNDED, PARTLY_REFUNDED, REFUND_CLOSED, UNKNOWN)

# How far along a status is; an export that would take an order back is an old one. A gift that nobody has taken
# yet and an unpaid order may both still become anything.
_STEP: Final = {UNPAID: 0, GIFT_PENDING: 0, TO_SHIP: 1, PART_SHIPPED: 2, SHIPPED: 3, DONE: 4, CLOSED: 5}

# Our side: nothing to do here; should be packed but cannot yet; one of our orders; taken off the bench again.
RESTING: Final = "resting"
WAITING: Final = "waiting"
ACCEPTED: Final = "accepted"
STOPPED: Final = "stopped"

STANDINGS: Final = (RESTING, WAITING, ACCEPTED, STOPPED)

MOVES: Final[dict[str, frozenset[str]]] = {
    RESTING: frozenset({WAITING, ACCEPTED}),
    WAITING: frozenset({RESTING, ACCEPTED, STOPPED}),
    # An accepted order is never forgotten: it is packed, or its work is stopped.
    ACCEPTED: frozenset({STOPPED}),
    # The buyer took the refund back, or a person said that it is packed all the same.
    STOPPED: frozenset({WAITING, ACCEPTED, RESTING}),
}


def is_older(new: str, known: str) -> bool:
    """Whether ``new`` comes from before ``known``; an unknown word says nothing about time."""
    if UNKNOWN in (new, known):
        return False
    # Closed is reached from anywhere, so nothing but closed comes after it.
    return _STEP[new] < _STEP[known]
