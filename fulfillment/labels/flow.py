"""Paragraphs flowing down a column, around a square in its right lower corner (the QR code). Lengths in millimetres."""

from collections.abc import Sequence
from dataclasses import dataclass

from fulfillment.labels.drawing import MM_PER_PT
from fulfillment.labels.fonts import printable, take_line

LEADING = 1.28


@dataclass(frozen=True)
class Paragraph:
    """Words in one size; ``most`` lines at most, ``after`` is the gap below."""

    text: str
    size_pt: float
    most: int = 99
    after: float = 0.8


@dataclass(frozen=True)
class Column:
    """The room that words flow through; ``notch`` is the side of the square that stays free, 0 for none."""

    width: float
    height: float
    notch: float = 0.0

    def room_at(self, top: float, height: float) -> float:
        """How wide a line may be that begins at ``top``."""
        return self.width - self.notch if self.notch and top + height > self.height - self.notch else self.width


@dataclass(frozen=True)
class Line:
    """A line of words and where it begins, from the top of the column."""

    top: float
    text: str
    size_pt: float


@dataclass(frozen=True)
class Flowed:
    """Lines that fit; ``is_whole`` unless something had to be cut off."""

    lines: tuple[Line, ...]
    bottom: float
    is_whole: bool


def line_mm(size_pt: float) -> float:
    """From one line to the next."""
    return size_pt * MM_PER_PT * LEADING


def flow(paragraphs: Sequence[Paragraph], column: Column) -> Flowed:
    """Break paragraphs into the column; what does not fit ends with an ellipsis or is left out."""
    lines: list[Line] = []
    top, is_whole = 0.0, True
    for paragraph in paragraphs:
        rest, left = printable(paragraph.text), paragraph.most
        step, own = line_mm(paragraph.size_pt), paragraph.size_pt * MM_PER_PT
        while rest and left and top + own <= column.height + 1e-6:
            is_last = left == 1 or top + step + own > column.height + 1e-6
            line, next_rest = take_line(rest, paragraph.size_pt, column.room_at(top, step), is_last=is_last)
            is_whole = is_whole and not (is_last and line != rest)
            rest = next_rest
            lines.append(Line(top, line, paragraph.size_pt))
            top, left = top + step, left - 1
        is_whole = is_whole and not rest
        top += paragraph.after
    return Flowed(tuple(lines), top, is_whole)
