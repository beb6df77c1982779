"""The price to the farmer, worked out in the open, and the checks of a weigh-in. Integers in, integers out.

Order of working (domain-rules.md, "Farmer price"; the rounding order is ours): market and premium, the floor, the
grade deduction, then the weight, then the pay; every step is rounded half up before the next.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from kernel.money import round_half_up
from kernel.text import Text

WHOLE = 10_000  # basis points

# The promise: outside this range a premium is a data error, not a warning.
LEAST_PREMIUM_BPS, MOST_PREMIUM_BPS = 1_000, 1_500

# Settled weights are written with two decimals of a kilogram.
_WEIGHT_STEP_G = 10


@dataclass(frozen=True)
class Terms:
    """What a contract promises. Rates in basis points, money in fen per kg."""

    premium_bps: int
    floor_fen_per_kg: int
    standard_moisture_bps: int
    reject_above_bps: int | None = None


@dataclass(frozen=True)
class Weighed:
    """What was found at the scale. Weight in grams, rates in basis points."""

    net_g: int
    moisture_bps: int
    foreign_bps: int = 0
    grade_deduction_bps: int = 0


@dataclass(frozen=True)
class Price:
    """Every line of the working; money in fen (per kg where named so), weight in grams."""

    market_fen_per_kg: int
    with_premium_fen_per_kg: int
    promised_fen_per_kg: int
    unit_fen_per_kg: int
    clean_g: int
    settle_g: int
    pay_fen: int
    market_pay_fen: int

    @property
    def floor_applied(self) -> bool:
        """Whether the floor was more than the market with its premium."""
        return self.promised_fen_per_kg > self.with_premium_fen_per_kg

    @property
    def premium_fen(self) -> int:
        """How much more the farmer gets than the market would have paid for the same goods."""
        return self.pay_fen - self.market_pay_fen


class Rejected(Exception):
    """The goods are refused under the contract; ``text`` says why."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def price_to_farmer(market_fen_per_kg: int, terms: Terms, weighed: Weighed) -> Price:
    """The pay for a delivery: market plus premium or the floor, whichever is more, for the weight at standard moisture.

    Raises:
        ValueError: a premium outside 10 % to 15 %, or weights and rates that cannot be.
        Rejected: more moisture than the contract takes.
    """
    _check(market_fen_per_kg, terms, weighed)
    refuse_too_moist(weighed.moisture_bps, terms.reject_above_bps)
    with_premium = _times(market_fen_per_kg, WHOLE + terms.premium_bps)
    promised = max(with_premium, terms.floor_fen_per_kg)
    unit = _times(promised, WHOLE - weighed.grade_deduction_bps)
    clean, settle = _settled(weighed, terms.standard_moisture_bps)
    market_unit = _times(market_fen_per_kg, WHOLE - weighed.grade_deduction_bps)
    return Price(
        market_fen_per_kg=market_fen_per_kg,
        with_premium_fen_per_kg=with_premium,
        promised_fen_per_kg=promised,
        unit_fen_per_kg=unit,
        clean_g=clean,
        settle_g=settle,
        pay_fen=_pay(unit, settle),
        market_pay_fen=_pay(market_unit, settle),
    )


def refuse_too_moist(moisture_bps: int, reject_above_bps: int | None) -> None:
    """Raise :class:`Rejected` for goods that are wetter than the contract takes, whatever the price."""
    if reject_above_bps is not None and moisture_bps > reject_above_bps:
        raise Rejected(
            f"水分 {moisture_bps / 100:g}% 超过合同上限 {reject_above_bps / 100:g}%，请晒干再来。",
            f"Moisture {moisture_bps / 100:g} % is above the contract's {reject_above_bps / 100:g} %; dry it and come again.",
        )


def _check(market_fen_per_kg: int, terms: Terms, weighed: Weighed) -> None:
    if not LEAST_PREMIUM_BPS <= terms.premium_bps <= MOST_PREMIUM_BPS:
        raise ValueError("the premium must be from 10 % to 15 %")
    if market_fen_per_kg <= 0 or terms.floor_fen_per_kg < 0:
        raise ValueError("prices must be positive")
    if weighed.net_g <= 0:
        raise ValueError("the net weight must be positive")
    for rate in (weighed.moisture_bps, weighed.foreign_bps, weighed.grade_deduction_bps, terms.standard_moisture_bps):
        if not 0 <= rate < WHOLE:
            raise ValueError("rates must be from 0 % to below 100 %")


def _times(fen: int, bps: int) -> int:
    return round_half_up(Decimal(fen) * bps / WHOLE)


def _settled(weighed: Weighed, standard_bps: int) -> tuple[int, int]:
    """Weight without foreign matter, and that weight brought to standard moisture when it is wetter."""
    clean = Decimal(weighed.net_g) * (WHOLE - weighed.foreign_bps) / WHOLE
    settle = clean
    if weighed.moisture_bps > standard_bps:
        settle = clean * (WHOLE - weighed.moisture_bps) / (WHOLE - standard_bps)
    return _step(clean), _step(settle)


def _step(grams: Decimal) -> int:
    return round_half_up(grams / _WEIGHT_STEP_G) * _WEIGHT_STEP_G


def _pay(unit_fen_per_kg: int, settle_g: int) -> int:
    return round_half_up(Decimal(unit_fen_per_kg) * settle_g / 1000)


@dataclass(frozen=True)
class Quote:
    """A market price that may be used: what it is for and how old it is."""

    id: int
    market: str
    source: str
    day: date
    fen_per_kg: int


@dataclass(frozen=True)
class QuoteRule:
    """How a contract reads the market: no older than so many days, the middle of the last ``median_days`` days.

    One day means the newest day's own quote.
    """

    newest_within_days: int
    median_days: int = 1


@dataclass(frozen=True)
class Chosen:
    """The quote that a price is worked out from, and the quotes that were looked at, one a day, newest first."""

    quote: Quote
    looked_at: tuple[Quote, ...]


def choose_quote(quotes: Iterable[Quote], day: date, rule: QuoteRule) -> Chosen | None:
    """The quote of the day, else the newest within N days, else ``None``: then a person is asked.

    ``quotes`` are accepted ones of the contract's product, form and grade. Of several markets on one day the best for
    the farmer counts, in whatever order they were written. With a median the last k days that have a quote are looked
    at, and the middle price counts; of two in the middle the dearer, so that it is always a price that was quoted.
    """
    usable = [quote for quote in quotes if timedelta(0) <= day - quote.day <= timedelta(days=rule.newest_within_days)]
    best_of_day = {quote.day: quote for quote in sorted(usable, key=lambda quote: (quote.fen_per_kg, -quote.id))}
    looked_at = sorted(best_of_day.values(), key=lambda quote: quote.day, reverse=True)[: rule.median_days]
    if not looked_at:
        return None
    by_price = sorted(looked_at, key=lambda quote: (quote.fen_per_kg, quote.day))
    return Chosen(by_price[len(by_price) // 2], tuple(looked_at))


@dataclass(frozen=True)
class Slip:
    """A weigh-in with every line of its working, as it is shown before it is written and printed afterwards."""

    gross_g: int
    tare_g: int
    grade: str
    quote: Quote
    terms: Terms
    weighed: Weighed
    price: Price
    refused_g: int = 0


@dataclass(frozen=True)
class Weights:
    """What was put on the scale, in grams; ``refused_g`` of it goes home again."""

    gross_g: int
    tare_g: int
    refused_g: int = 0


@dataclass(frozen=True)
class Season:
    """When a contract runs and how much it takes, in grams; ``extra_g`` is what two people agreed to take besides."""

    start: date
    end: date
    agreed_g: int
    tolerance_bps: int
    delivered_g: int
    extra_g: int = 0

    @property
    def most_g(self) -> int:
        """What the contract takes in all, its tolerance and what was agreed besides included."""
        return self.agreed_g + self.agreed_g * self.tolerance_bps // WHOLE + self.extra_g


def find_faults(weights: Weights, *, day: date, today: date, season: Season) -> dict[str, Text]:
    """What cannot be right about a weigh-in, by field."""
    faults: dict[str, Text] = {}
    if weights.tare_g >= weights.gross_g:
        faults["tare"] = Text("皮重要比毛重小。", "The tare must be less than the gross weight.")
    elif weights.refused_g >= weights.gross_g - weights.tare_g:
        faults["refused"] = Text(
            "退回的要比净重少。一点都不收，请选“整批不收”。",
            "Less must be refused than was weighed. To take nothing, choose to turn it all away.",
        )
    if day > today:
        faults["day"] = Text("日期在将来。", "That day is in the future.")
    elif not season.start <= day <= season.end:
        faults["day"] = Text(
            f"合同期是 {season.start} 到 {season.end}。", f"The contract runs from {season.start} to {season.end}."
        )
    return faults


def over_g(season: Season, net_g: int) -> int:
    """How much more a weigh-in brings than the contract still takes, in grams; 0 within it."""
    return max(0, net_g - max(0, season.most_g - season.delivered_g))


def find_excess(season: Season, net_g: int) -> dict[str, Text]:
    """That more came than the contract takes, as a fault of the gross weight."""
    if not over_g(season, net_g):
        return {}
    left = max(0, season.most_g - season.delivered_g) / 1000
    return {
        "gross": Text(
            f"超过合同数量，还能收 {left:g} 公斤。请负责人先改合同。",
            f"More than the contract takes: {left:g} kg are left. Ask the owner to change the contract first.",
        )
    }
