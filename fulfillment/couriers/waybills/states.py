"""The states of a waybill and the moves between them."""

from typing import Final

from fulfillment.couriers.providers import SHEET

ASKED: Final = "asked"
ISSUED: Final = "issued"
CANCELLING: Final = "cancelling"
CANCELLED: Final = "cancelled"
FAILED: Final = "failed"

STATES: Final = (ASKED, ISSUED, CANCELLING, CANCELLED, FAILED)
# At most one of a parcel is in these.
LIVE: Final = (ASKED, ISSUED)

WAYBILL_MOVES: Final[dict[str, frozenset[str]]] = {
    ASKED: frozenset({ISSUED, FAILED, CANCELLING, CANCELLED}),
    ISSUED: frozenset({CANCELLING, CANCELLED}),
    # CANCELLING -> FAILED: the courier will not take the number back, and a person has to ring.
    CANCELLING: frozenset({CANCELLED, FAILED}),
    # FAILED -> ASKED is "ask again" with the same key; -> ISSUED a number that somebody looked up.
    # -> CANCELLING: nobody knows whether the number was issued, so it is asked for once more, to give it back.
    FAILED: frozenset({ASKED, ISSUED, CANCELLING, CANCELLED}),
    CANCELLED: frozenset(),
}

PROVIDERS: Final = ("kuaidi100", "kdniao", SHEET)
