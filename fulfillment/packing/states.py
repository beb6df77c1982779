"""The states of parcels and packing tasks and the moves between them."""

from typing import Final

WAITING: Final = "waiting"
TAKEN: Final = "taken"
PACKED: Final = "packed"
STOPPED: Final = "stopped"

TASK_MOVES: Final[dict[str, frozenset[str]]] = {
    WAITING: frozenset({TAKEN, STOPPED}),
    TAKEN: frozenset({PACKED, WAITING, STOPPED}),
    # PACKED -> TAKEN is the undo of ten seconds.
    PACKED: frozenset({TAKEN, STOPPED}),
    STOPPED: frozenset(),
}

OPEN: Final = "open"
HANDED_OVER: Final = "handed_over"
CANCELLED: Final = "cancelled"

PARCEL_MOVES: Final[dict[str, frozenset[str]]] = {
    OPEN: frozenset({PACKED, CANCELLED}),
    PACKED: frozenset({OPEN, HANDED_OVER, CANCELLED}),
    HANDED_OVER: frozenset(),
    CANCELLED: frozenset(),
}

TROUBLES: Final = ("short", "spoiled", "torn_label", "unwell", "break", "other")
