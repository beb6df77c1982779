"""Which buyers belong together. Pure; each buyer is in one segment."""

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
