"""Contracts: how far each is, signing one, agreeing on more, ending one. Promises are the owner's to make."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.weigher_words import bounded, kind_words, today
from fulfillment.purchasing import queries
from fulfillment.purchasing.growers import contract_service as service
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.forms import Goods, goods_to_contract, read_contract
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.quotes import queries as quotes
from fulfillment.purchasing.quotes.rules import Kind
from fulfillment.purchasing.quotes.xinfadi import MARKET as FEED_MARKET
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("contracts", __name__, url_prefix="/contracts")

# What a new contract begins with; all of it can be changed before signing.
_USUAL = {
    "premium": "10",
    "tolerance": "10",
    "quote_days": "3",
    "payment_days": "7",
    "standard_moisture": "13",
    "reject_above": "18",
}
_SEASON = timedelta(days=180)


@blueprint.get("")
@requires(WEIGHER, OWNER)
def all_contracts() -> str:
    """Every contract that has not ended, with what came and what is still to come."""
    with transaction() as session:
        return render_template(
            "weigh/contracts.html", progress=queries.contract_progress(session), kind_words=_words, today=today()
        )


def _words(contract: Contract) -> str:
    return kind_words(queries.kind_of(contract))


@blueprint.get("/new")
@requires(OWNER)
def new_contract() -> tuple[str, int]:
    """A new promise to a grower."""
    season = {"season_start": today().isoformat(), "season_end": (today() + _SEASON).isoformat()}
    return _form_page(Form({**_USUAL, **season, "farmer": request.args.get("farmer", "")[:20]}))


@blueprint.post("/new")
@requires(OWNER)
def sign_contract() -> Response | tuple[str, int]:
    """Sign it."""
    form = Form(request.form)
    try:
        with transaction() as session:
            farmers = {farmer.id for farmer in growers.farmers(session, most=2_000)}
            terms = read_contract(form, farmers, _goods(session))
            contract = service.create_contract(session, terms, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _form_page(form, problem)
    flash(t("合同签好了。", "The contract is signed."), "done")
    return redirect(url_for("weigher.contracts.show", contract_id=contract.id), 303)


def _goods(session: Session) -> dict[str, Goods]:
    return goods_to_contract(growers.raw_variants(session), growers.grades(session))


def _form_page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        page = render_template(
            "weigh/contract_form.html",
            form=form,
            problem=problem,
            farmers=[(str(each.id), f"{each.name} · {each.village}") for each in growers.farmers(session, most=2_000)],
            goods=[
                (key, kind_words(Kind(grade.product, grade.form, grade.name)))
                for key, (_, grade) in _goods(session).items()
            ],
            markets=[(name, name) for name in sorted({*quotes.markets(session), FEED_MARKET})],
        )
    return page, problem.status if problem else 200


@blueprint.get("/<int:contract_id>")
@requires(WEIGHER, OWNER)
def show(contract_id: int) -> tuple[str, int]:
    """One contract: what was promised, how far it is, what came under it."""
    return _page(contract_id, Form())


def _page(contract_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        contract = session.get(Contract, bounded(contract_id))
        if contract is None:
            raise NotFound("没有这份合同。", "There is no such contract.")
        page = render_template(
            "weigh/contract.html",
            contract=contract,
            goods=_words(contract),
            deliveries=queries.deliveries(session, contract_id=contract.id),
            form=form,
            problem=problem,
            today=today(),
        )
    return page, problem.status if problem else 200


@blueprint.post("/<int:contract_id>/end")
@requires(OWNER)
def end_contract(contract_id: int) -> Response | tuple[str, int]:
    """End it before its season is over."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=200)
        form.check()
        with transaction() as session:
            service.end_contract(session, bounded(contract_id), reason=reason, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(contract_id, form, problem)
    flash(
        t("合同结束了。已交的货和应付款不变。", "The contract has ended. What was delivered and is owed stays."), "done"
    )
    return redirect(url_for("weigher.contracts.show", contract_id=contract_id), 303)
