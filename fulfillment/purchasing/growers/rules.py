"""Pure rules of growers: names found by initials, how far a contract should be, the season after this one."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta

# What happens with more than was agreed, its tolerance included: sent home, or taken at the contract's own terms
# after a second person has agreed. Never at market without the premium: that would break the promise.
REFUSE, SAME_TERMS = "refuse", "same_terms"
OVER_RULES = (REFUSE, SAME_TERMS)

# Pages of the signed paper of one version.
MOST_PAGES = 20

WHOLE = 10_000  # basis points

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


def expected_g(agreed_g: int, start: date, end: date, on: date) -> int:
    """What should have come by a day if it came evenly over the season, in grams, rounded down."""
    days, passed = (end - start).days + 1, (on - start).days + 1
    return agreed_g * min(max(passed, 0), days) // days


@dataclass(frozen=True)
class Standing:
    """How far a contract is on a day; weights in grams, the tolerance in basis points."""

    agreed_g: int
    delivered_g: int
    expected_g: int
    tolerance_bps: int

    @property
    def left_g(self) -> int:
        """What is still to come."""
        return max(0, self.agreed_g - self.delivered_g)

    @property
    def short_g(self) -> int:
        """How much less came than should have come by now."""
        return max(0, self.expected_g - self.delivered_g)

    @property
    def is_behind(self) -> bool:
        """Whether more is missing than the contract's tolerance: less is the ordinary up and down of a harvest."""
        return self.short_g * WHOLE > self.agreed_g * self.tolerance_bps


def next_season(start: date, end: date) -> tuple[date, date]:
    """The same days a year later; a season that is longer than a year goes on the day after it ends."""
    later = _year_later(start), _year_later(end)
    if later[0] > end:
        return later
    first = end + timedelta(days=1)
    return first, first + (end - start)


def _year_later(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + 1, day=28)
