"""How a contest is measured, kindly. Knows no database.

Nobody is compared with people to whom other work is given: by speed, only within the same group of abilities; by
improvement, only with oneself. Whoever gets no honour is not listed at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from kernel.text import Text

CAREFUL: Final = "careful"
STEADY: Final = "steady"
BETTER: Final = "better"
MEASURES: Final = (CAREFUL, STEADY, BETTER)

MEASURE_WORDS: Final[dict[str, tuple[Text, Text]]] = {
    CAREFUL: (
        Text("最细心", "Most careful"),
        Text("抽查全好、买家没有因为包错退款", "Every checked box good, no refund for a wrong box"),
    ),
    STEADY: (
        Text("手最稳", "Steadiest hands"),
        Text("每小时件数，只和活一样的人比", "Pieces an hour, among people who do the same kind of work"),
    ),
    BETTER: (
        Text("进步最大", "Most improved"),
        Text("每小时件数，只和自己以前比", "Pieces an hour, compared with oneself before"),
    ),
}

HONOURS: Final = 3
# Below this there is too little to say anything true.
LEAST_CHECKS: Final = 2
LEAST_SECONDS: Final = 2 * 3600
LEAST_BEFORE_SECONDS: Final = 4 * 3600


@dataclass(frozen=True)
class Figures:
    """What is known of one entrant in the contest's days, and of as many days before.

    ``group`` names what suits the person (a word list of abilities); seconds at work and pieces go together.
    """

    person_id: int
    group: str
    checks: int
    good: int
    complaints: int
    pieces: int
    seconds: int
    pieces_before: int
    seconds_before: int


@dataclass(frozen=True)
class Honour:
    """A place from 1 to 3; people who did equally well share it. ``group`` is empty but where groups are apart."""

    person_id: int
    place: int
    group: str


def an_hour(pieces: int, seconds: int) -> Fraction:
    """Pieces an hour, exactly."""
    return Fraction(pieces * 3600, seconds) if seconds > 0 else Fraction(0)


def honours(measure: str, entrants: Sequence[Figures]) -> list[Honour]:
    """Who is honoured by this measure, best first."""
    if measure == CAREFUL:
        # All good counts as all good, however many were looked at: whoever is looked at more must not be worse off.
        good = [each for each in entrants if each.checks >= LEAST_CHECKS and each.complaints == 0]
        return _places(good, lambda each: Fraction(each.good, each.checks), "", least=Fraction(1, 2))
    if measure == BETTER:
        known = [
            each
            for each in entrants
            if each.seconds >= LEAST_SECONDS and each.seconds_before >= LEAST_BEFORE_SECONDS and each.pieces_before > 0
        ]
        return _places(known, _gain, "", least=Fraction(1))
    found = []
    for group in sorted({each.group for each in entrants}):
        alike = [each for each in entrants if each.group == group and each.seconds >= LEAST_SECONDS]
        found += _places(alike, lambda each: an_hour(each.pieces, each.seconds), group, least=Fraction(0))
    return found


def _gain(each: Figures) -> Fraction:
    return an_hour(each.pieces, each.seconds) / an_hour(each.pieces_before, each.seconds_before)


def _places(
    entrants: Sequence[Figures], value: Callable[[Figures], Fraction], group: str, *, least: Fraction
) -> list[Honour]:
    """The best three values above ``least``; equal values share a place and nobody is pushed out by a tie."""
    worth = {each.person_id: value(each) for each in entrants}
    best = sorted({each for each in worth.values() if each > least}, reverse=True)[:HONOURS]
    return [
        Honour(person_id, place, group)
        for place, figure in enumerate(best, 1)
        for person_id, own in worth.items()
        if own == figure
    ]
