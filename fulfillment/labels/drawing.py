"""What can be drawn on a label: words, bars, squares, rules, black areas. Lengths in millimetres, from the left upper corner.

A layout makes marks; pdf.py draws them. Nothing here breaks lines or moves anything, so what is measured is what is printed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fulfillment.labels.codes import DOT_MM, bars_of, squares_of
from fulfillment.labels.fonts import width_mm
from fulfillment.labels.papers import Field

MM_PER_PT = 25.4 / 72
# Two printer dots: a thinner line breaks up on thermal paper.
THINNEST_MM = 2 * DOT_MM


@dataclass(frozen=True)
class Mark:
    """Something black (or white on black) in a box."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Words(Mark):
    """One line of words; ``squeeze`` below 1 draws it narrower, never lower."""

    text: str
    size_pt: float
    is_bold: bool
    is_white: bool
    squeeze: float


@dataclass(frozen=True)
class Black(Mark):
    """A filled rectangle; a rule is a thin one."""


@dataclass(frozen=True)
class Code(Mark):
    """A bar code or a QR code of ``text``: its black parts as an SVG path in modules."""

    text: str
    path: str
    columns: int
    rows: int


@dataclass
class Label:
    """One label while it is laid out: its field on the paper and the marks so far, in the field's own room."""

    width: float
    height: float
    marks: list[Mark] = field(default_factory=list)

    def words(
        self,
        x: float,
        y: float,
        text: str,
        size_pt: float,
        *,
        bold: bool = False,
        white: bool = False,
        room: float | None = None,
    ) -> float:
        """Write a line whose left upper corner is given; wider than ``room`` it is drawn narrower. Returns its width."""
        width = width_mm(text, size_pt, bold=bold)
        squeeze = min(1.0, room / width) if room and width else 1.0
        if text:
            self.marks.append(
                Words(x, y, width * squeeze, size_pt * MM_PER_PT, text, size_pt, bold, white, round(squeeze, 4))
            )
        return width * squeeze

    def right(self, x: float, y: float, text: str, size_pt: float, *, bold: bool = False) -> float:
        """Write a line that ends at ``x``; returns its width."""
        width = width_mm(text, size_pt, bold=bold)
        return self.words(x - width, y, text, size_pt, bold=bold)

    def centred(
        self, x: float, y: float, room: float, text: str, size_pt: float, *, bold: bool = False, white: bool = False
    ) -> None:
        """Write a line in the middle of ``room``, narrower where it is wider than that."""
        width = min(room, width_mm(text, size_pt, bold=bold))
        self.words(x + (room - width) / 2, y, text, size_pt, bold=bold, white=white, room=room)

    def lines(self, x: float, y: float, lines: Iterable[str], size_pt: float, *, leading: float = 1.28) -> float:
        """Write lines below each other; returns where the next thing may stand."""
        for line in lines:
            self.words(x, y, line, size_pt)
            y += size_pt * MM_PER_PT * leading
        return y

    def rule(self, x: float, y: float, width: float) -> None:
        """A line across."""
        self.marks.append(Black(x, y, width, THINNEST_MM))

    def upright(self, x: float, y: float, height: float) -> None:
        """A line down."""
        self.marks.append(Black(x, y, THINNEST_MM, height))

    def black(self, x: float, y: float, width: float, height: float) -> None:
        """A black area."""
        self.marks.append(Black(x, y, width, height))

    def bars(self, x: float, y: float, room: float, height: float, text: str) -> None:
        """Code 128 in the middle of the room, its edge on a whole dot."""
        code = bars_of(text, room)
        left = _on_a_dot(x + (room - code.width_mm) / 2)
        path = "".join(f"M{start} 0h{length}v1h-{length}z" for start, length in code.runs)
        self.marks.append(Code(left, y, code.width_mm, height, text, path, code.modules, 1))

    def qr(self, x: float, y: float, room: float, text: str) -> float:
        """A QR code in the right lower corner of a square room; returns its side."""
        code = squares_of(text, room)
        side = code.side_mm
        left, top = _on_a_dot(x + room - side), _on_a_dot(y + room - side)
        path = "".join(f"M{start} {row}h{length}v1h-{length}z" for row, start, length in code.rows)
        self.marks.append(Code(left, top, side, side, text, path, code.modules, code.modules))
        return side


@dataclass(frozen=True)
class Sheet:
    """One piece of paper: its size, how far the printer is off, and what is drawn on it."""

    width_mm: float
    height_mm: float
    marks: tuple[tuple[float, float, Mark], ...]

    def texts(self) -> list[str]:
        """All words on the sheet in the order of drawing, for people who hear the page and for tests."""
        return [mark.text for _, _, mark in self.marks if isinstance(mark, Words)]


def placed(label: Label, place: Field) -> list[tuple[float, float, Mark]]:
    """The label's marks with the corner of its field."""
    return [(place.x_mm, place.y_mm, mark) for mark in label.marks]


def _on_a_dot(length: float) -> float:
    return round(length / DOT_MM) * DOT_MM
