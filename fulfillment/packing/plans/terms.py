"""What the workshop has decided about handing out work; settings, handed down by the roof."""

from dataclasses import dataclass, field
from datetime import timedelta

from fulfillment.routing.day import Weights


@dataclass(frozen=True)
class HandOutTerms:
    """How much is handed out at once, how long people usually stay, and what counts how much in the plan."""

    largest_batch: int = 3
    heaviest_batch_g: int = 30_000
    usual_shift: timedelta = timedelta(hours=4)
    weights: Weights = field(default_factory=Weights)


DEFAULT = HandOutTerms()
