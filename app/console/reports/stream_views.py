"""The report of a stream: what was ordered and paid, of what, where to, by whom, and what it cost; to read, print, keep and share."""

from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.console import words
from app.console.board import Figures, count_figures
from app.console.board_parts import render_parts
from app.console.forms import done, possible_id
from app.console.reports import stream_tables
from app.console.reports.stream_figures import StreamReport, report_of
from app.console.reports.stream_paper import paper_of
from app.console.reports.stream_picture import draw_picture
from app.console.streams_words import BUYERS, UNPAID
from app.drawing.paper import draw_pdf
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.text import current_locale, t
from kernel.workbook import XLSX_TYPE, workbook
from shop.orders.models import CHANNELS
from shop.streams.audience import MOST_VIEWS, Watched, note_audience
from shop.streams.models import Stream
from shop.streams.states import PLANNED

blueprint = Blueprint("stream_report", __name__, url_prefix="/console/streams/<int:stream_id>")


def _counted(session: Session, stream_id: int) -> tuple[Stream, Figures, StreamReport]:
    """The stream and its figures, all of one moment; the transaction must be a new one.

    Raises:
        NotFound: there is no such stream, or it has not begun.
    """
    now = utc_now()
    figures = count_figures(session, possible_id(stream_id), now, setting("workshop_zone"))
    if figures is None or figures.state == PLANNED:
        raise NotFound("没有这场直播，或者还没开播。", "There is no such stream, or it has not begun.")
    stream = session.get_one(Stream, stream_id)
    return stream, figures, report_of(session, stream, now, setting("payment_fee_bps"))


def _page(stream_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        stream, figures, report = _counted(session, stream_id)
        page = render_template(
            "console/streams/report.html",
            stream=stream,
            report=report,
            cost_rows=stream_tables.cost_rows(report),
            is_open=stream_tables.what_is_open(report.costs),
            parts=render_parts(current_app._get_current_object(), figures, current_locale.get()),  # type: ignore[attr-defined]  # noqa: SLF001
            buyers=BUYERS,
            unpaid=UNPAID,
            channels={name: words.channel(name) for name in CHANNELS},
            form=form,
            problem=problem,
        )
    return page, problem.status if problem else 200


@blueprint.get("/report")
@requires(OWNER, STREAMER)
def show(stream_id: int) -> tuple[str, int]:
    """The figures as tables and bars."""
    return _page(stream_id, Form())


@blueprint.post("/audience")
@requires(OWNER, STREAMER)
def note(stream_id: int) -> AnyResponse | tuple[str, int]:
    """Write down how many watched on one platform; both fields empty takes it out again."""
    form = Form(request.form)
    try:
        channel = form.choice("channel", CHANNELS)
        seen = None
        if form.value("views") != "" or form.value("visitors") != "":
            seen = Watched(form.count("views", 1, MOST_VIEWS), form.count("visitors", 1, MOST_VIEWS))
        form.check()
        with transaction() as session:
            note_audience(session, possible_id(stream_id), channel, seen, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        if problem.code == "more_people_than_views":
            form.refuse("visitors", problem.text.zh, problem.text.en)
        return _page(stream_id, form, problem)
    return done(
        url_for("stream_report.show", stream_id=stream_id, _anchor="channels-title"), t("记下了。", "Written down.")
    )


@blueprint.get("/report.xlsx")
@requires(OWNER, STREAMER)
def export(stream_id: int) -> Response:
    """The same tables as a workbook."""
    zone: ZoneInfo = setting("workshop_zone")
    with transaction() as session:
        _, figures, report = _counted(session, stream_id)
        body = workbook(stream_tables.sheets(figures, report, zone))
    return _file(body, XLSX_TYPE, f'attachment; filename="stream-{stream_id}.xlsx"')


@blueprint.get("/report.pdf")
@requires(OWNER, STREAMER)
def paper(stream_id: int) -> Response:
    """The same as a paper to print or send on."""
    with transaction() as session:
        stream, figures, report = _counted(session, stream_id)
        body = draw_pdf(paper_of(stream, figures, report, setting("workshop_name"), setting("workshop_zone")))
    return _file(body, "application/pdf", f'inline; filename="stream-{stream_id}.pdf"')


@blueprint.get("/report.png")
@requires(OWNER, STREAMER)
def picture(stream_id: int) -> Response:
    """A picture to share: pieces, orders, places, and what villagers and growers got. No buyer is on it."""
    with transaction() as session:
        stream, _, report = _counted(session, stream_id)
        body = draw_picture(stream, report, setting("workshop_name"), setting("workshop_zone"))
    return _file(body, "image/png", f'inline; filename="stream-{stream_id}.png"')


def _file(body: bytes, content_type: str, disposition: str) -> Response:
    answer = Response(body, content_type=content_type)
    answer.headers["Content-Disposition"] = disposition
    answer.headers["Cache-Control"] = "no-store"
    return answer
