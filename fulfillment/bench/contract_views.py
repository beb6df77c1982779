"""Contracts: found, filtered and exported, one with how far it is, signing, renewing, ending. The owner promises."""

from datetime import timedelta
from itertools import pairwise

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from fulfillment.bench.contract_words import (
    EXPORT_COLUMNS,
    changes,
    export_row,
    filter_words,
    goods_words,
    over_choices,
    term_lines,
)
from fulfillment.bench.weigher_words import bounded, kind_words, today
from fulfillment.purchasing import queries
from fulfillment.purchasing.growers import contract_queries as contracts
from fulfillment.purchasing.growers import contract_service as service
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.contract_forms import (
    Goods,
    goods_to_contract,
    read_contract,
    refuse_if_doubled,
    typed_promise,
)
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.growers.rules import next_season
from fulfillment.purchasing.quotes import queries as quotes
from fulfillment.purchasing.quotes.rules import Kind
from fulfillment.purchasing.quotes.xinfadi import MARKET as FEED_MARKET
from kernel.errors import NotFound, Problem
from kernel.files import csv_answer
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.parse import FieldError, parse_count, parse_date
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("contracts", __name__, url_prefix="/contracts")

# What a new contract begins with; all of it can be changed before signing.
_USUAL = {
    "premium": "10",
    "tolerance": "10",
    "quote_days": "3",
    "median_days": "1",
    "payment_days": "7",
    "standard_moisture": "13",
    "reject_above": "18",
    "over_rule": "same_terms",
}
_SEASON = timedelta(days=180)
_PAGE = 30


@blueprint.get("")
@requires(WEIGHER, OWNER)
def all_contracts() -> str:
    """Contracts of one filter, those that end first first, with what came and what should have come."""
    show, search, after = _asked()
    with transaction() as session:
        found = contracts.listed(session, on=today(), show=show, search=search, after=after, most=_PAGE + 1)
        last = found[_PAGE - 1].contract if len(found) > _PAGE else None
        place = f"{last.season_end}.{last.id}" if last else ""
        return render_template(
            "weigh/contracts.html",
            found=found[:_PAGE],
            counts=contracts.counts(session, today()),
            filters=filter_words(),
            show=show,
            search=search,
            older=url_for("weigher.contracts.all_contracts", show=show, q=search, after=place) if last else "",
            goods_words=goods_words,
            today=today(),
        )


def _asked() -> tuple[str, str, contracts.Place | None]:
    """The filter, the words and the place in the address line; what is broken counts as not given."""
    show = request.args.get("show", "")
    day, _, number = request.args.get("after", "").partition(".")
    try:
        after = (parse_date(day), parse_count(number, 0, 2**62)) if day else None
    except FieldError:
        after = None
    return show if show in contracts.FILTERS else contracts.RUNNING, request.args.get("q", "")[:40], after


@blueprint.get("/export.csv")
@requires(WEIGHER, OWNER)
def export() -> Response:
    """What the list shows, all pages of it, as a sheet."""
    show, search, _ = _asked()
    with transaction() as session:
        found = contracts.listed(session, on=today(), show=show, search=search, most=None)
        return csv_answer(f"contracts-{show}-{today()}", EXPORT_COLUMNS, map(export_row, found))


@blueprint.get("/new")
@requires(OWNER)
def new_contract() -> tuple[str, int]:
    """A new promise to a grower; with ``renews`` it begins with the terms of that contract for the next season."""
    with transaction() as session:
        last = _renewed(session)
        if last:
            terms = service.renewal_terms(last)
            goods = next((key for key, (_, grade) in _goods(session).items() if _is_of(last, key, grade.name)), "")
            return _form_page(Form({**typed_promise(terms), "farmer": f"{last.farmer_id}", "goods": goods}))
    season = {"season_start": today().isoformat(), "season_end": (today() + _SEASON).isoformat()}
    return _form_page(Form({**_USUAL, **season, "farmer": request.args.get("farmer", "")[:20]}))


def _renewed(session: Session) -> Contract | None:
    """The contract that the address names as the one to renew."""
    number = request.args.get("renews", "")
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    return session.get(Contract, int(number)) if is_number else None


def _is_of(contract: Contract, key: str, grade: str) -> bool:
    return key.startswith(f"{contract.variant_id}-") and grade == contract.grade


@blueprint.post("/new")
@requires(OWNER)
def sign_contract() -> BaseResponse | tuple[str, int]:
    """Sign it."""
    form = Form(request.form)
    try:
        with transaction() as session:
            farmers = {farmer.id for farmer in growers.farmers(session, most=2_000)}
            last = _renewed(session)
            terms = read_contract(form, farmers, _goods(session), last.id if last else None)
            before = contracts.last_of_kind(session, terms.farmer_id, terms.product, terms.form, terms.grade)
            refuse_if_doubled(form, terms.agreed_g, before)
            contract = service.create_contract(session, terms, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _form_page(form, problem)
    flash(
        t("合同签好了。打印出来请双方签字，再拍照存上。", "Written. Print it, let both sides sign, and keep a photo."),
        "done",
    )
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
            markets=market_options(session),
            over_options=over_choices(),
        )
    return page, problem.status if problem else 200


def market_options(session: Session) -> list[tuple[str, str]]:
    """The markets that a contract can name."""
    return [(name, name) for name in sorted({*quotes.markets(session), FEED_MARKET})]


@blueprint.get("/<int:contract_id>")
@requires(WEIGHER, OWNER)
def show(contract_id: int) -> tuple[str, int]:
    """One contract: what was promised, how far it is, what came under it, its versions and its signed pages."""
    return contract_page(contract_id, Form())


def find_contract(session: Session, contract_id: int) -> Contract:
    """The contract, or 404."""
    contract = session.get(Contract, bounded(contract_id))
    if contract is None:
        raise NotFound("没有这份合同。", "There is no such contract.")
    return contract


def contract_page(contract_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    """The page of a contract, also when a form on it was refused."""
    with transaction() as session:
        contract = find_contract(session, contract_id)
        versions = growers.versions(session, contract.id)
        page = render_template(
            "weigh/contract.html",
            contract=contract,
            standing=contracts.standing_of(contract, today()),
            lines=term_lines(contract),
            versions=versions,
            amended=[(after, changes(before, after)) for after, before in pairwise(versions)],
            pages=contracts.pages_of(session, contract.id),
            renewal=service.renewal_of(session, contract.id),
            may_renew=contract.active and contract.season_end <= today() + contracts.ENDING_DAYS,
            next_season=next_season(contract.season_start, contract.season_end),
            goods=goods_words(contract),
            deliveries=queries.deliveries(session, contract_id=contract.id),
            form=form,
            problem=problem,
            today=today(),
        )
    return page, problem.status if problem else 200


@blueprint.post("/<int:contract_id>/renew")
@requires(OWNER)
def renew(contract_id: int) -> BaseResponse | tuple[str, int]:
    """Sign the same terms for the next season; pressed twice, the first renewal is shown."""
    try:
        with transaction() as session:
            renewed = service.renew_contract(session, bounded(contract_id), now=utc_now(), by=actor())
    except Problem as problem:
        return contract_page(contract_id, Form(), problem)
    flash(
        t("照旧续了一季。打印出来请双方签字。", "Renewed with the same terms. Print it and let both sides sign."),
        "done",
    )
    return redirect(url_for("weigher.contracts.show", contract_id=renewed.id), 303)


@blueprint.post("/<int:contract_id>/end")
@requires(OWNER)
def end_contract(contract_id: int) -> BaseResponse | tuple[str, int]:
    """End it before its season is over."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=200)
        form.check()
        with transaction() as session:
            service.end_contract(session, bounded(contract_id), reason=reason, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return contract_page(contract_id, form, problem)
    flash(
        t("合同结束了。已交的货和应付款不变。", "The contract has ended. What was delivered and is owed stays."), "done"
    )
    return redirect(url_for("weigher.contracts.show", contract_id=contract_id), 303)
