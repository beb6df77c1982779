"""A list as a file: sent while it is read, so that a long one neither times out nor fills the memory."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response, stream_with_context

from kernel.downloads import csv_download
from kernel.http import setting, utc_now
from kernel.sheets import Cell, csv_lines


def csv_file(name: str, header: Sequence[object], rows: Iterable[Sequence[Cell]]) -> Response:
    """A CSV file called ``name`` and today's date, for download."""
    zone: ZoneInfo = setting("workshop_zone")
    lines = stream_with_context(csv_lines([str(word) for word in header], rows))
    return csv_download(lines, f"{name}-{utc_now().astimezone(zone):%Y%m%d-%H%M}")


def local(moment: datetime | None) -> str:
    """A moment as a spreadsheet reads it, in the workshop's zone."""
    zone: ZoneInfo = setting("workshop_zone")
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""
