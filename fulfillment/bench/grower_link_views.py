"""Farmers' private links and own streams, at the scale: made, printed as a card, taken back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench.farmer_views import find_farmer
from fulfillment.bench.grower_door import private_url
from fulfillment.bench.weigher_words import bounded
from fulfillment.labels.codes import qr_svg
from fulfillment.purchasing.own import queries, service
from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("grower_links", __name__, url_prefix="/farmers")


@blueprint.get("/<int:farmer_id>/page")
@requires(WEIGHER, OWNER)
def link(farmer_id: int) -> str:
    """The farmer's own page: the link, its card, and the streams that are the farmer's own."""
    with transaction() as session:
        farmer = find_farmer(session, farmer_id)
        found = queries.open_link_of(session, farmer.id)
        return render_template(
            "weigh/grower_link.html",
            farmer=farmer,
            link=found,
            url=private_url(found) if found else "",
            streams=queries.own_streams(session, farmer.id),
        )


@blueprint.post("/<int:farmer_id>/page")
@requires(WEIGHER, OWNER)
def give(farmer_id: int) -> Response:
    """Make the link; pressing twice makes one."""
    with transaction() as session:
        service.give_link(session, bounded(farmer_id), now=utc_now(), by=actor())
    flash(t("链接好了，打印卡片给农户。", "The link is ready. Print the card for the farmer."), "done")
    return redirect(url_for("weigher.grower_links.link", farmer_id=farmer_id), 303)


@blueprint.post("/<int:farmer_id>/page/revoke")
@requires(WEIGHER, OWNER)
def revoke(farmer_id: int) -> Response:
    """Take the link back: the card and every phone that used it open nothing any more."""
    with transaction() as session:
        service.revoke_link(session, bounded(farmer_id), now=utc_now(), by=actor())
    flash(t("收回了，旧卡打不开了。", "Taken back; the old card opens nothing."), "done")
    return redirect(url_for("weigher.grower_links.link", farmer_id=farmer_id), 303)


@blueprint.get("/<int:farmer_id>/page/card")
@requires(WEIGHER, OWNER)
def card(farmer_id: int) -> str:
    """The card with the code, to print."""
    with transaction() as session:
        farmer = find_farmer(session, farmer_id)
        found = queries.open_link_of(session, farmer.id)
        if found is None:
            raise NotFound("这位农户还没有链接。", "This farmer has no link yet.")
        return render_template("weigh/grower_card.html", farmer=farmer, code=qr_svg(private_url(found)))


@blueprint.get("/streams")
@requires(OWNER)
def streams() -> str:
    """Every stream that is a farmer's own, what it sold, and giving another one."""
    return _streams_page(Form())


def _streams_page(form: Form, problem: Problem | None = None) -> str:
    with transaction() as session:
        return render_template(
            "weigh/grower_streams.html",
            form=form,
            problem=problem,
            streams=queries.own_streams(session),
            stream_options=[
                (str(stream.id), f"{stream.title} {stream.starts_at:%Y-%m-%d}")
                for stream in queries.streams_to_give(session)
            ],
            farmer_options=[(str(found.id), f"{found.name} {found.village}") for found in queries.suppliers(session)],
        )


@blueprint.post("/streams")
@requires(OWNER)
def give_stream() -> Response | tuple[str, int]:
    """Make a stream a farmer's own."""
    form = Form(request.form)
    for name in ("stream", "farmer"):
        if not form.value(name):
            form.refuse(name, "请选一项。", "Please choose one.")
    try:
        stream_id, farmer_id = (form.count(name, 1, 2**62) for name in ("stream", "farmer"))
        form.check()
        with transaction() as session:
            service.give_stream(session, stream_id, farmer_id, now=utc_now(), by=actor())
    except Problem as problem:
        if not isinstance(problem, Invalid):
            form.errors.setdefault("stream", problem.text)
        return _streams_page(form, problem), problem.status
    flash(t("记下了，这场直播算在农户名下。", "Written: this stream counts as the farmer's own."), "done")
    return redirect(url_for("weigher.grower_links.streams"), 303)


@blueprint.post("/streams/<int:stream_id>/take")
@requires(OWNER)
def take_stream(stream_id: int) -> Response:
    """The stream is the workshop's again."""
    with transaction() as session:
        service.take_stream(session, bounded(stream_id), now=utc_now(), by=actor())
    flash(t("改回工坊的直播了。", "It is the workshop's stream again."), "done")
    return redirect(url_for("weigher.grower_links.streams"), 303)
