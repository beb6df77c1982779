"""What a box costs with a courier, and which courier to take. Pure: money in fen, weight in grams.

The shape of a table is the one of `quotes_2025-09.csv`: a fee up to each of some weights, then so much a kilogram;
the worked cases are in `fee_cases.json`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from fulfillment.couriers.rules import CARRIERS
from kernel.money import round_half_up, yuan
from kernel.text import Text

# A litre weighs 1000 / 6 g on paper: kg = length x width x height in cm / 6000.
VOLUME_DIVISOR: Final = 6_000

# Why a courier was taken, as it is stored.
CHEAPEST: Final = "cheapest"
CHEAPEST_IN_TIME: Final = "cheapest_in_time"
ONLY: Final = "only"
TOO_LATE: Final = "too_late"
DAYS_UNKNOWN: Final = "days_unknown"
LEAD_SAYS: Final = "lead"
HANDED_OVER: Final = "handed_over"


@dataclass(frozen=True)
class Step:
    """What a box up to a weight costs."""

    up_to_g: int
    fee_fen: int


@dataclass(frozen=True)
class Tariff:
    """What one courier charges to one province.

    Above the last step each kilogram more costs ``further_fen_per_kg``, its weight rounded up to whole ``round_up_g``
    (1: charged to the gram); without it nothing heavier is taken. ``days`` is the courier's promise, if there is one.
    """

    carrier: str
    province: str
    zone: str
    steps: tuple[Step, ...]
    further_fen_per_kg: int | None
    round_up_g: int
    surcharge_fen: int = 0
    minimum_fen: int = 0
    volume_divisor: int = VOLUME_DIVISOR
    days: int | None = None


def fee_fen(tariff: Tariff, weight_g: int) -> int | None:
    """The fee of a box of this charged weight; ``None`` when the courier takes nothing that heavy."""
    basic = _basic_fen(tariff, weight_g)
    return None if basic is None else max(basic, tariff.minimum_fen) + tariff.surcharge_fen


def _basic_fen(tariff: Tariff, weight_g: int) -> int | None:
    for step in tariff.steps:
        if weight_g <= step.up_to_g:
            return step.fee_fen
    if tariff.further_fen_per_kg is None:
        return None
    last = tariff.steps[-1] if tariff.steps else Step(0, 0)
    begun = -(-(weight_g - last.up_to_g) // tariff.round_up_g) * tariff.round_up_g
    return last.fee_fen + round_half_up(Decimal(begun * tariff.further_fen_per_kg) / 1000)


def charged_g(weight_g: int, size_cm: Sequence[Decimal] | None, divisor: int) -> int:
    """The weight that is charged: the scale's, or what the box's length, width and height stand for if that is more."""
    if not size_cm:
        return weight_g
    length, width, height = size_cm
    volume = length * width * height * 1000 / divisor
    return max(weight_g, int(volume) + (volume != int(volume)))


def trouble_of(tariff: Tariff) -> Text | None:
    """Why a table cannot be right, or ``None``: a heavier box never costs less, and every box has a fee."""
    if not tariff.steps and tariff.further_fen_per_kg is None:
        return Text("一个价都没有。", "There is no price in it.")
    weights = [step.up_to_g for step in tariff.steps]
    if weights != sorted(set(weights)):  # lightest first, each once
        return Text("同一个重量有两个价。", "One weight has two prices.")
    fees = [step.fee_fen for step in tariff.steps]
    if fees != sorted(fees):
        return Text("重的比轻的便宜，请核对。", "A heavier box costs less than a lighter one; look again.")
    return None


@dataclass(frozen=True)
class Quote:
    """What one courier asks for one box, and in how many days it is there."""

    carrier: str
    fee_fen: int
    days: int | None
    tariff_id: int | None = None


@dataclass(frozen=True)
class Chosen:
    """The courier to take, and why: one of the words above."""

    quote: Quote
    why: str


def choose(quotes: Iterable[Quote], within_days: int) -> Chosen | None:
    """The cheapest courier that is there in time; the fastest when none is; ``None`` when nobody goes there."""
    by_price = sorted(quotes, key=lambda quote: (quote.fee_fen, quote.days is None, quote.days or 0, quote.carrier))
    in_time = [quote for quote in by_price if quote.days is not None and quote.days <= within_days]
    if in_time:
        best = in_time[0]
        if len(by_price) == 1:
            return Chosen(best, ONLY)
        return Chosen(best, CHEAPEST if best.fee_fen == by_price[0].fee_fen else CHEAPEST_IN_TIME)
    promised = sorted((q for q in by_price if q.days is not None), key=lambda q: (q.days or 0, q.fee_fen, q.carrier))
    if promised:
        return Chosen(promised[0], TOO_LATE)
    return Chosen(by_price[0], DAYS_UNKNOWN) if by_price else None


_WHY: Final[dict[str, Text]] = {
    CHEAPEST: Text("最便宜", "cheapest"),
    CHEAPEST_IN_TIME: Text("按时能到的里面最便宜", "cheapest of those that are there in time"),
    ONLY: Text("只有这一家有报价", "the only one with a price"),
    TOO_LATE: Text("没有一家能按时到，这家最快", "none is there in time; this is the fastest"),
    DAYS_UNKNOWN: Text("最便宜，几天到不知道", "cheapest; nobody says how long it takes"),
    LEAD_SAYS: Text("组长定的", "chosen by the lead"),
    HANDED_OVER: Text("交出去的就是这家", "it left with this one"),
}


def explained(carrier: str, fee_fen: int | None, days: int | None, why: str) -> Text:
    """Why this courier, in one sentence: `中通快递：3.20 元，2 天到，最便宜`."""
    name, reason = CARRIERS[carrier], _WHY[why]
    fee = Text(f"{yuan(fee_fen)} 元", f"¥{yuan(fee_fen)}") if fee_fen is not None else Text("没有报价", "no price")
    zh = [fee.zh, *([f"{days} 天到"] if days else []), reason.zh]
    en = [fee.en, *([f"there in {days} days"] if days else []), reason.en]
    return Text(f"{name.zh}：{'，'.join(zh)}", f"{name.en}: {', '.join(en)}")
