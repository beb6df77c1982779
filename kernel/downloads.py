"""A list as a file for download: nobody keeps a copy, and no cell of it can run as a formula (kernel.sheets)."""

from collections.abc import Iterator

from flask import Response


def csv_download(lines: str | Iterator[str], name: str) -> Response:
    """Lines of a CSV file as an answer; an iterator is sent while it is read."""
    response = Response(lines, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response
