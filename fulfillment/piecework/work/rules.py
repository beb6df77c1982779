"""What may be written down as other work, and how a team shares it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

EQUAL, MINUTES, PARTS = SPLITS = ("equal", "minutes", "parts")
PIECE, GRAM = UNITS = ("piece", "g")
LEAD, PACKER = NOTED_BY = ("lead", "packer")

# No size: other work is not counted by weight classes unless its rates say so.
ANY_SIZE_G: Final = 50_000
LARGEST_TEAM: Final = 30
MOST_PIECES: Final = 100_000
MOST_G: Final = 20_000_000
# Work is written down on its day or soon after; older things are corrections.
LATEST_NOTE: Final = timedelta(days=31)
# The screen offers ten seconds; five more are for a slow line and a slow hand.
UNDO_SHOWN = timedelta(seconds=10)
UNDO_WITHIN = UNDO_SHOWN + timedelta(seconds=5)


def weights_of(split: str, given: Mapping[int, int]) -> dict[int, int]:
    """What each person's part is measured by: 1 each, or the minutes or parts that were given."""
    return dict.fromkeys(given, 1) if split == EQUAL else dict(given)
