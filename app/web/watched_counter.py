"""The counter of orders with a tally beside it: how many were placed, and what the others were told."""

from datetime import datetime

from kernel.db import Database
from kernel.errors import Problem
from kernel.tally import Tally
from shop.orders.counter import Counter
from shop.orders.placing import Asked, Placed


class WatchedCounter(Counter):
    """Counts what the counter answers. A refusal for want of stock is an oversell that did not happen."""

    def __init__(self, database: Database, tally: Tally) -> None:
        super().__init__(database)
        self._tally = tally

    def place(self, asked: Asked, now: datetime) -> Placed:
        """Place one order and count the answer."""
        try:
            placed = super().place(asked, now)
        except Problem as problem:
            self._tally.add(f"orders_refused:{problem.code}")
            raise
        if placed.is_new:
            self._tally.add("orders_placed")
        return placed
