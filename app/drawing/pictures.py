"""Pictures as marks with their places in pixels: words, and drawings that are SVG. Words are only ever shown as text."""

from json import dumps
from pathlib import Path
from typing import Any, Final

import typst

from fulfillment.labels.fonts import FONTS, can_draw_bold

MM_PER_PX: Final = 25.4 / 72
INK: Final = "#2a211b"
SOFT: Final = "#5a4a3f"
_HERE: Final = Path(__file__).resolve().parent

Mark = dict[str, Any]


def line(x: int, y: int, text: str, size: int, *, bold: bool = False, ink: str = INK) -> Mark:
    """One line of printable words with its upper left corner at (x, y); ``size`` is the height of a character."""
    # The bold font is a small one; a line that it cannot draw whole is drawn in the regular ones.
    is_bold = bold and can_draw_bold(text)
    return {"x": x, "y": y, "text": text, "size": size, "bold": is_bold, "ink": ink, "struck": False}


def drawn(x: int, y: int, size: tuple[int, int], svg: str) -> Mark:
    """A drawing laid on at (x, y), ``size`` wide and high."""
    return {"x": x, "y": y, "width": size[0], "height": size[1], "svg": svg}


def block(x: int, y: int, size: tuple[int, int], fill: str, radius: int = 0) -> Mark:
    """A filled block with round corners; nothing narrower than a pixel."""
    width, height = max(1, size[0]), max(1, size[1])
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<rect width="{width}" height="{height}" rx="{radius}" fill="{fill}"/></svg>'
    )
    return drawn(x, y, (width, height), svg)


def on_white(svg: str) -> str:
    """A code with its quiet zone in white, whatever it lies on."""
    head, mark, squares = svg.partition(">")
    return f'{head}{mark}<rect width="100%" height="100%" fill="#fff"/>{squares}'


def png(width: int, height: int, marks: list[Mark]) -> bytes:
    """The picture, the first mark at the bottom."""
    made = typst.compile(
        _HERE / "picture.typ",
        root=_HERE,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"card": dumps({"width": width, "height": height, "marks": marks}, ensure_ascii=False)},
        format="png",
        ppi=72,
    )
    if not isinstance(made, bytes):
        raise TypeError("one picture should come as bytes")
    return made
