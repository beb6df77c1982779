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

# Why work is given back: something about the goods, which the lead looks at first, or something about the person.
GOODS_TROUBLES: Final = ("short", "spoiled", "torn_label", "other")
PERSON_TROUBLES: Final = ("unwell", "break")
TROUBLES: Final = (*GOODS_TROUBLES, *PERSON_TROUBLES)
# The lead gives it to somebody else: nothing is wrong with the goods or the person.
REASSIGNED: Final = "reassigned"
