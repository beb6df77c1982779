"""What the owner decides about pay: the period of the legal minimum, its sums, the calendar, how each person is paid."""

import re
from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.wage_forms import bounded, is_sent_again, today
from fulfillment.piecework.minimum import queries, rules, service
from fulfillment.piecework.minimum.models import PayFacts
from fulfillment.piecework.pay import leavers
from fulfillment.piecework.pay.rules import BANK, METHODS
from fulfillment.piecework.work.queries import workers
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.parse import FieldError
from kernel.people.models import Person
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("terms", __name__, url_prefix="/terms")

_ACCOUNT = re.compile(r"[0-9]{8,30}", re.ASCII)
_TIERS = ("1", "2", "3", "4")
_SHOWN_DAYS = timedelta(days=400)
_FURTHEST = timedelta(days=800)


@blueprint.get("")
@requires(LEAD, OWNER)
def index() -> str:
    """What holds, in plain words; the owner changes it."""
    with transaction() as session:
        return _page(session, Form())


def _page(session: Session, form: Form) -> str:
    terms = queries.terms_on(session, today())
    first = today().replace(month=1, day=1)
    if not form.values and terms:
        form = Form({"period": terms.period, "tier": str(terms.tier), "valid_from": today().isoformat(),
                     **{f"rest_{day}": "1" for day in terms.rest_weekdays}})  # fmt: skip
    return render_template(
        "lead/terms.html",
        form=form,
        terms=terms,
        minimum=queries.min_wage_on(session, today(), terms.tier) if terms else None,
        min_wages=queries.min_wages(session),
        days=queries.calendar(session, first, today() + _SHOWN_DAYS),
        today=today(),
        form_key=once.new_key(),
    )


@blueprint.post("")
@requires(OWNER)
def set_terms() -> Response | tuple[str, int]:
    """The owner chooses by which period the floor is tested, and which tier holds here."""
    form = Form(request.form)
    try:
        period = form.choice("period", rules.PERIODS)
        tier = form.choice("tier", _TIERS)
        valid_from = form.date("valid_from")
        form.check()
        rest = "".join(str(day) for day in range(1, 8) if form.ticked(f"rest_{day}"))
        with transaction() as session:
            if not is_sent_again(session, form, "pay-terms"):
                service.set_terms(
                    session,
                    period=period,
                    tier=int(tier),
                    rest_weekdays=rest,
                    valid_from=valid_from,
                    now=utc_now(),
                    by=actor(),
                )
    except Problem as problem:
        return _again(form, problem, "period")
    flash(t("记下了。", "Noted."), "done")
    return redirect(url_for("lead.wages.terms.index"), code=303)


@blueprint.post("/minimum")
@requires(OWNER)
def set_minimum() -> Response | tuple[str, int]:
    """The owner has read the notice: this is the minimum of a tier."""
    form = Form(request.form)
    try:
        tier = form.choice("min_tier", _TIERS)
        month_fen = form.yuan("month", low_fen=50_000, high_fen=1_000_000)
        valid_from = form.date("min_from")
        source = form.text("source", longest=100)
        form.check()
        with transaction() as session:
            service.set_min_wage(
                session,
                tier=int(tier),
                month_fen=month_fen,
                valid_from=valid_from,
                source=source,
                now=utc_now(),
                by=actor(),
            )
    except Problem as problem:
        return _again(form, problem, "month")
    flash(t("记下了。", "Noted."), "done")
    return redirect(url_for("lead.wages.terms.index"), code=303)


@blueprint.post("/days")
@requires(OWNER)
def set_day() -> Response | tuple[str, int]:
    """A day is a holiday, off or worked; or what its weekday says again."""
    form = Form(request.form)
    try:
        day = form.date("day")
        kind = form.choice("kind", (*rules.DAY_KINDS, "usual"))
        if day and not abs(day - today()) <= _FURTHEST:
            form.refuse("day", "请填两年以内的日期。", "Give a day within two years.")
        name = form.text("name", longest=20, required=kind != "usual")
        form.check()
        with transaction() as session:
            if kind == "usual":
                service.clear_day(session, day, now=utc_now(), by=actor())
            else:
                service.set_day(session, day=day, kind=kind, name=name, now=utc_now(), by=actor())
    except Problem as problem:
        return _again(form, problem, "day")
    flash(t("记下了。", "Noted."), "done")
    return redirect(url_for("lead.wages.terms.index"), code=303)


def _again(form: Form, problem: Problem, field: str) -> tuple[str, int]:
    form.errors.update(problem.fields or {field: problem.text})
    with transaction() as session:
        return _page(session, form), problem.status


@blueprint.get("/people")
@requires(LEAD, OWNER)
def people() -> str:
    """How everybody is paid; account numbers show their last four digits."""
    with transaction() as session:
        return _people_page(session)


def _people_page(session: Session, problem: Problem | None = None) -> str:
    return render_template(
        "lead/pay_people.html",
        people=workers(session),
        facts=queries.all_facts(session),
        leavers=leavers.leavers(session),
        problem=problem,
    )


@blueprint.post("/people/<int:person_id>/forget")
@requires(OWNER)
def forget_account(person_id: int) -> Response | tuple[str, int]:
    """The bank details of somebody who has left are deleted, once nothing is owed."""
    try:
        with transaction() as session:
            leavers.forget_account(session, bounded(person_id), now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        with transaction() as session:
            return _people_page(session, problem), problem.status
    flash(t("账号删掉了。", "The account is deleted."), "done")
    return redirect(url_for("lead.wages.terms.people"), code=303)


@blueprint.get("/people/<int:person_id>")
@requires(OWNER)
def person(person_id: int) -> str:
    """One person's pay: employee or not, cash or bank."""
    with transaction() as session:
        found = _person(session, person_id)
        facts = queries.facts_of(session, person_id)
        typed = {"method": facts.method, "bank": facts.bank, "holder": facts.account_holder,
                 "is_employee": "1" if facts.is_employee else ""}  # fmt: skip
        return _person_page(session, found, Form(typed))


@blueprint.post("/people/<int:person_id>")
@requires(OWNER)
def set_person(person_id: int) -> Response | tuple[str, int]:
    """The owner decides; an account number left empty stays as it is."""
    form = Form(request.form)
    with transaction() as session:
        found = _person(session, person_id)
    try:
        with transaction() as session:
            service.set_facts(session, _read_facts(session, person_id, form), now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields or {"method": problem.text})
        with transaction() as session:
            return _person_page(session, found, form), problem.status
    flash(t("记下了。", "Noted."), "done")
    return redirect(url_for("lead.wages.terms.people"), code=303)


def _read_facts(session: Session, person_id: int, form: Form) -> PayFacts:
    known = queries.facts_of(session, person_id)
    method = form.choice("method", METHODS)
    bank = form.text("bank", longest=40, required=method == BANK)
    holder = form.text("holder", longest=40, required=method == BANK)
    number = form.read("account", _read_account) or known.account_number
    if method == BANK and not number:
        form.refuse("account", "请填账号。", "Give the account number.")
    form.check()
    return PayFacts(
        person_id=person_id,
        is_employee=form.ticked("is_employee"),
        method=method,
        bank=bank if method == BANK else "",
        account_holder=holder if method == BANK else "",
        account_number=number if method == BANK else "",
    )


def _read_account(raw: object) -> str:
    """An account number of 8 to 30 digits; spaces are what people type between groups."""
    digits = str(raw or "").replace(" ", "").replace("-", "")
    if digits and not _ACCOUNT.fullmatch(digits):
        raise FieldError("账号是 8 到 30 位数字。", "An account number has 8 to 30 digits.")
    return digits


def _person(session: Session, person_id: int) -> Person:
    found = session.get(Person, bounded(person_id))
    if found is None:
        raise NotFound("没有这个人。", "There is no such person.")
    return found


def _person_page(session: Session, found: Person, form: Form) -> str:
    facts = queries.facts_of(session, found.id)
    return render_template("lead/pay_person_facts.html", person=found, form=form, account=facts.account_number)
