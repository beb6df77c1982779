"""Lists as CSV files: written so that every spreadsheet opens them and no cell runs as a formula; read within bounds."""

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from kernel.errors import Invalid
from kernel.parse import FieldError
from kernel.text import Text

# What Excel, WPS or LibreOffice may take for a formula; full-width signs count too in Chinese and Japanese versions.
_STARTS_FORMULA = tuple("=+-@＝＋－＠\t\r\n|%")
# Longer digit strings lose their last digits in a spreadsheet (6.92E+18), so they are marked as text.
_LONG_NUMBER = re.compile(r"[0-9]{12,}", re.ASCII)

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

Cell = str | int | Decimal | None
Raw = TypeVar("Raw")
Value = TypeVar("Value")


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


@dataclass(frozen=True)
class RefusedRow:
    """A row that cannot be used: where it stands (1 is the first line), in which column, and what is wrong."""

    row: int
    column: str
    reason: Text


class CellError(FieldError):
    """One cell is not usable; ``column`` names it."""

    def __init__(self, column: str, text: Text) -> None:
        super().__init__(text.zh, text.en)
        self.column = column


class FileUnreadable(Invalid):
    """The file as a whole cannot be read; nothing of it was kept."""

    code = "file_unreadable"


def read_csv(raw: bytes, *, largest_bytes: int, most_rows: int) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The trimmed header, and the rows below it that hold anything, each with its number as a spreadsheet shows it.

    Raises:
        FileUnreadable: over ``largest_bytes`` or ``most_rows`` (without the header), no known encoding, or no CSV at all.
    """
    lines = _rows_of(_text_of(raw, largest_bytes))
    header = [cell.strip() for cell in next(lines, [])]
    rows = []
    for number, row in enumerate(lines, 2):
        if number > most_rows + 1:
            raise FileUnreadable(f"最多 {most_rows} 行，请分成几个文件。", f"At most {most_rows} rows; split the file.")
        if any(cell.strip() for cell in row):
            rows.append((number, row))
    return header, rows


def require_columns(header: Collection[str], needed: Iterable[str]) -> None:
    """Refuse a file whose first row lacks a column.

    Raises:
        FileUnreadable: naming the columns that are missing.
    """
    missing = [column for column in needed if column not in header]
    if missing:
        raise FileUnreadable(
            f"第 1 行缺少这些列：{'、'.join(missing)}。", f"Row 1 lacks these columns: {', '.join(missing)}."
        )


def read_cell(column: str, raw: Raw, reader: Callable[[Raw], Value]) -> Value:
    """What ``reader`` makes of a cell.

    Raises:
        CellError: the cell is not usable; its column is named.
    """
    try:
        return reader(raw)
    except FieldError as error:
        raise CellError(column, error.text) from None


def encoding_of(raw: bytes) -> str | None:
    """How a text is encoded: what its byte order mark says, else strict UTF-8, else GB18030, which office programs write.

    ``None``: none of these.
    """
    marked = [encoding for mark, encoding in _MARKS if raw.startswith(mark)]
    for encoding in marked or ("utf-8", "gb18030"):
        try:
            raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        return encoding
    return None


def _text_of(raw: bytes, largest_bytes: int) -> str:
    if len(raw) > largest_bytes:
        most = largest_bytes // 1_000_000
        raise FileUnreadable(f"文件太大，最多 {most} MB。", f"The file is too large; at most {most} MB.")
    if raw.startswith(b"PK"):
        raise FileUnreadable(
            "这是 Excel 文件，请另存为 CSV 再传。", "This is an Excel file. Save it as CSV and send that."
        )
    encoding = encoding_of(raw)
    if encoding is None:
        raise FileUnreadable(
            "文件编码看不懂，请另存为 UTF-8 的 CSV。", "The file's encoding is unknown; save it as CSV in UTF-8."
        )
    return raw.decode(encoding)


def _rows_of(text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""))
    except csv.Error:
        raise FileUnreadable(
            "这不像 CSV 文件，请另存为 CSV 再传。", "This is no CSV file. Save it as CSV and send that."
        ) from None
