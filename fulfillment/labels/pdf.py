"""Slips as a PDF of 100 x 150 mm pages, drawn by typst; no character is ever dropped silently."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import typst
from fontTools.ttLib import TTFont

from fulfillment.labels.codes import bars_svg, qr_svg
from fulfillment.labels.rules import Slip, plain_line

_HERE = Path(__file__).resolve().parent
FONTS = _HERE / "fonts"
_TEMPLATE = _HERE / "slip.typ"
_MOST_LINES = 4


@cache
def known_characters() -> frozenset[int]:
    """Every code point that the shipped fonts can draw."""
    known: set[int] = set()
    for name in ("GongfangSans-Regular.ttf", "GongfangRare-Regular.otf"):
        with TTFont(FONTS / name, lazy=True) as font:
            known |= set(font.getBestCmap())
    return frozenset(known)


def printable(text: str, longest: int = 60) -> str:
    """One line that the fonts can draw whole; a character without a glyph is printed as its code point, in brackets."""
    return "".join(c if ord(c) in known_characters() else f"[U+{ord(c):04X}]" for c in plain_line(text, longest))


def missing_characters(slip: Slip) -> tuple[str, ...]:
    """Characters of a slip without a glyph, for the lead to see before the parcel leaves."""
    texts = [
        slip.receiver,
        slip.address,
        slip.note,
        *(line.title for line in slip.lines),
        *(x.spec for x in slip.lines),
    ]
    return tuple(sorted({c for text in texts for c in plain_line(text, 10_000) if ord(c) not in known_characters()}))


def slips_pdf(slips: Sequence[Slip], parcel_url: str) -> bytes:
    """The slips in one document, in the order given; ``parcel_url`` and the number make the QR code."""
    data = json.dumps([_data(slip, parcel_url) for slip in slips], ensure_ascii=False)
    pdf = typst.compile(
        _TEMPLATE, root=_HERE, font_paths=[FONTS], ignore_system_fonts=True, sys_inputs={"slips": data}, format="pdf"
    )
    if not isinstance(pdf, bytes):
        raise TypeError("the PDF should come as bytes")
    return pdf


def _data(slip: Slip, parcel_url: str) -> dict[str, object]:
    lines = [
        {"quantity": line.quantity, "title": printable(line.title, 22), "spec": printable(line.spec, 26)}
        for line in slip.lines[:_MOST_LINES]
    ]
    return {
        "parcel_number": slip.parcel_number,
        "channel": printable(slip.channel, 12),
        "part": printable(slip.part, 12),
        "due": printable(slip.due, 20),
        "lines": lines,
        "more": max(0, len(slip.lines) - _MOST_LINES),
        "receiver": printable(slip.receiver, 12),
        "phone": printable(slip.phone, 24),
        "address": printable(slip.address, 70),
        "note": printable(slip.note, 40),
        "bars": bars_svg(slip.parcel_number),
        "qr": qr_svg(f"{parcel_url}{slip.parcel_number}"),
        "next": "包好后扫码或点“包好了”" if slip.copy == 1 else f"第 {slip.copy} 次打印，请先核对有没有两张",
    }
