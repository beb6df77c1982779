"""Paying one farmer at the counter: what is owed, choosing, looking again, paying once."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench import settlement_words
from fulfillment.bench.farmer_views import find_farmer
from fulfillment.bench.weigher_words import bounded, today, typed_key
from fulfillment.purchasing.runs.queries import open_questions
from fulfillment.purchasing.settlements import queries, rules, service
from fulfillment.purchasing.settlements.forms import read_payment
from fulfillment.purchasing.settlements.service import Payment
from kernel.errors import Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.sheets import Cell, plain_yuan
from kernel.text import t

blueprint = Blueprint("settlements", __name__, url_prefix="/pay")


@blueprint.get("")
@requires(WEIGHER, OWNER, LEAD)
def owed() -> str:
    """Farmers who are owed money, earliest due first."""
    with transaction() as session:
        return render_template("weigh/pay.html", owed=queries.owed_by_farmer(session), today=today())


@blueprint.get("/owed.<extension>")
@requires(WEIGHER, OWNER, LEAD)
def owed_file(extension: str) -> Response:
    """Every open payable with its farmer and the day it is due."""
    header = [
        t("农户", "Farmer"),
        t("交货日", "Delivered"),
        t("批号", "Lot"),
        t("到期", "Due"),
        t("应付（元）", "Owed, yuan"),
    ]
    with transaction() as session:
        rows: list[list[Cell]] = [
            [
                each.delivery.contract.farmer.name,
                each.delivery.day.isoformat(),
                each.delivery.lot.number,
                each.due_on.isoformat(),
                plain_yuan(each.amount_fen),
            ]
            for each in queries.open_payables(session)
        ]
    return settlement_words.sheet(extension, "owed", header, rows)


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
        payment = read_payment(
            form, bounded(farmer_id), ticked, request.form.getlist("credit"), setting("set_off_most_bps")
        )
        if form.value("step") != "confirm":
            return _page(farmer_id, form, ticked=ticked, payment=payment)
        with transaction() as session:
            settlement = service.settle(session, payment, key=typed_key(), now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(farmer_id, form, ticked=ticked, problem=problem)
    return redirect(url_for("weigher.results.show", settlement_id=settlement.id), 303)


def _page(
    farmer_id: int,
    form: Form,
    *,
    ticked: list[str] | None,
    payment: Payment | None = None,
    problem: Problem | None = None,
) -> tuple[str, int]:
    """The list to tick, or, for a payment that was chosen, its sum to confirm. ``ticked`` none: everything."""
    credit = request.form.getlist("credit")
    with transaction() as session:
        farmer = find_farmer(session, farmer_id)
        payables = queries.open_payables(session, farmer.id)
        entries = queries.open_entries(session, farmer.id)
        questions = open_questions(session)
        chosen = [each for each in payables if payment and each.id in payment.payable_ids]
        plan = None
        if payment:
            try:
                plan = service.plan_of(session, chosen, payment)
            except Problem as found:
                form.errors.update(found.fields)
                payment, problem = None, found
        everything = {str(each.id) for each in payables if each.id not in questions}
        page = render_template(
            "weigh/pay_farmer.html",
            farmer=farmer,
            payables=payables,
            questions=questions,
            credits=[each for each in entries if each.left_fen > 0],
            debts=[each for each in entries if each.left_fen < 0],
            cap_bps=setting("set_off_most_bps"),
            chosen=chosen,
            plan=plan,
            payment=payment if plan and plan.gross_fen else None,
            ticked=everything if ticked is None else set(ticked),
            ticked_credits={str(each.entry.id) for each in entries} if ticked is None else set(credit),
            form=form,
            problem=problem,
            key=typed_key(),
            today=today(),
            methods=rules.METHODS,
        )
    return page, problem.status if problem else 200


blueprint.context_processor(settlement_words.words)
