"""One person in a pay run: the payslip, what was handed out, what came back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.wage_forms import bounded, is_sent_again
from fulfillment.piecework.minimum.rules import Working
from fulfillment.piecework.pay import queries, rules, service
from fulfillment.piecework.pay.models import Payout, PayRun
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("pay_person", __name__, url_prefix="/pay/<int:run_id>/people/<int:person_id>")

PAPERS = ("80", "a5", "a4")


def payslip_facts(session: Session, run_id: int, person_id: int) -> dict[str, object]:
    """What a payslip shows, on the screen, on paper and in the pass book.

    Raises:
        NotFound: the person is not in this run.
    """
    run = session.get(PayRun, bounded(run_id))
    people = queries.people_of(session, run_id, bounded(person_id)) if run and run.state != rules.OPEN else []
    if run is None or not people:
        raise NotFound("没有这张工资条。", "There is no such payslip.")
    return {
        "run": run,
        "pay": people[0],
        "rows": queries.payslip(session, run_id, person_id),
        "workings": [Working.from_json(kept) for kept in queries.workings(session, run_id, person_id)],
        "payouts": queries.payouts_of(session, run_id, person_id),
    }


@blueprint.get("")
@requires(LEAD, OWNER)
def show(run_id: int, person_id: int) -> str:
    """The payslip, and handing out the money."""
    with transaction() as session:
        return _page(session, run_id, person_id, Form())


def _page(session: Session, run_id: int, person_id: int, form: Form) -> str:
    facts = payslip_facts(session, run_id, person_id)
    payouts = queries.payouts_of(session, run_id, person_id)
    back = {payout.reverses_id for payout in payouts}
    return render_template(
        "lead/pay_person.html", **facts, form=form, came_back=back, papers=PAPERS, form_key=once.new_key()
    )


@blueprint.get("/slip")
@requires(LEAD, OWNER)
def slip(run_id: int, person_id: int) -> str:
    """The payslip on paper: a roll of 80 mm, A5 or A4."""
    paper = request.args.get("paper", "a5")
    with transaction() as session:
        facts = payslip_facts(session, run_id, person_id)
        return render_template(
            "lead/payslip_paper.html", **facts, paper=paper if paper in PAPERS else "a5", papers=PAPERS
        )


@blueprint.post("/payouts")
@requires(OWNER)
def pay_out(run_id: int, person_id: int) -> Response | tuple[str, int]:
    """Money was handed out, whole or in part."""
    form = Form(request.form)
    try:
        fen = form.yuan("amount", low_fen=1, high_fen=10_000_000)
        method = form.choice("method", rules.METHODS)
        note = form.text("note", longest=100, required=False)
        form.check()
        with transaction() as session:
            if not is_sent_again(session, form, f"payout:{run_id}:{person_id}"):
                service.pay_out(
                    session,
                    bounded(run_id),
                    bounded(person_id),
                    fen=fen,
                    method=method,
                    note=note,
                    now=utc_now(),
                    by=actor(),
                )
    except Problem as problem:
        return _again(run_id, person_id, form, problem)
    flash(t("记下了。", "Noted."), "done")
    return redirect(url_for("lead.wages.pay_person.show", run_id=run_id, person_id=person_id), code=303)


@blueprint.post("/payouts/<int:payout_id>/came-back")
@requires(OWNER)
def came_back(run_id: int, person_id: int, payout_id: int) -> Response | tuple[str, int]:
    """The bank sent it back, or it was noted by mistake."""
    form = Form(request.form)
    try:
        note = form.text("back_note", longest=100)
        form.check()
        with transaction() as session:
            paid = session.get(Payout, bounded(payout_id))
            if paid is None or (paid.run_id, paid.person_id) != (run_id, person_id):
                raise NotFound("没有这笔付款。", "There is no such payment.")
            service.came_back(session, payout_id, note=note, now=utc_now(), by=actor())
    except Problem as problem:
        return _again(run_id, person_id, form, problem)
    flash(t("记下了，这笔钱还要再发。", "Noted; it is still to be paid."), "done")
    return redirect(url_for("lead.wages.pay_person.show", run_id=run_id, person_id=person_id), code=303)


def _again(run_id: int, person_id: int, form: Form, problem: Problem) -> tuple[str, int]:
    if problem.status == 404:
        raise problem
    form.errors.update(problem.fields or {"amount": problem.text})
    with transaction() as session:
        return _page(session, run_id, person_id, form), problem.status
