"""Pure working-out for the board: the minutes of the chart, what was on air when, and which figure is worst."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

_LIVE_WINDOW = timedelta(minutes=60)
_WIDTHS_MINUTES = (1, 2, 5, 10, 15, 30, 60)
_MOST_BARS = 96
_FEWEST_BARS = 15
# Shorter than this and something was put on air by mistake and taken back.
_SLIP = timedelta(seconds=15)

# A figure is worth a mark when it is beyond these.
LOW_CONVERSION = 0.6
FEWEST_DECIDED = 10
NEARLY_SOLD_OUT = 0.1
NEARLY_ALL_DELIVERED = 0.1


@dataclass(frozen=True)
class Window:
    """The stretch of time that the chart shows: ``bars`` bars of ``width_minutes`` each."""

    start: datetime
    width_minutes: int
    bars: int

    @property
    def width(self) -> timedelta:
        """How long one bar is."""
        return timedelta(minutes=self.width_minutes)

    @property
    def end(self) -> datetime:
        """The end of the last bar."""
        return self.start + self.bars * self.width

    def share(self, moment: datetime) -> float:
        """Where a moment lies, from 0 at the start to 1 at the end."""
        return min(1.0, max(0.0, (moment - self.start) / (self.end - self.start)))


def chart_window(started_at: datetime, now: datetime, ended_at: datetime | None) -> Window:
    """The last hour of a stream that is live, minute by minute; all of one that has ended, in as many minutes as fit."""
    first = started_at.replace(second=0, microsecond=0)
    end = ended_at
    if end is None:
        # The minute that has just begun is on the chart, too.
        end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        first = max(first, end - _LIVE_WINDOW)
    minutes = max(1, ceil((end - first) / timedelta(minutes=1)))
    width = next((width for width in _WIDTHS_MINUTES if minutes <= width * _MOST_BARS), _WIDTHS_MINUTES[-1])
    bars = min(_MOST_BARS, max(_FEWEST_BARS, ceil(minutes / width)))
    return Window(first, width, bars)


@dataclass(frozen=True)
class Aired:
    """An offer was on air from one moment to another."""

    offer_id: int
    since: datetime
    until: datetime


def aired_within(window: Window, marks: Sequence[tuple[int | None, datetime]], now: datetime) -> list[Aired]:
    """What was on air within a window, from the moments at which it changed (``None``: nothing), oldest first."""
    ends = [*(at for _, at in marks[1:]), now]
    return [
        Aired(offer_id, max(since, window.start), min(until, window.end))
        for (offer_id, since), until in zip(marks, ends, strict=False)
        if offer_id is not None
        and (until - since >= _SLIP or until == now)
        and until > window.start
        and since < window.end
    ]


def axis(highest: int) -> list[int]:
    """Whole numbers for an axis from zero, at most six, the last one not below ``highest``."""
    step = next(
        base * 10**power for power in range(12) for base in (1, 2, 5) if base * 10**power * 4 >= max(highest, 1)
    )
    return [step * index for index in range(max(2, ceil(highest / step)) + 1)]


def share(part: int, whole: int) -> float | None:
    """A part of a whole, or ``None`` when there is no whole yet."""
    return part / whole if whole else None


def strains(
    *,
    late: int,
    paid: int,
    decided: int,
    left: int | None,
    allotment: int,
    contract_left_g: int,
    contract_agreed_g: int,
) -> Mapping[str, float]:
    """How far beyond its limit each figure is: 1 is at the limit, more is worse, 0 is no worry at all.

    Args:
        late: parcels not packed that are past their time.
        paid: orders of the stream that were paid, out of ``decided``, the orders that no longer wait for money.
        decided: see ``paid``; too few say nothing.
        left: pieces left of what is on air, out of ``allotment``; ``None`` when nothing is on air.
        allotment: see ``left``.
        contract_left_g: grams still to come under contract, out of ``contract_agreed_g``.
        contract_agreed_g: see ``contract_left_g``.
    """
    return {
        "late": 1.0 + late if late else 0.0,
        "conversion": _below(share(paid, decided), LOW_CONVERSION) if decided >= FEWEST_DECIDED else 0.0,
        "left": _below(share(left, allotment), NEARLY_SOLD_OUT) if left is not None else 0.0,
        "contract": _below(share(contract_left_g, contract_agreed_g), NEARLY_ALL_DELIVERED),
    }


def _below(value: float | None, limit: float) -> float:
    """How many times below its limit a share is; nothing left at all is a hundred times."""
    return 0.0 if value is None else limit / max(value, limit / 100)


def worst(strained: Mapping[str, float]) -> str | None:
    """The figure that is furthest beyond its limit, or ``None`` when all are within."""
    name = max(strained, key=lambda key: strained[key])
    return name if strained[name] >= 1 else None
