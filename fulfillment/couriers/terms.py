"""The workshop's own terms of sending, handed down by the roof (app/terms.py). Pure; weights in grams."""

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

# No courier that we know takes more in one box.
HEAVIEST_G: Final = 50_000


@dataclass(frozen=True)
class SendingTerms:
    """The workshop's own terms of sending.

    ``box_tare_g`` is what carton, tape and filling weigh; a box should be there within ``within_days`` of leaving,
    fresh goods within ``fresh_within_days``; a scale may be off by ``tolerance_g`` or ``tolerance_bps`` of the weight,
    whichever is more.
    """

    zone: ZoneInfo
    box_tare_g: int = 120
    within_days: int = 7
    fresh_within_days: int = 3
    tolerance_g: int = 60
    tolerance_bps: int = 300
