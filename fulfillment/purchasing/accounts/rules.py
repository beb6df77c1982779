"""What an entry in a farmer's account is, and how numbers of people and firms are checked and shown. Pure."""

import re
from typing import Final

# What the farmer had already, what was agreed to be kept, what is paid on top, money that did not arrive, an undone line.
ADVANCE, DEDUCTION, SUPPLEMENT, CAME_BACK, REVERSAL = KINDS = (
    "advance",
    "deduction",
    "supplement",
    "came_back",
    "reversal",
)
TYPED_KINDS: Final = (ADVANCE, DEDUCTION, SUPPLEMENT)
TAKES: Final = (ADVANCE, DEDUCTION)
SPAWN, BAGS, FUEL, MONEY, OTHER = INPUTS = ("spawn", "bags", "fuel", "money", "other")
CASH, BANK = METHODS = ("cash", "bank")
MOST_FEN: Final = 10_000_000

_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS: Final = "10X98765432"
_ID: Final = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)


def signed(kind: str, fen: int) -> int:
    """How an amount that somebody typed (positive) changes what is owed to the farmer."""
    return -fen if kind in TAKES else fen


def is_identity_number(number: str) -> bool:
    """Whether 18 signs are a resident's number (GB 11643: weighted sum modulo 11)."""
    if not _ID.fullmatch(number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return number[17] == _ID_CHECKS[total % 11]


def masked_tail(tail: str) -> str:
    """The last signs of a number that is kept whole elsewhere: enough to tell it from another."""
    return f"…{tail[-4:]}" if tail else ""
