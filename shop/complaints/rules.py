"""Pure decisions: who may complain about what and until when (domain-rules.md, "Buyers' rights and data")."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from kernel.text import Text

DAMAGED: Final = "damaged"
RETURN: Final = "return"
KINDS: Final = (DAMAGED, RETURN)

OPEN: Final = "open"
GRANTED: Final = "granted"
REFUSED: Final = "refused"
WITHDRAWN: Final = "withdrawn"
STATES: Final = (OPEN, GRANTED, REFUSED, WITHDRAWN)

# Seven days without a reason, for goods that may be returned.
RETURN_WITHIN: Final = timedelta(days=7)
MOST_PHOTOS: Final = 4
LONGEST_WORDS: Final = 500
MOST_HOURS: Final = 720


@dataclass(frozen=True)
class Delivered:
    """What the rules need to know of an order.

    Its state, when it arrived, and of each of its goods the hours in which damage is to be shown and whether it may be
    returned.
    """

    state: str
    arrived_at: datetime | None
    hours: Collection[int]
    returnable: Collection[bool]

    @property
    def damage_until(self) -> datetime | None:
        """The end of the time in which damage is to be shown; ``None`` while it has not arrived."""
        return self.arrived_at + timedelta(hours=max(self.hours, default=0)) if self.arrived_at else None


def why_not(kind: str, order: Delivered, now: datetime) -> Text | None:
    """What stands against a complaint of this kind now, or ``None``."""
    if order.state not in ("shipped", "delivered"):
        return Text("货还没有发出。", "The goods have not been sent yet.")
    if kind == DAMAGED:
        until = order.damage_until
        if until is not None and until < now:
            hours = max(order.hours)
            return Text(
                f"签收超过 {hours} 小时了，过了坏单包赔的时间。",
                f"More than {hours} hours have passed since it arrived; the time for this is over.",
            )
        return None
    if not any(order.returnable):
        return Text("这些商品不退货。坏了可以报坏。", "These goods cannot be returned. If they are damaged, say so.")
    if order.arrived_at is None:
        return Text("收到货以后再申请退货。", "Ask for a return once the parcel has arrived.")
    if order.arrived_at + RETURN_WITHIN < now:
        return Text("签收超过七天了。", "More than seven days have passed since it arrived.")
    return None
