"""The workshop's own price file (CSV): good rows kept, the others named by row and column. Pure."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from fulfillment.purchasing.quotes.rules import Prices, QuoteRow, quote_row
from kernel.errors import Invalid
from kernel.parse import FieldError, clean_text, parse_date, parse_decimal
from kernel.text import Text

LARGEST_BYTES = 5_000_000
MOST_ROWS = 20_000
HIGHEST_YUAN = Decimal(1_000_000)

DAY, MARKET, NAME, FORM, GRADE = "日期", "来源/市场", "品名", "形态(干/鲜)", "等级"
LOW, HIGH, MID, UNIT = "最低价", "最高价", "均价", "单位"
COLUMNS = (DAY, MARKET, NAME, FORM, GRADE, LOW, HIGH, MID, UNIT)
_FORMS = {"干": "dry", "鲜": "fresh"}


@dataclass(frozen=True)
class RefusedRow:
    """A row that cannot be used: where it stands (1 is the first line) and what is wrong."""

    row: int
    column: str
    reason: Text


@dataclass
class ReadRows:
    """What a source gave: the rows of it, those refused, and how many there were with repeats."""

    read: int = 0
    rows: dict[str, QuoteRow] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)

    @property
    def repeats(self) -> int:
        """Rows that came twice; the last one counts."""
        return self.read - len(self.rows) - len(self.refused)

    def keep(self, row: QuoteRow) -> None:
        """Keep a good row."""
        self.read += 1
        self.rows[row.source_key] = row

    def refuse(self, number: int, error: "CellError") -> None:
        """Name a row that cannot be used."""
        self.read += 1
        self.refused.append(RefusedRow(number, error.column, error.text))


class CellError(FieldError):
    """One cell is not usable; ``column`` names it."""

    def __init__(self, column: str, text: Text) -> None:
        super().__init__(text.zh, text.en)
        self.column = column


class PriceFileUnreadable(Invalid):
    """The file as a whole cannot be read; nothing of it was kept."""

    code = "file_unreadable"


def decode(raw: bytes) -> str:
    """UTF-8 with or without a byte-order mark, else GB18030, which office programs still write."""
    if len(raw) > LARGEST_BYTES:
        raise PriceFileUnreadable("文件太大，最多 5 MB。", "The file is too large; at most 5 MB.")
    if raw.startswith(b"PK"):
        raise PriceFileUnreadable(
            "这是 Excel 文件，请另存为 CSV 再传。", "This is an Excel file. Save it as CSV and send that."
        )
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PriceFileUnreadable(
        "文件编码看不懂，请另存为 UTF-8 的 CSV。", "The file's encoding is unknown; save it as CSV in UTF-8."
    )


def read_price_file(raw: bytes, today: date) -> ReadRows:
    """Good rows, and the others by row and column.

    Raises:
        PriceFileUnreadable: no such encoding, a missing column, too many rows, or no CSV at all.
    """
    lines = _lines(decode(raw))
    places = _places(next(lines, []))
    found = ReadRows()
    for number, line in enumerate(lines, 2):
        if number > MOST_ROWS:
            raise PriceFileUnreadable(
                f"最多 {MOST_ROWS} 行，请分成几个文件。", f"At most {MOST_ROWS} rows; split the file."
            )
        if not any(cell.strip() for cell in line):
            continue
        try:
            found.keep(_read_line(line, places, today))
        except CellError as error:
            found.refuse(number, error)
    return found


def _lines(text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""))
    except csv.Error:
        raise PriceFileUnreadable(
            "这不像 CSV 文件，请按模板另存一份。", "This is no CSV file. Save one like the template."
        ) from None


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where each column stands; columns are found by name, and others may be there too."""
    places = {name.strip(): place for place, name in reversed(list(enumerate(header)))}
    missing = [column for column in COLUMNS if column not in places]
    if missing:
        raise PriceFileUnreadable(
            f"第 1 行缺少这些列：{'、'.join(missing)}。", f"Row 1 lacks these columns: {', '.join(missing)}."
        )
    return {column: places[column] for column in COLUMNS}


def _read_line(line: Sequence[str], places: dict[str, int], today: date) -> QuoteRow:
    raw = {column: line[place] if place < len(line) else "" for column, place in places.items()}
    market, name, unit = (cell_text(column, raw[column]) for column in (MARKET, NAME, UNIT))
    grade = cell_text(GRADE, raw[GRADE], required=False)
    day = cell_day(DAY, raw[DAY], today)
    form = _FORMS.get(raw[FORM].strip())
    if form is None:
        raise CellError(FORM, Text("只能是 干 或 鲜。", "It must be 干 or 鲜."))
    prices = Prices(*(cell_price(column, raw[column]) for column in (LOW, MID, HIGH)))
    if not prices.makes_sense:
        raise CellError(MID, Text("均价不在最低价和最高价之间。", "The average is not between the low and the high."))
    return quote_row(
        source_key=f"{market}|{name}|{form}|{grade}|{unit}|{day}",
        market=market,
        name=name,
        form=form,
        grade=grade,
        day=day,
        prices=prices,
        unit=unit,
    )


def cell_text(column: str, raw: object, *, longest: int = 60, required: bool = True) -> str:
    """Cleaned text of one cell."""
    try:
        return clean_text(raw, longest, required=required)
    except FieldError as error:
        raise CellError(column, error.text) from None


def cell_day(column: str, raw: str, today: date) -> date:
    """A day that is not in the future."""
    try:
        day = parse_date(raw)
    except FieldError as error:
        raise CellError(column, error.text) from None
    if day > today:
        raise CellError(column, Text("日期在将来。", "That day is in the future."))
    return day


def cell_price(column: str, raw: str) -> Decimal:
    """Yuan above zero."""
    try:
        return parse_decimal(raw, places=4, low=Decimal("0.0001"), high=HIGHEST_YUAN)
    except FieldError as error:
        raise CellError(column, error.text) from None
