"""What a scale says and whether it can be right. Pure; weights in grams."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from fulfillment.couriers.terms import HEAVIEST_G, SendingTerms
from kernel.parse import FieldError
from kernel.text import Text

RIGHT: Final = "right"
LIGHT: Final = "light"
HEAVY: Final = "heavy"

# Scales that type: "ST,GS,+  1.235kg", "1235 g", "1.235". US means that the pan still swings.
_READING = re.compile(
    r"(?:ST[,\s]*)?(?:(?:GS|NT|N|G)[,:\s]*)?\+?\s*(\d{1,6}(?:\.\d{1,4})?)\s*(KG|G|公斤|千克|克|斤)?", re.ASCII
)
_GRAMS_IN = {"KG": 1000, "公斤": 1000, "千克": 1000, "G": 1, "克": 1, "斤": 500}
_LONGEST = 60


def read_scale(raw: object) -> int:
    """Grams from what a scale or a person typed; a number without a unit is kilograms.

    Raises:
        FieldError: not a weight, a pan that still swings, or more than any box weighs.
    """
    typed = unicodedata.normalize("NFKC", raw[:_LONGEST]).upper().strip() if isinstance(raw, str) else ""
    if typed.startswith("US"):
        raise FieldError("秤还没稳，等一下再称。", "The scale has not settled; wait and weigh again.")
    match = _READING.fullmatch(typed)
    grams = Decimal(match[1]) * _GRAMS_IN[match[2] or "KG"] if match else Decimal(0)
    if not 1 <= grams <= HEAVIEST_G:
        raise FieldError("请填重量，例如 1.25（公斤）或 1250g。", "Give a weight such as 1.25 (kg) or 1250g.")
    return int(grams)


def tolerance_g(expected_g: int, terms: SendingTerms) -> int:
    """How far the scale may be off: a fixed weight or a share of it, whichever is more."""
    return max(terms.tolerance_g, expected_g * terms.tolerance_bps // 10_000)


def verdict(weight_g: int, expected_g: int, tolerance: int) -> str:
    """Whether a box weighs what it should: right, light or heavy."""
    if weight_g < expected_g - tolerance:
        return LIGHT
    return HEAVY if weight_g > expected_g + tolerance else RIGHT


@dataclass(frozen=True)
class Piece:
    """Some of one kind in the box: what it is called, how many, what one weighs."""

    name: str
    quantity: int
    gross_g: int


def what_may_be_wrong(weight_g: int, expected_g: int, tolerance: int, pieces: Sequence[Piece]) -> Text:
    """In one sentence what is off and which goods would explain it; empty when nothing is."""
    off = weight_g - expected_g
    how = verdict(weight_g, expected_g, tolerance)
    if how == RIGHT:
        return Text("", "")
    kilograms = f"{abs(off) / 1000:.2f}"
    guess = _guess(abs(off), tolerance, pieces, at_most_there=how == LIGHT)
    if how == LIGHT:
        zh, en = f"轻了 {kilograms} 公斤", f"{kilograms} kg too light"
        explained = f"，可能少了 {guess[0]} 件“{guess[1]}”" if guess else "，请打开看看少了什么"
        reason = f"; {guess[0]} of “{guess[1]}” may be missing" if guess else "; open it and see what is missing"
    else:
        zh, en = f"重了 {kilograms} 公斤", f"{kilograms} kg too heavy"
        explained = f"，可能多了 {guess[0]} 件“{guess[1]}”" if guess else "，请打开看看多了什么"
        reason = f"; {guess[0]} of “{guess[1]}” may be too many" if guess else "; open it and see what is too much"
    return Text(f"{zh}{explained}。", f"{en}{reason}.")


def _guess(off_g: int, tolerance: int, pieces: Sequence[Piece], *, at_most_there: bool) -> tuple[int, str] | None:
    """How many of which kind come closest to what is off, within the tolerance; fewer pieces first."""
    guesses = []
    for piece in pieces:
        number = max(1, round(off_g / piece.gross_g))
        if at_most_there:
            number = min(number, piece.quantity)
        rest = abs(off_g - number * piece.gross_g)
        if rest <= tolerance:
            guesses.append((number, rest, piece.name))
    return (min(guesses)[0], min(guesses)[2]) if guesses else None
