"""Which packed boxes are looked at, what is looked at, and what makes a box good. Knows no database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from kernel.text import Text

DUE: Final = "due"
OK: Final = "ok"
MEND: Final = "mend"
DROPPED: Final = "dropped"
STATES: Final = (DUE, OK, MEND, DROPPED)

FAIR: Final = "fair"
BY_LEAD: Final = "lead"

# What is looked at in every box, as a question that is answered with yes or no.
QUESTIONS: Final[dict[str, Text]] = {
    "right_goods": Text("货对吗？", "Are these the right goods?"),
    "right_count": Text("数量对吗？", "Is the count right?"),
    "label_good": Text("单子贴好了吗？", "Is the label on well?"),
    "closed_well": Text("箱子封好了吗？", "Is the box closed well?"),
}


@dataclass(frozen=True)
class Packed:
    """A packed box that may be chosen: who packed it, and in which hour of the day."""

    parcel_id: int
    packer_id: int
    hour: int


@dataclass(frozen=True)
class Looked:
    """How often each person's and each hour's boxes were chosen today."""

    of_person: Mapping[int, int]
    of_hour: Mapping[int, int]


def how_many(packed_today: int, chosen_today: int, rate_bps: int, people: int) -> int:
    """How many more to choose: the rate of what was packed today, rounded up, and one for each person at least.

    Args:
        packed_today: boxes packed today, by everybody.
        chosen_today: of them, how many were chosen already.
        rate_bps: how many of ten thousand boxes are looked at; 0 turns the choosing off.
        people: how many people packed today.
    """
    if rate_bps == 0:
        return 0
    wanted = max(-(-packed_today * rate_bps // 10_000), min(people, packed_today))
    return max(0, wanted - chosen_today)


def choose(packed: Sequence[Packed], looked: Looked, most: int, rng: Random) -> list[Packed]:
    """Choose boxes fairly: whoever was looked at least comes first, then the hour looked at least, else by lot."""
    of_person, of_hour = dict(looked.of_person), dict(looked.of_hour)
    left = list(packed)
    rng.shuffle(left)
    chosen: list[Packed] = []
    while left and len(chosen) < most:
        best = min(left, key=lambda box: (of_person.get(box.packer_id, 0), of_hour.get(box.hour, 0)))
        left.remove(best)
        chosen.append(best)
        of_person[best.packer_id] = of_person.get(best.packer_id, 0) + 1
        of_hour[best.hour] = of_hour.get(best.hour, 0) + 1
    return chosen
