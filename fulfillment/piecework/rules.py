"""Piece pay, worked out in the open: yuan, hours and rates as exact decimals, sums rounded to the fen."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")

# Provisional Regulations on Payment of Wages, art. 13: overtime, rest day and holiday pieces.
OVERTIME, REST_DAY, HOLIDAY = Decimal("1.5"), Decimal(2), Decimal(3)

# 21.75 days of 8 hours: the month that the legal minimum is spread over (the choice is ours, domain-rules.md).
MONTH_HOURS = Decimal(174)


@dataclass(frozen=True)
class Pieces:
    """Pieces of one kind in one period, by when they were done; ``rate_yuan`` for one piece."""

    normal: int
    overtime: int
    rest_day: int
    holiday: int
    rate_yuan: Decimal


@dataclass(frozen=True)
class PiecePay:
    """The working of one period, in yuan with two decimals."""

    piece_total: Decimal
    legal_part: Decimal
    min_floor: Decimal
    top_up: Decimal
    pay: Decimal


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_UP)


def piece_pay(pieces: Iterable[Pieces], legal_hours: Decimal, month_min_yuan: Decimal) -> PiecePay:
    """Pay for a period: pieces with their legal factors, topped up where normal hours earn below the minimum.

    Overtime pay never counts towards the minimum (Regulations on Minimum Wages, art. 12).
    """
    normal = total = Decimal(0)
    for kind in pieces:
        own = kind.normal * kind.rate_yuan
        extra = (kind.overtime * OVERTIME + kind.rest_day * REST_DAY + kind.holiday * HOLIDAY) * kind.rate_yuan
        normal, total = normal + own, total + own + extra
    floor = _cents(month_min_yuan * legal_hours / MONTH_HOURS)
    legal_part, piece_total = _cents(normal), _cents(total)
    top_up = max(Decimal(0), floor - legal_part)
    return PiecePay(piece_total, legal_part, floor, _cents(top_up), _cents(piece_total + top_up))


@dataclass(frozen=True)
class Rate:
    """A dated piece rate; applies to parcels up to a weight, of one product or (``None``) of any."""

    up_to_g: int
    rate_fen: int
    product_id: int | None = None


def rate_for(rates: Sequence[Rate], weight_g: int, products: Collection[int] = ()) -> Rate | None:
    """The rate of a piece: of its product where there is one, else of any; in it, the smallest size that fits.

    A box of several products pays as the best paid of them, so that nobody loses by packing a mixed one.
    """
    found = [rate for product in (products or (None,)) if (rate := _of_size(_of_product(rates, product), weight_g))]
    return max(found, key=lambda rate: rate.rate_fen, default=None)


def _of_product(rates: Sequence[Rate], product: int | None) -> list[Rate]:
    own = [rate for rate in rates if product is not None and rate.product_id == product]
    return own or [rate for rate in rates if rate.product_id is None]


def _of_size(rates: Sequence[Rate], weight_g: int) -> Rate | None:
    """The smallest size that holds the weight; the largest size takes what is heavier still."""
    by_size = sorted(rates, key=lambda rate: rate.up_to_g)
    return next((rate for rate in by_size if weight_g <= rate.up_to_g), by_size[-1] if by_size else None)


def pay_for(quantity: int, rate_fen: int, per: int) -> int:
    """Fen for a quantity at a rate for ``per`` of them, half up: 2,350 g at 180 fen for 1,000 g are 423 fen."""
    return (2 * rate_fen * quantity + per) // (2 * per)


def shares(total_fen: int, weights: Mapping[int, int]) -> dict[int, int]:
    """Parts of a sum by weight that add up to it exactly.

    Everybody gets the whole fen of their part; what is left goes, a fen each, to the largest remainders, among equal
    ones to the lowest key (largest remainder method, Hamilton).
    """
    whole = sum(weights.values())
    parts = {key: total_fen * weight // whole for key, weight in weights.items()}
    left = total_fen - sum(parts.values())
    by_remainder = sorted(weights, key=lambda key: (-(total_fen * weights[key] % whole), key))
    return {key: fen + (key in by_remainder[:left]) for key, fen in parts.items()}
