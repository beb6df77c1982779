"""Slips as a PDF of 100 x 150 mm pages, drawn by typst; no character is ever dropped silently."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import typst

from fulfillment.labels.codes import bars_svg, qr_svg
from fulfillment.labels.fonts import FONTS
from fulfillment.labels.rules import Slip
from fulfillment.labels.sheets import Sheet, sheets_of

_HERE = Path(__file__).resolve().parent
_TEMPLATE = _HERE / "slip.typ"


def slips_pdf(slips: Sequence[Slip]) -> bytes:
    """The slips in one document, in the order given."""
    sheets = [_data(sheet) for slip in slips for sheet in sheets_of(slip)]
    pdf = typst.compile(
        _TEMPLATE,
        root=_HERE,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"sheets": json.dumps(sheets, ensure_ascii=False)},
        format="pdf",
    )
    if not isinstance(pdf, bytes):
        raise TypeError("the PDF should come as bytes")
    return pdf


def _data(sheet: Sheet) -> dict[str, object]:
    """A sheet and the codes of its parcel number."""
    return {**asdict(sheet), "bars": bars_svg(sheet.number), "qr": qr_svg(sheet.number)}
