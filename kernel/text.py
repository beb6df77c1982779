"""Words in two languages, side by side where they are used.

Chinese comes first and English must be given with it, so a sentence cannot exist in one language only
(docs/decisions/0008-two-languages-side-by-side.md).
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

Locale = Literal["zh", "en"]
LOCALES: tuple[Locale, ...] = ("zh", "en")

current_locale: ContextVar[Locale] = ContextVar("current_locale", default="zh")


@dataclass(frozen=True)
class Text:
    """A sentence in both languages, chosen when it is shown."""

    zh: str
    en: str

    def pick(self, locale: Locale | None = None) -> str:
        """The sentence in ``locale``, or in the language of the current request."""
        return self.en if (locale or current_locale.get()) == "en" else self.zh

    def __str__(self) -> str:
        return self.pick()


def t(zh: str, en: str, **values: object) -> str:
    """The sentence in the current language, with ``{name}`` placeholders filled in."""
    sentence = Text(zh, en).pick()
    return sentence.format(**values) if values else sentence
