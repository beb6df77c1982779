"""A file of any platform to rows of cells: CSV in its encodings, or a workbook. Everything is bounded."""

import csv
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from kernel.parse import FieldError
from kernel.sheets import encoding_of
from kernel.text import Text
from shop.channels import cells
from shop.channels.facts import RefusedRow
from shop.channels.xlsx import read_workbook

LARGEST_BYTES = 5_000_000
MOST_ROWS = 20_000
MOST_COLUMNS = 300
# Some exports begin with a title or a note: the header is looked for among the first rows.
_HEADER_WITHIN = 5
_NOT_TABLES = (
    (b"\x89PNG", "图片", "a picture"),
    (b"\xff\xd8\xff", "图片", "a picture"),
    (b"GIF8", "图片", "a picture"),
    (b"%PDF", " PDF", "a PDF"),
    (b"Rar!", "压缩包", "an archive"),
    (b"7z\xbc\xaf", "压缩包", "an archive"),
    (b"\xd0\xcf\x11\xe0", "旧版 Excel（.xls）", "an old workbook (.xls)"),
    (b"<", "网页", "a web page"),
)
Value = TypeVar("Value")
Grid = Sequence[Sequence[object]]


class BadRow(ValueError):
    """A row that cannot be used, with its column and the reason."""

    def __init__(self, row: int, column: str, reason: Text) -> None:
        super().__init__(reason.en)
        self.row, self.column, self.reason = row, column, reason

    def refused(self, order: str) -> RefusedRow:
        """The same as a line for people."""
        return RefusedRow(self.row, order[:64], self.column, self.reason)


class MissingColumns(FieldError):
    """Not the file that was asked for: some columns are not there. ``found`` are the ones that are."""

    def __init__(self, missing: Collection[str], found: Collection[str]) -> None:
        names = sorted(missing)
        super().__init__(
            f"缺少这些列：{'、'.join(names)}。请选平台导出的原文件，不要改表头。",
            f"these columns are missing: {', '.join(names)}; use the file as the platform exported it",
        )
        self.found = frozenset(found)


class Row:
    """One row: its cells by column name, read as what they should be, or refused with row and column."""

    def __init__(self, number: int, places: dict[str, int], raw: Sequence[object]) -> None:
        self.number = number
        self.raw = tuple(raw)
        self._places = places

    def cell(self, column: str) -> str:
        """The bare text of a cell; empty where the platform has none or the export has no such column."""
        place = self._places.get(column, len(self.raw))
        return cells.plain(self.raw[place]) if place < len(self.raw) else ""

    def has_cells_beyond(self, width: int) -> bool:
        """Whether something stands to the right of the last column."""
        return any(cells.plain(cell) for cell in self.raw[width:])

    def text(self, column: str) -> str:
        """The bare text of a cell, bounded."""
        found = self.cell(column)
        if len(found) > cells.LONGEST_CELL:
            raise self.bad(column, f"超过 {cells.LONGEST_CELL} 个字。", f"longer than {cells.LONGEST_CELL} characters")
        return found

    def _read(self, column: str, reader: Callable[[str], Value]) -> Value:
        try:
            return reader(self.text(column))
        except FieldError as error:
            raise BadRow(self.number, column, error.text) from None

    def order_id(self, column: str) -> str:
        """The number of an order or a sub-order."""
        return self._read(column, cells.order_id)

    def pieces(self, column: str) -> int:
        """A quantity."""
        return self._read(column, cells.pieces)

    def fen(self, column: str) -> int:
        """An amount in fen."""
        return self._read(column, cells.money_fen)

    def fen_if_any(self, *columns: str) -> int:
        """The sum of some amounts in fen; an empty cell counts nothing."""
        return sum(self.fen(column) for column in columns if self.text(column))

    def moment(self, column: str, zone: ZoneInfo, formats: Sequence[str] = cells.TIMES) -> datetime:
        """A time that must be there."""
        return self._read(column, lambda text: cells.moment(text, zone, formats))

    def moment_if_any(self, column: str, zone: ZoneInfo, formats: Sequence[str] = cells.TIMES) -> datetime | None:
        """A time, ``None`` where the platform has none."""
        return self.moment(column, zone, formats) if self.text(column) else None

    def bad(self, column: str, zh: str, en: str) -> BadRow:
        """What to raise when this row cannot be used."""
        return BadRow(self.number, column, Text(zh, en))


@dataclass(frozen=True)
class Table:
    """The columns of a sheet by trimmed name, and its rows."""

    columns: tuple[str, ...]
    width: int
    rows: tuple[Row, ...]


def read_table(raw: bytes, needed: Collection[str]) -> Table:
    """The table in a file whose header has all the ``needed`` columns, in whatever order.

    Raises:
        MissingColumns: there is a table, but not this one.
        FieldError: there is no table, or it is too large.
    """
    grid = read_grid(raw)
    header, names = _find_header(grid, needed)
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in places and name in needed:
            raise FieldError(f"「{name}」这一列出现了两次。", f"the column {name} is there twice")
        places.setdefault(name, place)
    rows = tuple(
        Row(number, places, cells_)
        for number, cells_ in enumerate(grid[header + 1 :], header + 2)
        if any(cell not in ("", None) for cell in cells_)
    )
    return Table(tuple(name for name in names if name), len(names), rows)


def _find_header(grid: Grid, needed: Collection[str]) -> tuple[int, list[str]]:
    """The row that names the columns, as its place and its names."""
    candidates = [[cells.plain(cell) for cell in row[:MOST_COLUMNS]] for row in grid[:_HEADER_WITHIN]]
    best = max(range(len(candidates)), key=lambda place: len(set(needed) & set(candidates[place])))
    missing = set(needed) - set(candidates[best])
    if missing:
        raise MissingColumns(missing, candidates[best])
    return best, candidates[best]


def read_grid(raw: bytes) -> Grid:
    """All cells of the first sheet that has any.

    Raises:
        FieldError: empty, too large, or no table; the words name what it is instead.
    """
    check_kind(raw)
    if raw.startswith(b"PK"):
        grid: Grid = next((sheet for sheet in read_workbook(raw).values() if sheet), [])
    else:
        grid = list(csv_rows(decode(raw)))
    if not grid:
        raise FieldError("文件是空的。", "the file is empty")
    if len(grid) > MOST_ROWS:
        raise FieldError(
            f"超过 {MOST_ROWS} 行，请分成几天导出。", f"more than {MOST_ROWS} rows; export fewer days at a time"
        )
    return grid


def check_kind(raw: bytes) -> None:
    """Refuse what is empty, too large, or plainly no table.

    Raises:
        FieldError: saying what it is instead.
    """
    if not raw.strip():
        raise FieldError("文件是空的。", "the file is empty")
    if len(raw) > LARGEST_BYTES:
        raise FieldError(
            f"文件超过 {LARGEST_BYTES // 1_000_000} MB，请分成几天导出。",
            f"the file is over {LARGEST_BYTES // 1_000_000} MB; export fewer days at a time",
        )
    for magic, zh, en in _NOT_TABLES:
        if raw.lstrip().startswith(magic):
            raise FieldError(
                f"这是{zh}，不是订单表格。请选平台导出的 CSV 或 xlsx 文件。",
                f"this is {en}, not a table; choose the CSV or xlsx file that the platform exported",
            )


def decode(raw: bytes) -> str:
    """The text of a file: what its byte order mark says, else strict UTF-8, else GB18030, which contains GBK."""
    encoding = encoding_of(raw)
    if encoding is None:
        raise FieldError(
            "文件的文字编码看不懂，请另存为 UTF-8 的 CSV。", "the encoding is unknown; save it as CSV in UTF-8"
        )
    return raw.decode(encoding)


def delimiter_of(text: str) -> str:
    """What parts the cells of the first line: comma, TAB or semicolon."""
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(",\t;", key=first.count)


def csv_rows(text: str) -> Iterator[list[str]]:
    """The rows of a CSV text, bounded.

    Raises:
        FieldError: naming the line that cannot be read.
    """
    if "\0" in text:
        raise FieldError("这不是表格文件。", "this is not a table")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
    try:
        for number, row in enumerate(reader, 1):
            if number > MOST_ROWS + 1:
                return
            if len(row) > MOST_COLUMNS:
                raise FieldError(
                    f"第 {number} 行超过 {MOST_COLUMNS} 列。", f"row {number} has more than {MOST_COLUMNS} columns"
                )
            yield row
    except csv.Error as error:
        raise FieldError(
            f"第 {reader.line_num} 行读不下去了，引号可能没有成对。",
            f"line {reader.line_num} cannot be read: perhaps a quotation mark is missing",
        ) from error
