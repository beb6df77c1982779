"""Weighing in: choose the farmer, type what the scale says, see the working, write it, print the slip."""

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.weigher_words import bounded, percent_words, today, typed_key
from fulfillment.labels.codes import qr_svg
from fulfillment.purchasing import queries, service
from fulfillment.purchasing.forms import read_weigh_in
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.rules import Slip
from fulfillment.purchasing.settlements import service as settlements
from kernel.errors import NotFound, Problem, Refused
from kernel.forms import Form
from kernel.http import actor, flows, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("deliveries", __name__)

_PAGE = 40


class FigureChanged(Refused):
    """The amount on the screen is not the amount that would be written."""

    code = "figure_changed"

    def __init__(self) -> None:
        super().__init__(
            "金额和刚才看到的不一样，请再看一遍再确认。",
            "The amount differs from what was on the screen. Look again, then confirm.",
        )


@blueprint.get("/in")
@requires(WEIGHER, OWNER)
def choose() -> str:
    """Who is at the scale: by name, initials or village; a farmer with two contracts stands there twice."""
    search = request.args.get("q", "")[:40]
    with transaction() as session:
        found = growers.farmers(session, search)
        by_farmer: dict[int, list[Contract]] = {}
        for contract in growers.contracts(session, on=today()):
            by_farmer.setdefault(contract.farmer_id, []).append(contract)
        return render_template("weigh/choose.html", farmers=found, by_farmer=by_farmer, search=search)


@blueprint.get("/in/<int:contract_id>")
@requires(WEIGHER, OWNER)
def weigh_in_form(contract_id: int) -> str | tuple[str, int]:
    """What the scale and the moisture meter say."""
    with transaction() as session:
        return _page(session, contract_id, Form({"foreign": "0"}), show_working=False)


@blueprint.post("/in/<int:contract_id>")
@requires(WEIGHER, OWNER)
def weigh_in(contract_id: int) -> Response | str | tuple[str, int]:
    """Work the price out; written only when the amount that was seen is confirmed."""
    form = Form(request.form)
    try:
        facts = read_weigh_in(form, bounded(contract_id), today())
        if form.value("step") == "confirm":
            return redirect(url_for("weigher.deliveries.show", delivery_id=_write(facts, str(form.value("seen")))), 303)
    except Problem as problem:
        with transaction() as session:
            return _page(session, contract_id, form, problem)
    with transaction() as session:
        return _page(session, contract_id, form)


def _write(facts: service.WeighIn, seen: str) -> int:
    """Write the delivery unless its amount or quote is not the one that was seen; returns its id."""
    with transaction() as session:
        delivery: Delivery = flows().weigh_in(session, facts, key=typed_key(), today=today(), now=utc_now(), by=actor())
        if seen_mark(service.slip_of(delivery)) != seen:
            raise FigureChanged
        return delivery.id


def seen_mark(slip: Slip) -> str:
    """What the screen showed: the amount and the quote that led to it."""
    return f"{slip.price.pay_fen}.{slip.quote.id}"


@blueprint.post("/in/<int:contract_id>/working")
@requires(WEIGHER, OWNER)
def working(contract_id: int) -> str:
    """The working alone, or why there is none, for the page to show while somebody types; nothing is written."""
    form = Form(request.form)
    with transaction() as session:
        contract = _contract(session, contract_id)
        slip, problem = _try_working(session, contract, form)
        return render_template(
            "weigh/working.html",
            contract=contract,
            slip=slip,
            seen=slip and seen_mark(slip),
            form=form,
            problem=problem,
        )


def _contract(session: Session, contract_id: int) -> Contract:
    contract = session.get(Contract, bounded(contract_id))
    if contract is None:
        raise NotFound("没有这份合同。", "There is no such contract.")
    return contract


def _try_working(session: Session, contract: Contract, form: Form) -> tuple[Slip | None, Problem | None]:
    try:
        facts = read_weigh_in(form, contract.id, today())
        return service.work_out(session, facts, today()).slip, None
    except Problem as problem:
        form.errors.update(problem.fields)
        return None, problem


def _page(
    session: Session, contract_id: int, form: Form, problem: Problem | None = None, *, show_working: bool = True
) -> tuple[str, int]:
    """The form with what was typed and, when it can be worked out, the working."""
    contract = _contract(session, contract_id)
    slip, found = _try_working(session, contract, form) if show_working else (None, None)
    said = problem or found
    written = queries.delivery_by_key(session, typed_key()) if isinstance(said, service.KeyReused) else None
    page = render_template(
        "weigh/weigh_in.html",
        contract=contract,
        grade_options=_grade_options(session, contract),
        form=form,
        slip=slip,
        seen=slip and seen_mark(slip),
        problem=said,
        written=written,
        key=typed_key(),
        today=today(),
    )
    return page, said.status if said else 200


def _grade_options(session: Session, contract: Contract) -> list[tuple[str, str, str]]:
    """The grades to tap, each with what it takes off."""
    return [
        (
            grade.name,
            grade.name,
            t("减 {rate}%", "less {rate} %", rate=percent_words(grade.deduction_bps)) if grade.deduction_bps else "",
        )
        for grade in growers.agreed_grades(contract)
    ]


@blueprint.get("/deliveries")
@requires(WEIGHER, OWNER)
def all_deliveries() -> str:
    """Every delivery, newest first."""
    before = request.args.get("before", "")
    last_id = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    with transaction() as session:
        found = queries.deliveries(session, before=last_id, most=_PAGE)
        return render_template(
            "weigh/deliveries.html", deliveries=found, is_first_page=last_id is None, page_size=_PAGE
        )


@blueprint.get("/deliveries/<int:delivery_id>")
@requires(WEIGHER, OWNER)
def show(delivery_id: int) -> tuple[str, int]:
    """A delivery that is written: what it pays, and the slip to print."""
    return _delivery_page(delivery_id, Form())


def _delivery_page(delivery_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        delivery = _delivery(session, delivery_id)
        page = render_template(
            "weigh/delivery.html", delivery=delivery, slip=service.slip_of(delivery), form=form, problem=problem
        )
    return page, problem.status if problem else 200


@blueprint.post("/deliveries/<int:delivery_id>/take-back")
@requires(OWNER)
def take_back(delivery_id: int) -> Response | tuple[str, int]:
    """It was written by mistake: the owner takes it back, and the line beside it says why."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=120)
        form.check()
        with transaction() as session:
            settlements.take_back(session, bounded(delivery_id), reason=reason, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _delivery_page(delivery_id, form, problem)
    return redirect(url_for("weigher.deliveries.show", delivery_id=delivery_id), 303)


@blueprint.get("/deliveries/<int:delivery_id>/slip")
@requires(WEIGHER, OWNER)
def print_slip(delivery_id: int) -> str:
    """The farmer's slip on 100 x 150 mm: every line of the working, and a code that leads to the lot's story."""
    with transaction() as session:
        delivery = _delivery(session, delivery_id)
        story_url = setting("public_url") + url_for("storefront.trace", number=delivery.lot.number)
        return render_template(
            "weigh/slip.html",
            delivery=delivery,
            payable=queries.payable_of(session, delivery.id),
            slip=service.slip_of(delivery),
            code=qr_svg(story_url),
        )


def _delivery(session: Session, delivery_id: int) -> Delivery:
    delivery = session.get(Delivery, bounded(delivery_id))
    if delivery is None:
        raise NotFound("没有这次交货。", "There is no such delivery.")
    return delivery
