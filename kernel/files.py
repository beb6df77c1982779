"""Files that a browser sends and gets: bounded on the way in; on the way out nobody keeps a copy and no cell runs."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from flask import Response, request, stream_with_context

from kernel.sheets import Cell, csv_lines


def sent_file(field: str, largest_bytes: int) -> bytes:
    """What was sent, read up to one byte more than is allowed, so that the reader refuses it; empty when nothing was."""
    sent = request.files.get(field)
    if sent is None:
        return b""
    with closing(sent):
        content: bytes = sent.read(largest_bytes + 1)
    return content


def csv_answer(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """A short list as a CSV file (kernel.sheets), read whole while its transaction is open."""
    return _download("".join(csv_lines(header, rows)), name)


def csv_stream(name: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """A list of any length as a CSV file, sent while it is read, so that it neither times out nor fills the memory."""
    return _download(stream_with_context(csv_lines(header, rows)), name)


def _download(lines: str | Iterator[str], name: str) -> Response:
    response = Response(lines, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response
