"""What a slip shows and what it hides. Masking follows GB/T 41833-2022 as domain-rules.md gives it."""

import re
import unicodedata
from dataclasses import dataclass, field

# After the building, before the unit, or a bare room number at the end: what tells the door.
_DOORS = (re.compile(r"(?<=[幢栋座]).+$"), re.compile(r"\d+\s*单元.*$"), re.compile(r"(?<=\D)\d{3,4}室?$"))
_LONGEST_LINE = 60


@dataclass(frozen=True)
class SlipLine:
    """One kind of goods in the box."""

    quantity: int
    title: str
    spec: str
    sku: str


@dataclass(frozen=True)
class Slip:
    """Everything that is printed for one box; the receiver is masked already."""

    parcel_number: str
    order_number: str
    channel: str
    lines: tuple[SlipLine, ...]
    receiver: str
    phone: str
    address: str
    due: str
    note: str = ""
    part: str = ""
    copy: int = 1
    unprintable: tuple[str, ...] = field(default=())


def mask_name(name: str) -> str:
    """The first character and a star for each of the others; at least one is always hidden."""
    if len(name) <= 1:
        return "*"
    return name[0] + "*" * min(len(name) - 1, 5)


def mask_phone(phone: str, extension: str | None = None) -> str:
    """Six digits hidden of a mobile number, four and more of a landline; a virtual number stays whole.

    A number with an extension is the platform's own stand-in: it is private already and useless without its end.
    """
    if extension:
        return f"{phone}-{extension}"
    area, dash, number = phone.partition("-")
    if dash and area.startswith("0"):
        return f"{area}-****{number[-2:]}"
    if len(phone) < 9:
        return "*" * len(phone)
    return phone[:3] + "*" * (len(phone) - 5) + phone[-2:]


def mask_detail(detail: str) -> str:
    """The street and the building stay for the courier; unit and room do not."""
    for door in _DOORS:
        if door.search(detail):
            return door.sub("****", detail)
    return detail


def plain_line(text: str, longest: int = _LONGEST_LINE) -> str:
    """One line for paper: no direction marks, joiners or controls, cut with an ellipsis when too long."""
    kept = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co"))
    one_line = " ".join(kept.split())
    return one_line if len(one_line) <= longest else one_line[: longest - 1] + "…"
