"""How one box goes: which courier and why, what it weighs, what it cost, what shares it, how it is split."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.couriers.fees import queries as fees
from fulfillment.couriers.fees import service as fee_service
from fulfillment.couriers.lists.queries import list_of
from fulfillment.couriers.rules import CARRIERS
from fulfillment.couriers.waybills import queries as waybills
from fulfillment.couriers.weighing.queries import weighings_of
from fulfillment.couriers.weighing.rules import read_scale
from fulfillment.packing import queries
from fulfillment.packing.boxes import queries as boxes
from fulfillment.packing.lead_rules import number_in_address
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import OPEN, PACKED, WAITING
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, flows, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("sending", __name__, url_prefix="/parcels/<number>/sending")

LONGEST_REASON = 60
_MOST_FEE_FEN = 100_000


@blueprint.get("")
@requires(LEAD, OWNER)
def show(number: str) -> str:
    """All about how a box goes."""
    with transaction() as session:
        return _page(session, _parcel(session, number), Form())


@blueprint.post("/courier")
@requires(LEAD, OWNER)
def choose(number: str) -> Response | tuple[str, int]:
    """The lead takes another courier, and says why."""
    form = Form(request.form)
    try:
        carrier = form.choice("carrier", CARRIERS)
        reason = form.text("reason", longest=LONGEST_REASON)
        form.check()
        with transaction() as session:
            flows().choose_courier(
                session, _parcel(session, number).id, carrier, reason=reason, by=actor(), now=utc_now()
            )
    except NotFound:
        raise
    except Problem as problem:
        return _again(number, form, problem, "carrier")
    return _done(number, t("换好了。", "Changed."))


@blueprint.post("/scale")
@requires(LEAD, OWNER)
def weigh(number: str) -> Response | tuple[str, int]:
    """What the scale says; a wrong weight is written too, and said."""
    form = Form(request.form)
    try:
        weight_g = form.read("scale", read_scale)
        reason = form.text("weight_reason", longest=LONGEST_REASON, required=False)
        form.check()
        with transaction() as session:
            weighed = flows().weigh_box(
                session, _parcel(session, number).id, weight_g, reason=reason, by=actor(), now=utc_now()
            )
    except NotFound:
        raise
    except Problem as problem:
        return _again(number, form, problem, "scale")
    if not weighed.may_leave:
        form.errors["scale"] = weighed.words
        with transaction() as session:
            return _page(session, _parcel(session, number), form), 409
    return _done(number, t("称过了：{kg} 公斤", "Weighed: {kg} kg", kg=f"{weight_g / 1000:g}"))


@blueprint.post("/bill")
@requires(LEAD, OWNER)
def note_bill(number: str) -> Response | tuple[str, int]:
    """What the courier charged."""
    form = Form(request.form)
    try:
        fee_fen = form.yuan("charged", high_fen=_MOST_FEE_FEN)
        form.check()
        with transaction() as session:
            parcel = _parcel(session, number)
            if once.is_first(session, form.values, purpose=f"bill:{parcel.number}", by=actor(), now=utc_now()):
                lead = boxes.box_of(session, parcel)[0]
                fee_service.note_bill(session, lead, fee_fen, source="typed", now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _again(number, form, problem, "charged")
    return _done(number, t("记下了。", "Written."))


@blueprint.post("/apart")
@requires(LEAD, OWNER)
def take_apart(number: str) -> Response | tuple[str, int]:
    """The parcels of the box go alone again; alone already, nothing changes."""
    try:
        with transaction() as session:
            flows().take_box_apart(session, _parcel(session, number).id, by=actor(), now=utc_now())
    except NotFound:
        raise
    except Problem as problem:
        return _again(number, Form(request.form), problem, "apart")
    return _done(number, t("拆开了，各走各的。", "Taken apart; each goes alone."))


@blueprint.post("/split")
@requires(LEAD, OWNER)
def split(number: str) -> Response | tuple[str, int]:
    """One parcel becomes two."""
    form = Form(request.form)
    try:
        with transaction() as session:
            parcel = _parcel(session, number)
            wanted = {
                line.order_line_id: form.count(f"line_{line.order_line_id}", 0, line.quantity) for line in parcel.lines
            }
            form.check()
            first, second = flows().split_parcel(session, parcel.id, wanted, by=actor(), now=utc_now())
    except NotFound:
        raise
    except Problem as problem:
        return _again(number, form, problem, "split")
    return _done(first.number, t("分成了 {a} 和 {b}。", "It is {a} and {b} now.", a=first.number, b=second.number))


def _done(number: str, words: str) -> Response:
    flash(words, "done")
    return redirect(url_for("lead.sending.show", number=number), code=303)


def _again(number: str, form: Form, problem: Problem, field: str) -> tuple[str, int]:
    """The page with what was typed, and what is wrong at its field."""
    form.errors.update(problem.fields or {field: problem.text})
    with transaction() as session:
        return _page(session, _parcel(session, number), form), problem.status


def _parcel(session: Session, number: str) -> Parcel:
    parcel = queries.parcel_by_number(session, number_in_address(number))
    if parcel is None:
        raise NotFound("没有这个包裹。", "There is no such parcel.")
    return parcel


def _page(session: Session, parcel: Parcel, form: Form) -> str:
    box = boxes.box_of(session, parcel)
    lead = box[0]
    is_here = lead.state in (OPEN, PACKED)
    form.values.setdefault("carrier", "")
    return render_template(
        "lead/sending.html",
        parcel=parcel,
        box=box,
        lead=lead,
        is_here=is_here,
        choice=fees.choice_of(session, lead.id),
        advice=flows().advise_courier(session, lead, now=utc_now()) if is_here else None,
        box_g=boxes.box_weights(session, [lead.id])[lead.id],
        waybill=waybills.issued_of(session, lead.id),
        weighings=weighings_of(session, lead.id),
        bill=fees.bill_of(session, lead.id),
        signed_on=list_of(session, parcel.id),
        parts=boxes.parts_of(session, parcel),
        may_split=len(box) == 1 and parcel.state == OPEN and parcel.task.state == WAITING
        and sum(line.quantity for line in parcel.lines) > 1,
        may_take_apart=len(box) > 1 and any(one.state == OPEN for one in box),
        carrier_choices=list(CARRIERS.items()),
        form=form,
        form_key=once.new_key(),
    )  # fmt: skip
