"""How fast the bench is, and when the work will be done at this pace. Knows no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

# Below this there is too little to say anything true of a person or of the whole bench.
_LEAST_SECONDS: Final = 15 * 60
_FURTHEST: Final = timedelta(hours=48)


def an_hour(amount: int, seconds: int) -> Fraction | None:
    """So much an hour; ``None`` when there is too little time to tell."""
    return Fraction(amount * 3600, seconds) if seconds >= _LEAST_SECONDS and amount > 0 else None


@dataclass(frozen=True)
class Bench:
    """Who packs on: pieces an hour of one person on average, and when each of those at work goes home, if they said."""

    pieces_an_hour: Fraction | None
    leaving: Sequence[datetime | None]


def done_at(pieces: int, bench: Bench, now: datetime) -> datetime | None:
    """When so many pieces are packed at this pace; ``None`` when nobody can tell, or everybody will have gone before."""
    if pieces == 0:
        return now
    if not bench.pieces_an_hour or not bench.leaving:
        return None
    left, moment = Fraction(pieces), now
    going = sorted(each for each in bench.leaving if each is not None and each > now)
    hands = len(going) + sum(each is None for each in bench.leaving)
    for ends in (*going, now + _FURTHEST):
        pace = hands * bench.pieces_an_hour
        hours = Fraction(round((ends - moment).total_seconds()), 3600)
        if pace * hours >= left:
            return moment + timedelta(hours=float(left / pace)) if pace else None
        left, moment, hands = left - pace * hours, ends, hands - 1
    return None


def in_danger(pieces_due: Sequence[tuple[datetime, int]], bench: Bench, now: datetime) -> list[bool]:
    """For work in the order it is due (moment, pieces): whether each will be late at this pace."""
    found, before = [], 0
    for due, pieces in pieces_due:
        before += pieces
        finished = done_at(before, bench, now)
        found.append(due < now or (bench.pieces_an_hour is not None and (finished is None or finished > due)))
    return found
