"""What the law adds to piece pay in a period: hours by kind of day, factors, and the floor. Pure, worked out in the open.

Sources: Provisional Regulations on Payment of Wages, art. 13 (150, 200, 300 %); Regulations on Minimum Wages, art. 12
(overtime pay never counts towards the minimum); Labour Law, art. 36 (8 hours a day). What the law leaves open is a
setting: by which period the floor is tested.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from fulfillment.piecework.rules import PiecePay, Pieces, piece_pay

NONE, DAY, WEEK, MONTH = PERIODS = ("none", "day", "week", "month")
WORK, REST, HOLIDAY = DAY_KINDS = ("work", "rest", "holiday")
NORMAL_SECONDS_A_DAY = 8 * 3600


@dataclass(frozen=True)
class Days:
    """A period, both days counted."""

    first: date
    last: date


def periods_ending(period: str, first: date, last: date) -> list[Days]:
    """The periods whose last day lies from ``first`` to ``last``: one that is not over is tested with the next run."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if period == DAY:
        return [Days(day, day) for day in days]
    if period == WEEK:
        return [Days(day - timedelta(days=6), day) for day in days if day.isoweekday() == 7]
    if period == MONTH:
        return [Days(day.replace(day=1), day) for day in days if (day + timedelta(days=1)).day == 1]
    return []


def untested(period: Days, added: Collection[Days]) -> Days | None:
    """What of a period has had no addition by another choice of period: a week into a month, a month into days.

    Nothing is added twice to one day; a period that lies within an earlier one is tested no more.
    """
    others = [one for one in added if one.first <= period.last and period.first <= one.last < period.last]
    left = Days(max([period.first, *(one.last + timedelta(days=1) for one in others)]), period.last)
    return None if any(one != left and one.first <= left.last <= one.last for one in added) else left


def kind_of_day(day: date, calendar: Mapping[date, str], rest_weekdays: str) -> str:
    """What a day is: as the calendar says, else by its weekday."""
    return calendar.get(day) or (REST if str(day.isoweekday()) in rest_weekdays else WORK)


@dataclass(frozen=True)
class Line:
    """Pay for pieces and when they were done: the day, and the seconds worked on it before."""

    day: date
    worked_before_s: int
    amount_fen: int


@dataclass(frozen=True)
class Working:
    """How the additions of one person in one period came about; money in fen, time in seconds."""

    first_day: date
    last_day: date
    normal_fen: int
    overtime_fen: int
    rest_fen: int
    holiday_fen: int
    normal_s: int
    overtime_s: int
    rest_s: int
    holiday_s: int
    month_min_fen: int
    floor_fen: int
    factors_fen: int
    minimum_fen: int

    @property
    def worked_s(self) -> int:
        """All time worked in the period."""
        return self.normal_s + self.overtime_s + self.rest_s + self.holiday_s

    @property
    def hours(self) -> str:
        """Hours within normal time, with two decimals."""
        return f"{Decimal(self.normal_s) / 3600:.2f}"

    def as_json(self) -> dict[str, Any]:
        """To be kept beside the sum."""
        return {**asdict(self), "first_day": self.first_day.isoformat(), "last_day": self.last_day.isoformat()}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Working":
        """As it was kept."""
        days = {name: date.fromisoformat(kept[name]) for name in ("first_day", "last_day")}
        return cls(**{**kept, **days})


@dataclass(frozen=True)
class ToAdd:
    """What the law adds for a person and a period that was not added before; fen."""

    working: Working
    factors_fen: int
    minimum_fen: int


def work_out(
    period: Days,
    lines: Iterable[Line],
    worked_s: Mapping[date, int],
    kinds: Mapping[date, str],
    month_min_fen: int,
) -> Working:
    """The additions of one person: the factors on what was earned beyond normal time, and the top-up to the floor.

    The floor is the monthly minimum x normal hours / 174. What was earned on a day without known hours counts as earned
    in normal time.
    """
    fen = dict.fromkeys(("normal", "overtime", "rest", "holiday"), 0)
    for line in lines:
        fen[_time_of(kinds[line.day], line.worked_before_s)] += line.amount_fen
    seconds = dict.fromkeys(fen, 0)
    for day, worked in worked_s.items():
        if kinds[day] == WORK:
            seconds["normal"] += min(worked, NORMAL_SECONDS_A_DAY)
            seconds["overtime"] += max(0, worked - NORMAL_SECONDS_A_DAY)
        else:
            seconds[kinds[day]] += worked
    pay = _pay(fen, Decimal(seconds["normal"]) / 3600, month_min_fen)
    return Working(
        first_day=period.first,
        last_day=period.last,
        **{f"{name}_fen": value for name, value in fen.items()},
        **{f"{name}_s": value for name, value in seconds.items()},
        month_min_fen=month_min_fen,
        floor_fen=_fen(pay.min_floor),
        factors_fen=max(0, _fen(pay.piece_total) - sum(fen.values())),
        minimum_fen=_fen(pay.top_up),
    )


def _time_of(kind: str, worked_before_s: int) -> str:
    if kind != WORK:
        return kind
    return "normal" if worked_before_s <= NORMAL_SECONDS_A_DAY else "overtime"


def _pay(fen: Mapping[str, int], hours: Decimal, month_min_fen: int) -> PiecePay:
    """By the same rule as ``gongfang piece-pay``: each kind of time as one piece that pays its sum."""
    rows = [
        Pieces(
            normal=int(name == "normal"),
            overtime=int(name == "overtime"),
            rest_day=int(name == "rest"),
            holiday=int(name == "holiday"),
            rate_yuan=Decimal(sum_fen) / 100,
        )
        for name, sum_fen in fen.items()
    ]
    return piece_pay(rows, hours, Decimal(month_min_fen) / 100)


def _fen(yuan: Decimal) -> int:
    return int(yuan * 100)
