"""The counter of orders, watched: how many were placed, what the others were told, and that readers keep their turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from threading import Lock
from time import monotonic

from kernel.db import Database
from kernel.errors import Problem, Unavailable
from kernel.tally import Tally
from shop.orders.counter import Counter
from shop.orders.placing import Asked, Placed

_STUCK_AFTER_S = 0.5


class WatchedCounter(Counter):
    """Counts what the counter answers. A refusal for want of stock is an oversell that did not happen.

    While the clerk is stuck (somebody holds a row), at most ``most_waiting`` requests wait with him and the others
    are sent away at once, so that threads are left for those who only read.
    """

    def __init__(self, database: Database, tally: Tally, *, most_waiting: int) -> None:
        super().__init__(database)
        self._tally = tally
        self._most_waiting = most_waiting
        self._inside: dict[int, float] = {}
        self._numbers = count()
        self._door = Lock()

    def place(self, asked: Asked, now: datetime) -> Placed:
        """Place one order and count the answer."""
        try:
            with self._room():
                placed = super().place(asked, now)
        except Problem as problem:
            self._tally.add(f"orders_refused:{problem.code}")
            raise
        if placed.is_new:
            self._tally.add("orders_placed")
        return placed

    @contextmanager
    def _room(self) -> Iterator[None]:
        with self._door:
            # Whoever came first stands first: dictionaries keep their order.
            longest_s = monotonic() - next(iter(self._inside.values()), monotonic())
            if len(self._inside) >= self._most_waiting and longest_s > _STUCK_AFTER_S:
                raise Unavailable("现在有点忙，请过几秒再试。", "Busy right now. Try again in a few seconds.")
            number = next(self._numbers)
            self._inside[number] = monotonic()
        try:
            yield
        finally:
            with self._door:
                del self._inside[number]
