"""What a gram of each lot cost. Pure and exact: money in fen as fractions, so that parts add up to the fen that was paid."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from kernel.money import round_half_up


@dataclass(frozen=True)
class Cost:
    """What was paid to farmers, and what the same goods would have cost at market; in fen."""

    paid: Fraction = Fraction(0)
    market: Fraction = Fraction(0)

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.paid + other.paid, self.market + other.market)

    def __mul__(self, share: Fraction | int) -> "Cost":
        return Cost(self.paid * share, self.market * share)

    @property
    def premium(self) -> Fraction:
        """What farmers got above market."""
        return self.paid - self.market


def in_fen(exact: Fraction) -> int:
    """The nearest whole fen, halves up."""
    return round_half_up(Decimal(exact.numerator) / exact.denominator)


@dataclass(frozen=True)
class Source:
    """A lot: the grams it began with, and what its delivery was paid when it is one."""

    lot_id: int
    received_g: int
    paid_fen: int | None = None
    market_fen: int | None = None


@dataclass(frozen=True)
class Part:
    """So many grams of one lot went into another, with what dried away or fell off on the way: the rest bears its cost."""

    child_lot_id: int
    parent_lot_id: int
    grams: int


def cost_per_gram(lots: Iterable[Source], parts: Iterable[Part]) -> dict[int, Cost]:
    """What a gram of each lot cost, from its delivery or from the lots it was made of.

    A lot whose origin is not among ``lots`` costs nothing here: pass every ancestor. Waste of a lot stays its own: it makes
    the rest no dearer.
    """
    made_of: dict[int, list[Part]] = defaultdict(list)
    for part in parts:
        made_of[part.child_lot_id].append(part)
    found: dict[int, Cost] = {}
    # A lot is made after those it is made from, so its parents are known when its turn comes.
    for lot in sorted(lots, key=lambda lot: lot.lot_id):
        whole = Cost(Fraction(lot.paid_fen or 0), Fraction(lot.market_fen or 0))
        for part in made_of[lot.lot_id]:
            whole += found.get(part.parent_lot_id, Cost()) * part.grams
        found[lot.lot_id] = whole * Fraction(1, lot.received_g)
    return found


def together(costs: Iterable[Cost]) -> Cost:
    """The sum of several costs."""
    return sum(costs, Cost())


def bag_cost(bags: int, grams_by_lot: Mapping[int, int], per_gram: Mapping[int, Cost]) -> Cost:
    """What one of the bags cost that were filled with these grams."""
    whole = together(per_gram.get(lot_id, Cost()) * grams for lot_id, grams in grams_by_lot.items())
    return whole * Fraction(1, bags)
