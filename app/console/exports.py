"""Lists of the console as files, with the moment in their name and in their cells as the workshop's clock shows it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Response

from kernel.files import csv_stream
from kernel.http import setting, utc_now
from kernel.sheets import Cell


def csv_file(name: str, header: Sequence[object], rows: Iterable[Sequence[Cell]]) -> Response:
    """A CSV file called ``name`` and this minute, for download."""
    zone: ZoneInfo = setting("workshop_zone")
    return csv_stream(f"{name}-{utc_now().astimezone(zone):%Y%m%d-%H%M}", [str(word) for word in header], rows)


def local(moment: datetime | None) -> str:
    """A moment as a spreadsheet reads it, in the workshop's zone."""
    zone: ZoneInfo = setting("workshop_zone")
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""
