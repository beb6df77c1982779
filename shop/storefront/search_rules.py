"""Finding goods by what people type: Chinese, pinyin or its initials, English, with the slips of thumbs and of ears. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from unicodedata import normalize

from kernel.readings import pinyin_readings

LONGEST_QUERY: Final = 60
# From this length on one wrong, missing or swapped letter is forgiven.
_FORGIVING: Final = 4
EXACT, SOUNDS_LIKE, NEARLY = 0, 1, 2


@dataclass(frozen=True)
class Words:
    """What goods are found by: their names, and what is said about them."""

    names: tuple[str, ...]
    told: str


def rank(query: str, words: Words) -> int | None:
    """How well goods answer a query, 0 the best; ``None``: not at all. Every word of the query must be answered."""
    asked = _fold(query[:LONGEST_QUERY]).split()
    if not asked:
        return None
    found = [rank for rank in (_rank_of(word, words) for word in asked) if rank is not None]
    # hua gu is one word to whoever types pinyin with blanks.
    return max(found) if len(found) == len(asked) else _rank_of("".join(asked), words) if len(asked) > 1 else None


def _rank_of(word: str, words: Words) -> int | None:
    names = [_fold(name) for name in words.names]
    if any(word in name for name in names) or (len(word) > 1 and word in _fold(words.told)):
        return EXACT
    sounds = _sounds(words.names)
    if word.isascii():
        if any(sound.startswith(word) or (len(word) > 2 and word in sound) for sound in sounds):
            return SOUNDS_LIKE
    elif len(word) > 1 and any(said in sound for said in _sounds((word,)) if len(said) > 2 for sound in sounds):
        # 香姑 for 香菇: the ear was right.
        return SOUNDS_LIKE
    spelt = [*(part for name in names for part in name.split() if part.isascii()), *sounds]
    if word.isascii() and len(word) >= _FORGIVING and any(_is_near(word, part) for part in spelt):
        return NEARLY
    return None


def _fold(text: str) -> str:
    return normalize("NFKC", text).lower()


@lru_cache(maxsize=2_000)
def _sounds_of(name: str) -> tuple[str, ...]:
    return tuple(pinyin_readings(name).split())


def _sounds(names: Sequence[str]) -> list[str]:
    return [sound for name in names if not name.isascii() for sound in _sounds_of(name)]


def _is_near(one: str, other: str) -> bool:
    """Whether one letter more, less, another or swapped with its neighbour makes the one the other, or its beginning."""
    if len(other) > len(one) + 1:
        return any(_one_slip(one, other[:length]) for length in (len(one) - 1, len(one), len(one) + 1))
    return _one_slip(one, other)


def _one_slip(one: str, other: str) -> bool:
    start = next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )
    left, right = one[start:], other[start:]
    return (
        left[1:] == right[1:]
        or left[1:] == right
        or left == right[1:]
        or (left[:2] == right[:2][::-1] and left[2:] == right[2:])
    )
