"""The JSON that viewers poll: small, the same for everybody, cacheable for a second."""

from hashlib import sha256
from json import dumps
from threading import Lock
from time import monotonic
from typing import Any

from flask import Blueprint, Response, current_app, request

from kernel.errors import NotFound
from kernel.http import setting, transaction, utc_now
from shop.streams import queries

blueprint = Blueprint("streams_api", __name__, url_prefix="/api/v1")

# A process reads a stream's figures at most this often, whatever the number of viewers.
_FRESH_FOR_S = 0.5


class SnapshotShelf:
    """The last rendered snapshot of each stream in this process, with its ETag."""

    def __init__(self) -> None:
        self._shelf: dict[int, tuple[float, bytes, str]] = {}
        self._lock = Lock()

    def get(self, stream_id: int) -> tuple[bytes, str]:
        """The body and its ETag, rendered anew when older than half a second.

        Raises:
            NotFound: there is no such stream.
        """
        kept = self._shelf.get(stream_id)
        if kept and monotonic() - kept[0] < _FRESH_FOR_S:
            return kept[1], kept[2]
        with self._lock:
            kept = self._shelf.get(stream_id)
            if kept and monotonic() - kept[0] < _FRESH_FOR_S:
                return kept[1], kept[2]
            body, etag = _render(stream_id)
            self._shelf[stream_id] = (monotonic(), body, etag)
            return body, etag


def _render(stream_id: int) -> tuple[bytes, str]:
    now = utc_now()
    with transaction() as session:
        figures = queries.snapshot(session, stream_id, now)
    if figures is None:
        raise NotFound("没有这场直播。", "There is no such stream.")
    # The time is part of the body but not of the ETag: a viewer who has these figures needs no new ones.
    etag = sha256(dumps(figures, ensure_ascii=False).encode()).hexdigest()[:20]
    return dumps({**figures, "server_time": now.isoformat()}, ensure_ascii=False).encode(), f'"{etag}"'


@blueprint.get("/streams")
def list_streams() -> dict[str, Any]:
    """Streams that are live or announced."""
    with transaction() as session:
        streams = queries.public_streams(session)
        return {
            "streams": [
                {
                    "id": stream.id,
                    "title": stream.title_zh,
                    "title_en": stream.title_en,
                    "state": stream.state,
                    "starts_at": stream.starts_at.isoformat(),
                    "url": f"{setting('public_url')}/live/{stream.id}",
                }
                for stream in streams
            ]
        }


@blueprint.get("/streams/<int:stream_id>/snapshot")
def snapshot(stream_id: int) -> Response:
    """What is on air, prices and what is left; ETag and ``max-age=1`` let a plain cache carry the crowd."""
    shelf: SnapshotShelf = current_app.extensions["snapshots"]
    if stream_id >= 2**63:
        raise NotFound("没有这场直播。", "There is no such stream.")
    body, etag = shelf.get(stream_id)
    headers = {"ETag": etag, "Cache-Control": "public, max-age=1"}
    if etag in request.headers.get("If-None-Match", ""):
        return Response(status=304, headers=headers)
    return Response(body, mimetype="application/json", headers=headers)
