"""What went wrong with couriers, as work for the lead: what to do, notes, an end."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.couriers.cases import queries, service
from fulfillment.couriers.cases.rules import CHOSEN, LONGEST_NOTE
from fulfillment.couriers.tracking import queries as tracking
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("cases", __name__, url_prefix="/courier-cases")


@blueprint.get("")
@requires(LEAD, OWNER)
def list_cases() -> str:
    """Open cases, the oldest first; ``?settled=1`` shows those that are done."""
    with transaction() as session:
        return _page(session, Form(), settled=request.args.get("settled") == "1")


@blueprint.post("/<int:case_id>/note")
@requires(LEAD, OWNER)
def add_note(case_id: int) -> Response | tuple[str, int]:
    """Write down what was done or learned; a double tap writes it once."""
    form = Form(request.form)
    try:
        words = form.text("words", longest=LONGEST_NOTE, lines=True)
        form.check()
        with transaction() as session:
            if once.is_first(session, form.values, purpose=f"case-note:{case_id}", by=actor(), now=utc_now()):
                service.add_note(session, _bounded(case_id), words, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _refused(form, problem, case_id)
    flash(t("记下了。", "Noted."), "done")
    return redirect(url_for("lead.cases.list_cases") + f"#case-{case_id}", code=303)


@blueprint.post("/<int:case_id>/settle")
@requires(LEAD, OWNER)
def settle(case_id: int) -> Response | tuple[str, int]:
    """The case is seen to; how it ended is kept."""
    form = Form(request.form)
    try:
        outcome = form.choice("outcome", CHOSEN)
        words = form.text("words", longest=LONGEST_NOTE, required=False, lines=True)
        form.check()
        with transaction() as session:
            service.settle(session, _bounded(case_id), outcome, words=words, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _refused(form, problem, case_id)
    flash(t("办完了，记下了。", "Settled and noted."), "done")
    return redirect(url_for("lead.cases.list_cases"), code=303)


def _refused(form: Form, problem: Problem, case_id: int) -> tuple[str, int]:
    form.errors.update(problem.fields or {"words": problem.text})
    with transaction() as session:
        return _page(session, form, settled=False, typed_for=case_id), problem.status


def _bounded(number: int) -> int:
    if number >= 2**62:
        raise NotFound
    return number


def _page(session: Session, form: Form, *, settled: bool, typed_for: int | None = None) -> str:
    cases = queries.cases(session, settled=settled)
    return render_template(
        "lead/courier_cases.html",
        cases=cases,
        waiting=queries.waiting(session),
        ways=tracking.ways_of(session, [case.parcel_id for case in cases], most=1),
        settled=settled,
        typed_for=typed_for,
        longest=LONGEST_NOTE,
        form=form,
        empty_form=Form(),
        form_key=once.new_key(),
    )
