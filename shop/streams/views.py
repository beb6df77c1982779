"""The JSON that viewers poll: small, the same for everybody, cacheable for a second."""

from typing import Any

from flask import Blueprint, Response, current_app, request

from kernel.errors import NotFound
from kernel.http import setting, transaction, utc_now
from shop.streams import queries
from shop.streams.snapshots import Snapshot, SnapshotShelf, answer, render

blueprint = Blueprint("streams_api", __name__, url_prefix="/api/v1")


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
    found = shelf.get(stream_id, lambda: _read(stream_id))
    if found is None:
        raise NotFound("没有这场直播。", "There is no such stream.")
    status, headers, body = answer(found, request.headers.get("If-None-Match", ""))
    return Response(body, status=status, headers=headers)


def _read(stream_id: int) -> Snapshot | None:
    with transaction() as session:
        return render(session, stream_id, utc_now())
