"""Making files for tests: tables turned around, workbooks written, hostile ones put together by hand."""

import csv
import io
import zipfile
from collections.abc import Sequence

import xlsxwriter

from shop.channels.sheets import read_grid

SHEET = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
SHEET_END = b"</sheetData></worksheet>"


def csv_of(rows: Sequence[Sequence[object]], encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """Rows as a CSV file."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode(encoding)


def workbook_of(rows: Sequence[Sequence[object]], name: str = "Sheet1") -> bytes:
    """Rows as a workbook; text stays text."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet(name)
    for row_number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, int | float):
                sheet.write_number(row_number, column, cell)
            else:
                sheet.write_string(row_number, column, str(cell))
    book.close()
    return buffer.getvalue()


def turned_around(raw: bytes) -> bytes:
    """The same table with its last column first, blanks around the names, and one empty column between."""
    grid = [list(row) for row in read_grid(raw)]
    width = len(grid[0])
    turned = []
    for number, row in enumerate(grid):
        cells = [*row, *[""] * (width - len(row))][::-1]
        turned.append(["", *(f"  {cell}\t" for cell in cells)] if number == 0 else ["", *cells])
    if raw.startswith(b"PK"):
        return workbook_of(turned)
    return csv_of(turned)


def forged_workbook(sheet: bytes, shared: bytes | None = None) -> bytes:
    """A workbook whose sheet is exactly these bytes."""
    frame = workbook_of([["a"]])
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(frame)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                part = sheet
            elif name == "xl/sharedStrings.xml" and shared is not None:
                part = shared
            target.writestr(name, part)
    return buffer.getvalue()
