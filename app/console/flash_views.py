"""A flash sale of one offer: another price for some minutes, beginning and ending by itself."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console.streams_forms import read_seen
from app.console.streams_queries import open_offer
from app.console.streams_views import RUNNERS, mark_problem
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.parse import parse_local_minute
from shop.streams import service
from shop.streams.changes import FLASH
from shop.streams.rules import HIGHEST_PRICE_FEN, LONGEST_FLASH_MINUTES
from shop.streams.states import LIVE

blueprint = Blueprint("flash", __name__, url_prefix="/console/streams/<int:stream_id>/offers/<int:offer_id>/flash")
_USUAL_MINUTES = 5


@blueprint.get("")
@requires(*RUNNERS)
def show(stream_id: int, offer_id: int) -> tuple[str, int]:
    """The flash sale of an offer: the one that runs or comes, else an empty form."""
    return _page(stream_id, offer_id, Form({"minutes": _USUAL_MINUTES}))


@blueprint.post("")
@requires(*RUNNERS)
def begin(stream_id: int, offer_id: int) -> Response | tuple[str, int]:
    """Set a flash sale; it replaces the one that was set."""
    form, now = Form(request.form), utc_now()
    try:
        seen = read_seen(form)
        terms = _read(form, setting("workshop_zone"), now)
        with transaction() as session:
            _, offer, _ = open_offer(session, stream_id, offer_id, now)
            _refuse_dearer(form, terms["flash_price_fen"], offer.price_fen)
            service.change_offer(session, stream_id, offer_id, terms, seen=seen, now=now, by=actor())
    except NotFound:
        raise
    except Problem as problem:
        mark_problem(form, problem)
        return _page(stream_id, offer_id, form, problem)
    return _back(stream_id, offer_id)


@blueprint.post("/stop")
@requires(*RUNNERS)
def stop(stream_id: int, offer_id: int) -> Response:
    """No flash sale any more, at once; pressed twice it is stopped once."""
    with transaction() as session:
        service.change_offer(session, stream_id, offer_id, dict.fromkeys(FLASH), now=utc_now(), by=actor())
    return _back(stream_id, offer_id)


def _read(form: Form, zone: ZoneInfo, now: datetime) -> dict[str, Any]:
    price_fen = form.yuan("flash_price", low_fen=1, high_fen=HIGHEST_PRICE_FEN)
    minutes = form.count("minutes", 1, LONGEST_FLASH_MINUTES)
    is_later = str(form.value("begins")).strip()
    begins = form.read("begins", lambda raw: parse_local_minute(raw, zone)) if is_later else now
    if begins and minutes and begins + timedelta(minutes=minutes) <= now:
        form.refuse("begins", "这个时间已经过去了。", "That is over already.")
    form.check()
    return dict(zip(FLASH, (price_fen, begins, begins + timedelta(minutes=minutes)), strict=True))


def _refuse_dearer(form: Form, flash_fen: int, price_fen: int) -> None:
    if flash_fen >= price_fen:
        form.refuse("flash_price", "限时价要比直播价低。", "A flash price is below the live price.")
        form.check()


def _page(stream_id: int, offer_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        stream, offer, variant = open_offer(session, stream_id, offer_id, utc_now())
        form.values["seen"] = offer.terms_revision
        page = render_template(
            "console/streams/flash.html", stream=stream, offer=offer, variant=variant, form=form, problem=problem
        )
    return page, problem.status if problem else 200


def _back(stream_id: int, offer_id: int) -> Response:
    """To the control page while the stream is live, else to the run sheet."""
    with transaction() as session:
        is_live = open_offer(session, stream_id, offer_id, utc_now())[0].state == LIVE
    if is_live:
        return redirect(url_for("control.control", stream_id=stream_id, offer=offer_id), code=303)
    return redirect(url_for("console_streams.stream", stream_id=stream_id), code=303)
