"""Piece pay, worked out in the open: yuan, hours and rates as exact decimals, sums rounded to the fen."""

from collections.abc import Iterable, Sequence
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
    """A dated piece rate; applies to parcels up to a weight."""

    up_to_g: int
    rate_fen: int


def rate_for(rates: Sequence[Rate], weight_g: int) -> Rate | None:
    """The rate of the smallest size that a parcel fits; the largest size takes what is heavier still."""
    by_size = sorted(rates, key=lambda rate: rate.up_to_g)
    return next((rate for rate in by_size if weight_g <= rate.up_to_g), by_size[-1] if by_size else None)
