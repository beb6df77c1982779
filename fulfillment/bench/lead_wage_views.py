"""Piece rates from a day on, and what everybody earned in a span of days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.exports import csv_answer
from fulfillment.packing.service import PACK
from fulfillment.piecework import queries, service
from fulfillment.piecework.models import PieceRate
from fulfillment.piecework.queries import PersonWages
from kernel import once
from kernel.clock import day_bounds, local_day
from kernel.errors import Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.sheets import plain_yuan
from kernel.text import t

blueprint = Blueprint("wages", __name__)

# No parcel pays more: a 60 typed for 0.60 is caught here.
_HIGHEST_RATE_FEN = 2_000
_HEAVIEST_G = 50_000
_FURTHEST = timedelta(days=366)
_LONGEST_SPAN = timedelta(days=400)


@dataclass(frozen=True)
class _Wish:
    """A rate that somebody wants to set, before it is confirmed."""

    up_to_g: int
    rate_fen: int
    valid_from: date


def _today() -> date:
    return local_day(utc_now(), setting("workshop_zone"))


@blueprint.get("/rates")
@requires(LEAD, OWNER)
def rates() -> str:
    """What a piece pays now, what is coming, what it was."""
    with transaction() as session:
        return _rates_page(session, Form({"valid_from": _today().isoformat()}), None)


@blueprint.post("/rates")
@requires(LEAD, OWNER)
def set_rate() -> Response | str | tuple[str, int]:
    """Show what the new rate would change; set it once it is confirmed."""
    form = Form(request.form)
    try:
        wish = _read_wish(form)
        with transaction() as session:
            if not form.ticked("confirmed"):
                return _rates_page(session, form, wish)
            _set(session, form, wish)
    except Problem as problem:
        form.errors.update(problem.fields or {"valid_from": problem.text})
        with transaction() as session:
            return _rates_page(session, form, None), problem.status
    flash(
        t(
            "从 {day} 起按新单价算，之前领走的活还按原来的。",
            "The rate holds from {day}; work taken before keeps its own.",
            day=wish.valid_from,
        ),
        "done",
    )
    return redirect(url_for("lead.wages.rates"), code=303)


def _read_wish(form: Form) -> _Wish:
    today = _today()
    up_to_g = form.kg("up_to", low_g=1, high_g=_HEAVIEST_G)
    rate_fen = form.yuan("rate", low_fen=1, high_fen=_HIGHEST_RATE_FEN)
    valid_from = form.date("valid_from")
    if valid_from and not today <= valid_from <= today + _FURTHEST:
        form.refuse("valid_from", "请填今天到一年内的日期。", "Give a day from today to a year from now.")
    form.check()
    return _Wish(up_to_g, rate_fen, valid_from)


def _set(session: Session, form: Form, wish: _Wish) -> None:
    if once.is_first(session, form.values, purpose="piece-rate", by=actor(), now=utc_now()):
        service.set_rate(
            session,
            operation=PACK,
            up_to_g=wish.up_to_g,
            rate_fen=wish.rate_fen,
            valid_from=wish.valid_from,
            now=utc_now(),
            by=actor(),
        )


def _rates_page(session: Session, form: Form, wish: _Wish | None) -> str:
    every = queries.all_rates(session)
    now = _in_force(every, _today())
    return render_template(
        "lead/rates.html",
        form=form,
        wish=wish,
        before=_in_force(every, wish.valid_from).get(wish.up_to_g) if wish else None,
        now=[now[size] for size in sorted(now)],
        coming=[rate for rate in reversed(every) if rate.valid_from > _today()],
        past=[rate for rate in every if rate.valid_from <= _today() and now[rate.up_to_g] is not rate],
        form_key=once.new_key(),
    )


def _in_force(rates: Sequence[PieceRate], day: date) -> dict[int, PieceRate]:
    """The rate of each size on a day: of those that hold by then, the newest."""
    by_size: dict[int, PieceRate] = {}
    for rate in sorted(rates, key=lambda rate: rate.valid_from):
        if rate.operation == PACK and rate.valid_from <= day:
            by_size[rate.up_to_g] = rate
    return by_size


@dataclass(frozen=True)
class _Span:
    """Days from the first to the last, both counted."""

    first: date
    last: date


def _read_span() -> tuple[_Span, Form]:
    """The days asked for; this month when none are, and with an error at its field when they make no sense."""
    today = _today()
    usual = _Span(today.replace(day=1), today)
    form = Form({"from": usual.first.isoformat(), "to": usual.last.isoformat(), **request.args})
    first, last = form.date("from"), form.date("to")
    if not form.errors and not timedelta(0) <= last - first <= _LONGEST_SPAN:
        form.refuse("to", "请填开始那天到之后 400 天内的日期。", "Give a day from the first one to 400 days after it.")
    return (usual if form.errors else _Span(first, last)), form


def _wages(session: Session, span: _Span) -> list[PersonWages]:
    zone = setting("workshop_zone")
    start, end = day_bounds(span.first, zone)[0], day_bounds(span.last, zone)[1]
    return queries.wages_by_person(session, start, end)


@blueprint.get("/wages")
@requires(LEAD, OWNER)
def wages() -> tuple[str, int]:
    """What everybody earned in a span of days."""
    span, form = _read_span()
    with transaction() as session:
        page = render_template("lead/wages.html", span=span, form=form, people=_wages(session, span))
    return page, 422 if form.errors else 200


@blueprint.get("/wages/paper")
@requires(LEAD, OWNER)
def wages_paper() -> str:
    """The same on paper, with a line for each signature."""
    span, _ = _read_span()
    with transaction() as session:
        return render_template("lead/wages_paper.html", span=span, people=_wages(session, span))


@blueprint.get("/wages.csv")
@requires(LEAD, OWNER)
def wages_csv() -> Response:
    """The same as a file."""
    span, _ = _read_span()
    header = [t("姓名", "Name"), t("件数", "Pieces"), t("金额（元）", "Yuan")]
    with transaction() as session:
        rows = [(one.name, one.pieces, plain_yuan(one.fen)) for one in _wages(session, span)]
    return csv_answer(header, rows, f"wages-{span.first}-{span.last}")
