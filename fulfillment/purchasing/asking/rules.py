"""Pure rules of deciding: what needs a second person, what is unusual, why goods are turned away and what helps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fulfillment.purchasing.rules import LEAST_PREMIUM_BPS, MOST_PREMIUM_BPS
from kernel.text import Text

WRITTEN, WAITING, REFUSED = "written", "waiting", "refused"
APPROVED, TAKEN_BACK = "approved", "taken_back"

# Why a second person looks at a weigh-in.
NO_QUOTE, OVER, CERTIFICATE, PREMIUM = "quote", "over", "certificate", "premium"
ASKING: Final[Mapping[str, Text]] = {
    NO_QUOTE: Text("合同允许的天数内没有行情", "no market price within the days that the contract allows"),
    OVER: Text("超过合同数量", "more than the contract takes"),
    CERTIFICATE: Text("没有承诺达标合格证", "no compliance certificate"),
    PREMIUM: Text("合同溢价不在 10% 到 15%", "the contract's premium is not 10 % to 15 %"),
}

# How old a price a second person may let count; the floor of the contract holds in any case.
OLDEST_QUOTE_DAYS: Final = 60
_LEAST_HISTORY: Final = 3


@dataclass(frozen=True)
class Cause:
    """Why goods are turned away, and what helps next time."""

    why: Text
    advice: Text


CAUSES: Final[Mapping[str, Cause]] = {
    "moist": Cause(
        Text("水分太高", "too moist"),
        Text("再晒一两天，掰开菌柄能脆断就可以拿来。", "Dry it a day or two more; bring it when the stem snaps."),
    ),
    "mould": Cause(
        Text("有霉点", "mouldy"),
        Text("晾干后再装袋，袋子离地放在通风处。", "Let it cool dry before bagging, and keep the bags off the ground."),
    ),
    "insects": Cause(
        Text("有虫", "insects"),
        Text("低温烘一遍再密封，旧袋子不要再用。", "Warm it through once, seal it, and leave old bags out."),
    ),
    "foreign": Cause(
        Text("杂质太多", "too much foreign matter"),
        Text("过一遍筛，把菌渣和草屑挑掉。", "Sieve it once and pick out crumbs and straw."),
    ),
    "smell": Cause(
        Text("有异味", "an odd smell"),
        Text("不要和农药、柴油放在一起，也不要熏硫。", "Keep it away from chemicals and fuel; do not use sulphur."),
    ),
    "grade": Cause(
        Text("不到合同等级", "below the contract's grades"),
        Text("按大小和厚薄先分开，好的单独装。", "Sort by size and thickness first; bag the good ones apart."),
    ),
    "other": Cause(
        Text("别的原因", "something else"),
        Text(
            "过磅的人会当面说清楚，有问题请打电话来问。",
            "The weigher explains it; call the workshop with any question.",
        ),
    ),
}


@dataclass(frozen=True)
class Bounds:
    """What stands against writing a weigh-in at once: facts, not judgements."""

    has_quote: bool
    over_g: int
    needs_certificate: bool
    premium_bps: int


def reasons_to_ask(bounds: Bounds) -> tuple[str, ...]:
    """What a second person has to look at, in the order of :data:`ASKING`; nothing: it is written at once."""
    found = {
        NO_QUOTE: not bounds.has_quote,
        OVER: bounds.over_g > 0,
        CERTIFICATE: bounds.needs_certificate,
        PREMIUM: not LEAST_PREMIUM_BPS <= bounds.premium_bps <= MOST_PREMIUM_BPS,
    }
    return tuple(reason for reason in ASKING if found[reason])


def usual_g(earlier_g: Iterable[int]) -> int | None:
    """What somebody usually brings: the middle of the earlier net weights in grams; too few say nothing."""
    known: Sequence[int] = sorted(earlier_g)
    return known[len(known) // 2] if len(known) >= _LEAST_HISTORY else None


def is_unusual(net_g: int, usual: int | None) -> bool:
    """Twice or half of the usual, which is what kilograms typed for catties, or catties for kilograms, look like."""
    return usual is not None and (net_g >= 2 * usual or 2 * net_g <= usual)
