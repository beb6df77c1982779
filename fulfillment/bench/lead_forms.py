"""Reading what the lead types: ids from addresses, moments in the workshop's zone."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from fulfillment.crew.rules import Span
from kernel.errors import NotFound
from kernel.forms import Form
from kernel.parse import parse_local_minute

LARGEST_ID = 2**62
LONGEST_REASON = 80
# More than anybody takes; the page shows as many rows as there are, and one.
MOST_BREAKS = 40


def bounded(number: int) -> int:
    """An id from an address.

    Raises:
        NotFound: it is too large to be one.
    """
    if number >= LARGEST_ID:
        raise NotFound
    return number


def moment(form: Form, name: str, zone: ZoneInfo) -> datetime:
    """A minute typed in the workshop's zone; in error it is told at its field."""
    return form.read(name, lambda raw: parse_local_minute(raw, zone))


def moment_or_none(form: Form, name: str, zone: ZoneInfo) -> datetime | None:
    """The same, where nothing may be typed."""
    return moment(form, name, zone) if str(form.value(name)).strip() else None


def breaks(form: Form, zone: ZoneInfo) -> list[Span]:
    """The breaks typed in rows ``rest_from_0``, ``rest_to_0`` and so on; an empty row is none, an open end goes on."""
    found = []
    for row in range(MOST_BREAKS):
        began = moment_or_none(form, f"rest_from_{row}", zone)
        ended = moment_or_none(form, f"rest_to_{row}", zone)
        if began is not None:
            found.append(Span(began, ended))
    return found


def same_moment(typed: datetime, known: Iterable[datetime | None]) -> datetime:
    """A form shows minutes: what was left as it stood keeps its seconds."""
    return next((at for at in known if at is not None and at.replace(second=0, microsecond=0) == typed), typed)


def typed_minute(at: datetime | None, zone: ZoneInfo) -> str:
    """A moment as a form shows it for typing."""
    return f"{at.astimezone(zone):%Y-%m-%dT%H:%M}" if at else ""
