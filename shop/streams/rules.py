"""Pure decisions about a stream: what comes next, what to warn of, how long a change may be taken back."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

UNDO_SHOWN = timedelta(seconds=10)
# A press in the last of the ten seconds still has to travel.
_ON_THE_WAY = timedelta(seconds=3)

LARGEST_ALLOTMENT = 100_000
LARGEST_CAP = 999
HIGHEST_PRICE_FEN = 10_000_000


def next_to_show(sheet: Sequence[int], for_sale: Collection[int], on_air: int | None) -> int | None:
    """The offer that one press puts on air: the first on the run sheet after the present one that can still be sold."""
    start = sheet.index(on_air) + 1 if on_air in sheet else 0
    return next((offer for offer in sheet[start:] if offer in for_sale), None)


def may_be_undone(changed_at: datetime, now: datetime) -> bool:
    """Whether a change may still be taken back: for the ten seconds that the page offers it."""
    return now - changed_at <= UNDO_SHOWN + _ON_THE_WAY


def missing_stock(allotment: int, taken: int, free: int) -> int:
    """How many pieces of the allotment that are still to be sold are not in the house; zero when all are."""
    return max(0, allotment - taken - free)


def renumbered(sheet: Sequence[int], offer: int, place: int) -> list[int]:
    """The run sheet with ``offer`` at ``place`` (from 1); a place beyond the ends means the first or the last."""
    others = [other for other in sheet if other != offer]
    at = min(max(place, 1), len(sheet)) - 1
    return [*others[:at], offer, *others[at:]]
