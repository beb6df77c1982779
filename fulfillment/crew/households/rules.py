"""The kinds of households that a county asks for, and how few are told apart. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ELDERLY: Final = "elderly"
LOW_INCOME: Final = "low_income"
DISABLED: Final = "disabled"
ACCOMPANYING: Final = "accompanying"
KINDS: Final = (ELDERLY, LOW_INCOME, DISABLED, ACCOMPANYING)
# People of whom nothing is said, and those of kinds that are too few to be told apart.
UNSAID: Final = "unsaid"
FEW: Final = "few"
# A group of fewer is not told apart: a sum of one or two people is what they earn. Our own choice.
FEWEST: Final = 3


@dataclass(frozen=True)
class Group:
    """People of one kind, what they earned in fen."""

    kind: str
    people: int
    earned_fen: int


def kept_private(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Groups that can be told apart, in a fixed order; those of too few people are put together as ``few``.

    If those are still too few, they are counted among the unsaid, and where that leaves too few as well, everybody is.
    """
    found = {group.kind: group for group in groups if group.people}
    small = [kind for kind in KINDS if kind in found and found[kind].people < FEWEST]
    few = _together(FEW, [found.pop(kind) for kind in small])
    if few.people >= FEWEST:
        found[FEW] = few
    elif few.people:
        found[UNSAID] = _together(UNSAID, [few, *([found.pop(UNSAID)] if UNSAID in found else [])])
    if UNSAID in found and found[UNSAID].people < FEWEST:
        # The smallest group with it: otherwise the whole less the others would tell.
        others = sorted((group for group in found.values() if group.kind != UNSAID), key=lambda group: group.people)
        if others:
            found[UNSAID] = _together(UNSAID, [found[UNSAID], found.pop(others[0].kind)])
    return tuple(found[kind] for kind in (*KINDS, FEW, UNSAID) if kind in found)


def _together(kind: str, groups: list[Group]) -> Group:
    return Group(kind, sum(group.people for group in groups), sum(group.earned_fen for group in groups))
