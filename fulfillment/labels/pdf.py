"""Sheets as PDF or as pictures for a page, drawn by typst from the same marks; a large document in a process of its own.

typst keeps what it worked out until it was not used ten times, 190 MB for 500 slips. A process that ends gives that back.
"""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import typst

from fulfillment.labels.drawing import Code, Mark, Sheet, Words
from fulfillment.labels.fonts import FONTS

_HERE = Path(__file__).resolve().parent
_TEMPLATE = _HERE / "label.typ"
_LARGE = 40
_LONGEST_S = 60


def sheets_pdf(sheets: Sequence[Sheet]) -> bytes:
    """The sheets in one document, in the order given."""
    data = f"[{','.join(json.dumps(_data(sheet), ensure_ascii=False) for sheet in sheets)}]"
    return draw_pdf(data) if len(sheets) <= _LARGE else _draw_elsewhere(data)


def sheet_pictures(sheets: Sequence[Sheet]) -> list[str]:
    """Each sheet as the address of an SVG picture: the very drawing that the PDF holds, for a page."""
    return [f"data:image/svg+xml;base64,{b64encode(_svg(sheet)).decode()}" for sheet in sheets]


def draw_pdf(data: str) -> bytes:
    """The document of sheets written as JSON."""
    return _compile(data, "pdf")


def _draw_elsewhere(data: str) -> bytes:
    """Draw in a child process: its memory goes with it, and nothing of it touches the disk."""
    child = [sys.executable, "-m", "fulfillment.labels.drawer"]
    done = subprocess.run(
        child, input=data.encode(), capture_output=True, cwd=_HERE.parents[1], timeout=_LONGEST_S, check=True
    )
    return done.stdout


def _svg(sheet: Sheet) -> bytes:
    return _compile(json.dumps([_data(sheet)], ensure_ascii=False), "svg")


def _compile(data: str, kind: Literal["pdf", "svg"]) -> bytes:
    drawn = typst.compile(
        _TEMPLATE,
        root=_HERE,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"sheets": data},
        format=kind,
        pdf_tags=False,
    )
    if not isinstance(drawn, bytes):
        raise TypeError("one document should come as bytes")
    return drawn


def _data(sheet: Sheet) -> dict[str, object]:
    marks = [{**_mark(mark), "x": round(x + mark.x, 4), "y": round(y + mark.y, 4)} for x, y, mark in sheet.marks]
    return {"width": sheet.width_mm, "height": sheet.height_mm, "marks": marks}


def _mark(mark: Mark) -> dict[str, object]:
    if isinstance(mark, Words):
        return {
            "kind": "words",
            "text": mark.text,
            "size": mark.size_pt,
            "bold": mark.is_bold,
            "white": mark.is_white,
            "squeeze": mark.squeeze,
            "natural": round(mark.width / mark.squeeze + 1, 2),
        }
    size = {"width": round(mark.width, 4), "height": round(mark.height, 4)}
    if isinstance(mark, Code):
        box = f'viewBox="0 0 {mark.columns} {mark.rows}" preserveAspectRatio="none"'
        svg = f'<svg xmlns="http://www.w3.org/2000/svg" {box}><path d="{mark.path}"/></svg>'
        return {"kind": "code", "svg": svg, **size}
    return {"kind": "black", **size}
