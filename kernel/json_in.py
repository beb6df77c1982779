"""One JSON object from standard input, for commands that work a case out."""

import json
from decimal import Decimal
from typing import Any

from kernel.errors import Invalid
from kernel.text import Text


def read_object(body: bytes, largest_bytes: int, otherwise: Text) -> dict[str, Any]:
    """The object; fractions as they are written, not as binary floats.

    Raises:
        Invalid: too large, no JSON, or no object; ``otherwise`` says what to give.
    """
    try:
        if len(body) > largest_bytes:
            raise ValueError
        found = json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    raise Invalid(otherwise.zh, otherwise.en)
