"""Paying farmers: what is owed, choosing, looking again, paying once."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench.farmer_views import find_farmer
from fulfillment.bench.weigher_words import bounded, today, typed_key
from fulfillment.purchasing.settlements import queries, service
from fulfillment.purchasing.settlements.forms import read_payment
from fulfillment.purchasing.settlements.models import Settlement
from fulfillment.purchasing.settlements.service import Payment
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER

blueprint = Blueprint("settlements", __name__, url_prefix="/pay")


@blueprint.get("")
@requires(WEIGHER, OWNER)
def owed() -> str:
    """Farmers who are owed money, earliest due first."""
    with transaction() as session:
        return render_template("weigh/pay.html", owed=queries.owed_by_farmer(session), today=today())


@blueprint.get("/<int:farmer_id>")
@requires(WEIGHER, OWNER)
def choose(farmer_id: int) -> tuple[str, int]:
    """What is owed to one farmer: all of it ticked."""
    return _page(farmer_id, Form(), ticked=None)


@blueprint.post("/<int:farmer_id>")
@requires(WEIGHER, OWNER)
def pay(farmer_id: int) -> Response | tuple[str, int]:
    """Show the sum first; pay when it was seen and confirmed."""
    form, ticked = Form(request.form), request.form.getlist("payable")
    try:
        payment = read_payment(form, bounded(farmer_id), ticked)
        if form.value("step") != "confirm":
            return _page(farmer_id, form, ticked=ticked, payment=payment)
        with transaction() as session:
            settlement = service.settle(session, payment, key=typed_key(), now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(farmer_id, form, ticked=ticked, problem=problem)
    return redirect(url_for("weigher.settlements.show", settlement_id=settlement.id), 303)


def _page(
    farmer_id: int,
    form: Form,
    *,
    ticked: list[str] | None,
    payment: Payment | None = None,
    problem: Problem | None = None,
) -> tuple[str, int]:
    """The list to tick, or, for a payment that was chosen, its sum to confirm. ``ticked`` none: everything."""
    with transaction() as session:
        farmer = find_farmer(session, farmer_id)
        payables = queries.open_payables(session, farmer.id)
        chosen = [each for each in payables if payment and each.id in payment.payable_ids]
        page = render_template(
            "weigh/pay_farmer.html",
            farmer=farmer,
            payables=payables,
            chosen=chosen,
            total_fen=sum(each.amount_fen for each in chosen),
            payment=payment if chosen else None,
            ticked={str(each.id) for each in payables} if ticked is None else set(ticked),
            form=form,
            problem=problem,
            key=typed_key(),
            today=today(),
        )
    return page, problem.status if problem else 200


@blueprint.get("/settlements/<int:settlement_id>")
@requires(WEIGHER, OWNER)
def show(settlement_id: int) -> str:
    """A payment that was made, with its lines, to print and sign."""
    with transaction() as session:
        settlement = session.get(Settlement, bounded(settlement_id))
        if settlement is None:
            raise NotFound("没有这次结算。", "There is no such settlement.")
        payables = queries.settlement_lines(session, settlement.id)
        return render_template("weigh/settlement.html", settlement=settlement, payables=payables)
