"""A courier's label by itself, for the lead and for whoever has the parcel in hand. Only a POST prints."""

from flask import Blueprint
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import slip_paper
from fulfillment.bench.courier_words import courier_desk
from fulfillment.bench.parcel_papers import Drawn, ParcelPaper
from fulfillment.bench.slip_forms import read_reprint_reason
from fulfillment.bench.slip_paper import PRINT_WITHIN, pdf_answer
from fulfillment.couriers.waybills import labels, queries
from fulfillment.couriers.waybills.models import Waybill, WaybillPrint
from fulfillment.labels.courier import CourierLabel, courier_label_pdf, courier_labels, unprintable_on
from fulfillment.labels.papers import COURIER
from fulfillment.labels.sheets import sheets_with
from fulfillment.packing.models import Parcel
from kernel import once
from kernel.errors import NotFound
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, PACKER
from kernel.text import Text

blueprint = Blueprint("labels", __name__, url_prefix="/bench/labels")


@blueprint.get("/<number>")
@requires(PACKER, LEAD, OWNER)
def show(number: str) -> Response:
    """The label: real right after its print was recorded, once; a preview at any other time."""
    return _LABEL.show(number)


@blueprint.post("/<number>/print")
@requires(PACKER, LEAD, OWNER)
def print_one(number: str) -> Response:
    """Record a print: the first copy, or another one with its reason; a double tap is one print."""
    return _LABEL.print_one(number)


@blueprint.get("/<number>.pdf")
@requires(PACKER, LEAD, OWNER)
def pdf(number: str) -> Response:
    """The label as a PDF: real for half an hour after its last print, else a preview."""
    with transaction() as session:
        parcel = _LABEL.parcel(session, number)
        waybill = _issued(session, parcel)
        printed = queries.last_print(session, waybill.id)
        is_real = printed is not None and labels.may_print(waybill) and utc_now() - printed.at <= PRINT_WITHIN
        label = _label(waybill, printed if is_real else None)
        how = slip_paper.remembered_printer(session, COURIER).setting()
    return pdf_answer(courier_label_pdf([label], how.paper, how), f"{parcel.number}-label")


def _record(session: Session, parcel: Parcel, form: Form) -> None:
    reason = read_reprint_reason(form)
    purpose = f"label:{parcel.number}"
    if once.FIELD in form.values and not once.is_first(
        session, form.values, purpose=purpose, by=actor(), now=utc_now()
    ):
        return
    slip_paper.chosen_printer(session, form.values, COURIER)
    labels.print_labels(session, [_issued(session, parcel).id], reason=reason, now=utc_now(), by=actor())


def _draw(session: Session, parcel: Parcel, is_real: bool) -> Drawn:
    waybill = _issued(session, parcel)
    printed = queries.last_print(session, waybill.id)
    how = slip_paper.remembered_printer(session, COURIER).setting()
    label = _label(waybill, printed if is_real else None)
    return Drawn(
        number=waybill.number or "",
        sheets=sheets_with([label], courier_labels, COURIER, how),
        paper=how.paper,
        last=printed,
        may_print=labels.may_print(waybill),
        unprintable=unprintable_on(label),
    )


def _label(waybill: Waybill, printed: WaybillPrint | None) -> CourierLabel:
    return labels.label_of(waybill, printed, sender=courier_desk().sender, zone=setting("workshop_zone"))


def _issued(session: Session, parcel: Parcel) -> Waybill:
    waybill = queries.issued_of(session, parcel.sent_with_id or parcel.id)
    if waybill is None:
        raise NotFound("这个包裹还没有运单号。", "This parcel has no waybill yet.")
    return waybill


_LABEL = ParcelPaper(
    room="labels",
    purpose=COURIER,
    name=Text("面单", "Label"),
    missing=Text("没有这张面单。", "There is no such label."),
    record=_record,
    draw=_draw,
)
