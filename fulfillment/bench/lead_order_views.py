"""Orders that the lead has to decide about: stopping one, opening packing work that is missing."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.labels.rules import LONGEST_REASON
from fulfillment.packing import lead_queries
from fulfillment.packing import queries as packing
from fulfillment.packing.lead_rules import STOP_REASONS, number_in_address, read_scan
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, flows, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t
from shop.orders import queries as orders
from shop.orders import service as order_service
from shop.orders.models import Order
from shop.orders.states import PAID

blueprint = Blueprint("orders", __name__, url_prefix="/orders")

_LONGEST_TYPED = 200


@blueprint.get("")
@requires(LEAD, OWNER)
def stop_list() -> Response | tuple[str, int]:
    """Scan or type any number of the order that shall stop; below, the boxes that were stopped and wait to be unpacked."""
    typed = request.args.get("q", "").strip()[:_LONGEST_TYPED]
    with transaction() as session:
        found = _orders_of(session, typed) if typed else []
        if len(found) == 1:
            return redirect(url_for("lead.orders.stop_form", number=found[0].number))
        page = render_template(
            "lead/stop_list.html", typed=typed, found=found, to_unpack=lead_queries.to_unpack(session)
        )
        return page, 404 if typed and not found else 200


def _orders_of(session: Session, typed: str) -> list[Order]:
    """The orders that a parcel's, a waybill's or their own number names, also while they have no parcel."""
    scanned = read_scan(typed)
    if not scanned:
        return []
    found = {parcel.order_id: parcel.order for parcel in lead_queries.find_parcels(session, scanned)}
    alone = orders.order_by_number(session, scanned)
    if alone is not None:
        found.setdefault(alone.id, alone)
    return list(found.values())


@blueprint.get("/<number>/stop")
@requires(LEAD, OWNER)
def stop_form(number: str) -> str:
    """What stopping the order means, before it is done."""
    with transaction() as session:
        return _page(session, _order(session, number), Form(), None)


@blueprint.post("/<number>/stop")
@requires(LEAD, OWNER)
def stop(number: str) -> Response | tuple[str, int]:
    """Cancel the order: its work stops, its goods are free again, its money goes back."""
    form = Form(request.form)
    try:
        code = form.choice("reason", STOP_REASONS)
        own = form.text("own_reason", longest=LONGEST_REASON, required=code == "other")
        form.check()
        with transaction() as session:
            order = _order(session, number)
            if once.is_first(session, form.values, purpose=f"stop:{order.number}", by=actor(), now=utc_now()):
                reason = f"{code}: {own}" if code == "other" else code
                has_gone = packing.some_handed_over(session, order.id)
                stop_it = flows().stop_rest if has_gone else flows().cancel_order
                stop_it(session, order.id, by=actor(), reason=reason, now=utc_now())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        with transaction() as session:
            return _page(session, _order(session, number), form, problem), problem.status
    flash(
        t("订单停了，钱原路退回，货放回库存。", "The order is stopped; the money goes back and the goods are free."),
        "done",
    )
    return redirect(url_for("lead.orders.stop_form", number=number), code=303)


@blueprint.post("/<number>/open")
@requires(LEAD, OWNER)
def open_packing(number: str) -> Response:
    """Open the packing work of a paid order that has none; called twice it opens nothing twice."""
    with transaction() as session:
        order = order_service.lock_order(session, _order(session, number).id)
        if order.state == PAID:
            flows().open_packing(session, order, utc_now(), "opened by the lead")
    flash(t("打包任务开好了。", "Its packing work is open now."), "done")
    return redirect(url_for("lead.board"), code=303)


def _order(session: Session, number: str) -> Order:
    exact = number_in_address(number)
    order = orders.order_by_number(session, exact) if exact else None
    if order is None:
        raise NotFound("没有这个订单。", "There is no such order.")
    return order


def _page(session: Session, order: Order, form: Form, problem: Problem | None) -> str:
    return render_template(
        "lead/stop.html",
        order=order,
        parcels=lead_queries.parcels_of_order(session, order),
        names=lead_queries.names_of(
            session, [parcel.task.packer_id for parcel in lead_queries.parcels_of_order(session, order)]
        ),
        may_stop=order.state == PAID,
        has_gone=packing.some_handed_over(session, order.id),
        reasons=[(code, word, "") for code, word in STOP_REASONS.items()],
        form=form,
        form_key=once.new_key(),
        problem=problem,
    )
