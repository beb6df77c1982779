"""Which buyers belong together. Pure; each buyer is in one segment."""

import re
from datetime import date, timedelta
from typing import Final

from kernel.notices.rules import SMS, can_receive

NEW: Final = "new"
ONCE: Final = "once"
RETURNING: Final = "returning"
LAPSED: Final = "lapsed"
SEGMENTS: Final = (NEW, RETURNING, ONCE, LAPSED)

# Our own choice: how long somebody is new, and how long without an order is long.
NEW_FOR: Final = timedelta(days=30)
LAPSED_AFTER: Final = timedelta(days=90)

_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)


def segment_of(days: int, last_day: date, today: date) -> str:
    """The segment of a buyer who paid on so many different days, last on ``last_day``.

    ``new``: one day, within 30 days. ``once``: one day, longer ago. ``returning``: several days, the last within 90 days.
    ``lapsed``: several days, the last longer ago.
    """
    if days > 1:
        return RETURNING if last_day >= today - LAPSED_AFTER else LAPSED
    return NEW if last_day >= today - NEW_FOR else ONCE


def may_hear(channel: str, phone: str) -> bool:
    """Whether there is a number of one of the shop's own buyers that text messages can go to."""
    return channel == "own" and can_receive(SMS, phone)


def cohort_of(name: str) -> date | None:
    """The first day of a month written as ``2026-11``; nothing where it is no month."""
    if not _MONTH.fullmatch(name):
        return None
    return date(int(name[:4]), int(name[5:]), 1)
