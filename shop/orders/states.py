"""The states of an order and every move between them that is allowed."""

from typing import Final

HELD: Final = "held"
PAID: Final = "paid"
SHIPPED: Final = "shipped"
DELIVERED: Final = "delivered"
EXPIRED: Final = "expired"
CANCELLED: Final = "cancelled"
REFUNDED: Final = "refunded"

STATES: Final = (HELD, PAID, SHIPPED, DELIVERED, EXPIRED, CANCELLED, REFUNDED)

# EXPIRED -> PAID is the late payment that finds stock again; EXPIRED or CANCELLED -> REFUNDED is the one
# that does not. A cancelled order is never revived: the buyer said no.
MOVES: Final[dict[str, frozenset[str]]] = {
    HELD: frozenset({PAID, EXPIRED, CANCELLED}),
    PAID: frozenset({SHIPPED, REFUNDED}),
    SHIPPED: frozenset({DELIVERED, REFUNDED}),
    DELIVERED: frozenset({REFUNDED}),
    EXPIRED: frozenset({PAID, REFUNDED}),
    CANCELLED: frozenset({REFUNDED}),
    REFUNDED: frozenset(),
}

# In these states the order's stock is set aside or gone; in the others it is free again.
TAKES_STOCK: Final = frozenset({HELD, PAID, SHIPPED, DELIVERED})


def may_move(old: str, new: str) -> bool:
    """Whether an order may go from ``old`` to ``new``."""
    return new in MOVES[old]
