"""What time at work counts, and when a shift has been forgotten. Knows no database."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

# How a shift began or ended: by badge, PIN or password and then on the own screen, by the lead, by the nightly round.
BADGE: Final = "badge"
PIN: Final = "pin"
OWN: Final = "own"
LEAD: Final = "lead"
NIGHT: Final = "night"
HOWS: Final = (BADGE, PIN, OWN, LEAD, NIGHT)

# Nobody works longer than this in one go: whoever seems to has forgotten to say that they went home (ours).
LONGEST_SHIFT: Final = timedelta(hours=14)
# Somebody who packed this short a time ago is still here, also after midnight (a stream may end late).
_STILL_HERE: Final = timedelta(hours=2)


@dataclass(frozen=True)
class Span:
    """Some time, from ``began_at`` on; open when ``ended_at`` is empty."""

    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Worked:
    """A shift as it counts: its span, and the breaks in it, which do not overlap."""

    span: Span
    breaks: Sequence[Span] = ()


def seconds_within(span: Span, start: datetime, end: datetime) -> int:
    """How many whole seconds of a span lie between two moments; an open span goes on to the later one."""
    first = max(span.began_at, start)
    last = min(span.ended_at or end, end)
    return max(0, int((last - first).total_seconds()))


def worked_seconds(shifts: Iterable[Worked], start: datetime, end: datetime) -> int:
    """Seconds at work between two moments: shifts less breaks.

    A shift that is still open counts to ``end``, though never for longer than ``LONGEST_SHIFT``: a forgotten one must
    not grow into hours that nobody worked.
    """
    total = 0
    for shift in shifts:
        counted_to = min(end, shift.span.ended_at or shift.span.began_at + LONGEST_SHIFT)
        here = seconds_within(shift.span, start, counted_to)
        rested = sum(seconds_within(rest, max(start, shift.span.began_at), counted_to) for rest in shift.breaks)
        total += max(0, here - rested)
    return total


def is_stale(began_at: datetime, now: datetime) -> bool:
    """Whether an open shift is too old to be true."""
    return now - began_at > LONGEST_SHIFT


def is_forgotten(began_at: datetime, last_sign: datetime, now: datetime, zone: ZoneInfo) -> bool:
    """Whether somebody went home without saying so: too long ago, or over midnight with no sign of work lately."""
    if is_stale(began_at, now):
        return True
    is_another_day = began_at.astimezone(zone).date() < now.astimezone(zone).date()
    return is_another_day and now - last_sign > _STILL_HERE
