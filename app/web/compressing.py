"""Pages and the files of the house go over the line compressed, to whoever's browser takes that.

Pages that are somebody's own (`no-store`) are left out: beside what a stranger can make a browser ask for, the length of a
compressed page tells of its secrets (BREACH, 2013).
"""

from typing import Any

from flask import Flask, Response, request
from flask_compress import Compress

_TEXT = ["text/html", "text/css", "text/javascript", "image/svg+xml", "application/manifest+json", "application/xml"]


def _read_whole(response: Response) -> None:
    """A file of the house is small: its length and an ETag are worth more than a stream."""
    file: Any = response.response
    response.direct_passthrough = False
    response.make_sequence()
    if hasattr(file, "close"):
        file.close()


def install(app: Flask) -> None:
    """Compress with Brotli, else gzip; what is short stays as it is."""
    app.config.update(COMPRESS_REGISTER=False, COMPRESS_MIMETYPES=_TEXT, COMPRESS_ALGORITHM=["br", "gzip"])
    compress = Compress(app)

    @app.after_request
    def shorten(response: Response) -> Response:
        if response.cache_control.no_store:
            return response
        if request.endpoint == "static" and response.mimetype in _TEXT and request.accept_encodings:
            _read_whole(response)
        return compress.after_request(response)
