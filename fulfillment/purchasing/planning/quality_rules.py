"""How good a farmer's goods were, and the one thing that would make them worth more. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

# What is worth a word, in basis points of the weight.
_WET_BPS: Final = 50
_DIRTY_BPS: Final = 100
_LOWER_GRADE_BPS: Final = 3_000
_REFUSED_BPS: Final = 300


@dataclass(frozen=True)
class MonthQuality:
    """A month of one product: basis points are weighed by net grams; ``over_bps``: moisture above the contract's standard."""

    month: date
    product: str
    form: str
    deliveries: int
    net_g: int
    best_grade_bps: int
    moisture_bps: int
    over_bps: int
    foreign_bps: int
    refused_g: int
    turned_away: int

    @property
    def refused_bps(self) -> int:
        """Of what was on the scale, the share that went home."""
        brought = self.net_g + self.refused_g
        return self.refused_g * 10_000 // brought if brought else 0


def advice(months: Sequence[MonthQuality]) -> str:
    """What helps most, from the newest three months: ``drier``, ``cleaner``, ``sorting``, ``picking``, ``good``, or ``none``.

    In the order of what costs a farmer most at the scale: water and dirt are taken off the weight, then the grade.
    """
    newest = sorted(months, key=lambda month: month.month)[-3:]
    grams = sum(month.net_g for month in newest)
    if not grams:
        return "none"

    def mean(bps_g: int) -> int:
        return bps_g // grams

    if mean(sum(m.over_bps * m.net_g for m in newest)) >= _WET_BPS:
        return "drier"
    if mean(sum(m.foreign_bps * m.net_g for m in newest)) >= _DIRTY_BPS:
        return "cleaner"
    if sum(m.refused_g for m in newest) * 10_000 >= (grams + sum(m.refused_g for m in newest)) * _REFUSED_BPS:
        return "sorting"
    if 10_000 - mean(sum(m.best_grade_bps * m.net_g for m in newest)) >= _LOWER_GRADE_BPS:
        return "picking"
    return "good"


def is_better(months: Sequence[MonthQuality]) -> bool:
    """Whether the newest month's best-grade share is above that of the month before it."""
    in_order = sorted(months, key=lambda month: month.month)
    return len(in_order) > 1 and in_order[-1].best_grade_bps > in_order[-2].best_grade_bps
