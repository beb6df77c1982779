"""Pure rules of the scale: bags and their sums, catties, the code on a farmer's badge."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# A tricycle's load; a lorry is weighed in parts.
HEAVIEST_G: Final = 5_000_000
MOST_BAGS: Final = 40

# A market catty (市斤) is half a kilogram.
KG: Final = "kg"
JIN: Final = "jin"
GRAMS_IN: Final = {KG: 1_000, JIN: 500}

GOODS: Final = "goods"
CERTIFICATE: Final = "certificate"
MOST_PHOTOS: Final = {GOODS: 4, CERTIFICATE: 2}

_CODE = re.compile(r"NH-?(\d{1,12})-?(\d)")
_WEIGHTS = (3, 1, 7, 9)


@dataclass(frozen=True)
class Bag:
    """One bag on the scale, in grams."""

    gross_g: int
    tare_g: int


@dataclass(frozen=True)
class Sum:
    """What all bags weigh together, in grams."""

    gross_g: int
    tare_g: int

    @property
    def net_g(self) -> int:
        """What is in them."""
        return self.gross_g - self.tare_g


def sum_of(bags: Iterable[Bag]) -> Sum:
    """The weights of all bags together; in whatever order they were weighed."""
    known = list(bags)
    return Sum(sum(bag.gross_g for bag in known), sum(bag.tare_g for bag in known))


def farmer_code(farmer_id: int) -> str:
    """What stands in the QR of a farmer's badge: no secret, it only finds the farmer on a signed-in scale."""
    return f"NH-{farmer_id:05d}-{_check(farmer_id)}"


def read_farmer_code(scanned: str) -> int | None:
    """The farmer of a scanned badge, or ``None``: another code, or one that was misread."""
    match = _CODE.fullmatch(scanned.strip().upper())
    if match is None:
        return None
    farmer_id = int(match[1])
    return farmer_id if _check(farmer_id) == int(match[2]) else None


def _check(number: int) -> int:
    """A digit that differs when one digit was misread, or two neighbours were swapped in most cases."""
    digits = [int(digit) for digit in reversed(str(number))]
    return sum(digit * _WEIGHTS[place % 4] for place, digit in enumerate(digits)) % 10
