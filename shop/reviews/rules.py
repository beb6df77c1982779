"""Pure decisions about reviews: who may write one, what name stands under it, why one may be kept back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kernel.text import Text

FEWEST_STARS: Final = 1
MOST_STARS: Final = 5
LONGEST_WORDS: Final = 500
LONGEST_ANSWER: Final = 300

WAITING: Final = "waiting"
SHOWN: Final = "shown"
HIDDEN: Final = "hidden"
STATES: Final = (WAITING, SHOWN, HIDDEN)

# That somebody did not like the goods is no reason: article 39 of the E-Commerce Law of the PRC (2018) forbids platforms to
# delete what buyers say of goods, and this shop holds itself to the same.
REASONS: Final[Mapping[str, Text]] = {
    "personal": Text("写了电话、地址等个人信息", "It has a phone number, an address or other personal data"),
    "abuse": Text("骂人的话", "It insults people"),
    "advertising": Text("广告", "It advertises something else"),
    "elsewhere": Text("说的不是这个商品", "It is about something other than these goods"),
    "unlawful": Text("法律不让公开的内容", "The law forbids publishing it"),
}

# Goods that have left: whether they are there yet is not always known, since not every courier tells.
_HAVE_LEFT: Final = ("shipped", "delivered")
ANONYMOUS: Final = Text("买家", "A buyer")


def may_review(state: str, channel: str) -> bool:
    """Whether an order in this state lets its buyer say what the goods are like."""
    return channel == "own" and state in _HAVE_LEFT


def shown_name(name: str) -> str:
    """The first character of a name and two stars, as buyers' names stand in shops: 张三 is 张**; nothing for no name."""
    return f"{name.strip()[:1]}**" if name.strip() else ""


@dataclass(frozen=True)
class Rating:
    """How many reviews of a product gave how many stars; ``counts[0]`` is one star."""

    counts: tuple[int, int, int, int, int]

    @property
    def total(self) -> int:
        """How many reviews there are."""
        return sum(self.counts)

    @property
    def average(self) -> float:
        """Stars on average, to one place; 0 without reviews."""
        stars = sum(place * count for place, count in enumerate(self.counts, 1))
        return round(stars / self.total, 1) if self.total else 0.0
