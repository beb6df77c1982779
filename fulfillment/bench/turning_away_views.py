"""Turning goods away: nothing is taken, and the farmer hears kindly why and what helps."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench.weigher_words import bounded, cause_options, today, typed_key
from fulfillment.purchasing.asking.forms import read_visit
from fulfillment.purchasing.asking.models import TurnedAway
from fulfillment.purchasing.asking.rules import CAUSES
from fulfillment.purchasing.asking.service import turn_away
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.weighing import queries as weighing
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER

blueprint = Blueprint("away", __name__, url_prefix="/away")


@blueprint.get("/<int:contract_id>")
@requires(WEIGHER, OWNER)
def form(contract_id: int) -> tuple[str, int]:
    """Why nothing is taken."""
    return _page(contract_id, Form(request.args))


@blueprint.post("/<int:contract_id>")
@requires(WEIGHER, OWNER)
def send(contract_id: int) -> Response | tuple[str, int]:
    """Record the visit, then show it to the farmer."""
    typed = Form(request.form)
    try:
        visit = read_visit(typed, bounded(contract_id), today())
        with transaction() as session:
            answer = turn_away(session, visit, key=typed_key(), today=today(), now=utc_now(), by=actor())
    except Problem as problem:
        return _page(contract_id, typed, problem)
    return redirect(url_for("weigher.away.show", turned_away_id=answer.turned_away_id), 303)


@blueprint.get("/visits/<int:turned_away_id>")
@requires(WEIGHER, OWNER)
def show(turned_away_id: int) -> str:
    """What the farmer sees and hears: why, and what to improve."""
    with transaction() as session:
        visit = session.get(TurnedAway, bounded(turned_away_id))
        if visit is None:
            raise NotFound("没有这次记录。", "There is no such visit.")
        photos = weighing.photos_of(session, visit.key)
        return render_template("weigh/away_one.html", visit=visit, cause=CAUSES[visit.cause], photos=photos)


def _page(contract_id: int, typed: Form, problem: Problem | None = None) -> tuple[str, int]:
    if problem is not None:
        typed.errors.update(problem.fields)
    with transaction() as session:
        contract = session.get(Contract, bounded(contract_id))
        if contract is None:
            raise NotFound("没有这份合同。", "There is no such contract.")
        page = render_template(
            "weigh/away.html",
            contract=contract,
            causes=[(name, why, "") for name, why in cause_options()],
            form=typed,
            key=typed_key(),
            problem=problem,
        )
    return page, problem.status if problem else 200
