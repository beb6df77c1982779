"""Postage by province and weight, as buyers pay it: pure. The owner's table is kept in versions (postage_service.py)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

HEAVIEST_STEP_G = 30_000
MOST_FEN = 100_000
MOST_FREE_FROM_FEN = 10_000_000


@dataclass(frozen=True)
class Rate:
    """So much up to a first weight, so much for each further step that is begun; nothing from an amount of goods on.

    Weights in grams, money in fen; ``free_from_fen`` none: never free.
    """

    first_g: int
    first_fen: int
    more_g: int
    more_fen: int
    free_from_fen: int | None = None

    def fen(self, goods_fen: int, weight_g: int) -> int:
        """The postage of goods of this worth and this weight with their packing."""
        if self.free_from_fen is not None and goods_fen >= self.free_from_fen:
            return 0
        begun = -(-max(0, weight_g - self.first_g) // self.more_g)
        return self.first_fen + begun * self.more_fen


Rates = Mapping[str, Rate]


@dataclass(frozen=True)
class Zone:
    """Provinces with one rate, in the order of the list of provinces."""

    provinces: Sequence[str]
    rate: Rate


def zones_of(rates: Rates, order: Sequence[str]) -> list[Zone]:
    """The table by its rates, the cheapest first."""

    def by_rate(item: tuple[str, Rate]) -> tuple[int, int, int, int, int]:
        rate = item[1]
        return rate.first_fen, rate.more_fen, rate.first_g, rate.more_g, rate.free_from_fen or MOST_FREE_FROM_FEN + 1

    rows = sorted(rates.items(), key=by_rate)
    groups = [list(rows) for _, rows in groupby(rows, key=by_rate)]
    return [Zone(sorted((name for name, _ in group), key=order.index), group[0][1]) for group in groups]


def changed(rates: Rates, provinces: Iterable[str], rate: Rate | None) -> dict[str, Rate]:
    """The table with these provinces at another rate; ``None``: nothing is sent there."""
    others = {name: kept for name, kept in rates.items() if name not in set(provinces)}
    return others if rate is None else others | dict.fromkeys(provinces, rate)


def as_json(rates: Rates) -> dict[str, list[int | None]]:
    """The table as it is stored, and as the order form reads it."""
    return {name: [r.first_g, r.first_fen, r.more_g, r.more_fen, r.free_from_fen] for name, r in sorted(rates.items())}


def from_json(stored: Mapping[str, Sequence[Any]]) -> dict[str, Rate]:
    """The table as it was stored."""
    return {name: Rate(*parts) for name, parts in stored.items()}
