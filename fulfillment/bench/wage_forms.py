"""What the pages of wages read from addresses and forms."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import request
from sqlalchemy.orm import Session

from kernel import once
from kernel.clock import local_day
from kernel.errors import NotFound
from kernel.forms import Form
from kernel.http import actor, setting, utc_now
from kernel.parse import FieldError, parse_count

LARGEST_ID = 2**62
_LONGEST_SPAN = timedelta(days=400)


def today() -> date:
    """The workshop's day."""
    return local_day(utc_now(), setting("workshop_zone"))


def bounded(number: int) -> int:
    """An id from an address; one that no row can have is not found."""
    if not 0 < number < LARGEST_ID:
        raise NotFound
    return number


def id_or_none(raw: object) -> int | None:
    """An id from a field that may be left out."""
    try:
        return parse_count(raw, 1, LARGEST_ID)
    except FieldError:
        return None


def is_sent_again(session: Session, form: Form, purpose: str) -> bool:
    """Whether this very form was carried out before (a double tap, a reload)."""
    return not once.is_first(session, form.values, purpose=purpose, by=actor(), now=utc_now())


@dataclass(frozen=True)
class Span:
    """Days from the first to the last, both counted."""

    first: date
    last: date


def read_span() -> tuple[Span, Form]:
    """The days asked for; this month when none are, and with an error at its field when they make no sense."""
    usual = Span(today().replace(day=1), today())
    form = Form({"from": usual.first.isoformat(), "to": usual.last.isoformat(), **request.args})
    first, last = form.date("from"), form.date("to")
    if not form.errors and not timedelta(0) <= last - first <= _LONGEST_SPAN:
        form.refuse("to", "请填开始那天到之后 400 天内的日期。", "Give a day from the first one to 400 days after it.")
    return (usual if form.errors else Span(first, last)), form
