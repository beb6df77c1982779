"""How a name may be spelt in pinyin, for finding it by typing; a pure rule."""

import os
from itertools import islice, product

# One character at a time is all a name needs; the library's phrases would cost 45 MB and a quarter of a second.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "1")
os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "1")

from pypinyin import Style, pinyin

# Four characters with two readings each come to sixteen; beyond this a name is found by the readings named first.
_MOST = 64


def pinyin_readings(name: str) -> str:
    """Every way to read a name, whole and as initials, in one line with spaces between.

    ``单雄`` is found as ``shanxiong`` and ``sx``, also as ``danxiong``: which reading is the surname's people know and
    no list knows for sure. Characters without a reading stand for themselves, in small letters.
    """
    syllables = pinyin(name.lower(), style=Style.NORMAL, heteronym=True, errors=lambda other: "".join(other.split()))
    ways = list(islice(product(*syllables), _MOST))
    whole = ["".join(way) for way in ways]
    initials = ["".join(syllable[:1] for syllable in way) for way in ways]
    return " ".join(dict.fromkeys([*whole, *initials]))
