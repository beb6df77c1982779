"""Where the bars of the day lie, in percent of the plot, so that shapes stretch and words keep their size."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.console.board_rules import axis
from app.console.home_queries import Hour

_TOP = 6.0
_FOOT = 84.0
_GAP = 0.2
_MOST_WORDS = 6
_FEWEST_BARS = 8


@dataclass(frozen=True)
class Bar:
    """An hour: ordered as a block, paid as a line across it; all in percent."""

    left: float
    width: float
    top: float
    height: float
    paid_at: float | None


@dataclass(frozen=True)
class HourChart:
    """The chart ready to be drawn."""

    bars: Sequence[Bar]
    ticks: Sequence[tuple[float, int]]
    hours: Sequence[tuple[float, str]]


def draw(hours: Sequence[Hour], zone: ZoneInfo) -> HourChart | None:
    """The chart of these hours, or ``None`` when nothing was ordered or paid in them."""
    highest = max((max(hour.ordered, hour.paid) for hour in hours), default=0)
    if not highest:
        return None
    ticks = axis(highest)
    width = 100 / max(len(hours), _FEWEST_BARS)

    def at(number: int) -> float:
        return round(_FOOT - (_FOOT - _TOP) * number / ticks[-1], 3)

    every = -(-len(hours) // _MOST_WORDS)
    return HourChart(
        bars=[
            Bar(
                left=round(index * width + width * _GAP / 2, 3),
                width=round(width * (1 - _GAP), 3),
                top=at(hour.ordered),
                height=round(_FOOT - at(hour.ordered), 3),
                paid_at=at(hour.paid) if hour.paid else None,
            )
            for index, hour in enumerate(hours)
        ],
        ticks=[(at(tick), tick) for tick in ticks],
        hours=[
            (round(index * width, 3), f"{hour.start.astimezone(zone):%H}")
            for index, hour in enumerate(hours)
            if index % every == 0
        ],
    )
