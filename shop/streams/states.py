"""The states of a stream and the moves between them."""

from typing import Final

PLANNED: Final = "planned"
LIVE: Final = "live"
ENDED: Final = "ended"

MOVES: Final[dict[str, frozenset[str]]] = {
    PLANNED: frozenset({LIVE, ENDED}),
    LIVE: frozenset({ENDED}),
    ENDED: frozenset(),
}


def may_move(old: str, new: str) -> bool:
    """Whether a stream may go from ``old`` to ``new``."""
    return new in MOVES[old]
