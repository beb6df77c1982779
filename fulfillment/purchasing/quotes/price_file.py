"""The workshop's own price file (CSV): good rows kept, the others named by row and column. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from fulfillment.purchasing.quotes.rules import Prices, QuoteRow, quote_row
from kernel.parse import clean_text, parse_date, parse_decimal
from kernel.sheets import CellError, RefusedRow, read_cell, read_csv, require_columns
from kernel.text import Text

LARGEST_BYTES = 5_000_000
MOST_ROWS = 20_000
HIGHEST_YUAN = Decimal(1_000_000)

DAY, MARKET, NAME, FORM, GRADE = "日期", "来源/市场", "品名", "形态(干/鲜)", "等级"
LOW, HIGH, MID, UNIT = "最低价", "最高价", "均价", "单位"
COLUMNS = (DAY, MARKET, NAME, FORM, GRADE, LOW, HIGH, MID, UNIT)
_FORMS = {"干": "dry", "鲜": "fresh"}


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

    def refuse(self, number: int, error: CellError) -> None:
        """Name a row that cannot be used."""
        self.read += 1
        self.refused.append(RefusedRow(number, error.column, error.text))


def read_price_file(raw: bytes, today: date) -> ReadRows:
    """Good rows, and the others by row and column.

    Raises:
        FileUnreadable: no such encoding, a missing column, too many rows, or no CSV at all.
    """
    header, rows = read_csv(raw, largest_bytes=LARGEST_BYTES, most_rows=MOST_ROWS)
    require_columns(header, COLUMNS)
    # Columns are found by name, and others may be there too.
    places = {column: header.index(column) for column in COLUMNS}
    found = ReadRows()
    for number, row in rows:
        try:
            found.keep(_read_line(row, places, today))
        except CellError as error:
            found.refuse(number, error)
    return found


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
    return read_cell(column, raw, lambda cell: clean_text(cell, longest, required=required))


def cell_day(column: str, raw: str, today: date) -> date:
    """A day that is not in the future."""
    day = read_cell(column, raw, parse_date)
    if day > today:
        raise CellError(column, Text("日期在将来。", "That day is in the future."))
    return day


def cell_price(column: str, raw: str) -> Decimal:
    """Yuan above zero."""
    return read_cell(column, raw, lambda cell: parse_decimal(cell, places=4, low=Decimal("0.0001"), high=HIGHEST_YUAN))
