"""Reading a form: every field is bounded, every error is collected, nothing that was typed is lost."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TypeVar

from kernel import parse
from kernel.errors import Invalid
from kernel.parse import FieldError
from kernel.text import Text

Value = TypeVar("Value")


class Form:
    """What a person typed, the values read from it, and what to say at which field.

    A field reader returns ``None`` when the field is in error; call :meth:`check` before using the values.
    """

    def __init__(self, typed: Mapping[str, object] | None = None) -> None:
        self.values: dict[str, object] = dict((typed or {}).items())
        self.errors: dict[str, Text] = {}

    def value(self, name: str, default: object = "") -> object:
        """What was typed in a field, for showing it again."""
        return self.values.get(name, default)

    def refuse(self, name: str, zh: str, en: str) -> None:
        """Mark a field, keeping the first thing that was said about it."""
        self.errors.setdefault(name, Text(zh, en))

    def check(self) -> None:
        """Raise ``Invalid`` when any field was refused."""
        if self.errors:
            raise Invalid(
                "有几处要改一下，已经标出来了。", "A few fields need another look; they are marked.", fields=self.errors
            )

    def read(self, name: str, reader: Callable[[object], Value]) -> Value:
        """Read one field with ``reader``; its ``FieldError`` is kept for the field."""
        try:
            return reader(self.values.get(name))
        except FieldError as error:
            self.errors.setdefault(name, error.text)
            # The caller sees the value only after check(), which raises for this field.
            return None  # type: ignore[return-value]

    def text(self, name: str, *, longest: int, required: bool = True, lines: bool = False) -> str:
        """Cleaned text; empty when not required and not given."""
        return self.read(name, lambda raw: parse.clean_text(raw, longest, required=required, lines=lines))

    def count(self, name: str, low: int, high: int) -> int:
        """A whole number within bounds."""
        return self.read(name, lambda raw: parse.parse_count(raw, low, high))

    def yuan(self, name: str, *, high_fen: int, low_fen: int = 0) -> int:
        """Money typed in yuan, returned in fen."""
        return self.read(name, lambda raw: parse.parse_yuan(raw, high_fen, low_fen))

    def kg(self, name: str, *, high_g: int, low_g: int = 0) -> int:
        """Weight typed in kilograms, returned in grams."""
        return self.read(name, lambda raw: parse.parse_grams(raw, high_g, low_g))

    def percent(self, name: str, *, high_bps: int, low_bps: int = 0) -> int:
        """A rate typed in percent, returned in basis points."""
        return self.read(name, lambda raw: parse.parse_bps(raw, high_bps, low_bps))

    def date(self, name: str) -> date:
        """A calendar date."""
        return self.read(name, parse.parse_date)

    def choice(self, name: str, allowed: Iterable[str]) -> str:
        """One of the allowed words."""
        words = set(allowed)

        def reader(raw: object) -> str:
            if isinstance(raw, str) and raw in words:
                return raw
            raise FieldError("请选一项。", "Please choose one.")

        return self.read(name, reader)

    def ticked(self, name: str) -> bool:
        """Whether a box is ticked."""
        return self.values.get(name) in ("1", "on", "true", "yes")
