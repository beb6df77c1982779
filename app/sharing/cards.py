"""The pictures: what stands where on a card, in pixels. typst draws words and code, the photo is laid on by Pillow."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image, ImageOps

from app.drawing.pictures import MM_PER_PX, SOFT, drawn, line, on_white, png
from fulfillment.labels.codes import qr_svg
from fulfillment.labels.fonts import can_draw_bold, fit_line, printable, width_mm, wrap
from kernel.money import yuan
from kernel.text import Text

# Each product's drawing as points (tools/draw_card_photos.py): the drawings themselves take seconds.
_PHOTOS: Final = Path(__file__).resolve().parents[2] / "static/img/cards"
_LIVE: Final = "#a3230f"
_LINE = 1.3


@dataclass(frozen=True)
class Facts:
    """What a card says; prices in fen, ``list_price_fen`` ``None`` where there is no other price.

    ``about`` stands beside the code: the stream and its time, or the workshop. ``photo`` is the product's picture, such as ``products/huagu.svg``.
    """

    title: Text
    spec: Text
    price_word: Text
    price_fen: int
    list_price_fen: int | None
    about: tuple[str, ...]
    photo: str
    address: str


@dataclass(frozen=True)
class Shape:
    """A picture's size and where its parts stand, all in pixels."""

    width: int
    height: int
    photo: tuple[int, int]
    column: tuple[int, int, int]
    title_px: int
    code_px: int
    code_at: tuple[int, int]
    about_y: int


# What chat apps show beside a link (Open Graph: 1200 x 630), and one to save or print.
CARD: Final = Shape(1200, 630, (600, 630), (640, 44, 520), 54, 200, (966, 396), 414)
POSTER: Final = Shape(1080, 1620, (1080, 820), (72, 856, 936), 76, 288, (732, 1304), 1340)
_QR_PX: Final = 900


@lru_cache(maxsize=48)
def draw(facts: Facts, shape: Shape) -> bytes:
    """The card as PNG; without a photo that can be laid on, its place stays empty."""
    code = drawn(*shape.code_at, (shape.code_px, shape.code_px), on_white(qr_svg(facts.address)))
    card = Image.open(BytesIO(png(shape.width, shape.height, [code, *_words(facts, shape)]))).convert("RGB")
    file = _PHOTOS / f"{Path(facts.photo).stem}.webp"
    if file.is_file():
        with Image.open(file) as photo:
            card.paste(ImageOps.fit(photo.convert("RGB"), shape.photo), (0, 0))
    into = BytesIO()
    # 256 colours are enough for a drawing, and a third of the bytes on a phone in the mountains.
    card.quantize(256).save(into, "PNG", optimize=True)
    return into.getvalue()


@lru_cache(maxsize=48)
def draw_code(address: str) -> bytes:
    """The QR code of an address alone, as PNG with its quiet zone."""
    return png(_QR_PX, _QR_PX, [drawn(0, 0, (_QR_PX, _QR_PX), on_white(qr_svg(address)))])


def _words(facts: Facts, shape: Shape) -> Iterator[dict[str, Any]]:
    """Title, size, price from the top of the column down; beside the code what it is about."""
    x, y, room = shape.column
    size, small = shape.title_px, round(shape.title_px * 0.48)
    for row in wrap(printable(facts.title.zh), size, room * MM_PER_PX, 2):
        yield line(x, y, row, size, bold=True)
        y += round(size * _LINE)
    for text in (facts.title.en, f"{facts.spec.zh} · {facts.spec.en}"):
        yield line(x, y, fit_line(text, small, room * MM_PER_PX), small, ink=SOFT)
        y += round(small * _LINE * 1.1)
    y += round(small * 0.6)
    yield line(x, y, f"{facts.price_word.zh} {facts.price_word.en}", small, ink=_LIVE)
    yield from _prices(facts, x, y + round(small * _LINE), round(size * 1.25), small)
    beside = (shape.code_at[0] - x - small) * MM_PER_PX
    y = shape.about_y
    for index, text in enumerate(facts.about):
        for row in wrap(printable(text), small, beside, 1 if index else 2):
            yield line(x, y, row, small)
            y += round(small * _LINE)
    yield line(x, y + small // 2, "扫码看 Scan to see", round(small * 0.85), ink=SOFT)


def _prices(facts: Facts, x: int, y: int, size: int, small: int) -> Iterator[dict[str, Any]]:
    price = f"¥{yuan(facts.price_fen)}"
    yield line(x, y, price, size, bold=True, ink=_LIVE)
    if facts.list_price_fen is not None and facts.list_price_fen > facts.price_fen:
        right = x + width_mm(price, size, bold=can_draw_bold(price)) / MM_PER_PX
        was = f"¥{yuan(facts.list_price_fen)}"
        yield {**line(round(right + small), y + round(size * 0.88) - small, was, small, ink=SOFT), "struck": True}
