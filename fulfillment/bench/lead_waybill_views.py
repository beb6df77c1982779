"""Waybills as the lead handles them: asked for many boxes at once, printed together, and what did not come."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import slip_paper
from fulfillment.bench.courier_words import carrier_choices, courier_desk
from fulfillment.bench.slip_forms import read_reprint_reason
from fulfillment.bench.slip_paper import PRINT_WITHIN, pdf_answer
from fulfillment.couriers.cases import queries as courier_cases
from fulfillment.couriers.fees import queries as fees
from fulfillment.couriers.rules import CARRIERS
from fulfillment.couriers.tracking import queries as tracking
from fulfillment.couriers.tracking import service as tracking_service
from fulfillment.couriers.tracking import steps as tracking_steps
from fulfillment.couriers.waybills import labels, queries, service
from fulfillment.couriers.waybills.models import Waybill, WaybillPrint
from fulfillment.couriers.waybills.queries import PrintBatch
from fulfillment.couriers.waybills.states import ASKED, CANCELLING, FAILED, ISSUED
from fulfillment.labels.courier import CourierLabel, courier_label_pdf, unprintable_on
from fulfillment.labels.papers import COURIER
from fulfillment.labels.rules import REPRINT_REASONS
from fulfillment.packing import queries as packing
from fulfillment.packing.lead_rules import number_in_address
from kernel import once
from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER
from kernel.text import Text, t

blueprint = Blueprint("waybills", __name__, url_prefix="/waybills")

WITHOUT = "without"
TABS = (WITHOUT, ASKED, ISSUED, FAILED, CANCELLING)


@blueprint.get("")
@requires(LEAD, OWNER)
def overview() -> str:
    """What needs a waybill, what waits for one, what can be printed, what did not come."""
    tab = request.args.get("tab", WITHOUT)
    with transaction() as session:
        return _page(session, tab if tab in TABS else WITHOUT, Form())


@blueprint.post("/ask")
@requires(LEAD, OWNER)
def ask() -> Response | tuple[str, int]:
    """Ask for the ticked boxes; a box that has a waybill already gets no second one."""
    form = Form(request.form)
    try:
        carrier = form.choice("carrier", ["", *CARRIERS])
        form.check()
        chosen = _ticked("parcel", service.MOST_AT_ONCE)
        with transaction() as session:
            asked = _ask(session, chosen, carrier)
    except Problem as problem:
        form.errors.update(problem.fields or {"parcel": problem.text})
        with transaction() as session:
            return _page(session, WITHOUT, form), problem.status
    flash(t("在取号了：{n} 件。", "Asked for: {n}.", n=asked), "done")
    return redirect(url_for("lead.waybills.overview", tab=ASKED), code=303)


def _ask(session: Session, parcel_ids: list[int], carrier: str) -> int:
    """Ask with the courier that was chosen here, or box by box with the one that was worked out before."""
    desk = courier_desk()
    # All of them first, so that two leads at once take them in one order.
    service.lock_parcels(session, parcel_ids)
    worked_out = {} if carrier else fees.choices_of(session, parcel_ids)
    otherwise = carrier or min(desk.carriers, default=next(iter(CARRIERS)))
    by_carrier: dict[str, list[int]] = {}
    for parcel_id in parcel_ids:
        choice = worked_out.get(parcel_id)
        by_carrier.setdefault(choice.carrier if choice else otherwise, []).append(parcel_id)
    return sum(
        len(service.ask_waybills(session, ids, carrier=code, way=desk.way_of(code), now=utc_now(), by=actor()))
        for code, ids in by_carrier.items()
    )


@blueprint.post("/<int:waybill_id>/again")
@requires(LEAD, OWNER)
def ask_again(waybill_id: int) -> Response:
    """Ask once more for a number that did not come."""
    with transaction() as session:
        waybill = service.ask_again(session, _bounded(waybill_id), now=utc_now(), by=actor())
        number = waybill.parcel.number
    flash(t("再取一次：{number}", "Asked again: {number}", number=number), "done")
    return redirect(url_for("lead.parcels.show_parcel", number=number), code=303)


@blueprint.post("/<int:waybill_id>/drop")
@requires(LEAD, OWNER)
def drop(waybill_id: int) -> Response:
    """Give a waybill up, at the courier too."""
    with transaction() as session:
        waybill = service.drop_waybill(session, _bounded(waybill_id), reason="by the lead", now=utc_now(), by=actor())
        number, is_over = waybill.parcel.number, waybill.state == "cancelled"
    flash(t("运单取消了。", "Cancelled.") if is_over else t("正在向快递取消。", "Being cancelled."), "done")
    return redirect(url_for("lead.parcels.show_parcel", number=number), code=303)


@blueprint.post("/<int:waybill_id>/number")
@requires(LEAD, OWNER)
def give_number(waybill_id: int) -> Response:
    """A number that the lead looked up or wrote by hand."""
    form = Form(request.form)
    try:
        with transaction() as session:
            waybill = service.give_number(
                session, _bounded(waybill_id), str(form.value("number")), now=utc_now(), by=actor()
            )
            number = waybill.parcel.number
        flash(t("单号记下了。", "Number noted."), "done")
    except NotFound:
        raise
    except (FieldError, Problem) as error:
        with transaction() as session:
            number = _waybill_parcel(session, waybill_id)
        flash(str(error.text), "problem")
    return redirect(url_for("lead.parcels.show_parcel", number=number), code=303)


def _waybill_parcel(session: Session, waybill_id: int) -> str:
    waybill = queries.waybill(session, waybill_id)
    if waybill is None:
        raise NotFound("没有这张运单。", "There is no such waybill.")
    return waybill.parcel.number


@blueprint.post("/parcels/<number>/track")
@requires(LEAD, OWNER)
def ask_where(number: str) -> Response:
    """Ask the courier now where a parcel is; within half an hour of the last question nothing is asked."""
    with transaction() as session:
        parcel = packing.parcel_by_number(session, number_in_address(number))
        if parcel is None:
            raise NotFound("没有这个包裹。", "There is no such parcel.")
        (lead,) = service.lock_parcels(session, [parcel.sent_with_id or parcel.id])
        is_asked = tracking_service.ask_soon(session, lead, utc_now())
        if is_asked:
            tracking_steps.ask_now(session, utc_now())
    if is_asked:
        flash(t("在问快递了，过一会儿刷新。", "The courier is being asked; reload in a moment."), "done")
    else:
        flash(t("刚问过，半小时里不再问。", "It was asked just now; not again within half an hour."), "problem")
    return redirect(url_for("lead.parcels.show_parcel", number=parcel.number), code=303)


@blueprint.post("/print")
@requires(LEAD, OWNER)
def print_batch() -> Response | tuple[str, int]:
    """Record the chosen labels as printed; what was printed before needs a reason, so a double tap prints nothing twice."""
    form = Form(request.form)
    try:
        reason = read_reprint_reason(form)
        chosen = _ticked("waybill", labels.LARGEST_BATCH)
        with transaction() as session:
            slip_paper.chosen_printer(session, form.values, COURIER)
            prints = labels.print_labels(session, chosen, reason=reason, now=utc_now(), by=actor())
            print_id = prints[0].id
    except Problem as problem:
        form.errors.update(problem.fields or {"waybill": problem.text})
        with transaction() as session:
            return _page(session, ISSUED, form), problem.status
    return redirect(url_for("lead.waybills.show_prints", print_id=print_id), code=303)


@blueprint.get("/prints/<int:print_id>")
@requires(LEAD, OWNER)
def show_prints(print_id: int) -> str:
    """What was printed together: the PDF to print, and what to look at by eye."""
    with transaction() as session:
        batch = _batch(session, print_id)
        made = [_label(one.waybill, one) for one in batch.prints]
        return render_template(
            "lead/waybill_prints.html",
            print_id=print_id,
            batch=batch,
            paper=slip_paper.remembered_printer(session, COURIER).sheet,
            is_fresh=utc_now() - batch.at <= PRINT_WITHIN,
            unprintable={label.parcel_number: found for label in made if (found := unprintable_on(label))},
        )


@blueprint.get("/prints/<int:print_id>.pdf")
@requires(LEAD, OWNER)
def prints_pdf(print_id: int) -> Response:
    """The labels as one PDF: real for half an hour after they were recorded, then previews."""
    with transaction() as session:
        batch = _batch(session, print_id)
        is_real = utc_now() - batch.at <= PRINT_WITHIN
        made = [_label(one.waybill, one if is_real and labels.may_print(one.waybill) else None) for one in batch.prints]
        how = slip_paper.remembered_printer(session, COURIER).setting()
    return pdf_answer(courier_label_pdf(made, how.paper, how), f"labels-{print_id}")


def _label(waybill: Waybill, printed: WaybillPrint | None) -> CourierLabel:
    return labels.label_of(waybill, printed, sender=courier_desk().sender, zone=setting("workshop_zone"))


def _batch(session: Session, print_id: int) -> PrintBatch:
    batch = queries.print_batch(session, _bounded(print_id))
    if batch is None:
        raise NotFound("没有这一批面单。", "There is no such batch of labels.")
    return batch


def _ticked(name: str, most: int) -> list[int]:
    """The ticked ids, in the order of the page.

    Raises:
        Invalid: none, too many, or something that is no id.
    """
    try:
        chosen = [parse_count(raw, 1, 2**62) for raw in request.form.getlist(name)]
    except FieldError as error:
        raise Invalid(error.text.zh, error.text.en, fields={name: error.text}) from None
    if not 1 <= len(chosen) <= most:
        words = Text(f"请选 1 到 {most} 件。", f"Choose 1 to {most}.")
        raise Invalid(words.zh, words.en, fields={name: words})
    return list(dict.fromkeys(chosen))


def _bounded(number: int) -> int:
    if number >= 2**62:
        raise NotFound
    return number


def _page(session: Session, tab: str, form: Form) -> str:
    desk = courier_desk()
    parcels = queries.without_waybill(session) if tab == WITHOUT else []
    waybills = [] if tab == WITHOUT else queries.in_state(session, tab)
    copies = queries.copies_of(session, [waybill.id for waybill in waybills])
    sent = {name: set(request.form.getlist(name)) for name in ("parcel", "waybill")} if form.values else None
    return render_template(
        "lead/waybills.html",
        tab=tab,
        counts=queries.counts(session),
        cases=courier_cases.waiting(session),
        sheets=queries.sheets_waiting(session),
        under_way=tracking.counts(session),
        parcels=parcels,
        waybills=waybills,
        copies=copies,
        worked_out=fees.choices_of(session, [parcel.id for parcel in parcels]),
        ticked_parcels=[p.id for p in parcels if sent is None or str(p.id) in sent["parcel"]],
        ticked_waybills=[
            w.id for w in waybills if (w.id not in copies if sent is None else str(w.id) in sent["waybill"])
        ],
        carrier_choices=carrier_choices(desk),
        reasons=[(code, word, "") for code, word in REPRINT_REASONS.items()],
        choice=slip_paper.printer_choice(session, COURIER),
        has_provider=desk.provider is not None,
        form=form,
        form_key=once.new_key(),
    )
