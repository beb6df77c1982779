"""Lists of the bench as files."""

from collections.abc import Iterable, Sequence

from flask import Response

from kernel.downloads import csv_download
from kernel.sheets import Cell, csv_lines


def csv_answer(header: Sequence[str], rows: Iterable[Sequence[Cell]], name: str) -> Response:
    """A short list as a CSV file, read whole while its transaction is open."""
    return csv_download("".join(csv_lines(header, rows)), name)
