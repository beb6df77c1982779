"""The snapshot that crowds poll: rendered once a change, kept for half a second, answered before Flask on a hit.

One function makes the answer, :func:`answer`; the view gives it a freshly rendered snapshot, the door one that is kept.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from json import dumps
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from shop.streams import queries

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# A process reads a stream's figures at most this often, whatever the number of viewers.
FRESH_FOR_S = 0.5

_HEADERS = (
    ("Content-Type", "application/json"),
    ("Cache-Control", "public, max-age=1"),
    ("X-Content-Type-Options", "nosniff"),
)


@dataclass(frozen=True)
class Snapshot:
    """A rendered snapshot: ``body`` is UTF-8 JSON, ``etag`` is quoted, ``rendered_at`` is on the monotonic clock."""

    body: bytes
    etag: str
    rendered_at: float

    @property
    def is_fresh(self) -> bool:
        """Whether it may be sent without asking the database again."""
        return monotonic() - self.rendered_at < FRESH_FOR_S


def render(session: Session, stream_id: int, now: datetime) -> Snapshot | None:
    """The snapshot of a stream as it stands, or ``None`` when there is no such stream."""
    figures = queries.snapshot(session, stream_id, now)
    if figures is None:
        return None
    # The time is part of the body but not of the ETag: a viewer who has these figures needs no new ones.
    etag = sha256(dumps(figures, ensure_ascii=False).encode()).hexdigest()[:20]
    body = dumps({**figures, "server_time": now.isoformat()}, ensure_ascii=False).encode()
    return Snapshot(body, f'"{etag}"', monotonic())


def answer(snapshot: Snapshot, if_none_match: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and body of the answer to a viewer who may have these figures already."""
    headers = [*_HEADERS, ("ETag", snapshot.etag)]
    if _names(if_none_match, snapshot.etag):
        return 304, headers[1:], b""
    return 200, [*headers, ("Content-Length", str(len(snapshot.body)))], snapshot.body


def _names(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match header names this ETag; comparison is weak, as for every GET (RFC 9110, 13.1.2)."""
    asked = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return etag in asked or asked == ["*"]


class SnapshotShelf:
    """The last snapshot of each stream in this process."""

    def __init__(self) -> None:
        self._shelf: dict[int, Snapshot] = {}
        self._lock = Lock()

    def fresh(self, stream_id: int) -> Snapshot | None:
        """The kept snapshot, unless it is older than half a second."""
        kept = self._shelf.get(stream_id)
        return kept if kept and kept.is_fresh else None

    def get(self, stream_id: int, read: Callable[[], Snapshot | None]) -> Snapshot | None:
        """The kept snapshot, else what ``read`` gives: it is called by one at a time, the others wait for its answer."""
        kept = self.fresh(stream_id)
        if kept:
            return kept
        with self._lock:
            kept = self.fresh(stream_id) or read()
            if kept:
                self._shelf[stream_id] = kept
            return kept


class SnapshotDoor:
    """A WSGI layer before Flask: a snapshot that is still fresh is answered here, everything else goes on."""

    def __init__(self, app: "WSGIApplication", shelf: SnapshotShelf) -> None:
        self._app = app
        self._shelf = shelf

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer from the shelf, or hand the request on."""
        stream_id = stream_asked_for(environ)
        kept = self._shelf.fresh(stream_id) if stream_id is not None else None
        if kept is None:
            return self._app(environ, start_response)
        status, headers, body = answer(kept, environ.get("HTTP_IF_NONE_MATCH", ""))
        start_response("304 NOT MODIFIED" if status == 304 else "200 OK", headers)
        return [body]


def stream_asked_for(environ: Mapping[str, Any]) -> int | None:
    """The stream whose snapshot a plain GET asks for, else ``None``."""
    if environ["REQUEST_METHOD"] != "GET":
        return None
    before, _, rest = environ["PATH_INFO"].partition("/api/v1/streams/")
    digits, _, end = rest.partition("/")
    is_plain = not before and end == "snapshot" and digits.isascii() and digits.isdigit() and len(digits) < 20
    return int(digits) if is_plain else None
