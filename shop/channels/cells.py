"""What a cell of an export says once the wrappings of platforms and spreadsheets are off. Pure.

The quirks are those of real exports (domain-rules.md, "Platform orders"): TABs around numbers, a leading apostrophe,
``="…"``, dashes and ``null`` for empty, yuan signs and thousands separators, and ids that a spreadsheet has rounded.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from kernel.parse import FieldError

LONGEST_CELL = 2_000
MOST_FEN = 1_000_000_000
MOST_PIECES = 9_999

_EMPTY = frozenset({"-", "--", "—", "——", "/", "null", "NULL"})
_FORMULA_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_DESTROYED = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+?[0-9]{1,2}", re.ASCII)
_ORDER_ID = re.compile(r"#?[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_MONEY = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,6}))?", re.ASCII)
_WHOLE = re.compile(r"([0-9]{1,6})(?:\.0+)?", re.ASCII)
_MOBILE_WITH_EXTENSION = re.compile(
    r"(1[0-9*]{10})\s*(?:-|—|,|，|转|#|ext\.?)\s*([0-9]{1,6})", re.ASCII | re.IGNORECASE
)
_CHINA_CODE = re.compile(r"^\s*\(?(?:\+|00)86\)?[\s-]*", re.ASCII)
_MOBILE = re.compile(r"1[0-9]{10}", re.ASCII)
# Douyin and Kuaishou `##…##`, `$$…$$`; Taobao `~…~1~`.
_ENCRYPTED = re.compile(r"##.+##|\$\$?.+\$\$?|~.+~\d*~?", re.DOTALL)
# A spreadsheet keeps 15 digits of a number; a longer id stored as one has lost its end.
_LARGEST_EXACT = 10**15
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d %H:%M:%S %z")
DAY_FIRST = ("%d/%m/%Y %H:%M:%S",)


def plain(raw: object) -> str:
    """The bare text of a cell; empty when the platform writes one of its words for nothing."""
    if isinstance(raw, datetime | date):
        return f"{raw:%Y-%m-%d %H:%M:%S}"
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() and abs(raw) < _LARGEST_EXACT else f"{raw:.12g}"
    if raw is None:
        return ""
    text = str(raw).replace("\t", " ")
    if not text.isprintable():
        text = "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    while (bare := _unwrapped(text)) != text:
        text = bare
    return "" if text in _EMPTY else text


def _unwrapped(text: str) -> str:
    """One wrapping less: blanks, an apostrophe that marks text, or ``="…"``."""
    text = text.strip().strip("\ufeff")
    formula = _FORMULA_TEXT.fullmatch(text)
    if formula:
        return formula[1].replace('""', '"')
    return text.removeprefix("'")


def order_id(text: str) -> str:
    """The number of an order, whole.

    Raises:
        FieldError: a spreadsheet has rounded it, or it is no number at all.
    """
    if _DESTROYED.fullmatch(text):
        raise FieldError(
            "编号被表格软件改坏了（变成了科学计数法）。请从平台重新导出，不要用 Excel 打开再保存。",
            "a spreadsheet has destroyed this number; export again and do not save the file in Excel",
        )
    if not _ORDER_ID.fullmatch(text):
        raise FieldError("不是订单编号。", "this is not an order number")
    return text


def money_fen(text: str) -> int:
    """Yuan as platforms write them (``￥1,422.00``, ``0.00元``) in fen.

    Raises:
        FieldError: not an amount, negative, or with parts of a fen.
    """
    bare = text.strip("￥¥元 ").replace(",", "").replace("，", "").strip()
    found = _MONEY.fullmatch(bare)
    if found is None or (found[2] or "")[2:].strip("0"):
        raise FieldError("不是金额，例如 49.80。", "this is not an amount such as 49.80")
    fen = int(Decimal(bare) * 100)
    if fen > MOST_FEN:
        raise FieldError("金额太大了。", "this amount is too large")
    return fen


def pieces(text: str) -> int:
    """How many were bought, from 1 on.

    Raises:
        FieldError: not a whole number, zero, or far too many.
    """
    found = _WHOLE.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= MOST_PIECES:
        raise FieldError(f"数量是 1 到 {MOST_PIECES} 的整数。", f"a quantity is a whole number from 1 to {MOST_PIECES}")
    return int(found[1])


def moment(text: str, zone: ZoneInfo, formats: Sequence[str] = TIMES) -> datetime:
    """A time of an export, aware; without an offset it is the workshop's.

    Raises:
        FieldError: not a time in one of the known forms.
    """
    for form in formats:
        try:
            found = datetime.strptime(text, form)  # noqa: DTZ007 - most exports name no zone
        except ValueError:
            continue
        if 2010 <= found.year <= 2100:
            return found if found.tzinfo else found.replace(tzinfo=zone)
    raise FieldError("不是时间，例如 2026-08-01 19:48:12。", "this is not a time such as 2026-08-01 19:48:12")


def split_phone(text: str) -> tuple[str, str | None]:
    """A phone and its extension: ``18400913965-7576`` is a virtual number that only works whole."""
    number = _CHINA_CODE.sub("", text, count=1).strip()
    found = _MOBILE_WITH_EXTENSION.fullmatch(number)
    if found:
        return found[1], found[2]
    digits = re.sub(r"[\s-]", "", number)
    return (digits if _MOBILE.fullmatch(digits) else text), None


def is_masked(name: str, phone: str, *places: str) -> bool:
    """Whether the platform has put stars in place of a person; one star may be part of a real address."""
    return "*" in name or "*" in phone or any("**" in place for place in places)


def is_encrypted(*texts: str) -> bool:
    """Whether something is a platform's cipher. It is kept as it is: nobody here tries to read it."""
    return any(_ENCRYPTED.fullmatch(text) for text in texts)


def folded(word: str) -> str:
    """A status word in the one spelling that is compared: width, blanks and case do not matter."""
    return "".join(unicodedata.normalize("NFKC", word).split()).casefold()


def known_word(words: dict[str, str], word: str, otherwise: str) -> str:
    """What a platform's word means; ``otherwise`` when nobody has told us."""
    wanted = folded(word)
    return next((meaning for known, meaning in words.items() if folded(known) == wanted), otherwise)
