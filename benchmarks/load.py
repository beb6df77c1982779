"""A load generator in one thread: plain sockets and a selector, so that the client costs little beside the server."""

import socket
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from statistics import quantiles

_GIVE_UP_AFTER_S = 60.0
_LENGTH = b"content-length: "


@dataclass(frozen=True)
class Seen:
    """What came back: how many of each status, how long each took (in seconds), and how long it all took."""

    statuses: Counter[int]
    took_s: list[float]
    wall_s: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.took_s) / self.wall_s

    def quantile(self, percent: int) -> float:
        """The time within which this share of answers came, in seconds."""
        return quantiles(self.took_s, n=100, method="inclusive")[percent - 1]


class _Line:
    """One connection with one request under way."""

    __slots__ = ("got", "needs", "sent_at", "socket")

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=_GIVE_UP_AFTER_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""
        self.needs = 0
        self.sent_at = 0.0

    def send_next(self, requests: Iterator[bytes]) -> bool:
        """Send the next request, if there is one."""
        request = next(requests, None)
        if request is None:
            return False
        self.got, self.needs = b"", 0
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)
        return True

    def receive(self) -> int | None:
        """The status, once the answer is whole."""
        part = self.socket.recv(65_536)
        if not part:
            raise ConnectionError("the server hung up")
        self.got += part
        if not self.needs:
            head_end = self.got.find(b"\r\n\r\n")
            if head_end < 0:
                return None
            head = self.got[:head_end].lower()
            at = head.find(_LENGTH)
            length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self.needs = head_end + 4 + length
        return int(self.got[9:12]) if len(self.got) >= self.needs else None


def drive(
    port: int,
    requests: Iterator[bytes],
    *,
    clients: int,
    seconds: float = _GIVE_UP_AFTER_S,
) -> Seen:
    """Let ``clients`` send these requests one after another, until they run out or the time is over."""
    lines = [_Line(port) for _ in range(clients)]
    selector = DefaultSelector()
    for line in lines:
        selector.register(line.socket, EVENT_READ, line)
    started = time.perf_counter()
    statuses, took_s = _run(selector, lines, requests, started + seconds)
    wall_s = time.perf_counter() - started
    selector.close()
    for line in lines:
        line.socket.close()
    return Seen(statuses, took_s, wall_s)


def _run(
    selector: DefaultSelector, lines: list[_Line], requests: Iterator[bytes], deadline: float
) -> tuple[Counter[int], list[float]]:
    statuses, took_s = Counter[int](), []
    under_way = sum(line.send_next(requests) for line in lines)
    while under_way:
        events = selector.select(_GIVE_UP_AFTER_S)
        if not events:
            raise TimeoutError(f"{under_way} requests without an answer")
        for key, _ in events:
            line: _Line = key.data
            status = line.receive()
            if status is None:
                continue
            now = time.perf_counter()
            statuses[status] += 1
            took_s.append(now - line.sent_at)
            if now >= deadline or not line.send_next(requests):
                under_way -= 1
    return statuses, took_s


def get(path: str) -> bytes:
    """A GET as bytes."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def post(path: str, body: bytes, **headers: str) -> bytes:
    """A POST as bytes; ``headers`` with underscores for hyphens."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body
