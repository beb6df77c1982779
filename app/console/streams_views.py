"""Streams before and after: the list, planning one, its run sheet."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.console import board, paging, streams_forms
from app.console.exports import csv_file, local
from app.console.forms import my_id
from app.console.paging import Asked, asked_for
from app.console.saved import service as saved
from app.console.sheet_checks import look_at
from app.console.streams_queries import BY_COUNT, ENDED_ORDERS, open_offer, open_stream, run_sheet, with_money
from app.console.streams_words import say_clashes
from fulfillment.purchasing.planning.queries import presale_advice, presale_bags
from kernel import once
from kernel.clock import local_day
from kernel.errors import NotFound, Problem, Refused
from kernel.forms import Form
from kernel.http import actor, database, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell, plain_yuan
from kernel.text import t
from shop.catalog.models import Variant
from shop.streams import queries, service, show
from shop.streams import run_sheet as sheet
from shop.streams.changes import ChangedMeanwhile
from shop.streams.models import Stream

blueprint = Blueprint("console_streams", __name__, url_prefix="/console/streams")

RUNNERS = (OWNER, STREAMER)
_ENDED_A_PAGE = 20
_LIST = "console_streams.streams"
_USUAL_HOLD_MINUTES = 10


def read_search(form: Form) -> Asked:
    """Which of them are looked for, and in what order."""
    return asked_for(form, _LIST, ENDED_ORDERS)


@blueprint.get("")
@requires(*RUNNERS)
def streams() -> str:
    """Live, planned and ended streams."""
    form = Form(request.args)
    asked, place = read_search(form), paging.asked_place(paging.read_number)
    with transaction() as session:
        coming = queries.coming_streams(session)
        wanted, sorting = queries.find_ended(asked.words), ENDED_ORDERS[asked.order]
        page = paging.page_of(session, wanted, Stream.id, sorting, place, asked.url, most=_ENDED_A_PAGE)
        return render_template(
            "console/streams/list.html",
            coming=coming,
            counts=queries.offer_counts(session, [stream.id for stream in coming]),
            ended=with_money(session, page.rows),
            page=page,
            is_first_page=place == paging.Place(),
            form=form,
            asked=asked,
            kept=saved.views_of(session, my_id(), "streams"),
            sortings=ENDED_ORDERS,
            by_count=asked.order in BY_COUNT,
            in_order=asked.in_order,
        )


@blueprint.get("/streams.csv")
@requires(*RUNNERS)
def export() -> Response:
    """Streams that are over, with their money, as a file."""
    header = (t("场次", "Number"), t("直播", "Stream"), t("开播", "Began"), t("结束", "Ended"), t("订单", "Orders"))
    money = (t("下单金额", "Ordered, yuan"), t("已付金额", "Paid, yuan"), t("付款率 %", "Paid of decided, %"))
    return csv_file("streams", (*header, *money), _rows(read_search(Form(request.args))))


def _rows(asked: Asked) -> Iterator[Sequence[Cell]]:
    wanted = queries.find_ended(asked.words)
    for stream in paging.every(database(), wanted, Stream.id, ENDED_ORDERS[asked.order]):
        with database().transaction() as session:
            sold = board.money_of(session, stream.id)
        start = (stream.id, str(stream.title), local(stream.started_at), local(stream.ended_at), sold.ordered)
        yield *start, plain_yuan(sold.ordered_fen), plain_yuan(sold.paid_fen), sold.conversion_percent


def _plan_page(form: Form, stream: Stream | None, problem: Problem | None = None) -> tuple[str, int]:
    page = render_template(
        "console/streams/plan.html", form=form, stream=stream, problem=problem, form_key=once.new_key()
    )
    return page, problem.status if problem else 200


@blueprint.get("/new")
@requires(*RUNNERS)
def plan() -> tuple[str, int]:
    """The form for a new stream."""
    return _plan_page(Form({"hold_minutes": _USUAL_HOLD_MINUTES}), None)


@blueprint.post("/new")
@requires(*RUNNERS)
def add_stream() -> Response | tuple[str, int]:
    """Announce a stream; the same form sent twice announces one."""
    form = Form(request.form)
    try:
        planned = streams_forms.read_plan(form, setting("workshop_zone"))
        with transaction() as session:
            if not once.is_first(session, request.form, purpose="plan-stream", by=actor(), now=utc_now()):
                return redirect(url_for("console_streams.streams"), code=303)
            stream = service.plan_stream(session, **vars(planned), now=utc_now(), by=actor())
    except Problem as problem:
        return _plan_page(form, None, problem)
    return redirect(url_for("console_streams.stream", stream_id=stream.id), code=303)


@blueprint.get("/<int:stream_id>/edit")
@requires(*RUNNERS)
def plan_again(stream_id: int) -> tuple[str, int]:
    """The form for changing name, start and hold."""
    with transaction() as session:
        stream = open_stream(session, stream_id)
        return _plan_page(streams_forms.plan_form(stream, setting("workshop_zone")), stream)


@blueprint.post("/<int:stream_id>/edit")
@requires(*RUNNERS)
def change_stream(stream_id: int) -> Response | tuple[str, int]:
    """Change name, start and hold."""
    form = Form(request.form)
    try:
        planned = streams_forms.read_plan(form, setting("workshop_zone"))
        with transaction() as session:
            open_stream(session, stream_id)
            service.change_plan(session, stream_id, **vars(planned), now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        with transaction() as session:
            return _plan_page(form, open_stream(session, stream_id), problem)
    return redirect(url_for("console_streams.stream", stream_id=stream_id), code=303)


def _sheet_page(session: Session, stream_id: int, problem: Problem | None = None) -> tuple[str, int]:
    sheet_page = run_sheet(session, stream_id, utc_now())
    presale = {} if sheet_page.is_over else presale_bags(session, local_day(utc_now(), setting("workshop_zone")))
    look = None
    if not sheet_page.is_over:
        look = look_at(session, sheet_page.stream, sheet_page.offers, utc_now(), setting("workshop_zone"))
    page = render_template("console/streams/stream.html", page=sheet_page, presale=presale, look=look, problem=problem)
    return page, problem.status if problem else 200


@blueprint.get("/<int:stream_id>")
@requires(*RUNNERS)
def stream(stream_id: int) -> tuple[str, int]:
    """The run sheet of a stream; after its end, what came of it."""
    with transaction() as session:
        return _sheet_page(session, stream_id)


def _offer_page(
    stream: Stream,
    variant: Variant,
    form: Form,
    *,
    free: int,
    offer: board.OfferFigures | None = None,
    problem: Problem | None = None,
) -> tuple[str, int]:
    with transaction() as session:
        presale = presale_advice(session, variant.id, local_day(utc_now(), setting("workshop_zone")))
    page = render_template(
        "console/streams/offer.html",
        stream=stream,
        variant=variant,
        offer=offer,
        free=free,
        presale=presale,
        form=form,
        problem=problem,
    )
    return page, problem.status if problem else 200


@blueprint.get("/<int:stream_id>/offers/new")
@requires(*RUNNERS)
def choose_variant(stream_id: int) -> Response | tuple[str, int] | str:
    """What can be offered, with what is in stock; ``?variant=`` leads on to its terms."""
    form = Form(request.args)
    with transaction() as session:
        stream = open_stream(session, stream_id)
        if "variant" in request.args:
            return _new_offer_page(session, stream, form)
        variants = queries.variants_to_offer(session, stream_id)
        free = queries.free_stock(session, [variant.id for variant in variants])
        return render_template("console/streams/choose.html", stream=stream, variants=variants, free=free)


def _new_offer_page(session: Session, stream: Stream, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    variant = session.get(Variant, streams_forms.read_id(form, "variant")) if not form.errors else None
    if variant is None or not variant.sellable:
        raise NotFound("没有这个规格。", "There is no such variant to sell.")
    free = queries.free_stock(session, [variant.id]).get(variant.id, 0)
    shown = form if problem else streams_forms.terms_form(variant.price_fen, variant.price_fen, free, None)
    return _offer_page(stream, variant, shown, free=free, problem=problem)


@blueprint.post("/<int:stream_id>/offers")
@requires(*RUNNERS)
def add_offer(stream_id: int) -> Response | tuple[str, int]:
    """Offer a variant in the stream."""
    form = Form(request.form)
    try:
        variant_id = streams_forms.read_id(form, "variant")
        points = streams_forms.read_points(form)
        terms = streams_forms.read_terms(form)
        with transaction() as session:
            offer = service.add_offer(session, stream_id, variant_id, **terms, now=utc_now(), by=actor())
            show.note_points(session, stream_id, offer.id, points, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        with transaction() as session:
            return _new_offer_page(session, open_stream(session, stream_id), form, problem)
    return redirect(url_for("console_streams.stream", stream_id=stream_id), code=303)


@blueprint.get("/<int:stream_id>/offers/<int:offer_id>")
@requires(*RUNNERS)
def offer(stream_id: int, offer_id: int) -> tuple[str, int]:
    """The terms of an offer."""
    with transaction() as session:
        stream, offer, variant = open_offer(session, stream_id, offer_id, utc_now())
        form = streams_forms.terms_form(
            offer.price_fen, offer.list_price_fen, offer.allotment, offer.cap_per_buyer, offer.terms_revision
        )
        form.values["points"] = offer.points
        return _offer_page(stream, variant, form, free=offer.free, offer=offer)


@blueprint.post("/<int:stream_id>/offers/<int:offer_id>")
@requires(*RUNNERS)
def change_offer(stream_id: int, offer_id: int) -> Response | tuple[str, int]:
    """Change the terms of an offer; what somebody else changed meanwhile is said at its field."""
    form = Form(request.form)
    try:
        seen = streams_forms.read_seen(form)
        points = streams_forms.read_points(form) if "points" in form.values else None
        terms = streams_forms.read_terms(form)
        with transaction() as session:
            service.change_offer(session, stream_id, offer_id, terms, seen=seen, now=utc_now(), by=actor())
            if points is not None:
                show.note_points(session, stream_id, offer_id, points, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        with transaction() as session:
            stream, offer, variant = open_offer(session, stream_id, offer_id, utc_now())
            mark_problem(form, problem)
            form.values["seen"] = offer.terms_revision
            return _offer_page(stream, variant, form, free=offer.free, offer=offer, problem=problem)
    return redirect(url_for("console_streams.stream", stream_id=stream_id), code=303)


def mark_problem(form: Form, problem: Problem) -> None:
    """Show what stands in the way at the field that it is about."""
    if isinstance(problem, ChangedMeanwhile):
        say_clashes(form, problem, setting("workshop_zone"))
    elif problem.code == "below_taken":
        form.refuse("allotment", problem.text.zh, problem.text.en)


@blueprint.post("/<int:stream_id>/offers/<int:offer_id>/place")
@requires(*RUNNERS)
def move_offer(stream_id: int, offer_id: int) -> Response | tuple[str, int]:
    """Put an offer at a place of the run sheet, counted from 1."""
    form = Form(request.form)
    try:
        place = form.count("place", 1, 100_000)
        form.check()
        with transaction() as session:
            sheet.move_offer(session, stream_id, offer_id, place, now=utc_now(), by=actor())
    except Refused as problem:
        return show_sheet(stream_id, problem)
    return redirect(url_for("console_streams.stream", stream_id=stream_id, _anchor=f"offer-{offer_id}"), code=303)


@blueprint.post("/<int:stream_id>/offers/<int:offer_id>/remove")
@requires(*RUNNERS)
def remove_offer(stream_id: int, offer_id: int) -> Response | tuple[str, int]:
    """Take an offer off the run sheet."""
    try:
        with transaction() as session:
            sheet.remove_offer(session, stream_id, offer_id, now=utc_now(), by=actor())
    except Refused as problem:
        return show_sheet(stream_id, problem)
    return redirect(url_for("console_streams.stream", stream_id=stream_id), code=303)


@blueprint.post("/<int:stream_id>/copy")
@requires(*RUNNERS)
def copy_offers(stream_id: int) -> Response | tuple[str, int]:
    """Take over the offers of an earlier stream."""
    form = Form(request.form)
    try:
        source_id = streams_forms.read_id(form, "source")
        form.check()
        with transaction() as session:
            copied = sheet.copy_offers(session, stream_id, source_id, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return show_sheet(stream_id, problem)
    flash(
        t(
            "加了 {n} 样，{left} 样已经有了或不再卖。",
            "{n} added; {left} were here already or are no longer sold.",
            n=copied.added,
            left=copied.left_out,
        ),
        "done",
    )
    return redirect(url_for("console_streams.stream", stream_id=stream_id), code=303)


def show_sheet(stream_id: int, problem: Problem) -> tuple[str, int]:
    """The run sheet with what stands in the way."""
    with transaction() as session:
        return _sheet_page(session, stream_id, problem)
