"""Piece rates: what holds now, a new one from a day on, one that was typed wrong put right."""

from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.wage_forms import bounded, id_or_none, is_sent_again, today
from fulfillment.packing.service import PACK
from fulfillment.piecework import queries, service
from fulfillment.piecework.models import PieceRate
from fulfillment.piecework.work import queries as work
from fulfillment.piecework.work.models import WorkKind
from fulfillment.piecework.work.rules import ANY_SIZE_G
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t
from shop.catalog.models import Product

blueprint = Blueprint("rates", __name__, url_prefix="/rates")

# No parcel pays more: a 60 typed for 0.60 is caught here. Other work may be counted by the hundred.
_HIGHEST_RATE_FEN = 2_000
_HIGHEST_OTHER_FEN = 20_000
_HEAVIEST_G = 50_000
_FURTHEST = timedelta(days=366)


@dataclass(frozen=True)
class _Wish:
    """A rate that somebody wants to set, before it is confirmed."""

    operation: str
    product_id: int | None
    up_to_g: int
    rate_fen: int
    valid_from: date


@blueprint.get("")
@requires(LEAD, OWNER)
def index() -> str:
    """What a piece pays now, what is coming, what it was."""
    with transaction() as session:
        form = Form({"valid_from": today().isoformat(), "operation": request.args.get("operation", PACK)})
        return _page(session, form, None)


@blueprint.post("")
@requires(LEAD, OWNER)
def set_rate() -> Response | str | tuple[str, int]:
    """Show what the new rate would change; set it once it is confirmed."""
    form = Form(request.form)
    try:
        with transaction() as session:
            wish = _read_wish(session, form)
            if not form.ticked("confirmed"):
                return _page(session, form, wish)
            _set(session, form, wish)
    except Problem as problem:
        form.errors.update(problem.fields or {"valid_from": problem.text})
        with transaction() as session:
            return _page(session, form, None), problem.status
    flash(
        t(
            "从 {day} 起按新单价算，之前领走的活还按原来的。",
            "The rate holds from {day}; work taken before keeps its own.",
            day=wish.valid_from,
        ),
        "done",
    )
    return redirect(url_for("lead.wages.rates.index", operation=wish.operation), code=303)


def _read_wish(session: Session, form: Form) -> _Wish:
    form.values.setdefault("operation", PACK)
    operation = form.choice("operation", [PACK, *(kind.code for kind in work.kinds(session))])
    product_id = id_or_none(form.value("product"))
    if product_id is not None and session.get(Product, product_id) is None:
        form.refuse("product", "没有这个商品。", "There is no such product.")
    up_to_g = form.kg("up_to", low_g=1, high_g=_HEAVIEST_G) if operation == PACK else ANY_SIZE_G
    highest_fen = _HIGHEST_RATE_FEN if operation == PACK else _HIGHEST_OTHER_FEN
    rate_fen = form.yuan("rate", low_fen=1, high_fen=highest_fen)
    valid_from = form.date("valid_from")
    if valid_from and not today() <= valid_from <= today() + _FURTHEST:
        form.refuse("valid_from", "请填今天到一年内的日期。", "Give a day from today to a year from now.")
    form.check()
    return _Wish(operation, product_id, up_to_g, rate_fen, valid_from)


def _set(session: Session, form: Form, wish: _Wish) -> None:
    if once.is_first(session, form.values, purpose="piece-rate", by=actor(), now=utc_now()):
        service.set_rate(
            session,
            operation=wish.operation,
            product_id=wish.product_id,
            up_to_g=wish.up_to_g,
            rate_fen=wish.rate_fen,
            valid_from=wish.valid_from,
            now=utc_now(),
            by=actor(),
        )


def _page(session: Session, form: Form, wish: _Wish | None) -> str:
    kinds = {kind.code: kind for kind in work.kinds(session)}
    asked = form.value("operation")
    operation = asked if isinstance(asked, str) and asked in kinds else PACK
    every = queries.all_rates(session, operation)
    now = queries.rates_in_force(session, operation, today())
    holds = {rate.id for rate in now}
    return render_template(
        "lead/rates.html",
        form=form,
        wish=wish,
        before=_before(session, wish),
        operation=operation,
        kind=kinds.get(operation),
        kinds=[kind for kind in kinds.values() if kind.active],
        products=_titles(session),
        now=now,
        coming=[rate for rate in reversed(every) if rate.valid_from > today()],
        past=[rate for rate in every if rate.valid_from <= today() and rate.id not in holds],
        corrected=[rate for rate in queries.corrected_rates(session) if rate.operation == operation],
        today=today(),
        form_key=once.new_key(),
    )


def _before(session: Session, wish: _Wish | None) -> PieceRate | None:
    if wish is None:
        return None
    same = (wish.product_id or 0, wish.up_to_g)
    rates = queries.rates_in_force(session, wish.operation, wish.valid_from)
    return next((rate for rate in rates if (rate.product_key, rate.up_to_g) == same), None)


def _titles(session: Session) -> dict[int, str]:
    """Names of products in the language of the page, by id."""
    products = session.scalars(select(Product).order_by(Product.title_zh))
    return {product.id: t(product.title_zh, product.title_en) for product in products}


@blueprint.get("/<int:rate_id>/correct")
@requires(LEAD, OWNER)
def correct_form(rate_id: int) -> str:
    """Put right a rate that was typed wrong: what it should be, and why."""
    with transaction() as session:
        return _correct_page(session, rate_id, Form())


@blueprint.post("/<int:rate_id>/correct")
@requires(LEAD, OWNER)
def correct(rate_id: int) -> Response | str | tuple[str, int]:
    """Work that is taken from now on pays what is right; what was taken keeps what it was promised."""
    form = Form(request.form)
    try:
        with transaction() as session:
            wrong = _rate(session, rate_id)
            highest_fen = _HIGHEST_RATE_FEN if wrong.operation == PACK else _HIGHEST_OTHER_FEN
            rate_fen = form.yuan("rate", low_fen=1, high_fen=highest_fen)
            reason = form.text("reason", longest=100)
            form.check()
            if not form.ticked("confirmed"):
                return _correct_page(session, rate_id, form, rate_fen)
            if not is_sent_again(session, form, f"rate-correction:{rate_id}"):
                service.correct_rate(
                    session, rate_id, rate_fen=rate_fen, reason=reason, today=today(), now=utc_now(), by=actor()
                )
    except Problem as problem:
        form.errors.update(problem.fields or {"rate": problem.text})
        with transaction() as session:
            return _correct_page(session, rate_id, form), problem.status
    flash(t("改好了，从现在起领的活按新的算。", "Put right for work that is taken from now on."), "done")
    return redirect(url_for("lead.wages.rates.index", operation=wrong.operation), code=303)


def _rate(session: Session, rate_id: int) -> PieceRate:
    rate = session.get(PieceRate, bounded(rate_id))
    if rate is None:
        raise NotFound("没有这个单价。", "There is no such rate.")
    return rate


def _correct_page(session: Session, rate_id: int, form: Form, rate_fen: int | None = None) -> str:
    rate = _rate(session, rate_id)
    kind = session.scalar(select(WorkKind).where(WorkKind.code == rate.operation))
    return render_template(
        "lead/rate_correct.html",
        form=form,
        rate=rate,
        kind=kind,
        product=_titles(session).get(rate.product_id or 0),
        wish_fen=rate_fen,
        form_key=once.new_key(),
    )
