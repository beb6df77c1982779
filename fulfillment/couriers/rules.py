"""Tracking numbers: what a scanner or a person typed, made clean, and which courier it may be. A hint, not a proof."""

import re
import unicodedata
from typing import Final

from kernel.parse import FieldError
from kernel.text import Text

CARRIERS: Final[dict[str, Text]] = {
    "ZTO": Text("中通快递", "ZTO"),
    "YTO": Text("圆通速递", "YTO"),
    "STO": Text("申通快递", "STO"),
    "YUNDA": Text("韵达快递", "Yunda"),
    "SF": Text("顺丰速运", "SF Express"),
    "JT": Text("极兔速递", "J&T Express"),
    "EMS": Text("EMS", "EMS"),
    "YZ": Text("邮政快递包裹", "China Post"),
    "JD": Text("京东物流", "JD Logistics"),
    "OTHER": Text("其他快递", "Another courier"),
}

_SHAPES = (
    ("SF", re.compile(r"SF\d{13}")),
    ("ZTO", re.compile(r"7[35678]\d{12}")),
    ("YTO", re.compile(r"YT\d{13}")),
    ("STO", re.compile(r"77\d{13}")),
    ("YUNDA", re.compile(r"[34]\d{14}")),
    ("JT", re.compile(r"JT\d{13}")),
    ("YZ", re.compile(r"9\d{12}")),
    ("EMS", re.compile(r"[A-Z]{2}\d{9}CN")),
    ("JD", re.compile(r"JD[A-Z0-9]{11,15}")),
)
_S10 = re.compile(r"[A-Z]{2}(\d{8})(\d)[A-Z]{2}")
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_PLAIN = re.compile(r"[A-Z0-9]{8,24}", re.ASCII)
_SPREADSHEET = re.compile(r"[0-9]+(\.[0-9]+)?E\+?[0-9]+", re.ASCII)
# More than anybody types or scans; nothing longer is looked at.
_LONGEST = 200


def clean_tracking(raw: str) -> str:
    """Upper-case letters and digits, full-width ones folded.

    Raises:
        FieldError: a number that a spreadsheet has destroyed, one with a wrong check digit, or no number at all.
    """
    folded = "".join(unicodedata.normalize("NFKC", raw[:_LONGEST]).upper().split())
    if _SPREADSHEET.fullmatch(folded):
        raise FieldError(
            "这个单号被表格软件改坏了，请从面单上重新扫。",
            "A spreadsheet has destroyed this number; scan it from the label again.",
        )
    if not _PLAIN.fullmatch(folded):
        raise FieldError("快递单号是 8 到 24 位字母和数字。", "A tracking number has 8 to 24 letters and digits.")
    s10 = _S10.fullmatch(folded)
    if s10 and _s10_check_digit(s10[1]) != int(s10[2]):
        raise FieldError("单号的校验位不对，请再核对。", "The number's check digit is wrong; look again.")
    if folded.startswith("SF") and not _SHAPES[0][1].fullmatch(folded):
        raise FieldError("顺丰单号是 SF 加 13 位数字。", "An SF number is SF and 13 digits.")
    return folded


def _s10_check_digit(serial: str) -> int:
    """The check digit of UPU standard S10."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(serial, _S10_WEIGHTS, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def guess_carrier(tracking: str) -> str | None:
    """The courier that a clean number looks like, or ``None``: then a person says."""
    return next((carrier for carrier, shape in _SHAPES if shape.fullmatch(tracking)), None)


def choose_carrier(chosen: str, tracking: str) -> str:
    """The courier that a person chose, else the one that the number looks like.

    Raises:
        FieldError: nobody chose, and the number could be anybody's.
    """
    found = chosen if chosen in CARRIERS else guess_carrier(tracking)
    if found is None:
        raise FieldError(
            "从单号看不出是哪家快递，请选一家。", "The number does not say which courier it is; please choose."
        )
    return found


def carrier_name(code: object) -> str | None:
    """A courier's name in the language of the page; ``None`` where there is no courier yet."""
    return str(CARRIERS[code]) if isinstance(code, str) and code in CARRIERS else None
