"""Pure helps for the list of growers."""

from bisect import bisect_right

# GB 2312 orders its 3,755 common characters by pinyin; these are the first of each initial, and the end of the list.
_FIRST_OF = (
    ("a", 0xB0A1), ("b", 0xB0C5), ("c", 0xB2C1), ("d", 0xB4EE), ("e", 0xB6EA), ("f", 0xB7A2), ("g", 0xB8C1),
    ("h", 0xB9FE), ("j", 0xBBF7), ("k", 0xBFA6), ("l", 0xC0AC), ("m", 0xC2E8), ("n", 0xC4C3), ("o", 0xC5B6),
    ("p", 0xC5BE), ("q", 0xC6DA), ("r", 0xC8BB), ("s", 0xC8F6), ("t", 0xCBFA), ("w", 0xCDDA), ("x", 0xCEF4),
    ("y", 0xD1B9), ("z", 0xD4D1), ("", 0xD7FA),
)  # fmt: skip
_CODES = [code for _, code in _FIRST_OF]

# Read otherwise as a surname than the common list has it.
_AS_SURNAME = {
    "曾": "z",
    "单": "s",
    "解": "x",
    "仇": "q",
    "区": "o",
    "查": "z",
    "朴": "p",
    "盖": "g",
    "缪": "m",
    "尉": "y",
}


def pinyin_initials(name: str) -> str:
    """``吴长根`` as ``wcg``, for finding a name with three taps; characters outside the common list are left out.

    A help, not a truth: a character with two readings may come out as the other one, so people can correct it.
    """
    first, rest = name[:1], name[1:]
    return _AS_SURNAME.get(first, _initial(first)) + "".join(_initial(character) for character in rest)


def _initial(character: str) -> str:
    if character.isascii():
        return character.lower() if character.isalnum() else ""
    try:
        high, low = character.encode("gb2312")
    except (UnicodeEncodeError, ValueError):
        return ""
    place = bisect_right(_CODES, high << 8 | low) - 1
    return _FIRST_OF[place][0] if place >= 0 else ""
