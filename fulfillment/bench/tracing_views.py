"""One step back: what a scanned box or bag is made of, and putting right which bags are in a box."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bags.service import Correction
from fulfillment.packing import lead_queries, queries
from fulfillment.packing.boxes import queries as boxes
from fulfillment.packing.holds import queries as holds
from fulfillment.packing.lead_rules import number_in_address
from fulfillment.packing.models import Parcel
from fulfillment.purchasing.tracing import queries as tracing
from fulfillment.purchasing.tracing.rules import Content, read_number
from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, flows, requires, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("tracing", __name__, url_prefix="/trace")

UNKNOWN = "unknown"


@blueprint.get("")
@requires(WEIGHER, LEAD, OWNER)
def find() -> Response | str:
    """Scan or type a lot, a bag, a parcel or a waybill; what is found opens."""
    typed = request.args.get("q", "").strip()[:200]
    if not typed:
        return render_template("weigh/trace_find.html", typed="", parcels=[])
    number = read_number(typed)
    with transaction() as session:
        if number and tracing.lot_id_of(session, number):
            return redirect(url_for("weigher.recalls.show", number=number))
        parcels = lead_queries.find_parcels(session, number) if number else []
        if len(parcels) == 1:
            return redirect(url_for(".box", number=parcels[0].number))
        return render_template("weigh/trace_find.html", typed=typed, parcels=parcels)


@blueprint.get("/boxes/<number>")
@requires(WEIGHER, LEAD, OWNER)
def box(number: str) -> tuple[str, int]:
    """A box back to its lots, deliveries, farmers and certificates."""
    return _page(number, Form())


@blueprint.post("/boxes/<number>/bags")
@requires(LEAD, OWNER)
def correct(number: str) -> Response | tuple[str, int]:
    """Other bags are in the box than was written down: the bag is scanned, or picked from the list."""
    form = Form(request.form)
    try:
        with transaction() as session:
            number = _parcel(session, number).number
            move = _read_move(session, form)
            flows().correct_bags(session, number, move, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"bag": problem.text})
        return _page(number, form, problem)
    flash(t("改好了。", "Put right."), "done")
    return redirect(url_for(".box", number=number), 303)


@blueprint.post("/boxes/<number>/free")
@requires(LEAD, OWNER)
def free(number: str) -> Response | tuple[str, int]:
    """A box that was held may leave, with a reason."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=120)
        form.check()
        with transaction() as session:
            flows().free_parcel(session, number_in_address(number), reason=reason, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"reason": problem.text})
        return _page(number, form, problem)
    flash(t("可以交快递了。", "It may leave."), "done")
    return redirect(url_for(".box", number=number), 303)


def _read_move(session: Session, form: Form) -> Correction:
    """Which line of the box, how many of its bags, and where they really came from."""
    variant_id, from_id = form.count("variant", 1, 2**62), form.read("from", _bagging)
    bags = form.count("bags", 1, 100_000)
    scanned, picked = str(form.value("bag")).strip(), str(form.value("to")).strip()
    form.check()
    if scanned:
        return Correction(variant_id, from_id, _scanned_bagging(session, scanned, variant_id, from_id, bags), bags)
    if not picked:
        form.refuse("bag", "请扫袋子上的码，或者从下面选一个。", "Scan the code on the bag, or pick one below.")
    to_id = form.read("to", _bagging) if picked else None
    form.check()
    return Correction(variant_id, from_id, to_id, bags)


def _bagging(raw: object) -> int | None:
    return None if raw == UNKNOWN else parse_count(raw, 1, 2**62)


def _scanned_bagging(session: Session, scanned: str, variant_id: int, from_id: int | None, bags: int) -> int:
    """The bagging of a lot that filled such bags and has enough of them left; baggings of one lot are alike to trace."""
    found = tracing.baggings_of_lot(session, read_number(scanned), variant_id)
    other = [bagging for bagging in found if bagging.bagging_id != from_id]
    enough = [bagging for bagging in other if bagging.left >= bags]
    if enough:
        return enough[0].bagging_id
    said = FieldError(
        "这个批号没有装过这种袋子，或者剩下的不够。请看清袋子上的批号。",
        "No bags of these goods were filled from that lot, or too few are left. Look at the lot on the bag again.",
    ).text
    raise Invalid(said.zh, said.en, fields={"bag": said})


def _parcel(session: Session, number: str) -> Parcel:
    parcel = queries.parcel_by_number(session, number_in_address(number))
    if parcel is None:
        raise NotFound("没有这个包裹。", "There is no such parcel.")
    return parcel


def _page(number: str, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        parcel = _parcel(session, number)
        together = boxes.box_of(session, parcel)
        contents = tracing.contents_of(session, [one.id for one in together])
        page = render_template(
            "weigh/trace_box.html",
            parcel=parcel,
            box=together,
            contents=contents,
            other_bags=_other_bags(session, [one for one in contents if one.parcel_id == parcel.id]),
            holds=holds.open_holds(session, [one.id for one in together]),
            form=form,
            problem=problem,
            unknown=UNKNOWN,
        )
    return page, problem.status if problem else 200


def _other_bags(session: Session, contents: list[Content]) -> dict[int, list[Any]]:
    """For each kind of goods in the box the baggings that its bags could be of."""
    return {
        variant_id: tracing.baggings_with_bags(session, variant_id)
        for variant_id in {content.variant_id for content in contents}
    }
