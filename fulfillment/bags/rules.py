"""Which bags are taken first. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Left:
    """What is left of a bagging, in bags."""

    bagging_id: int
    bags: int


def share_out(wanted: int, open_baggings: Sequence[Left]) -> tuple[list[Left], int]:
    """From which baggings ``wanted`` bags are taken, first come first used, and how many no bagging is known for.

    ``open_baggings`` stand in the order in which they go bad (first expired, first out).
    """
    taken: list[Left] = []
    for left in open_baggings:
        bags = min(wanted, left.bags)
        if bags > 0:
            taken.append(Left(left.bagging_id, bags))
            wanted -= bags
    return taken, wanted
