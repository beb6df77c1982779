"""Connections that are held open: a few for each process, so that buyers never wait for a thread behind a board."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Event, Lock

from kernel.errors import Unavailable

ELSEWHERE = "elsewhere"
STOPPING = "stopping"


@dataclass(eq=False)
class Seat:
    """One held connection. ``ended`` is set when it should close, for the reason in ``why``."""

    screen: Hashable
    ended: Event = field(default_factory=Event)
    why: str = ""

    def end(self, why: str) -> None:
        """Ask the connection to close."""
        self.why = why
        self.ended.set()


class Seats:
    """The held connections of one process, at most ``most`` and one for each screen."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._taken: dict[Hashable, Seat] = {}
        self._lock = Lock()
        self._is_closed = False

    def take(self, screen: Hashable) -> Seat:
        """A seat for a screen; one that the same screen still has, as after a reload, is ended.

        Raises:
            Unavailable: all are taken, or the server is stopping; the page then asks every few seconds instead.
        """
        with self._lock:
            earlier = self._taken.pop(screen, None)
            if earlier:
                earlier.end(ELSEWHERE)
            if self._is_closed or len(self._taken) >= self.most:
                raise Unavailable(
                    "同时开着的大屏太多了，这一块改为每几秒取一次数。",
                    "Too many boards are open; this one fetches its figures every few seconds.",
                    code="no_seat",
                )
            seat = Seat(screen)
            self._taken[screen] = seat
            return seat

    def leave(self, seat: Seat) -> None:
        """The connection is closed; left already, nothing changes."""
        with self._lock:
            if self._taken.get(seat.screen) is seat:
                del self._taken[seat.screen]

    def close(self) -> None:
        """End all of them and let nobody in any more: the server is stopping."""
        with self._lock:
            self._is_closed = True
            for seat in self._taken.values():
                seat.end(STOPPING)

    def __len__(self) -> int:
        """How many are taken."""
        return len(self._taken)
