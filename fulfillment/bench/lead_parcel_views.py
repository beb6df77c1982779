"""Parcels as the lead finds them: by list, by scanner, one by one."""

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.slip_paper import slip_for
from fulfillment.couriers.cases import queries as courier_cases
from fulfillment.couriers.fees import queries as fees
from fulfillment.couriers.tracking import queries as tracking
from fulfillment.couriers.waybills import queries as waybills
from fulfillment.labels.slip import unprintable
from fulfillment.packing import lead_queries, print_queries, queries
from fulfillment.packing.boxes import queries as boxes
from fulfillment.packing.holds import queries as holds
from fulfillment.packing.lead_rules import number_in_address, read_scan
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import TROUBLES, WAITING
from fulfillment.purchasing.tracing import queries as tracing
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, flows, requires, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("parcels", __name__, url_prefix="/parcels")


@blueprint.get("")
@requires(LEAD, OWNER)
def list_parcels() -> Response | str:
    """Parcels by state, or whatever a scanned number belongs to; one that is found alone opens, and so does a bag's lot."""
    typed = request.args.get("q", "").strip()
    if typed:
        return _search(typed)
    state = request.args.get("state", WAITING)
    state = state if state in lead_queries.LISTED else WAITING
    with transaction() as session:
        parcels = lead_queries.parcels_in(session, state, after=_after(), most=lead_queries.PAGE + 1)
        return _list(session, parcels, state=state, typed="")


def _search(typed: str) -> Response | str:
    with transaction() as session:
        scanned = read_scan(typed)
        found = list(lead_queries.find_parcels(session, scanned)) if scanned else []
        if not found and scanned and tracing.lot_id_of(session, scanned):
            return redirect(url_for("weigher.recalls.show", number=scanned))
        if len(found) == 1:
            return redirect(url_for("lead.parcels.show_parcel", number=found[0].number))
        return _list(session, found, state="", typed=typed[:200])


def _list(session: Session, parcels: list[Parcel], *, state: str, typed: str) -> str:
    shown = parcels[: lead_queries.PAGE]
    last = shown[-1] if len(parcels) > len(shown) else None
    return render_template(
        "lead/parcels.html",
        parcels=shown,
        copies=print_queries.copies_of(session, [parcel.id for parcel in shown]),
        names=lead_queries.names_of(session, [parcel.task.packer_id for parcel in shown]),
        state=state,
        listed=lead_queries.LISTED,
        older=url_for(".list_parcels", state=state, due=last.due_at.isoformat(), id=last.id) if last and state else "",
        typed=typed,
    )


def _after() -> tuple[datetime, int] | None:
    """Where the page before ended; a broken place starts from the top."""
    try:
        due = datetime.fromisoformat(request.args.get("due", ""))
        return (due, parse_count(request.args.get("id"), 1, 2**62)) if due.tzinfo else None
    except (ValueError, FieldError):
        return None


@blueprint.get("/<number>")
@requires(LEAD, OWNER)
def show_parcel(number: str) -> str:
    """One parcel: what is in it, where it goes, what happened to it, what can be done."""
    with transaction() as session:
        parcel = _parcel(session, number)
        return _page(session, parcel, Form({"carrier": parcel.carrier or "", "tracking": parcel.tracking_number or ""}))


@blueprint.post("/<number>/waybill")
@requires(LEAD, OWNER)
def correct_waybill(number: str) -> Response | tuple[str, int]:
    """Put right the courier or the number of a parcel that has left."""
    form = Form(request.form)
    try:
        with transaction() as session:
            parcel = flows().correct_waybill(
                session,
                _parcel(session, number).id,
                carrier=str(form.value("carrier")),
                tracking_number=str(form.value("tracking")),
                now=utc_now(),
                by=actor(),
            )
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"tracking": problem.text})
        with transaction() as session:
            return _page(session, _parcel(session, number), form), problem.status
    flash(t("改好了。", "Put right."), "done")
    return redirect(url_for("lead.parcels.show_parcel", number=parcel.number), code=303)


def _parcel(session: Session, number: str) -> Parcel:
    parcel = queries.parcel_by_number(session, number_in_address(number))
    if parcel is None:
        raise NotFound("没有这个包裹。", "There is no such parcel.")
    return parcel


def _page(session: Session, parcel: Parcel, form: Form) -> str:
    # What goes in another parcel's box goes where that one goes.
    lead_id = parcel.sent_with_id or parcel.id
    return render_template(
        "lead/parcel.html",
        parcel=parcel,
        packer=lead_queries.names_of(session, [parcel.task.packer_id]).get(parcel.task.packer_id or 0),
        events=lead_queries.history_of(session, parcel),
        unprintable=unprintable(slip_for(parcel, None)),
        troubles=TROUBLES,
        choice=fees.choice_of(session, lead_id),
        box=boxes.box_of(session, parcel),
        hold=holds.open_holds(session, [parcel.id]).get(parcel.id),
        waybills=waybills.waybills_of(session, parcel.id),
        way=tracking.ways_of(session, [lead_id]).get(lead_id),
        courier_cases=courier_cases.cases_of(session, lead_id),
        form=form,
    )
