"""A product's weeks as points for an SVG: what was sold, the range of what will be, what contracts bring. Pure; grams in, kilograms said."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fulfillment.purchasing.planning.rules import Range

WIDTH, HEIGHT = 720, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 96, 16, 20, 48
_PAST_WEEKS = 26

Point = tuple[float, float]


@dataclass(frozen=True)
class Mark:
    """A place in the picture, with a word."""

    x: float
    y: float
    word: str


@dataclass(frozen=True)
class Chart:
    """Everything that the template draws; lines and the band are points of an SVG."""

    past: str
    band: str
    middle: str
    coming: tuple[Mark, ...]
    heights: tuple[Mark, ...]
    weeks: tuple[Mark, ...]
    baseline: int = HEIGHT - _BOTTOM


def draw(
    sold_g: Sequence[int], weeks: Sequence[date], demand: Sequence[Range], coming: Sequence[Range]
) -> Chart | None:
    """The last half year and the weeks to come; nothing where there is nothing to draw."""
    past = list(sold_g[-_PAST_WEEKS:])
    top_g = max([*past, *(week.high_g for week in demand), *(week.mid_g for week in coming)], default=0)
    if not top_g or not weeks:
        return None
    step_g = _step(top_g)
    most_g = -(-top_g // step_g) * step_g
    number = len(past) + len(weeks)

    def point(place: int, grams: int) -> Point:
        across = (place + 0.5) / number
        return (
            round(_LEFT + across * (WIDTH - _LEFT - _RIGHT), 1),
            round(HEIGHT - _BOTTOM - grams / most_g * (HEIGHT - _TOP - _BOTTOM), 1),
        )

    ahead = range(len(past), number)
    upper = [point(place, week.high_g) for place, week in zip(ahead, demand, strict=True)]
    lower = [point(place, week.low_g) for place, week in zip(ahead, demand, strict=True)]
    return Chart(
        past=_points(point(place, grams) for place, grams in enumerate(past)),
        band=_points([*upper, *reversed(lower)]),
        middle=_points(point(place, week.mid_g) for place, week in zip(ahead, demand, strict=True)),
        coming=tuple(
            Mark(*point(place, week.mid_g), f"{day:%m-%d} {week.mid_g / 1000:g} kg")
            for place, week, day in zip(ahead, coming, weeks, strict=True)
        ),
        heights=tuple(
            Mark(_LEFT - 8, point(0, grams)[1], f"{grams / 1000:g}") for grams in range(0, most_g + 1, step_g)
        ),
        weeks=_weeks(weeks[0], len(past), number, point),
    )


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)


def _step(top_g: int) -> int:
    """A round step so that four or fewer lie below the top."""
    sizes: list[int] = [size * 1000 * 10**power for power in range(10) for size in (1, 2, 5)]
    return next((size for size in sizes if size * 4 >= top_g), sizes[-1])


def _weeks(first: date, past: int, number: int, point: Callable[[int, int], Point]) -> tuple[Mark, ...]:
    every = -(-number // 5)
    found = []
    for place in range(past % every, number, every):
        day = first + timedelta(weeks=place - past)
        found.append(Mark(point(place, 0)[0], HEIGHT - 12, f"{day:%m-%d}"))
    return tuple(found)
