"""A courier's label by itself, for the lead and for whoever has the parcel in hand. Only a POST prints."""

from flask import Blueprint, make_response, redirect, render_template, url_for
from flask import request as web_request
from flask import session as cookie
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import slip_paper
from fulfillment.bench.courier_words import courier_desk
from fulfillment.bench.slip_forms import read_reprint_reason
from fulfillment.bench.slip_paper import PRINT_WITHIN, pdf_answer
from fulfillment.couriers.waybills import labels, queries
from fulfillment.couriers.waybills.models import Waybill, WaybillPrint
from fulfillment.labels.courier import CourierLabel, courier_label_pdf, courier_labels
from fulfillment.labels.papers import COURIER
from fulfillment.labels.rules import REPRINT_REASONS
from fulfillment.labels.sheets import sheets_with
from fulfillment.packing import queries as packing
from fulfillment.packing.lead_rules import has_in_hand, number_in_address
from fulfillment.packing.models import Parcel
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, PACKER

blueprint = Blueprint("labels", __name__, url_prefix="/bench/labels")

_FRESH = "fresh_label"


@blueprint.get("/<number>")
@requires(PACKER, LEAD, OWNER)
def show_label(number: str) -> Response:
    """The label: real right after its print was recorded, once; a preview at any other time."""
    is_fresh = cookie.pop(_FRESH, None) == number
    with transaction() as session:
        return _page(session, _own_parcel(session, number), Form(), is_fresh=is_fresh)


@blueprint.post("/<number>/print")
@requires(PACKER, LEAD, OWNER)
def print_label(number: str) -> Response:
    """Record a print: the first copy, or another one with its reason; a double tap is one print."""
    form = Form(web_request.form)
    try:
        with transaction() as session:
            parcel = _own_parcel(session, number)
            _record(session, parcel, form)
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"reason": problem.text})
        with transaction() as session:
            return _page(session, _own_parcel(session, number), form, is_fresh=False, problem=problem)
    cookie[_FRESH] = parcel.number
    return redirect(url_for("labels.show_label", number=parcel.number), code=303)


def _record(session: Session, parcel: Parcel, form: Form) -> None:
    reason = read_reprint_reason(form)
    purpose = f"label:{parcel.number}"
    if once.FIELD in form.values and not once.is_first(
        session, form.values, purpose=purpose, by=actor(), now=utc_now()
    ):
        return
    slip_paper.chosen_printer(session, form.values, COURIER)
    labels.print_labels(session, [_issued(session, parcel).id], reason=reason, now=utc_now(), by=actor())


@blueprint.get("/<number>.pdf")
@requires(PACKER, LEAD, OWNER)
def label_pdf(number: str) -> Response:
    """The label as a PDF: real for half an hour after its last print, else a preview."""
    with transaction() as session:
        parcel = _own_parcel(session, number)
        waybill = _issued(session, parcel)
        printed = _last_print(session, waybill)
        is_real = printed is not None and labels.may_print(waybill) and utc_now() - printed.at <= PRINT_WITHIN
        label = _label(waybill, printed if is_real else None)
        how = slip_paper.remembered_printer(session, COURIER).setting()
    return pdf_answer(courier_label_pdf([label], how.paper, how), f"{parcel.number}-label")


def _label(waybill: Waybill, printed: WaybillPrint | None) -> CourierLabel:
    return labels.label_of(waybill, printed, sender=courier_desk().sender, zone=setting("workshop_zone"))


def _issued(session: Session, parcel: Parcel) -> Waybill:
    waybill = queries.issued_of(session, parcel.sent_with_id or parcel.id)
    if waybill is None:
        raise NotFound("这个包裹还没有运单号。", "This parcel has no waybill yet.")
    return waybill


def _last_print(session: Session, waybill: Waybill) -> WaybillPrint | None:
    return session.scalar(
        select(WaybillPrint).where(WaybillPrint.waybill_id == waybill.id).order_by(WaybillPrint.copy.desc()).limit(1)
    )


def _own_parcel(session: Session, number: str) -> Parcel:
    """The parcel, when its work is in this person's hands or the person leads; else it looks like none at all."""
    parcel = packing.parcel_by_number(session, number_in_address(number))
    person = current_person()
    if parcel is None or person is None:
        raise NotFound("没有这张面单。", "There is no such label.")
    if not _leads() and not has_in_hand(parcel.task.state, parcel.task.packer_id, person.id):
        raise NotFound("没有这张面单。", "There is no such label.")
    return parcel


def _leads() -> bool:
    person = current_person()
    return person is not None and bool(person.roles & {LEAD, OWNER})


def _page(session: Session, parcel: Parcel, form: Form, *, is_fresh: bool, problem: Problem | None = None) -> Response:
    waybill = _issued(session, parcel)
    printed = _last_print(session, waybill)
    how = slip_paper.remembered_printer(session, COURIER).setting()
    sheets = sheets_with([_label(waybill, printed if is_fresh else None)], courier_labels, COURIER, how)
    html = render_template(
        "labels/courier.html",
        parcel=parcel,
        waybill=waybill,
        printed=printed,
        sheets=slip_paper.pictures(sheets),
        paper=how.paper,
        is_fresh=is_fresh and printed is not None,
        may_print=labels.may_print(waybill),
        reasons=[(code, word, "") for code, word in REPRINT_REASONS.items()],
        leads=_leads(),
        choice=slip_paper.printer_choice(session, COURIER),
        form=form,
        form_key=once.new_key(),
    )
    response = make_response(html, problem.status if problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response
