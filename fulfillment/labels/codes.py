"""Code 128 and QR in whole printer dots, as runs of black; nothing else is drawn around them."""

from dataclasses import dataclass
from functools import lru_cache
from math import floor

from barcode.codex import Code128
from segno import make

# Label printers of "203 dpi" burn 8 dots a millimetre: a bar that is no whole number of dots comes out too thin or too thick.
DOT_MM = 0.125
_QUIET_BARS = 10
_QUIET_SQUARES = 4
_LEAST_DOTS_A_BAR = 2
_LEAST_DOTS_A_SQUARE = 3


class CodeTooWide(ValueError):
    """A number has too many characters for readable bars in the room there is."""


@dataclass(frozen=True)
class Bars:
    """A bar code: its black runs in modules, with the quiet zone at both ends; ``module_mm`` wide each."""

    modules: int
    runs: tuple[tuple[int, int], ...]
    module_mm: float

    @property
    def width_mm(self) -> float:
        """The whole width with both quiet zones."""
        return self.modules * self.module_mm


@dataclass(frozen=True)
class Squares:
    """A QR code: for each row its black runs, with the quiet zone around."""

    modules: int
    rows: tuple[tuple[int, int, int], ...]
    module_mm: float

    @property
    def side_mm(self) -> float:
        """The whole width and height with the quiet zone."""
        return self.modules * self.module_mm


def bars_of(text: str, room_mm: float) -> Bars:
    """Code 128 of ASCII text, as wide as whole dots allow in the room.

    Raises:
        CodeTooWide: bars of two dots do not fit.
    """
    modules, runs = _bars(text)
    dots = floor(room_mm / DOT_MM / modules + 1e-9)
    if dots < _LEAST_DOTS_A_BAR:
        raise CodeTooWide(f"{len(text)} characters do not fit {room_mm:g} mm as bars")
    return Bars(modules, runs, dots * DOT_MM)


def squares_of(text: str, room_mm: float) -> Squares:
    """A QR code with medium error correction, as large as whole dots allow in the room.

    Raises:
        CodeTooWide: squares of three dots do not fit.
    """
    modules, rows = _squares(text)
    dots = floor(room_mm / DOT_MM / modules + 1e-9)
    if dots < _LEAST_DOTS_A_SQUARE:
        raise CodeTooWide(f"{len(text)} characters do not fit {room_mm:g} mm as a QR code")
    return Squares(modules, rows, dots * DOT_MM)


def qr_svg(text: str) -> str:
    """A QR code with medium error correction and its quiet zone, for a page."""
    size, rows = _squares(text)
    squares = "".join(f'<rect x="{start}" y="{y}" width="{length}" height="1"/>' for y, start, length in rows)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">{squares}</svg>'


@lru_cache(maxsize=64)
def _bars(text: str) -> tuple[int, tuple[tuple[int, int], ...]]:
    """Modules in all, and start and length of each bar."""
    modules = "".join(Code128(text).build())
    runs = tuple((_QUIET_BARS + start, length) for start, length in _runs(modules))
    return len(modules) + 2 * _QUIET_BARS, runs


@lru_cache(maxsize=64)
def _squares(text: str) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    """Modules a side, and row, start and length of each black run."""
    matrix = [bytes(row) for row in make(text, error="m", micro=False).matrix]
    rows = tuple(
        (_QUIET_SQUARES + y, _QUIET_SQUARES + start, length)
        for y, row in enumerate(matrix)
        for start, length in _runs("".join("1" if cell else "0" for cell in row))
    )
    return len(matrix) + 2 * _QUIET_SQUARES, rows


def _runs(modules: str) -> list[tuple[int, int]]:
    """Start and length of each run of black modules."""
    runs: list[tuple[int, int]] = []
    for index, module in enumerate(modules):
        if module != "1":
            continue
        if runs and sum(runs[-1]) == index:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((index, 1))
    return runs
