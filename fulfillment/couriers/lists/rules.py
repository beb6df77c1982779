"""A signature drawn on the screen: what is taken for one. Pure."""

import re
from typing import Final

from kernel.parse import FieldError

# The field that is drawn on (static/js/signature.js), in units of its own.
WIDTH: Final = 600
HEIGHT: Final = 200
LONGEST_PATH: Final = 20_000
_FEWEST_POINTS: Final = 8

_STROKES = re.compile(r"(?:M[0-9]{1,3} [0-9]{1,3}(?:L[0-9]{1,3} [0-9]{1,3})*)+", re.ASCII)
_POINT = re.compile(r"([0-9]+) ([0-9]+)", re.ASCII)


def read_signature(raw: object) -> str:
    """SVG path data of strokes (``M10 20L30 40``) within the field, or empty when nothing was drawn.

    Raises:
        FieldError: not what our field draws, too long, or hardly more than a dot.
    """
    if not isinstance(raw, str) or not raw:
        return ""
    if len(raw) > LONGEST_PATH or not _STROKES.fullmatch(raw):
        raise FieldError(
            "签名没有收好，请擦掉再签一次。", "The signature did not arrive whole; clear it and sign again."
        )
    points = {(int(x), int(y)) for x, y in _POINT.findall(raw)}
    if any(x > WIDTH or y > HEIGHT for x, y in points):
        raise FieldError("签名出了框，请擦掉再签一次。", "The signature left its field; clear it and sign again.")
    if len(points) < _FEWEST_POINTS:
        raise FieldError("签名太短，请写名字。", "That is hardly a signature; please write the name.")
    return raw
