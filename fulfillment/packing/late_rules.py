"""What a "done" is worth that arrives late, because the device had no network.

The rule (decision 21): a piece is paid once, to whoever finished it while having it in hand. In a packer's favour, work
that left her hands meanwhile still counts as long as nobody else has taken it; and where somebody else has taken it but
not finished it, it counts if she finished before it left her. What somebody else has finished stays theirs, and an order
that was cancelled before she finished brings nothing. In all these cases a person decides what else is fair.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fulfillment.packing.states import STOPPED, TAKEN, WAITING

FINISH: Final = "finish"  # it is in her hands: as ever
TAKE_AND_FINISH: Final = "take_and_finish"  # it is hers again, at the rate of then, and finished
PAY_ONLY: Final = "pay_only"  # finished before its order was cancelled: owed, but not sent
ALREADY: Final = "already"
CANCELLED: Final = "cancelled"
OTHER_HAS_IT: Final = "other_has_it"
OTHER_PACKED_IT: Final = "other_packed_it"
NEVER_HERS: Final = "never_hers"
RATE_UNKNOWN: Final = "rate_unknown"

# Work that was done and does not count by the rule: what else is fair a person decides.
UNPAID: Final = (CANCELLED, OTHER_HAS_IT, OTHER_PACKED_IT, RATE_UNKNOWN)


@dataclass(frozen=True)
class Stint:
    """The last time that a packer had a task: from, until (nothing while it lasts), at which rate in fen."""

    taken_at: datetime
    left_at: datetime | None
    rate_fen: int | None


@dataclass(frozen=True)
class Standing:
    """How a task stands when the news arrives: whose it is, and since when it is stopped, if it is."""

    state: str
    is_hers: bool
    is_packed: bool
    stopped_at: datetime | None


def bounded(moment: datetime, stint: Stint, now: datetime) -> datetime:
    """The moment, but not before the work was taken and not after now: no clock can say otherwise."""
    return max(stint.taken_at, min(moment, now))


def worth(standing: Standing, stint: Stint | None, finished_at: datetime) -> str:
    """What becomes of a late "done"; ``finished_at`` lies within the bounds of the stint."""
    if stint is None:
        return NEVER_HERS
    if standing.is_packed:
        return ALREADY if standing.is_hers else OTHER_PACKED_IT
    if standing.state == STOPPED:
        return PAY_ONLY if _was_before(finished_at, standing.stopped_at, stint.left_at) else CANCELLED
    if standing.is_hers:
        return FINISH
    if standing.state == WAITING or (standing.state == TAKEN and _was_before(finished_at, stint.left_at)):
        return TAKE_AND_FINISH
    return OTHER_HAS_IT


def _was_before(finished_at: datetime, *ends: datetime | None) -> bool:
    return all(end is None or finished_at <= end for end in ends)
