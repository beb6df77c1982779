"""Which farmers to call this week, and why. Pure; weights in grams."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from fulfillment.purchasing.planning.rules import Promise

ENDS_WITHIN_DAYS: Final = 21
# A season's first fifth says little.
_SHOWS_AFTER_BPS: Final = 2_000
# Behind: less than seven tenths of what an even pace would have brought.
_BEHIND_BPS: Final = 7_000
_WORTH_A_CALL_BPS: Final = 1_000
_ORDER: Final = ("ends", "behind", "glut")


@dataclass(frozen=True)
class Reason:
    """Why to call: ``ends`` (the season, with so much still to come), ``behind`` its pace by so much, ``glut`` (ask to wait)."""

    kind: str
    grams: int

    @property
    def rank(self) -> tuple[int, int]:
        """The most pressing first."""
        return _ORDER.index(self.kind), -self.grams


def due_g(promise: Promise, today: date) -> int:
    """What an even pace would have brought by today."""
    days = (promise.season_end - promise.season_start).days + 1
    gone = min(days, max(0, (today - promise.season_start).days))
    return promise.agreed_g * gone // days


def why_call(promise: Promise, today: date, *, lies_over: bool) -> Reason | None:
    """Why to call about a contract that runs today, or ``None``. Nobody is hurried to bring what cannot be sold."""
    if not promise.season_start <= today <= promise.season_end or not promise.rest_g:
        return None
    if lies_over:
        return Reason("glut", promise.rest_g)
    is_near = promise.season_end - today <= timedelta(days=ENDS_WITHIN_DAYS)
    if is_near and promise.rest_g * 10_000 >= promise.agreed_g * _WORTH_A_CALL_BPS:
        return Reason("ends", promise.rest_g)
    due = due_g(promise, today)
    shows = due * 10_000 >= promise.agreed_g * _SHOWS_AFTER_BPS
    if shows and promise.delivered_g * 10_000 < due * _BEHIND_BPS:
        return Reason("behind", due - promise.delivered_g)
    return None
