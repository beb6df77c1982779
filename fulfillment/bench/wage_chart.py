"""Wages a day as bars for an SVG. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

WIDTH, HEIGHT = 720, 220
_TOP, _BOTTOM = 30, 30
_MOST_BARS = 62


@dataclass(frozen=True)
class Bar:
    """One day: its place in the picture, its sum in fen, and whether its date is written below."""

    x: float
    y: float
    width: float
    height: float
    day: date
    fen: int
    is_named: bool
    is_most: bool

    @property
    def middle(self) -> float:
        """Where its words stand."""
        return round(self.x + self.width / 2, 1)


def bars(fen_by_day: Mapping[date, int], first: date, last: date) -> list[Bar]:
    """A bar for each day (the last two months of a longer span); none where nobody earned anything."""
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)][-_MOST_BARS:]
    most = max((fen_by_day.get(day, 0) for day in days), default=0)
    if most <= 0:
        return []
    step = WIDTH / len(days)
    # Six dates at most: more would run into each other on a phone.
    every = -(-len(days) // 6)
    room = HEIGHT - _TOP - _BOTTOM
    best = next(day for day in days if fen_by_day.get(day, 0) == most)
    found = []
    for place, day in enumerate(days):
        height = round(max(0, fen_by_day.get(day, 0)) / most * room, 1)
        found.append(
            Bar(
                x=round(place * step + step * 0.12, 1),
                y=round(HEIGHT - _BOTTOM - height, 1),
                width=round(step * 0.76, 1),
                height=height,
                day=day,
                fen=fen_by_day.get(day, 0),
                is_named=(len(days) - 1 - place) % every == 0,
                is_most=day == best,
            )
        )
    return found
