"""During the stream: what is on air, prices, allotments, the last change back, start and end."""

from dataclasses import dataclass

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console import streams_forms
from app.console.board import OfferFigures, count_figures
from app.console.board_parts import render_parts
from app.console.streams_queries import RunSheet, find_stream, open_stream, run_sheet
from app.console.streams_views import RUNNERS, mark_problem, show_sheet
from app.console.streams_words import said_change, said_together
from kernel.errors import NotFound, Problem, Refused
from kernel.forms import Form
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.text import Text, current_locale, t
from shop.streams import service, show
from shop.streams import undo as undoing
from shop.streams.changes import LastChange, Meanwhile, changes_since, last_change
from shop.streams.rules import UNDO_SHOWN
from shop.streams.states import LIVE

blueprint = Blueprint("control", __name__, url_prefix="/console/streams/<int:stream_id>")


@dataclass(frozen=True)
class _Undo:
    """The line that offers to take the last change back."""

    entry_id: int
    said: Text
    until: str


def _undo_of(page: RunSheet, change: LastChange | None) -> _Undo | None:
    if change is None:
        return None
    zone = setting("workshop_zone")
    titles = {offer.id: offer.title for offer in page.offers}
    said = said_together(change.changes, zone, titles)
    title = titles.get(change.offer_id) if change.offer_id else None
    if title:
        said = Text(f"{title.zh}：{said.zh}", f"{title.en}: {said.en}")
    return _Undo(change.entry_id, said, (change.at + UNDO_SHOWN).isoformat())


def _chosen(page: RunSheet, offer_id: int | None) -> OfferFigures | None:
    """The offer whose terms are in the form: the one asked for, else what is on air, else what comes next."""
    return page.offer(offer_id) or page.on_air or page.next_up or next(iter(page.offers), None)


def _page(
    stream_id: int, *, offer_id: int | None = None, form: Form | None = None, problem: Problem | None = None
) -> tuple[str, int]:
    now, zone = utc_now(), setting("workshop_zone")
    with transaction() as session:
        figures = count_figures(session, stream_id, now, zone)
        page = run_sheet(session, stream_id, now)
        undo = _undo_of(page, last_change(session, page.stream, now))
    assert figures is not None
    chosen = _chosen(page, offer_id)
    if chosen and form:
        form.values["seen"] = chosen.terms_revision
    elif chosen:
        form = streams_forms.terms_form(
            chosen.price_fen, chosen.list_price_fen, chosen.allotment, chosen.cap_per_buyer, chosen.terms_revision
        )
    html = render_template(
        "console/streams/control.html",
        page=page,
        parts=render_parts(current_app._get_current_object(), figures, current_locale.get()),  # type: ignore[attr-defined]  # noqa: SLF001
        chosen=chosen,
        form=form or Form(),
        message_form=Form({"message": page.stream.message}),
        undo=undo,
        problem=problem,
    )
    return html, problem.status if problem else 200


def _to_control(stream_id: int, offer_id: int | None = None) -> Response:
    return redirect(url_for("control.control", stream_id=stream_id, offer=offer_id), code=303)


def _read_offer_id(raw: str | None) -> int | None:
    return int(raw) if raw and raw.isascii() and raw.isdigit() and len(raw) < 19 else None


@blueprint.get("/control")
@requires(*RUNNERS)
def control(stream_id: int) -> Response | tuple[str, int]:
    """The control page of a stream that is live."""
    with transaction() as session:
        stream = open_stream(session, stream_id)
        is_on = stream.state == LIVE or stream.rehearsing
    if not is_on:
        return redirect(url_for("console_streams.stream", stream_id=stream_id))
    return _page(stream_id, offer_id=_read_offer_id(request.args.get("offer")))


@blueprint.post("/on-air")
@requires(*RUNNERS)
def put_on_air(stream_id: int) -> Response | tuple[str, int]:
    """Show this offer now, or nothing; pressed twice it stays on air."""
    form = Form(request.form)
    try:
        offer_id = streams_forms.read_id(form, "offer") if form.value("offer") != "" else None
        form.check()
        with transaction() as session:
            if find_stream(session, stream_id).rehearsing:
                show.show_in_rehearsal(session, stream_id, offer_id, now=utc_now(), by=actor())
            else:
                service.put_on_air(session, stream_id, offer_id, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _refused(stream_id, problem)
    return _to_control(stream_id)


@blueprint.post("/offers/<int:offer_id>/terms")
@requires(*RUNNERS)
def change_terms(stream_id: int, offer_id: int) -> Response | tuple[str, int]:
    """Change price, allotment, cap or sale of an offer; what others changed meanwhile is said, and by whom."""
    form = Form(request.form)
    try:
        seen = streams_forms.read_seen(form)
        terms = streams_forms.read_terms(form)
        with transaction() as session:
            meanwhile = changes_since(session, offer_id, seen)
            service.change_offer(session, stream_id, offer_id, terms, seen=seen, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        mark_problem(form, problem)
        return _refused(stream_id, problem, offer_id=offer_id, form=form)
    _tell_of_others(meanwhile)
    return _to_control(stream_id, offer_id)


def _tell_of_others(meanwhile: list[Meanwhile]) -> None:
    """Say what others changed since the page was made, though it did not stand in the way."""
    person = current_person()
    for change in meanwhile:
        if person is None or change.by != person.name:
            said = said_change(change, setting("workshop_zone"))
            flash(t("另外：{said}。", "Besides: {said}.", said=said), "done")


@blueprint.post("/undo")
@requires(*RUNNERS)
def undo(stream_id: int) -> Response | tuple[str, int]:
    """Take the last change back, within ten seconds."""
    form = Form(request.form)
    try:
        entry_id = streams_forms.read_id(form, "entry")
        form.check()
        with transaction() as session:
            undoing.undo(session, stream_id, entry_id, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _refused(stream_id, problem)
    flash(t("已经撤回。", "Taken back."), "done")
    return _to_control(stream_id)


@blueprint.post("/message")
@requires(*RUNNERS)
def say(stream_id: int) -> Response | tuple[str, int]:
    """A few words to viewers; nothing takes them away."""
    form = Form(request.form)
    try:
        message = form.text("message", longest=streams_forms.LONGEST_MESSAGE, required=False)
        form.check()
        with transaction() as session:
            show.say_to_viewers(session, stream_id, message, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _refused(stream_id, problem, form=form)
    flash(t("观众看到了。", "Viewers see it.") if message else t("拿掉了。", "Taken away."), "done")
    return _to_control(stream_id)


@blueprint.post("/rehearse")
@requires(*RUNNERS)
def rehearse(stream_id: int) -> Response | tuple[str, int]:
    """Begin a rehearsal, or end it."""
    is_on = request.form.get("on") == "1"
    try:
        with transaction() as session:
            show.rehearse(session, stream_id, on=is_on)
    except Refused as problem:
        return _refused(stream_id, problem)
    return (
        _to_control(stream_id) if is_on else redirect(url_for("console_streams.stream", stream_id=stream_id), code=303)
    )


@blueprint.post("/start")
@requires(*RUNNERS)
def start(stream_id: int) -> Response | tuple[str, int]:
    """Go live."""
    try:
        with transaction() as session:
            service.start_stream(session, stream_id, now=utc_now(), by=actor())
    except Refused as problem:
        return _refused(stream_id, problem)
    return _to_control(stream_id)


@blueprint.post("/end")
@requires(*RUNNERS)
def end(stream_id: int) -> Response:
    """End the stream; orders that are held may still be paid until their time is over."""
    with transaction() as session:
        service.end_stream(session, stream_id, now=utc_now(), by=actor())
    return redirect(url_for("console_streams.stream", stream_id=stream_id), code=303)


def _refused(
    stream_id: int, problem: Problem, *, offer_id: int | None = None, form: Form | None = None
) -> tuple[str, int]:
    """The page again with what stands in the way; of a stream that is not live (any more), its run sheet."""
    with transaction() as session:
        stream = find_stream(session, stream_id)
        is_live = stream.state == LIVE or stream.rehearsing
    return (
        _page(stream_id, offer_id=offer_id, form=form, problem=problem) if is_live else show_sheet(stream_id, problem)
    )
