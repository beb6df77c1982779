"""Claims as people type them in live rooms: 扣1, 1号 2袋, SOLD 1 2 (domain-rules.md, "Live selling")."""

import re
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

LONGEST_CLAIM: Final = 60

# The word that says "mine", then the number of the offer, then how many; what stands between and after is not looked at,
# as in CommentSold's "SOLD AA 10 blue small". The letter before a number is part of how some shops number their goods.
_WORD = r"(?:扣|拍|要|买|来|抢|sold|buy|claim|\+|#)?\s*"
_CHINESE: Final = re.compile(
    _WORD
    + r"(?P<place>\d{1,3})(?!\d)\s*(?:号链接|号|#)?\s*(?:[,，、xX*×\s]+|要|来|拍)*(?P<many>\d{1,3})?\s*(?:袋|件|份|盒|包|斤|个|单|pcs|bags?)?\s*",
    re.IGNORECASE,
)
_NUMERALS: Final = str.maketrans("一二两三四五六七八九", "1223456789")


@dataclass(frozen=True)
class Claim:
    """Which offer of the stream, counted from 1 as the page numbers them, and how many of it."""

    place: int
    quantity: int


def read_claim(typed: str) -> Claim | None:
    """What somebody typed to buy, or ``None`` when it cannot be told for certain."""
    text = normalize("NFKC", typed).strip().translate(_NUMERALS)
    if not text or len(text) > LONGEST_CLAIM:
        return None
    found = _CHINESE.fullmatch(text)
    if found is None:
        return None
    place, quantity = int(found["place"]), int(found["many"] or 1)
    return Claim(place, quantity) if place and quantity else None
