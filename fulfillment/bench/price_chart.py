"""A chart of prices as points for an SVG: market prices as a line, what farmers were promised over it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

WIDTH, HEIGHT = 720, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 92, 16, 20, 48

Series = Sequence[tuple[date, int]]


@dataclass(frozen=True)
class Mark:
    """A place in the picture, with a word for an axis or what it stands for."""

    x: float
    y: float
    word: str


@dataclass(frozen=True)
class Chart:
    """Everything that the template draws; prices are fen per kg."""

    market_lines: tuple[str, ...]
    market: tuple[Mark, ...]
    promised: tuple[Mark, ...]
    prices: tuple[Mark, ...]
    days: tuple[Mark, ...]

    @property
    def baseline(self) -> int:
        """Where the axis of days lies."""
        return HEIGHT - _BOTTOM


def draw(market: Series, promised: Series, first: date, last: date) -> Chart | None:
    """The chart of some days, or nothing where there is nothing to draw. A gap of more than a week breaks the line."""
    values = [fen for _, fen in (*market, *promised)]
    if not values:
        return None
    steps = _price_steps(min(values), max(values))

    def place(day: date, fen: int) -> tuple[float, float]:
        across = (day - first).days / max(1, (last - first).days)
        up = (fen - steps[0]) / (steps[-1] - steps[0])
        return (
            round(_LEFT + across * (WIDTH - _LEFT - _RIGHT), 1),
            round(HEIGHT - _BOTTOM - up * (HEIGHT - _TOP - _BOTTOM), 1),
        )

    def marks(series: Series) -> tuple[Mark, ...]:
        return tuple(Mark(*place(day, fen), f"{day:%m-%d} ¥{fen / 100:.2f}") for day, fen in series)

    return Chart(
        market_lines=tuple(" ".join("{},{}".format(*place(*point)) for point in part) for part in _unbroken(market)),
        market=marks(market),
        promised=marks(promised),
        prices=tuple(Mark(_LEFT - 8, place(first, fen)[1], f"{fen / 100:g}") for fen in steps),
        days=tuple(Mark(place(day, steps[0])[0], HEIGHT - 10, f"{day:%m-%d}") for day in _day_steps(first, last)),
    )


def _unbroken(series: Series) -> list[list[tuple[date, int]]]:
    parts: list[list[tuple[date, int]]] = [[]]
    for before, point in pairwise([None, *series]):
        if before is not None and point is not None and point[0] - before[0] > timedelta(days=7):
            parts.append([])
        if point is not None:
            parts[-1].append(point)
    return [part for part in parts if part]


def _price_steps(low_fen: int, high_fen: int) -> list[int]:
    """Round prices around the lowest and the highest, three to seven of them."""
    span = max(high_fen - low_fen, 50)
    step = next(size * 10**power for power in range(9) for size in (10, 20, 50) if size * 10**power * 5 >= span)
    first = low_fen // step * step
    last = -(-high_fen // step) * step
    return list(range(first, max(last, first + step) + 1, step))


def _day_steps(first: date, last: date) -> list[date]:
    """The last day and some before it, evenly apart."""
    gap = max(1, -(-(last - first).days // 4))
    return [last - timedelta(days=days) for days in range(0, (last - first).days + 1, gap)]
