"""Tracking numbers: what a scanner or a person typed, made clean, and which courier it may be. A hint, not a proof."""

import re
import unicodedata

from kernel.parse import FieldError

CARRIERS = {
    "ZTO": "中通快递",
    "YTO": "圆通速递",
    "STO": "申通快递",
    "YUNDA": "韵达快递",
    "SF": "顺丰速运",
    "JT": "极兔速递",
    "EMS": "EMS",
    "YZ": "邮政快递包裹",
    "JD": "京东物流",
    "OTHER": "其他快递",
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


def clean_tracking(raw: str) -> str:
    """Upper-case letters and digits, full-width ones folded.

    Raises:
        FieldError: a number that a spreadsheet has destroyed, one with a wrong check digit, or no number at all.
    """
    folded = unicodedata.normalize("NFKC", raw).strip().upper().replace(" ", "")
    if re.fullmatch(r"[0-9.]+E\+?[0-9]+", folded):
        raise FieldError(
            "这个单号被表格软件改坏了，请从面单上重新扫。",
            "A spreadsheet has destroyed this number; scan it from the label again.",
        )
    if not _PLAIN.fullmatch(folded):
        raise FieldError("快递单号是 8 到 24 位字母和数字。", "A tracking number has 8 to 24 letters and digits.")
    s10 = _S10.fullmatch(folded)
    if s10 and _s10_check_digit(s10[1]) != int(s10[2]):
        raise FieldError("单号的校验位不对，请再核对。", "The number's check digit is wrong; look again.")
    if folded.startswith("SF") and not re.fullmatch(r"SF\d{13}", folded):
        raise FieldError("顺丰单号是 SF 加 13 位数字。", "An SF number is SF and 13 digits.")
    return folded


def _s10_check_digit(serial: str) -> int:
    """The check digit of UPU standard S10."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(serial, _S10_WEIGHTS, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def guess_carrier(tracking: str) -> str | None:
    """The courier that a clean number looks like, or ``None``: then a person says."""
    return next((carrier for carrier, shape in _SHAPES if shape.fullmatch(tracking)), None)
