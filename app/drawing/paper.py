"""A paper to print or send on: a title, figures, tables, notes, as PDF on A4; its lines break by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from json import dumps
from pathlib import Path
from typing import Any, Final

import typst

from fulfillment.labels.fonts import FONTS, printable
from kernel.sheets import Cell
from kernel.text import current_locale
from kernel.workbook import Sheet

_HERE: Final = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Figure:
    """A number that matters, said in words: ``¥1,234.50``."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Bars:
    """A row of bars over time, with the words at its two ends; the numbers are in a table as well."""

    title: str
    numbers: Sequence[int]
    begins: str
    ends: str


@dataclass(frozen=True)
class Paper:
    """What is on the paper, from the top: figures in a row, bars, tables with their names, notes."""

    title: str
    about: Sequence[str]
    figures: Sequence[Figure] = ()
    bars: Bars | None = None
    tables: Sequence[Sheet] = ()
    notes: Sequence[str] = field(default=())


def draw_pdf(paper: Paper) -> bytes:
    """The document, with its title and language in it. A character that no font has is said by its code point."""
    data = {
        "lang": current_locale.get(),
        "title": printable(paper.title),
        "about": [printable(each) for each in paper.about],
        "figures": [[printable(each.label), printable(each.value), printable(each.note)] for each in paper.figures],
        "bars": _bars(paper.bars) if paper.bars else None,
        "tables": [_table(each) for each in paper.tables],
        "notes": [printable(each) for each in paper.notes],
    }
    made = typst.compile(
        _HERE / "paper.typ",
        root=_HERE,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"paper": dumps(data, ensure_ascii=False)},
        format="pdf",
    )
    if not isinstance(made, bytes):
        raise TypeError("one document should come as bytes")
    return made


def _bars(bars: Bars) -> dict[str, Any]:
    most = max(bars.numbers, default=0) or 1
    shares = [number / most for number in bars.numbers]
    words = {name: printable(getattr(bars, name)) for name in ("title", "begins", "ends")}
    return {**words, "shares": shares, "most": f"{most:,}"}


def _table(sheet: Sheet) -> dict[str, Any]:
    columns = range(len(sheet.header))
    return {
        "name": printable(sheet.name),
        "header": [printable(each) for each in sheet.header],
        "numbers": [_is_numbers([row[column] for row in sheet.rows]) for column in columns],
        "rows": [[printable(_said(cell)) for cell in row] for row in sheet.rows],
    }


def _is_numbers(cells: Sequence[Cell]) -> bool:
    return any(cell is not None for cell in cells) and all(isinstance(cell, int | Decimal | None) for cell in cells)


def _said(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, Decimal):
        return f"{cell:,.2f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
