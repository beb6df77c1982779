"""Slips to test with, and a printer: pages of a PDF in black and white at a printer's resolution."""

from collections.abc import Iterable, Sequence

import pypdfium2
import zxingcpp
from PIL import Image

from fulfillment.labels.drawing import Black, Label, Mark
from fulfillment.labels.papers import DEFAULT_PAPER, PAPERS, Field
from fulfillment.labels.rules import Slip, SlipLine
from fulfillment.labels.sheets import Setting
from fulfillment.labels.sheets import slips_pdf as slips_pdf_with

MM_PER_INCH = 25.4
NUMBER = "P261124ABCDEWM01"


def make_slip(**changes: object) -> Slip:
    """An everyday slip."""
    facts: dict[str, object] = {
        "parcel_number": NUMBER,
        "order_number": "P261124-ABCDEWM0",
        "channel": "抖音",
        "lines": (SlipLine(2, "庆元花菇", "净含量:250g*1袋"), SlipLine(1, "高山银耳", "净含量:100g*1袋")),
        "receiver": "张*",
        "phone": "138******00",
        "address": "浙江省丽水市庆元县松源街道示例路8号示例花园3幢****",
        "due": "11-26 20:00 前",
    }
    return Slip(**{**facts, **changes})  # type: ignore[arg-type]


def slips_pdf(slips: Sequence[Slip], paper: str = DEFAULT_PAPER) -> bytes:
    """The slips on a paper, from a printer that is not off."""
    return slips_pdf_with(slips, Setting(PAPERS[paper]))


def stray_marks(label: Label, place: Field) -> list[Mark]:
    """Marks that leave the field's printable part."""
    low, slack = place.margin_mm - 0.9, 0.9
    right, bottom = place.width_mm - place.margin_mm + slack, place.height_mm - place.margin_mm + slack
    return [
        mark
        for mark in label.marks
        if mark.x < low or mark.y < low or mark.x + mark.width > right or mark.y + mark.height > bottom
    ]


def overlaps(marks: Sequence[Mark]) -> list[tuple[Mark, Mark]]:
    """Marks that lie on each other; white words lie on black areas on purpose. A line's box may touch the next by a hair."""
    solid = [mark for mark in marks if not (isinstance(mark, Black) and min(mark.width, mark.height) > 1)]
    return [
        (one, other)
        for index, one in enumerate(solid)
        for other in solid[index + 1 :]
        if min(one.x + one.width, other.x + other.width) - max(one.x, other.x) > 0.05
        and min(one.y + one.height, other.y + other.height) - max(one.y, other.y) > 0.35
    ]


def pages_at(pdf: bytes, dpi: int) -> list[Image.Image]:
    """The pages as a thermal printer burns them: black or white, nothing between."""
    document = pypdfium2.PdfDocument(pdf)
    # Printers called 203 dpi have exactly 8 dots a millimetre; a hair less, so that no page is stretched by a dot.
    dots = 203.2 - 1e-3 if dpi == 203 else dpi
    pages = [
        page.render(scale=dots / 72).to_pil().convert("L").point(lambda grey: 255 if grey > 127 else 0)
        for page in document
    ]
    document.close()
    return pages


def codes_on(page: Image.Image) -> dict[str, str]:
    """What a reader finds on a page, by the kind of code."""
    return {found.format.name: found.text for found in zxingcpp.read_barcodes(page)}


def all_codes_on(page: Image.Image) -> list[tuple[str, str]]:
    """Every code on a page that holds several labels: kind and text, sorted."""
    return sorted((found.format.name, found.text) for found in zxingcpp.read_barcodes(page))


def words_on(pdf: bytes) -> list[str]:
    """The text of each page, as a PDF viewer would copy it."""
    document = pypdfium2.PdfDocument(pdf)
    words = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return words


def sizes_mm(pdf: bytes) -> list[tuple[float, float]]:
    """Width and height of each page in millimetres, to a tenth."""
    document = pypdfium2.PdfDocument(pdf)
    sizes = [tuple(round(side / 72 * MM_PER_INCH, 1) for side in page.get_size()) for page in document]
    document.close()
    return sizes  # type: ignore[return-value]


def ink_box_mm(page: Image.Image, dpi: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of everything black, in millimetres."""
    box = page.point(lambda grey: 255 - grey).getbbox()
    assert box is not None
    return tuple(edge / dpi * MM_PER_INCH for edge in box)  # type: ignore[return-value]


def squeezed(words: Iterable[str]) -> str:
    """All words without white space: where lines break does not matter."""
    return "".join("".join(words).split())
