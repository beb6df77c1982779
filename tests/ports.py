"""Two ports for a house of one's own, which no other test and no outgoing connection takes meanwhile."""

import os
import socket
from itertools import count

# Below where Linux and macOS take ports for "any free one", a stretch for each of the processes that run tests.
_FIRST, _STRETCH, _PROCESSES = 18_000, 400, 32
_next = count()


def free_ports() -> int:
    """A port that is free, and so is the next one (the demo's payment page takes it)."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PROCESSES
    while True:
        port = _FIRST + process * _STRETCH + 2 * next(_next) % _STRETCH
        with socket.socket() as first, socket.socket() as second:
            try:
                first.bind(("127.0.0.1", port))
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
