"""How many watched, for many streams at once: a file with a row for each stream and platform."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, Response, render_template
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.console import words
from app.console.exports import csv_file
from kernel.clock import local_day
from kernel.errors import Problem
from kernel.files import sent_file
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell
from shop.orders.models import CHANNELS
from shop.streams import audience_file
from shop.streams.audience import StreamAudience, Taken, take_audiences
from shop.streams.audience_file import AudienceRows, Streamed
from shop.streams.models import Stream

blueprint = Blueprint("audience", __name__, url_prefix="/console/streams/audience")

# Of the template: what is older is hardly looked up any more. A file may hold any stream.
_IN_TEMPLATE = 50


def _begun(session: Session) -> list[Streamed]:
    """Streams that have begun, newest first."""
    zone = setting("workshop_zone")
    wanted = select(Stream).where(Stream.started_at.is_not(None)).order_by(Stream.started_at.desc(), Stream.id.desc())
    return [
        Streamed(stream.id, local_day(stream.started_at, zone), stream.title.zh)
        for stream in session.scalars(wanted)
        if stream.started_at is not None
    ]


def _platforms() -> dict[str, str]:
    """By every word that a file may name a platform with."""
    found = {}
    for name in CHANNELS:
        word = words.channel(name)
        found.update({name: name, word.zh.casefold(): name, word.en.casefold(): name})
    return found


@blueprint.get("")
@requires(OWNER, STREAMER)
def show() -> str:
    """A form for a file, and what is known so far."""
    return _page(Form())


def _page(form: Form, found: AudienceRows | None = None, taken: Taken | None = None) -> str:
    with transaction() as session:
        rows = list(_rows(session))[:_IN_TEMPLATE]
    return render_template("console/streams/audience.html", form=form, found=found, taken=taken, rows=rows)


@blueprint.post("")
@requires(OWNER, STREAMER)
def take() -> str | tuple[str, int]:
    """Keep the good rows of a file and name the others by row and column."""
    form, raw = Form(), sent_file("file", audience_file.LARGEST_BYTES)
    try:
        if not raw:
            form.refuse("file", "请选一个文件。", "Choose a file.")
        form.check()
        with transaction() as session:
            found = audience_file.read_audience_file(raw, _begun(session), _platforms())
            taken = take_audiences(session, found.seen, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.setdefault("file", problem.text)
        return _page(form), problem.status
    return _page(form, found, taken)


@blueprint.get("/audience.csv")
@requires(OWNER, STREAMER)
def export() -> Response:
    """Every stream that has begun, with what is known: fill in the rest and send it again."""
    with transaction() as session:
        rows = list(_rows(session))
    return csv_file("audience", audience_file.COLUMNS, rows)


def _rows(session: Session) -> Iterator[Sequence[Cell]]:
    """A row for each platform of a stream; one that is empty for the shop's own page where nothing is known."""
    known: dict[int, list[StreamAudience]] = {}
    for row in session.scalars(select(StreamAudience).order_by(StreamAudience.channel)):
        known.setdefault(row.stream_id, []).append(row)
    for stream in _begun(session):
        start = (stream.id, f"{stream.day}", stream.title)
        for row in known.get(stream.id, []):
            yield *start, str(words.channel(row.channel)), row.views, row.visitors
        if stream.id not in known:
            yield *start, str(words.channel("douyin")), "", ""
