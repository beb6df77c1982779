"""Where the chart's shapes lie: everything in percent of the plot, so that it stretches while its words keep their size."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from app.console.board import Figures
from app.console.board_rules import Window, axis

# The plot from its top to the foot of the bars, then the hours, then what was on air.
_TOP = 8.0
_FOOT = 72.0
_MOST_HOURS = 6
_LAST_HOUR_AT = 93.0
_GAP = 0.18


@dataclass(frozen=True)
class ChartBar:
    """A bar: ordered as a block, paid as a line across it; all in percent."""

    left: float
    width: float
    ordered_top: float
    ordered_height: float
    paid_at: float | None


@dataclass(frozen=True)
class ChartBand:
    """What was on air, laid under the bars: its place on the run sheet and its name."""

    left: float
    width: float
    place: int
    name: str
    is_now: bool


@dataclass(frozen=True)
class Chart:
    """The chart ready to be drawn, with its words in the language of the request."""

    bars: Sequence[ChartBar]
    ticks: Sequence[tuple[float, int]]
    hours: Sequence[tuple[float, str]]
    bands: Sequence[ChartBand]
    minutes_a_bar: int
    ordered: int
    most: int
    most_at: str | None


def draw(figures: Figures, zone: ZoneInfo) -> Chart | None:
    """The chart of a stream that has begun, else ``None``."""
    window, bars = figures.window, figures.bars
    if window is None:
        return None
    ticks = axis(max((max(bar.ordered, bar.paid) for bar in bars), default=0))
    top = ticks[-1]

    def height(number: int) -> float:
        return _FOOT - (_FOOT - _TOP) * number / top

    width = 100 / window.bars
    most = max(bars, key=lambda bar: bar.ordered)
    return Chart(
        bars=[
            ChartBar(
                left=_percent(index * width + width * _GAP / 2),
                width=_percent(width * (1 - _GAP)),
                ordered_top=_percent(height(bar.ordered)),
                ordered_height=_percent(_FOOT - height(bar.ordered)),
                paid_at=_percent(height(bar.paid)) if bar.paid else None,
            )
            for index, bar in enumerate(bars)
            if bar.ordered or bar.paid
        ],
        ticks=[(_percent(height(tick)), tick) for tick in ticks],
        hours=_hours(window, zone),
        bands=_bands(figures, window),
        minutes_a_bar=window.width_minutes,
        ordered=sum(bar.ordered for bar in bars),
        most=most.ordered,
        most_at=f"{most.start.astimezone(zone):%H:%M}" if most.ordered else None,
    )


def _percent(value: float) -> float:
    return round(value, 3)


def _hours(window: Window, zone: ZoneInfo) -> list[tuple[float, str]]:
    every = next((step for step in (5, 10, 15, 30, 60) if window.bars <= step * _MOST_HOURS), 60)
    moments = [(index, window.start + index * window.width) for index in range(window.bars)]
    marks = [(100 * index / window.bars, moment.astimezone(zone)) for index, moment in moments if index % every == 0]
    return [(_percent(at), f"{moment:%H:%M}") for at, moment in marks if at <= _LAST_HOUR_AT]


def _bands(figures: Figures, window: Window) -> list[ChartBand]:
    bands = []
    for aired in figures.aired:
        offer = figures.offer(aired.offer_id)
        if offer is None:
            continue
        left, right = 100 * window.share(aired.since), 100 * window.share(aired.until)
        is_now = offer.is_on_air and aired is figures.aired[-1]
        bands.append(ChartBand(_percent(left), _percent(right - left), offer.place, offer.title.pick(), is_now))
    return bands
