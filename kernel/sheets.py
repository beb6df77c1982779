"""Lists as CSV files that every spreadsheet opens, in which no cell can run as a formula."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

# What Excel, WPS or LibreOffice may take for a formula; full-width signs count too in Chinese and Japanese versions.
_STARTS_FORMULA = tuple("=+-@＝＋－＠\t\r\n|%")
# Longer digit strings lose their last digits in a spreadsheet (6.92E+18), so they are marked as text.
_LONG_NUMBER = re.compile(r"[0-9]{12,}", re.ASCII)

Cell = str | int | Decimal | None


def plain_yuan(fen: int) -> Decimal:
    """Fen as ``1234.50``, also below zero: a number, so that a spreadsheet can add it up."""
    return Decimal(fen).scaleb(-2)


def safe_cell(value: Cell) -> str:
    """The text of a cell; an apostrophe before it keeps a spreadsheet from running or rounding it."""
    if value is None:
        return ""
    if isinstance(value, int | Decimal):
        return str(value)
    text = "".join(c for c in value if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
    bare = "".join(c for c in text if unicodedata.category(c) != "Cf").lstrip()
    return f"'{text}" if bare.startswith(_STARTS_FORMULA) or _LONG_NUMBER.fullmatch(bare) else text


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The file line by line: UTF-8 byte order mark first, so that Excel reads Chinese, then CRLF lines (RFC 4180)."""
    yield "\ufeff"
    yield _line(header)
    for row in rows:
        yield _line(row)


def _line(row: Sequence[Cell]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([safe_cell(cell) for cell in row])
    return buffer.getvalue()
