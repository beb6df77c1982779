"""What the lead's pages decide without asking the database."""

import re
from typing import Final

from fulfillment.packing.states import CANCELLED, HANDED_OVER, PACKED, TAKEN
from kernel.scans import without_garbage
from kernel.text import Text

# Why an order is stopped; "other" needs a word of its own.
STOP_REASONS: Final[dict[str, Text]] = {
    "buyer_asked": Text("买家不要了", "The buyer does not want it"),
    "no_goods": Text("货不够或坏了", "Goods are missing or spoiled"),
    "wrong_address": Text("地址送不到", "It cannot be delivered there"),
    "other": Text("别的原因", "Another reason"),
}

# What a person may wish for: a preference as they said it, never a diagnosis.
PREFERENCES: Final[dict[str, Text]] = {
    "seated": Text("想坐着做", "Would rather sit"),
    "one_handed": Text("想要一只手能做的活", "Would rather work with one hand"),
    "no_lifting": Text("不搬重的", "No heavy lifting"),
    "low_sight": Text("字要大", "Large letters"),
    "no_reading": Text("看图、听声音，不看字", "Pictures and sound, no reading"),
}

# The word of the log for somebody who stopped because they were unwell.
UNWELL: Final = "bench.unwell"

_PLAIN = re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}", re.ASCII)


def read_scan(raw: object) -> str:
    """The number that a scanner or a person typed: folded, upper case, the end of an address; empty when it is none."""
    number = without_garbage(raw).rstrip("/").rpartition("/")[2]
    return number if _PLAIN.fullmatch(number) else ""


def number_in_address(part: str) -> str:
    """The number that an address names, as it stands: a link names one thing only. Empty when it can be none.

    What scanners and people type may come with more around it, and goes through :func:`read_scan`.
    """
    return part if _PLAIN.fullmatch(part) else ""


def parcel_number(scanned: str) -> str:
    """A parcel's number has no dash; an order's number with its dash typed before the box is understood too."""
    return scanned.replace("-", "")


def has_in_hand(task_state: str, packer_id: int | None, person_id: int) -> bool:
    """Whether a person has this task now: the slip is then theirs to print."""
    return task_state == TAKEN and packer_id == person_id


def standing(parcel_state: str, task_state: str) -> str:
    """What a parcel stands at, in one word: waiting, taken, packed, handed_over or cancelled."""
    return parcel_state if parcel_state in (PACKED, HANDED_OVER, CANCELLED) else task_state
