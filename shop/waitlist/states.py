"""The states of a wait: it ends once, served with an order, left by the buyer, or over."""

from typing import Final

WAITING: Final = "waiting"
SERVED: Final = "served"
LEFT: Final = "left"
OVER: Final = "over"

STATES: Final = (WAITING, SERVED, LEFT, OVER)
