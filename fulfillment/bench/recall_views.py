"""A lot, where it came from and where it went: every buyer, what is still here, stopping it, the list to keep."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.recall_file import buyers_header, buyers_rows
from fulfillment.bench.wage_pay_files import answer
from fulfillment.labels.rules import mask_name
from fulfillment.packing.holds import queries as holds
from fulfillment.packing.lead_rules import number_in_address
from fulfillment.purchasing.tracing import queries as tracing
from kernel.audit import record_change
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, flows, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("recalls", __name__, url_prefix="/trace/lots")

MOST_SHOWN = 200


@blueprint.get("/<number>")
@requires(WEIGHER, LEAD, OWNER)
def show(number: str) -> tuple[str, int]:
    """One lot: its growers, what was made of it, every buyer (masked), what can be stopped."""
    return _page(number, Form())


@blueprint.get("/<number>/paper")
@requires(WEIGHER, LEAD, OWNER)
def paper(number: str) -> str:
    """The list for printing, masked as on the screen."""
    with transaction() as session:
        found = tracing.recall(session, _lot_id(session, number))
        return render_template("weigh/recall_paper.html", found=found, mask_name=mask_name, now=utc_now())


@blueprint.post("/<number>/stop")
@requires(WEIGHER, LEAD, OWNER)
def stop(number: str) -> Response | tuple[str, int]:
    """Nothing more of the lot leaves: it is blocked, and packed parcels with some of it are held."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=120)
        form.check()
        # Two transactions on purpose, see app/workflows/recalling.py; pressing again does what is left to do.
        with transaction() as session:
            lot_id = _lot_id(session, number)
            flows().block_recalled(session, lot_id, reason=reason, now=utc_now(), by=actor())
        with transaction() as session:
            held = flows().hold_recalled(session, lot_id, reason=reason, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"reason": problem.text})
        return _page(number, form, problem)
    flash(t("封存了，扣下 {n} 个包裹。", "Blocked; {n} parcels are held.", n=len(held)), "done")
    return redirect(url_for(".show", number=number), 303)


@blueprint.post("/<number>/free")
@requires(LEAD, OWNER)
def free(number: str) -> Response | tuple[str, int]:
    """A false alarm: the lot and its parcels are free again."""
    form = Form(request.form)
    try:
        reason = form.text("free_reason", longest=120)
        form.check()
        with transaction() as session:
            lot_id = _lot_id(session, number)
            freed = flows().end_recall(session, lot_id, reason=reason, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"free_reason": problem.text})
        return _page(number, form, problem)
    flash(t("解除了，{n} 个包裹可以交。", "It is free; {n} parcels may leave.", n=freed), "done")
    return redirect(url_for(".show", number=number), 303)


@blueprint.get("/<number>/buyers.<any(csv,xlsx):extension>")
@requires(LEAD, OWNER)
def buyers_file(number: str, extension: str) -> Response:
    """Every buyer with name, phone and address whole, for calling them; who took the list is written down."""
    with transaction() as session:
        found = tracing.recall(session, _lot_id(session, number))
        record_change(
            session,
            actor=actor(),
            action="recall.exported",
            subject=f"lot:{found.lot.id}",
            at=utc_now(),
            after={"buyers": len(found.buyers), "parcels": len(found.parcels), "file": extension},
        )
    return answer(Response, extension, buyers_header(), buyers_rows(found), f"recall-{found.lot.number}")


def _lot_id(session: Session, number: str) -> int:
    lot_id = tracing.lot_id_of(session, number_in_address(number))
    if lot_id is None:
        raise NotFound("没有这个批号。", "There is no such lot.")
    return lot_id


def _page(number: str, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        found = tracing.recall(session, _lot_id(session, number))
        page = render_template(
            "weigh/recall.html",
            found=found,
            sources=tracing.sources_of(session, found.lot.id),
            unknown=tracing.unknown_beside(session, found),
            held=holds.open_holds(session, [parcel.id for parcel in found.here]),
            most=MOST_SHOWN,
            mask_name=mask_name,
            form=form,
            problem=problem,
        )
    return page, problem.status if problem else 200
