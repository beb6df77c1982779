"""Why somebody is given this work and not other work, as one word; what people read is worded by the bench."""

from dataclasses import dataclass
from typing import Final

KEPT: Final = "kept"
LATE: Final = "late"
HELPING: Final = "helping"
ONLY_YOU: Final = "only_you"
FEW_CAN: Final = "few_can"
EARNED_LEAST: Final = "earned_least"
SAME_GOODS: Final = "same_goods"
ALL_IN_TIME: Final = "all_in_time"
DUE_FIRST: Final = "due_first"
REASONS: Final = (KEPT, LATE, HELPING, ONLY_YOU, FEW_CAN, EARNED_LEAST, SAME_GOODS, ALL_IN_TIME, DUE_FIRST)


@dataclass(frozen=True)
class Circumstances:
    """What was so when work was handed out.

    ``able`` and ``here`` count people at work: those who can do the first task, and all. ``from_plan`` says that it stood in
    this person's plan, ``from_another`` that it was planned for somebody who has more than enough.
    """

    is_kept: bool
    is_late: bool
    from_plan: bool
    from_another: bool
    asks_for_ability: bool
    able: int
    here: int
    has_earned_least: bool
    has_same_goods: bool


def why(facts: Circumstances) -> str:
    """The first reason that holds, the most particular first."""
    reasons = {
        KEPT: facts.is_kept,
        LATE: facts.is_late,
        HELPING: facts.from_another,
        ONLY_YOU: facts.asks_for_ability and facts.able == 1 < facts.here,
        FEW_CAN: facts.asks_for_ability and 2 * facts.able <= facts.here,
        EARNED_LEAST: facts.has_earned_least,
        SAME_GOODS: facts.has_same_goods,
        ALL_IN_TIME: facts.from_plan,
    }
    return next((reason for reason, holds in reasons.items() if holds), DUE_FIRST)
