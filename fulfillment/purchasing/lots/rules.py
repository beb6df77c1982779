"""Which lots are used first, when goods go bad, what a drying or a count may show. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

# A lot is named on the home pages when it is good for no longer than this many days, and than this part of its shelf
# life, since fresh goods never last a month.
SOON_DAYS: Final = 30
SOON_PART: Final = 3
# A count that differs by more than this much (grams) and by more than this share is made a second time.
_LARGE_G: Final = 500
_LARGE_BPS: Final = 200


@dataclass(frozen=True)
class OpenLot:
    """A lot that raw goods may be taken from: grams left, and until when it is good."""

    lot_id: int
    left_g: int
    best_before: date


@dataclass(frozen=True)
class Ratio:
    """What is left after drying, in basis points of the weight before."""

    low_bps: int
    high_bps: int


def suggest_parts(wanted_g: int, bag_g: int, lots: Iterable[OpenLot]) -> dict[int, int]:
    """Grams to take from each lot for bags of ``bag_g``: first expired, first out, whole bags of one lot before mixed ones.

    Less than ``wanted_g`` together when the lots do not hold as much.
    """
    in_turn = sorted(lots, key=lambda lot: (lot.best_before, lot.lot_id))
    parts: dict[int, int] = {}
    for unit_g in (bag_g, 1):
        for lot in in_turn:
            free_g = lot.left_g - parts.get(lot.lot_id, 0)
            grams = min(wanted_g, free_g // unit_g * unit_g)
            if grams > 0:
                parts[lot.lot_id] = parts.get(lot.lot_id, 0) + grams
                wanted_g -= grams
    return parts


def passed_over(parts: Mapping[int, int], bag_g: int, lots: Sequence[OpenLot]) -> OpenLot | None:
    """A lot that goes bad before one that is taken from, and would still fill a bag afterwards; ``None``: all in turn."""
    latest = max((lot.best_before for lot in lots if lot.lot_id in parts), default=date.min)
    waiting = [lot for lot in lots if lot.best_before < latest and lot.left_g - parts.get(lot.lot_id, 0) >= bag_g]
    return min(waiting, key=lambda lot: (lot.best_before, lot.lot_id), default=None)


def ends(parts: Iterable[date]) -> date:
    """Until when mixed goods are good: as long as the part that goes bad first."""
    return min(parts)


def good_until(day: date, shelf_life_days: int) -> date:
    """Until when goods made on ``day`` are good."""
    return day + timedelta(days=shelf_life_days)


def share_loss(loss_g: int, grams: Sequence[int]) -> list[int]:
    """What fell off in sorting, shared among the grades by weight, in grams; together exactly ``loss_g``."""
    shares, before_g, all_g = [], 0, sum(grams)
    for each in grams:
        shares.append(loss_g * (before_g + each) // all_g - loss_g * before_g // all_g)
        before_g += each
    return shares


def is_odd_ratio(fresh_g: int, dry_g: int, ratio: Ratio) -> bool:
    """Whether drying left less or more than is usual; compared in integers, bounds included."""
    return not ratio.low_bps * fresh_g <= dry_g * 10_000 <= ratio.high_bps * fresh_g


def is_large_difference(book_g: int, counted_g: int) -> bool:
    """Whether a count differs so much that it is made a second time."""
    difference = abs(book_g - counted_g)
    return difference > _LARGE_G and difference * 10_000 > _LARGE_BPS * book_g


def is_soon(best_before: date, today: date, shelf_life_days: int) -> bool:
    """Whether goods are past their best-before or will be soon."""
    return best_before <= today + timedelta(days=min(SOON_DAYS, shelf_life_days // SOON_PART))
