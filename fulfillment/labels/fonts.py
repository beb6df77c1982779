"""What the shipped fonts can draw and how wide it is, so that every line is broken before it is drawn."""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

# Browsers load the rare characters from there too (static/css/print.css).
FONTS = Path(__file__).resolve().parents[2] / "static/fonts"
_REGULAR = ("GongfangSans-Regular.ttf", "GongfangRare-Regular.otf")
_BOLD = ("GongfangSans-Bold.ttf",)

_MM_PER_PT = 25.4 / 72
_ELLIPSIS = "…"
# A line does not begin with these.
_CLOSING = frozenset("，。、；：！？）》”’」』】,.;:!?)%…")
# Controls, format marks (direction, joiners) and lone surrogates have no shape of their own.
_SHAPELESS = frozenset({"Cc", "Cf", "Cs"})


@cache
def _advances(files: tuple[str, ...]) -> dict[int, float]:
    """Width in em of every code point that these fonts can draw; the first font that has it wins."""
    widths: dict[int, float] = {}
    for name in files:
        with TTFont(FONTS / name, lazy=True) as font:
            em, metrics = font["head"].unitsPerEm, font["hmtx"].metrics
            for code, glyph in font.getBestCmap().items():
                widths.setdefault(code, metrics[glyph][0] / em)
    return widths


def can_draw(character: str) -> bool:
    """Whether a shipped font has a shape for the character."""
    return ord(character) in _advances(_REGULAR)


def can_draw_bold(text: str) -> bool:
    """Whether the bold font, which is a small one, has every character; it does not fall back to the other fonts."""
    return all(ord(c) in _advances(_BOLD) for c in text)


def one_line(text: str) -> str:
    """Text for paper: white space becomes one blank; direction marks, joiners, controls and variation selectors go."""
    spaced = " ".join(text.split())
    return "".join(c for c in spaced if unicodedata.category(c) not in _SHAPELESS and not _selects_variation(c))


def _selects_variation(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def code_point(character: str) -> str:
    """The name of a character for people who have to find it, such as ``U+1F33E``."""
    return f"U+{ord(character):04X}"


def printable(text: str) -> str:
    """One line that the fonts can draw whole; a character without a glyph becomes its code point in brackets."""
    return "".join(c if can_draw(c) else f"[{code_point(c)}]" for c in one_line(text))


def missing_characters(texts: Iterable[str]) -> tuple[str, ...]:
    """Characters without a glyph, each once: they are printed as code points, and the lead should know."""
    return tuple(sorted({c for text in texts for c in one_line(text) if not can_draw(c)}))


def width_mm(text: str, size_pt: float, *, bold: bool = False) -> float:
    """How wide a printable line is; kerning and ligatures are switched off where it is drawn."""
    widths = _advances(_BOLD + _REGULAR if bold else _REGULAR)
    return sum(widths[ord(c)] for c in text) * size_pt * _MM_PER_PT


def wrap(text: str, size_pt: float, room_mm: float, most_lines: int) -> tuple[str, ...]:
    """Break printable text into lines that fit; what is too much ends with an ellipsis.

    Chinese breaks after any character; a Latin word moves to the next line whole, when it does not fill the line alone.
    """
    lines: list[str] = []
    rest = text.strip()
    while rest:
        line, rest = take_line(rest, size_pt, room_mm, is_last=len(lines) == most_lines - 1)
        lines.append(line)
    return tuple(lines)


def take_line(text: str, size_pt: float, room_mm: float, *, is_last: bool = False) -> tuple[str, str]:
    """The line that fits into the room, and the rest; a last line that is too long ends with an ellipsis."""
    room_em = room_mm / (size_pt * _MM_PER_PT)
    fits = _how_many_fit(text, room_em)
    if fits < len(text) and is_last:
        return _cut(text[:fits], room_em), ""
    end = _break_before(text, fits)
    return text[:end].rstrip(), text[end:].lstrip()


def fit_line(text: str, size_pt: float, room_mm: float) -> str:
    """What fits one line of a text, printable; what is too long ends with an ellipsis."""
    return next(iter(wrap(printable(text), size_pt, room_mm, 1)), "")


def size_that_fits(text: str, sizes_pt: Sequence[float], room_mm: float) -> float:
    """The largest of the sizes (largest first) at which the line fits, else the smallest."""
    return next((size for size in sizes_pt if width_mm(text, size) <= room_mm), sizes_pt[-1])


def _how_many_fit(text: str, room_em: float) -> int:
    """How many characters fit into a line; at least one, so that breaking always gets on."""
    widths = _advances(_REGULAR)
    used = 0.0
    for index, character in enumerate(text):
        used += widths[ord(character)]
        if used > room_em:
            return max(1, index)
    return len(text)


def _break_before(text: str, fits: int) -> int:
    """Where to end the line: before the word that would be torn apart, and never before a closing mark."""
    if fits == len(text):
        return fits
    marks = next((back for back in range(fits) if text[fits - back] not in _CLOSING), 0)
    # One character more goes along with the marks; a line of nothing but marks is broken where it must.
    fits -= marks if marks < fits else 0
    start = fits
    while start and _is_in_word(text[start - 1]) and _is_in_word(text[fits]):
        start -= 1
    return start or fits


def _is_in_word(character: str) -> bool:
    """Whether a character holds on to the next one: Latin words, figures, numbers with dashes, masks."""
    return character.isascii() and (character.isalnum() or character in "*-/.")


def _cut(line: str, room_em: float) -> str:
    """The beginning of a line with an ellipsis, within the room."""
    widths = _advances(_REGULAR)
    used = sum(widths[ord(c)] for c in line) + widths[ord(_ELLIPSIS)]
    while line and used > room_em:
        used -= widths[ord(line[-1])]
        line = line[:-1]
    return line + _ELLIPSIS
