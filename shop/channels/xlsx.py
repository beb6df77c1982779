"""Workbooks: reading one that a stranger made, and writing one in which nothing can run.

Everything is measured before the parser sees it.

A workbook is a zip of XML. A small one can unpack to gigabytes, name one cell at XFD1048576 so that a table of 17
billion cells is laid out, or point a hundred thousand cells at one long string. So each part is unpacked here under a
limit, its cells are counted in the bytes, and only the parts that were measured are handed on, stored plainly.
"""

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from xml.sax.saxutils import unescape

import xlsxwriter
from python_calamine import CalamineError, CalamineWorkbook

from kernel.parse import FieldError
from shop.channels.cells import plain

MOST_UNPACKED_BYTES = 80_000_000
MOST_PARTS = 200
MOST_CELLS = 1_500_000
MOST_TEXT_BYTES = 120_000_000
_CHUNK = 1 << 16
# Tags that a cell may take: <c><is><t></t></is></c>, and some room for the frame around all of them.
_TAGS_A_CELL = 7

_PART = re.compile(r"(?:\[Content_Types\]\.xml|_rels/\.rels|xl/[\w/. -]+\.(?:xml|rels))", re.IGNORECASE)
_NOT_READ = re.compile(r"xl/(?:media|drawings|charts|theme|embeddings|comments|printerSettings)", re.IGNORECASE)
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)

# No tag holds a "<", so none of these looks at a byte more often than a few times, whatever the file says.
_ROW = re.compile(rb"<(?:\w+:)?row[\s>/]")
_CELL = re.compile(rb"<(?:\w+:)?c[\s>/]")
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
_VALUE = re.compile(rb"<(?:\w+:)?v(?:\s[^<>]*)?(?:/>|>([^<&]*)</)")
_ANY_VALUE = re.compile(rb"<(?:\w+:)?v[\s>/]")
_STRING_END = re.compile(rb"</(?:\w+:)?si\s*>")
_FORMULA = re.compile(
    rb"""<c\s[^<>]{0,60}?\br="([A-Z]+)([0-9]+)"[^<>]{0,60}><f(?:\s[^<>]*)?>([^<]*)</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"""
)

Cells = list[list[object]]


def read_workbook(raw: bytes) -> dict[str, Cells]:
    """The cells of each sheet by its name, in order; a formula without a value is given as its text.

    Raises:
        FieldError: not a workbook, or one that would cost too much to read.
    """
    try:
        parts = dict(_unpacked(raw))
        for name, part in parts.items():
            if _SHEET.fullmatch(name):
                _check_extent(part)
                _check_text(part, parts.get("xl/sharedStrings.xml", b""))
        book = CalamineWorkbook.from_filelike(io.BytesIO(_packed(parts)))
        sheets: dict[str, Cells] = {}
        for index, name in enumerate(book.sheet_names):
            rows: Cells = [list(row) for row in book.get_sheet_by_index(index).to_python(skip_empty_area=False)]
            _put_back_formulas(rows, parts.get(f"xl/worksheets/sheet{index + 1}.xml", b""))
            sheets[name] = rows
        return sheets
    except (zipfile.BadZipFile, zlib.error, CalamineError, RuntimeError, NotImplementedError, EOFError) as error:
        raise FieldError(
            "这个 Excel 文件打不开。请从平台重新导出，或另存为 CSV 再传。",
            "this workbook cannot be opened; export it again, or save it as CSV",
        ) from error


def _too_costly() -> FieldError:
    return FieldError(
        "这个 Excel 文件展开以后太大，没有读。请分成几天导出，或另存为 CSV。",
        "this workbook unpacks to far too much and was not read; export fewer days, or save it as CSV",
    )


def _unpacked(raw: bytes) -> Iterator[tuple[str, bytes]]:
    """The parts that matter, unpacked under one limit; what a header claims about sizes is not believed."""
    left = MOST_UNPACKED_BYTES
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        entries = [entry for entry in archive.infolist() if _PART.fullmatch(entry.filename)]
        if len(entries) > MOST_PARTS:
            raise _too_costly()
        for entry in entries:
            if _NOT_READ.match(entry.filename):
                continue
            chunks = []
            with archive.open(entry) as stream:
                while chunk := stream.read(_CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise _too_costly()
                    chunks.append(chunk)
            yield entry.filename, b"".join(chunks)


def _packed(parts: dict[str, bytes]) -> bytes:
    """A plain workbook of just these parts: what is read is what was measured."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def _check_extent(sheet: bytes) -> None:
    """Refuse a sheet whose rectangle, from the first cell to the farthest one named, is too large to lay out."""
    if sheet.count(b"<") > MOST_CELLS * _TAGS_A_CELL:
        raise _too_costly()
    pieces = _ROW.split(sheet)
    rows, columns = len(pieces), max(_count(_CELL, piece) for piece in pieces)
    for number, found in enumerate(_REFERENCE.finditer(sheet)):
        if number > 2 * MOST_CELLS or len(found[2]) > 8 or len(found[1]) > 4:
            raise _too_costly()
        rows, columns = max(rows, int(found[2])), max(columns, _column(found[1]))
    if rows * columns > MOST_CELLS:
        raise _too_costly()


def _count(pattern: re.Pattern[bytes], text: bytes) -> int:
    return sum(1 for _ in pattern.finditer(text))


def _column(letters: bytes) -> int:
    """``AB`` as 28."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - ord("A") + 1
    return number


def _check_text(sheet: bytes, shared: bytes) -> None:
    """Refuse a sheet whose cells, each with its own copy of a shared string, would fill the memory."""
    if not shared:
        return
    values = Counter(found[1] or b"" for found in _VALUE.finditer(sheet))
    if values.total() != _count(_ANY_VALUE, sheet):
        # A value written in some other way (CDATA, character references) could not be counted.
        raise _too_costly()
    lengths = [len(piece) for piece in _STRING_END.split(shared)]
    total = 0
    for value, times in values.items():
        digits = value.strip()
        if digits.isdigit() and len(digits) < 9 and int(digits) < len(lengths):
            total += lengths[int(digits)] * times
    if total > MOST_TEXT_BYTES:
        raise _too_costly()


def _put_back_formulas(rows: Cells, sheet: bytes) -> None:
    """A buyer's note that begins with ``=`` was made a formula by whoever wrote the file; its text is the note."""
    for letters, digits, formula in _FORMULA.findall(sheet):
        row, column = int(digits) - 1, _column(letters) - 1
        # The parser leaves cells without a value off the end; how far a cell may stand was checked before.
        rows.extend([] for _ in range(row + 1 - len(rows)))
        rows[row].extend([""] * (column + 1 - len(rows[row])))
        if rows[row][column] in ("", None):
            rows[row][column] = "=" + unescape(formula.decode("utf-8", "replace"))


def write_workbook(sheets: Mapping[str, Cells], text_columns: Collection[int]) -> bytes:
    """A workbook of these cells. Text is written as text whatever it begins with; ``text_columns`` stay text when edited."""
    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(buffer, options)
    as_text = book.add_format({"num_format": "@"})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for column in text_columns:
            sheet.set_column(column, column, 26, as_text)
        for row_number, row in enumerate(rows):
            for column_number, cell in enumerate(row):
                if isinstance(cell, float) and column_number not in text_columns:
                    sheet.write_number(row_number, column_number, cell)
                elif (text := plain(cell)) != "":
                    sheet.write_string(row_number, column_number, text, as_text)
    book.close()
    return buffer.getvalue()
