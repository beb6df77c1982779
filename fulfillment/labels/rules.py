"""What a slip shows and what it hides. Masking follows GB/T 41833-2022 as domain-rules.md gives it."""

import re
from dataclasses import dataclass
from typing import Final

from kernel.text import Text

# Why a slip is printed again; "other" needs a word of its own.
REPRINT_REASONS: Final[dict[str, Text]] = {
    "not_out": Text("没有打出来", "It did not come out"),
    "torn": Text("破了", "It is torn"),
    "unclear": Text("打得看不清", "It cannot be read"),
    "lost": Text("找不到了", "It is lost"),
    "other": Text("别的原因", "Another reason"),
}

LONGEST_REASON = 60

# What tells the door, from the earliest of these to the end of the line: after the building, a unit, a room.
_DOORS = (
    re.compile(r"(?<=[幢栋座]).+$"),
    re.compile(r"(?<=号楼).+$"),
    re.compile(r"[0-9零一二三四五六七八九十]+\s*(单元|层|楼|室|房|户).*$"),
    re.compile(r"(?<=\d)\s*[-－—]\s*\d+[-－—\d\s]*[室房户]?$"),
    re.compile(r"(?<!\d)\d{3,5}[室房户]?$"),
    re.compile(r"(?i)\b(room|rm|apt|apartment|unit|flat|suite|floor)\b.*$|#.*$"),
)
_MASK = "****"
_DIGITS_HIDDEN = 6
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")


@dataclass(frozen=True)
class SlipLine:
    """One kind of goods in the box."""

    quantity: int
    title: str
    spec: str


@dataclass(frozen=True)
class Slip:
    """Everything that is printed for one box; the receiver is masked already.

    ``copy`` counts its prints; 0 is a preview, which says on its face that it is not to be stuck on. ``next_step`` stands
    at the bottom in place of what a slip usually says there. ``place`` is where it comes in its batch, such as ``7/12``.
    """

    parcel_number: str
    order_number: str
    channel: str
    lines: tuple[SlipLine, ...]
    receiver: str
    phone: str
    address: str
    due: str
    printed: str = ""
    note: str = ""
    part: str = ""
    copy: int = 1
    next_step: str = ""
    place: str = ""


def mask_name(name: str) -> str:
    """The first character and a star for each of the others; at least one is always hidden."""
    name = name.strip()
    if len(name) <= 1:
        return "*"
    return name[0] + "*" * min(len(name) - 1, 5)


def mask_phone(phone: str, extension: str | None = None) -> str:
    """At least six digits hidden; a virtual number stays whole.

    A number with an extension is the platform's own stand-in: it is private already and useless without its end. Of a
    landline the area code stays, which says no more than the city above it, and the last two digits.
    """
    if extension:
        return f"{phone}-{extension}"
    area, dash, number = phone.partition("-")
    if dash and area.startswith("0"):
        return f"{area}-****{number[-2:]}"
    # A platform may have put its own stars already; they stand for digits.
    digits = "".join(c for c in phone if c.isdigit() or c == "*")
    head = min(3, len(digits) - 2 - _DIGITS_HIDDEN)
    if head < 0:
        return "*" * len(digits)
    return digits[:head] + "*" * (len(digits) - head - 2) + digits[-2:]


def mask_detail(detail: str) -> str:
    """The street and the building stay for the courier; unit and room do not."""
    starts = [found.start() for door in _DOORS if (found := door.search(detail))]
    return detail[: min(starts)] + _MASK if starts else detail


def mask_note(note: str) -> str:
    """What the buyer wrote, without a mobile number that stands in it."""
    return _MOBILE.sub(lambda found: mask_phone(found[0]), note)


def reason_words(reason: str) -> str:
    """A stored reason in the language of the page; one of its own follows the word "other"."""
    code, _, own = reason.partition(": ")
    known = REPRINT_REASONS.get(code)
    return own or (str(known) if known else reason)
