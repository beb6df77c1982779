"""Judging market prices: accepted, held for a person, or kept but never compared. Pure.

A price decides what a farmer is paid, so an odd one waits for a person, and a name is matched exactly or not at
all: 玉菇 is a melon and 木耳菜 a leaf.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from statistics import median

from kernel.money import round_half_up
from kernel.text import Text

ACCEPTED, HELD, REFUSED, REPLACED = "accepted", "held", "refused", "replaced"

JUMP, LOW_ABOVE_HIGH, DAY_HAS_PRICE = "jump", "low_above_high", "day_has_price"
UNKNOWN_NAME, NOT_OURS, NOT_COMPARABLE = "unknown_name", "not_ours", "not_comparable"

# Odd rows, which a person looks at one by one; unknown names are decided once for all their rows.
FLAGS = frozenset({JUMP, LOW_ABOVE_HIGH, DAY_HAS_PRICE})

WHY = {
    JUMP: Text("和最近的价差得太多", "Far from the last weeks' prices"),
    LOW_ABOVE_HIGH: Text("最低价比最高价还高", "The low is above the high"),
    DAY_HAS_PRICE: Text("这一天已经有价了", "That day has a price already"),
    UNKNOWN_NAME: Text("不认识这个品名", "A name we do not know"),
    NOT_OURS: Text("不是我们收的东西", "Nothing that we buy"),
    NOT_COMPARABLE: Text("不按重量卖，不能比", "Not sold by weight, so not comparable"),
}

# A price this many times the median of the last weeks, or this small a part of it, waits for a person.
JUMP_FACTOR = Decimal("2.5")
_LEAST_TO_TELL_BY = 3
RECENT = timedelta(days=42)

# Kilograms in one unit; whatever is sold by the piece is kept but never compared.
_KG_IN = {
    "元/公斤": Decimal(1),
    "元/kg": Decimal(1),
    "元/千克": Decimal(1),
    "元/斤": Decimal("0.5"),
    "元/500克": Decimal("0.5"),
    "元/500g": Decimal("0.5"),
}


@dataclass(frozen=True)
class Prices:
    """Low, average and high as a source gave them, in yuan per its unit."""

    low: Decimal
    mid: Decimal
    high: Decimal

    @property
    def is_upside_down(self) -> bool:
        """Whether the low is above the high: a slip of the source that a person has to judge."""
        return self.low > self.high

    @property
    def makes_sense(self) -> bool:
        """Whether the average lies between the other two, whichever way round they are."""
        return min(self.low, self.high) <= self.mid <= max(self.low, self.high)


@dataclass(frozen=True)
class QuoteRow:
    """A price as a source gave it, brought to fen per kg where its unit allows (else fen per that unit)."""

    source_key: str
    market: str
    name: str
    form: str
    grade: str
    day: date
    low_fen: int
    high_fen: int
    fen_per_kg: int
    unit: str
    comparable: bool
    is_upside_down: bool = False


def quote_row(
    *, source_key: str, market: str, name: str, form: str, grade: str, day: date, prices: Prices, unit: str
) -> QuoteRow:
    """A row with its prices brought to fen per kg; ``unit`` is such as ``元/斤``."""
    kg = _KG_IN.get(unit.replace(" ", "").replace("／", "/").lower())
    low, mid, high = (max(1, round_half_up(price * 100 / (kg or 1))) for price in (prices.low, prices.mid, prices.high))
    return QuoteRow(
        source_key=source_key,
        market=market,
        name=name,
        form=form,
        grade=grade,
        day=day,
        low_fen=min(low, high),
        high_fen=max(low, high),
        fen_per_kg=mid,
        unit=unit,
        comparable=kg is not None,
        is_upside_down=prices.is_upside_down,
    )


@dataclass(frozen=True)
class Kind:
    """What a price is for, as we call it; a name that is known to be not ours has no kind."""

    product: str
    form: str
    grade: str

    @property
    def key(self) -> str:
        """The kind as one word, for forms and links."""
        return f"{self.product}|{self.form}|{self.grade}"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a row, and why when it is not accepted."""

    state: str
    why: str = ""


def judge(row: QuoteRow, *, is_known: bool, kind: Kind | None, recent: Iterable[int], day_has_price: bool) -> Verdict:
    """Accept a row, hold it for a person, or keep it uncompared.

    Args:
        row: what the source says.
        is_known: whether somebody has said what the name is.
        kind: what it is for us; none when it is unknown or not ours.
        recent: the last weeks' prices of the same thing, in fen per kg.
        day_has_price: whether another row is the accepted price of that day.
    """
    if not row.comparable:
        return Verdict(REFUSED, NOT_COMPARABLE)
    if is_known and kind is None:
        return Verdict(REFUSED, NOT_OURS)
    doubts = (
        (row.is_upside_down, LOW_ABOVE_HIGH),
        (is_jump(row.fen_per_kg, recent), JUMP),
        (kind is None, UNKNOWN_NAME),
        (day_has_price, DAY_HAS_PRICE),
    )
    return next((Verdict(HELD, why) for holds, why in doubts if holds), Verdict(ACCEPTED))


def spoken_reason(why: str) -> Text:
    """Why a row is not accepted, in words."""
    return WHY.get(why, Text("", ""))


def is_jump(fen_per_kg: int, recent_fen_per_kg: Iterable[int]) -> bool:
    """Whether a price is far from the median of the last weeks; with fewer than three there is nothing to tell by."""
    recent = sorted(recent_fen_per_kg)
    if len(recent) < _LEAST_TO_TELL_BY:
        return False
    usual = Decimal(median(recent))
    return not usual / JUMP_FACTOR <= fen_per_kg <= usual * JUMP_FACTOR


def gaps(days: Iterable[date], first: date, last: date) -> list[tuple[date, date]]:
    """The stretches from ``first`` to ``last`` that have no price, each by its first and last day, newest first."""
    inside = sorted({day for day in days if first <= day <= last})
    edges = [first - timedelta(days=1), *inside, last + timedelta(days=1)]
    one = timedelta(days=1)
    return [(before + one, after - one) for before, after in pairwise(edges) if after - before > one][::-1]


SourceName = tuple[str, str, str]  # name, form and grade as the source has them


@dataclass(frozen=True)
class Kept:
    """A row that is stored already: the newest revision of its key."""

    id: int
    revision: int
    state: str
    low_fen: int
    high_fen: int
    fen_per_kg: int
    unit: str

    def says_the_same(self, row: QuoteRow) -> bool:
        """Whether the source says again what it said."""
        return (self.low_fen, self.high_fen, self.fen_per_kg, self.unit) == (
            row.low_fen,
            row.high_fen,
            row.fen_per_kg,
            row.unit,
        )


@dataclass
class Book:
    """What is known of the days that an import touches; takes rows in the order of their days.

    ``priced`` holds, for each market, kind and day, the key of the row that is its accepted price (with its source);
    ``series`` holds the prices that a jump is told by; ``replaced`` collects the ids of rows that newer ones replace.
    """

    source: str
    names: Mapping[SourceName, Kind | None]
    kept: Mapping[str, Kept]
    priced: dict[tuple[str, Kind, date], tuple[str, str]]
    series: dict[tuple[str, Kind | SourceName], list[tuple[date, int]]]
    replaced: list[int] = field(default_factory=list)

    def knows(self, row: QuoteRow) -> bool:
        """Whether the row is stored already, with the same price."""
        kept = self.kept.get(row.source_key)
        return kept is not None and kept.says_the_same(row)

    def kind_of(self, row: QuoteRow) -> Kind | None:
        """What the row's name is for us: the exact name, or nothing."""
        return self.names.get((row.name, row.form, row.grade))

    def take(self, row: QuoteRow) -> tuple[Verdict, int]:
        """Judge a row that is new and remember it; returns the verdict and the row's revision."""
        name, kind = (row.name, row.form, row.grade), self.kind_of(row)
        prices = self.series.setdefault((row.market, kind or name), [])
        own_key = (self.source, row.source_key)
        slot = (row.market, kind, row.day) if kind else None
        verdict = judge(
            row,
            is_known=name in self.names,
            kind=kind,
            recent=[fen for day, fen in prices if row.day - RECENT <= day < row.day],
            day_has_price=slot is not None and self.priced.get(slot, own_key) != own_key,
        )
        if row.comparable and verdict.why in ("", UNKNOWN_NAME):
            prices.append((row.day, row.fen_per_kg))
        if slot and verdict.state == ACCEPTED:
            self.priced[slot] = own_key
        return verdict, self._revise(row, verdict)

    def _revise(self, row: QuoteRow, verdict: Verdict) -> int:
        """The row's revision; an earlier one that still waits, or whose place this one takes, is replaced."""
        before = self.kept.get(row.source_key)
        if before is None:
            return 1
        if before.state == HELD or (before.state == ACCEPTED and verdict.state == ACCEPTED):
            self.replaced.append(before.id)
        return before.revision + 1
