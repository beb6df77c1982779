"""Settlement runs: many farmers chosen at once, the draft looked at and changed, closed by a second person."""

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import settlement_words
from fulfillment.bench.weigher_words import bounded, today, typed_key
from fulfillment.purchasing.runs import queries, rules, service
from fulfillment.purchasing.runs.service import Choice
from fulfillment.purchasing.settlements.forms import read_set_off
from fulfillment.purchasing.settlements.models import SettlementRun
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("runs", __name__, url_prefix="/pay/runs")

_MOST_FARMERS = 1_000


@blueprint.get("")
@requires(WEIGHER, OWNER, LEAD)
def index() -> str:
    """Drafts and closed runs, newest first."""
    with transaction() as session:
        return render_template("weigh/pay_runs.html", runs=queries.runs(session))


@blueprint.get("/new")
@requires(OWNER, LEAD)
def choose() -> str:
    """Who has something due by a day; everybody is ticked."""
    with transaction() as session:
        return _choose_page(session, Form({"due_by": settlement_words.asked_day("due_by", today()).isoformat()}), None)


def _choose_page(session: Session, form: Form, ticked: list[str] | None) -> str:
    by = settlement_words.asked_day("due_by", today()) if ticked is None else _typed_day(form)
    found = queries.due(session, by)
    return render_template(
        "weigh/pay_run_new.html",
        due=found,
        due_by=by,
        ticked={str(each.farmer.id) for each in found} if ticked is None else set(ticked),
        form=form,
        key=typed_key(),
        cap_bps=setting("set_off_most_bps"),
    )


def _typed_day(form: Form) -> date:
    typed = Form(form.values).date("due_by")
    return typed or today()


@blueprint.post("/new")
@requires(OWNER, LEAD)
def draft() -> Response | tuple[str, int]:
    """Make a draft: nothing is paid by it."""
    form, ticked = Form(request.form), request.form.getlist("farmer")
    try:
        due_by = form.date("due_by")
        farmers = form.read("farmer", lambda _: _ids(ticked))
        form.check()
        cap_bps = setting("set_off_most_bps")
        choice = Choice(due_by, farmers, cap_bps if form.ticked("set_off") else 0)
        with transaction() as session:
            run = service.make_draft(session, choice, cap_bps=cap_bps, key=typed_key(), now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields or {"farmer": problem.text})
        with transaction() as session:
            return _choose_page(session, form, ticked), problem.status
    return redirect(url_for(".show", settlement_run_id=run.id), 303)


def _ids(ticked: list[str]) -> frozenset[int]:
    if not ticked:
        raise FieldError("请选要付的农户。", "Choose whom to pay.")
    if len(ticked) > _MOST_FARMERS:
        raise FieldError(f"一次最多 {_MOST_FARMERS} 位。", f"At most {_MOST_FARMERS} at a time.")
    return frozenset(parse_count(raw, 1, 2**62) for raw in ticked)


@blueprint.get("/<int:settlement_run_id>")
@requires(WEIGHER, OWNER, LEAD)
def show(settlement_run_id: int) -> str:
    """A draft farmer by farmer, or a closed run with how each payment ended."""
    with transaction() as session:
        return run_page(session, settlement_run_id, Form())


def find_run(session: Session, run_id: int) -> SettlementRun:
    """The run, or 404."""
    run = session.get(SettlementRun, bounded(run_id))
    if run is None:
        raise NotFound("没有这次结算。", "There is no such settlement run.")
    return run


def run_page(session: Session, run_id: int, form: Form) -> str:
    """The page of a run as it is now; what was refused stands at its top."""
    run = find_run(session, run_id)
    person = current_person()
    if run.state != rules.DRAFT:
        found = queries.outcomes(session, run)
        return render_template("weigh/pay_run.html", run=run, outcomes=found, form=form)
    reviewed = queries.review(session, run)
    return render_template(
        "weigh/pay_review.html",
        run=run,
        reviewed=reviewed,
        questions=queries.open_questions(session),
        seen_fen=sum(each.plan.total_fen for each in reviewed if each.is_paid),
        seen_farmers=sum(each.is_paid for each in reviewed),
        marked=sum(bool(each.marks) for each in reviewed),
        is_maker=person is not None and person.id == run.made_by_id,
        form=form,
    )


def again(run_id: int, form: Form, problem: Problem, field: str) -> tuple[str, int]:
    """The page of a run with what was refused, what was typed kept."""
    if problem.status == 404:
        raise problem
    if not form.errors:
        form.errors[field] = next(iter(problem.fields.values()), problem.text)
    with transaction() as session:
        return run_page(session, run_id, form), problem.status


@blueprint.post("/<int:settlement_run_id>/set-off")
@requires(OWNER, LEAD)
def set_off(settlement_run_id: int) -> Response | tuple[str, int]:
    """Keep another sum of one farmer's payment."""
    form = Form(request.form)
    try:
        farmer_id = form.count("farmer", 1, 2**62)
        fen = form.read("set_off", read_set_off)
        form.check()
        with transaction() as session:
            service.set_off(session, bounded(settlement_run_id), farmer_id, fen, now=utc_now(), by=actor())
    except Problem as problem:
        return again(settlement_run_id, form, problem, f"set_off_{form.value('farmer')}")
    return redirect(url_for(".show", settlement_run_id=settlement_run_id), 303)


@blueprint.post("/<int:settlement_run_id>/leave-out")
@requires(OWNER, LEAD)
def leave_out(settlement_run_id: int) -> Response | tuple[str, int]:
    """One line, or one farmer, is not paid with this draft."""
    form = Form(request.form)
    try:
        what = form.choice("what", ("payable", "farmer"))
        number = form.count("id", 1, 2**62)
        form.check()
        leave = {"payable": service.leave_out, "farmer": service.leave_farmer_out}[what]
        with transaction() as session:
            leave(session, bounded(settlement_run_id), number)
    except Problem as problem:
        return again(settlement_run_id, form, problem, "close")
    return redirect(url_for(".show", settlement_run_id=settlement_run_id), 303)


@blueprint.post("/<int:settlement_run_id>/drop")
@requires(OWNER, LEAD)
def drop(settlement_run_id: int) -> Response | tuple[str, int]:
    """Do not pay now: nothing was taken."""
    try:
        with transaction() as session:
            service.drop(session, bounded(settlement_run_id), now=utc_now(), by=actor())
    except Problem as problem:
        return again(settlement_run_id, Form(), problem, "close")
    flash(t("这次不付了，什么都没有动。", "Not paid now; nothing was touched."), "done")
    return redirect(url_for(".index"), 303)


@blueprint.post("/<int:settlement_run_id>/close")
@requires(OWNER, LEAD)
def close(settlement_run_id: int) -> Response | tuple[str, int]:
    """A second person closes what stood on the screen."""
    form = Form(request.form)
    try:
        seen_fen = form.count("seen_fen", 0, 10**12)
        seen_farmers = form.count("seen_farmers", 0, 100_000)
        form.check()
        with transaction() as session:
            service.close(
                session,
                bounded(settlement_run_id),
                seen_fen=seen_fen,
                seen_farmers=seen_farmers,
                now=utc_now(),
                by=actor(),
            )
    except Problem as problem:
        return again(settlement_run_id, form, problem, "close")
    flash(t("定好了。现在可以付钱了。", "Closed. The money can be paid now."), "done")
    return redirect(url_for(".show", settlement_run_id=settlement_run_id), 303)


blueprint.context_processor(settlement_words.words)
