"""How hard planning tries: counted steps, so that the same day gives the same plan anywhere, and a clock as a safety net."""

from collections.abc import Callable
from time import monotonic

_LOOK_EVERY = 64


class Effort:
    """A number of steps to spend; once ``seconds`` are over by the clock nothing is left, however few were spent.

    A step is a look at one person's load, or at a pair of them: some ten microseconds.
    """

    def __init__(self, steps: int, seconds: float, clock: Callable[[], float] = monotonic) -> None:
        self.left = steps
        self._clock = clock
        self._until = clock() + seconds
        self._look_at = steps

    def spend(self, steps: int = 1) -> bool:
        """Count some steps; whether there were any left."""
        if self.left <= 0:
            return False
        self.left -= steps
        if self.left < self._look_at:
            self._look_at = self.left - _LOOK_EVERY
            if self._clock() > self._until:
                self.left = 0
        return self.left > 0

    def part(self, steps: int, share: float = 1.0) -> "Effort":
        """Steps of one stage, under the same clock: at most this share of the time that is left."""
        return Effort(steps, (self._until - self._clock()) * share, self._clock)
