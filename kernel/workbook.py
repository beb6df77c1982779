"""Workbooks (XLSX) that open well: text is text, money a number, and nothing is worked out on opening."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import xlsxwriter

from kernel.sheets import Cell

XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_WIDTH: Final = 18
# What a spreadsheet program takes for a sheet's name, and no sign that it refuses.
_LONGEST_NAME: Final = 31
_NOT_IN_NAMES: Final = str.maketrans("[]:*?/\\", "       ")


@dataclass(frozen=True)
class Sheet:
    """A table: its name, its header, its rows. ``Decimal`` cells are money in yuan."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The file with these sheets, in this order; their headers stand still when one scrolls."""
    buffer = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        formats = [book.add_format(each) for each in ({"num_format": "@"}, {"num_format": "0.00"}, {"bold": True})]
        for each in sheets:
            _write(book.add_worksheet(each.name.translate(_NOT_IN_NAMES)[:_LONGEST_NAME] or None), each, *formats)
    return buffer.getvalue()


def _write(
    sheet: xlsxwriter.worksheet.Worksheet,
    table: Sheet,
    text: xlsxwriter.format.Format,
    money: xlsxwriter.format.Format,
    bold: xlsxwriter.format.Format,
) -> None:
    sheet.write_row(0, 0, table.header, bold)
    sheet.set_column(0, len(table.header) - 1, _WIDTH)
    for place, row in enumerate(table.rows, 1):
        for column, cell in enumerate(row):
            if isinstance(cell, Decimal):
                sheet.write_number(place, column, float(cell), money)
            elif isinstance(cell, int):
                sheet.write_number(place, column, cell)
            else:
                sheet.write_string(place, column, cell or "", text)
    sheet.freeze_panes(1, 0)
