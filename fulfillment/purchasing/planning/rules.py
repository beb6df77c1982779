"""What contracts still promise, what runs short or lies over, what may be sold ahead. Pure; grams and Mondays."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Final

# How a range was worked out: by the library with its season, from last year, from the last weeks, or not at all.
METHODS: Final = ("season", "last_year", "recent", "none")
# How goods are sold: in a stream, in the shop without one, on a platform.
WAYS: Final = ("stream", "shop", "channel")
OUTCOMES: Final = ("will_bring", "brings_less", "will_wait", "not_reached", "other")
# How many days a farmer is left in peace after a call.
REST_DAYS: Final = {"will_bring": 7, "brings_less": 14, "will_wait": 14, "not_reached": 1, "other": 7}

WEEKS_AHEAD: Final = 12
# Of what is agreed, so much comes in nine seasons of ten, and in the middle one, until enough contracts of our own have ended.
USUAL_LOW_BPS: Final = 6_000
USUAL_MID_BPS: Final = 8_500
_ENOUGH_ENDED: Final = 5
# A pace shows after so many weeks of a season.
_PACE_AFTER_WEEKS: Final = 3
# What lies over is worth a word when it is more than this share of what will be sold, in basis points.
_GLUT_BPS: Final = 2_000


@dataclass(frozen=True)
class Range:
    """Grams: fewer than ``low_g`` in one case of ten, more than ``high_g`` in one of ten."""

    low_g: int
    mid_g: int
    high_g: int


@dataclass(frozen=True)
class Keeping:
    """Which share of what is agreed is brought in the end, in basis points; ``contracts``: from how many that ended."""

    low_bps: int
    mid_bps: int
    contracts: int


@dataclass(frozen=True)
class Promise:
    """A contract that runs or will: grams agreed (extras counted in) and delivered."""

    contract_id: int
    season_start: date
    season_end: date
    agreed_g: int
    delivered_g: int

    @property
    def rest_g(self) -> int:
        """What is still to come."""
        return max(0, self.agreed_g - self.delivered_g)


def monday(day: date) -> date:
    """The first day of a day's week."""
    return day - timedelta(days=day.weekday())


def weeks_from(first: date, number: int = WEEKS_AHEAD) -> list[date]:
    """Mondays, the first one's week included."""
    return [monday(first) + timedelta(weeks=place) for place in range(number)]


def quantile(values: Sequence[int], percent: int) -> int:
    """The value that ``percent`` of the values do not exceed: one of them, never between two."""
    in_order = sorted(values)
    return in_order[max(0, -(-len(in_order) * percent // 100) - 1)]


def keeping_of(shares_bps: Sequence[int]) -> Keeping:
    """What past contracts kept; with fewer than five that ended the usual shares, which are an assumption."""
    if len(shares_bps) < _ENOUGH_ENDED:
        return Keeping(USUAL_LOW_BPS, USUAL_MID_BPS, 0)
    capped = [min(10_000, max(0, share)) for share in shares_bps]
    return Keeping(quantile(capped, 10), quantile(capped, 50), len(capped))


def comes_of(promise: Promise, keeping: Keeping, today: date) -> Range:
    """What a contract will still bring until its season ends, never more than its rest.

    The farmer's own pace bounds it from above once the season is three weeks old: who has brought nothing by then is
    not counted on at all.
    """
    rest_g = promise.rest_g
    if promise.season_end < today:
        return Range(0, 0, 0)
    low_g = rest_g * keeping.low_bps // 10_000
    mid_g = max(low_g, rest_g * keeping.mid_bps // 10_000)
    gone_days = (today - promise.season_start).days
    if gone_days >= 7 * _PACE_AFTER_WEEKS:
        left_days = (promise.season_end - today).days + 1
        at_pace_g = promise.delivered_g * left_days // gone_days
        low_g, mid_g = min(low_g, at_pace_g), min(mid_g, at_pace_g)
    return Range(low_g, mid_g, rest_g)


def spread(promise: Promise, grams: int, weeks: Sequence[date], today: date) -> list[int]:
    """What comes in each week, evenly by days from today (or the season's start) to its end; whole grams, none lost."""
    first = max(today, promise.season_start)
    days = (promise.season_end - first).days + 1
    if days <= 0:
        return [0] * len(weeks)
    ends = [min(days, max(0, (week + timedelta(days=7) - first).days)) for week in weeks]
    until = [grams * end // days for end in ends]
    return [after - before for before, after in zip([0, *until], until, strict=False)]


def supply(promises: Iterable[Promise], keeping: Keeping, weeks: Sequence[date], today: date) -> list[Range]:
    """What all contracts of a product bring in each week. Ranges of farmers are added: a careful view, not a likely one."""
    lows, mids, highs = ([0] * len(weeks) for _ in range(3))
    for promise in promises:
        comes = comes_of(promise, keeping, today)
        for sums, grams in ((lows, comes.low_g), (mids, comes.mid_g), (highs, comes.high_g)):
            for place, share in enumerate(spread(promise, grams, weeks, today)):
                sums[place] += share
    # Rounding to whole grams week by week may turn two neighbours round by a gram.
    return [Range(low, max(low, mid), max(low, mid, high)) for low, mid, high in zip(lows, mids, highs, strict=True)]


@dataclass(frozen=True)
class Outlook:
    """``likely``: it runs short as things go; ``possible``: if much is sold and little comes; ``glut``: much lies over."""

    kind: str
    grams: int
    week: date


def warn(stock_g: int, demand: Sequence[Range], coming: Sequence[Range], weeks: Sequence[date]) -> Outlook | None:
    """The one thing to say about a product's coming weeks: when it first runs short and by how much at worst, or what lies over."""
    left = _left(stock_g, [r.mid_g for r in coming], [r.mid_g for r in demand])
    at_worst = _left(stock_g, [r.low_g for r in coming], [r.high_g for r in demand])
    for kind, course in (("likely", left), ("possible", at_worst)):
        short = next((week for week, grams in zip(weeks, course, strict=True) if grams < 0), None)
        if short is not None:
            return Outlook(kind, -min(course), short)
    sold_g = sum(r.mid_g for r in demand)
    # Even if much is sold and few bring what they promised.
    if weeks and sold_g and at_worst[-1] * 10_000 > sold_g * _GLUT_BPS:
        return Outlook("glut", at_worst[-1], weeks[-1])
    return None


def _left(stock_g: int, comes: Sequence[int], goes: Sequence[int]) -> list[int]:
    return [stock_g + sum_g for sum_g in accumulate(a - b for a, b in zip(comes, goes, strict=True))]


def presale_g(promised_low_g: int, contract_rest_g: int, offered_g: int) -> int:
    """What may be sold before it is here: what comes in nine cases of ten, at most what is agreed, less what is offered so already."""
    return max(0, min(promised_low_g, contract_rest_g) - offered_g)
