"""Lists of the bench as files."""

from collections.abc import Iterable, Sequence

from flask import current_app
from werkzeug.wrappers import Response

from kernel.sheets import Cell, csv_lines


def csv_answer(header: Sequence[str], rows: Iterable[Sequence[Cell]], name: str) -> Response:
    """A list as a CSV file to keep; no cell of it can run as a formula."""
    response = current_app.response_class("".join(csv_lines(header, rows)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response
