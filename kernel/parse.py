"""Typed text to bounded values. Only ASCII digits count: ``int()`` would also take １ or ٣."""

import re
import unicodedata
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kernel.text import Text

_COUNT = re.compile(r"[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,6}))?", re.ASCII)
_LOCAL_MINUTE = re.compile(
    r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})[T ]([0-9]{1,2}):([0-9]{2})(?::[0-9]{2})?", re.ASCII
)
_DATE = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})", re.ASCII)


class FieldError(ValueError):
    """One field is not usable; ``text`` tells the person what to type instead."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(zh, en)


def clean_text(raw: object, longest: int, *, required: bool = True, lines: bool = False) -> str:
    """Text without control characters, turns of direction or lone surrogates, trimmed, at most ``longest`` characters."""
    if raw is None:
        raw = ""
    if not isinstance(raw, str):
        raise FieldError("请填写文字。", "Please give text.")
    kept = "".join(c for c in raw if _is_printable(c) or (lines and c == "\n")).strip()
    if required and not any(map(_is_visible, kept)):
        raise FieldError("请填写。", "Please fill this in.")
    if len(kept) > longest:
        raise FieldError(
            f"最多 {longest} 个字，现在是 {len(kept)} 个。", f"At most {longest} characters; this has {len(kept)}."
        )
    return kept


# Left open in a name, one of these turns round whatever is printed after it, a slip's number included.
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _is_printable(character: str) -> bool:
    # Cc: controls and NUL; Cs: lone surrogates. Other format marks (Cf) stay: emoji need their joiners.
    return unicodedata.category(character) not in ("Cc", "Cs") and character not in _TURNS


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in ("Cc", "Cf", "Zs", "Zl", "Zp")


def parse_count(raw: object, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``, given as digits (or as a JSON integer)."""
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise _not_a_count(low, high)
    if isinstance(raw, str):
        digits = raw.strip()
        if not _COUNT.fullmatch(digits):
            raise _not_a_count(low, high)
        raw = int(digits)
    if not low <= raw <= high:
        raise _not_a_count(low, high)
    return raw


def _not_a_count(low: int, high: int) -> FieldError:
    return FieldError(f"请填 {low} 到 {high} 之间的整数。", f"Give a whole number from {low} to {high}.")


def parse_decimal(raw: object, *, places: int, low: Decimal, high: Decimal) -> Decimal:
    """A plain decimal such as ``12.5`` with at most ``places`` digits after the point."""
    match = _DECIMAL.fullmatch(raw.strip().replace(",", "")) if isinstance(raw, str) else None
    if match is None or len(match[2] or "") > places:
        raise FieldError(f"请填数字，最多 {places} 位小数。", f"Give a number with at most {places} decimals.")
    value = Decimal(match[0])
    if not low <= value <= high:
        raise FieldError(f"请填 {low} 到 {high} 之间的数。", f"Give a number from {low} to {high}.")
    return value


def parse_yuan(raw: object, high_fen: int, low_fen: int = 0) -> int:
    """Yuan as typed (``49.80``) to fen, between two bounds in fen."""
    value = parse_decimal(raw, places=2, low=Decimal(low_fen) / 100, high=Decimal(high_fen) / 100)
    return int(value * 100)


def parse_grams(raw: object, high_g: int, low_g: int = 0) -> int:
    """Kilograms as typed (``42.5``) to grams, between two bounds in grams."""
    value = parse_decimal(raw, places=3, low=Decimal(low_g) / 1000, high=Decimal(high_g) / 1000)
    return int(value * 1000)


def parse_bps(raw: object, high_bps: int, low_bps: int = 0) -> int:
    """Percent as typed (``12.5``) to basis points."""
    value = parse_decimal(raw, places=2, low=Decimal(low_bps) / 100, high=Decimal(high_bps) / 100)
    return int(value * 100)


def parse_date(raw: object) -> date:
    """``2026-08-01`` or ``2026/8/1``, within the years in which any zone's midnight is a time (1900 to 2999)."""
    match = _DATE.fullmatch(raw.strip()) if isinstance(raw, str) else None
    try:
        if match is None or not 1900 <= int(match[1]) <= 2999:
            raise ValueError
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise FieldError("请填日期，例如 2026-08-01。", "Give a date such as 2026-08-01.") from None


def parse_local_minute(raw: object, zone: ZoneInfo) -> datetime:
    """``2026-11-28T20:00`` as typed in the workshop's zone, in UTC."""
    match = _LOCAL_MINUTE.fullmatch(raw.strip()) if isinstance(raw, str) else None
    try:
        if match is None:
            raise ValueError
        year, month, day, hour, minute = (int(part) for part in match.groups())
        return datetime(year, month, day, hour, minute, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise FieldError(
            "请填日期和时间，例如 2026-11-28 20:00。", "Give a date and a time such as 2026-11-28 20:00."
        ) from None
