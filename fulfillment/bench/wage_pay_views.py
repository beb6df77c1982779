"""Pay runs: opened, looked at, closed by the owner; the bank's file, the cash list, the payroll."""

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import late_pay
from fulfillment.bench import wage_pay_files as files
from fulfillment.bench.wage_forms import bounded, is_sent_again, read_span, today
from fulfillment.piecework.minimum import queries as minimum
from fulfillment.piecework.pay import queries, rules, service
from fulfillment.piecework.pay.models import PayRun
from kernel import once
from kernel.audit import record_change
from kernel.errors import NotFound, Problem, Refused
from kernel.forms import Form
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("pay", __name__, url_prefix="/pay")


@blueprint.get("")
@requires(LEAD, OWNER)
def index() -> str:
    """Every pay run, and the way to a new one."""
    with transaction() as session:
        return _index_page(session, None)


def _index_page(session: Session, form: Form | None) -> str:
    span, payroll = read_span()
    return render_template(
        "lead/pay.html",
        form=form or _usual(session),
        runs=queries.runs(session),
        open_run=queries.open_run(session),
        span=span,
        payroll=payroll,
    )


def _usual(session: Session) -> Form:
    """The days that a next run would take: after the last one, or from the oldest unpaid line, to yesterday."""
    last = queries.last_closed(session)
    oldest = queries.first_unpaid_day(session, setting("workshop_zone"))
    first = last.last_day + timedelta(days=1) if last else oldest or today()
    end = max(first, today() - timedelta(days=1))
    return Form({"first": first.isoformat(), "last": end.isoformat()})


@blueprint.post("")
@requires(LEAD, OWNER)
def open_run() -> Response | tuple[str, int]:
    """Begin to look at what would be paid."""
    form = Form(request.form)
    try:
        first, last = form.date("first"), form.date("last")
        if first and last and not timedelta(0) <= last - first <= rules.LONGEST_RUN:
            form.refuse("last", "请填开始那天到之后一年内的日期。", "Give a day from the first one to a year after it.")
        if last and last > today():
            form.refuse("last", "还没到的日子不能发。", "A day that has not come cannot be paid.")
        form.check()
        with transaction() as session:
            run = service.open_run(session, first_day=first, last_day=last, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields or {"last": problem.text})
        with transaction() as session:
            return _index_page(session, form), problem.status
    return redirect(url_for("lead.wages.pay.run", run_id=run.id), code=303)


def _run(session: Session, run_id: int) -> PayRun:
    run = session.get(PayRun, bounded(run_id))
    if run is None:
        raise NotFound("没有这次发薪。", "There is no such pay run.")
    return run


def _run_to_pay(session: Session, run_id: int) -> PayRun:
    """A run from which money may go out: of another one no paper and no file is made."""
    run = _run(session, run_id)
    if run.state != rules.CLOSED:
        raise Refused(
            "这次发薪还没定，或者撤销了，不能按它发钱。",
            "This pay run is not closed, or was reversed; nobody is paid by it.",
            code="wrong_state",
        )
    return run


@blueprint.get("/<int:run_id>")
@requires(LEAD, OWNER)
def run(run_id: int) -> str:
    """An open run person by person, or a closed one with what was handed out."""
    with transaction() as session:
        return _run_page(session, _run(session, run_id), Form())


@dataclass(frozen=True)
class Seen:
    """What stands on the screen when the run is closed."""

    fen: int
    people: int
    warned: int


def _run_page(session: Session, run: PayRun, form: Form) -> str:
    zone = setting("workshop_zone")
    if run.state != rules.OPEN:
        people = queries.people_of(session, run.id)
        return render_template(
            "lead/pay_run.html",
            run=run,
            people=people,
            form=form,
            paid_fen=sum(person.paid_fen for person in people),
            last_file=queries.last_bank_file(session, run.id),
            left={method: sum(each.left_fen for each in people if each.method == method) for method in rules.METHODS},
            form_key=once.new_key(),
        )
    people_now = queries.review(session, run, now=utc_now(), zone=zone)
    paid = [person for person in people_now if person.is_paid]
    late = late_pay.late_of(session, people_now, run, zone)
    warned = sum(bool(person.warnings) or person.person_id in late for person in people_now)
    return render_template(
        "lead/pay_review.html",
        run=run,
        people=people_now,
        late=late,
        form=form,
        seen=Seen(sum(person.total_fen for person in paid), len(paid), warned),
        terms=minimum.terms_on(session, run.last_day),
        most_fen=max((person.total_fen for person in people_now), default=0),
        form_key=once.new_key(),
    )


def _again(run_id: int, form: Form, problem: Problem, field: str) -> tuple[str, int]:
    if problem.status == 404:
        raise problem
    form.errors.update(problem.fields or {field: problem.text})
    with transaction() as session:
        return _run_page(session, _run(session, run_id), form), problem.status


@blueprint.post("/<int:run_id>/propose")
@requires(LEAD, OWNER)
def propose(run_id: int) -> Response | tuple[str, int]:
    """The lead hands the run to the owner."""
    try:
        with transaction() as session:
            service.propose(session, bounded(run_id), now=utc_now(), by=actor())
    except Problem as problem:
        return _again(run_id, Form(), problem, "close")
    flash(t("交给负责人了，等负责人定。", "Handed to the owner, who closes it."), "done")
    return redirect(url_for("lead.wages.pay.run", run_id=run_id), code=303)


@blueprint.post("/<int:run_id>/drop")
@requires(LEAD, OWNER)
def drop(run_id: int) -> Response | tuple[str, int]:
    """Do not pay now: nothing was taken."""
    try:
        with transaction() as session:
            service.drop(session, bounded(run_id), now=utc_now(), by=actor())
    except Problem as problem:
        return _again(run_id, Form(), problem, "close")
    flash(t("这次不发了，什么都没有动。", "Not paid now; nothing was touched."), "done")
    return redirect(url_for("lead.wages.pay.index"), code=303)


@blueprint.post("/<int:run_id>/close")
@requires(OWNER)
def close(run_id: int) -> Response | tuple[str, int]:
    """The owner closes what stood on the screen, once."""
    form = Form(request.form)
    try:
        seen_fen = form.count("seen_fen", 0, 10**12)
        seen_people = form.count("seen_people", 0, 100_000)
        form.check()
        with transaction() as session:
            if not is_sent_again(session, form, f"close-run:{run_id}"):
                service.close(
                    session,
                    bounded(run_id),
                    seen_fen=seen_fen,
                    seen_people=seen_people,
                    zone=setting("workshop_zone"),
                    now=utc_now(),
                    by=actor(),
                )
    except Problem as problem:
        return _again(run_id, Form(), problem, "close")
    flash(t("定好了。现在可以发钱了。", "Closed. The money can be handed out now."), "done")
    return redirect(url_for("lead.wages.pay.run", run_id=run_id), code=303)


@blueprint.post("/<int:run_id>/reverse")
@requires(OWNER)
def reverse(run_id: int) -> Response | tuple[str, int]:
    """The run was wrong: its lines are given back for the next one."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=100)
        form.check()
        with transaction() as session:
            service.reverse(session, bounded(run_id), reason=reason, now=utc_now(), by=actor())
    except Problem as problem:
        return _again(run_id, form, problem, "reason")
    flash(t("撤销了。这些钱还欠着，下次发薪再发。", "Reversed. It is still owed and goes into the next run."), "done")
    return redirect(url_for("lead.wages.pay.run", run_id=run_id), code=303)


@blueprint.post("/<int:run_id>/all-paid")
@requires(OWNER)
def all_paid(run_id: int) -> Response | tuple[str, int]:
    """The transfer has gone out, or the cash list is signed: everybody paid this way has had all."""
    form = Form(request.form)
    try:
        method = form.choice("method", rules.METHODS)
        form.check()
        with transaction() as session:
            count = service.pay_all_left(session, bounded(run_id), method, now=utc_now(), by=actor())
    except Problem as problem:
        return _again(run_id, form, problem, "method")
    flash(t("记下了：{n} 个人拿到了。", "Noted: {n} people have had it.", n=count), "done")
    return redirect(url_for("lead.wages.pay.run", run_id=run_id), code=303)


@blueprint.get("/<int:run_id>/cash")
@requires(LEAD, OWNER)
def cash_list(run_id: int) -> str:
    """The cash list on paper, with big rows to sign."""
    with transaction() as session:
        run = _run_to_pay(session, run_id)
        people = [
            each for each in queries.people_of(session, run_id) if each.method == rules.CASH and each.left_fen > 0
        ]
        return render_template("lead/pay_cash_paper.html", run=run, people=people)


@blueprint.post("/<int:run_id>/bank")
@requires(OWNER)
def bank_file(run_id: int) -> Response:
    """The file for the bank, with whole account numbers: who made it is written to the log."""
    form = Form(request.form)
    kind = form.choice("file", files.BANK_FILES)
    form.check()
    with transaction() as session:
        run = _run_to_pay(session, run_id)
        facts = minimum.all_facts(session)
        due = [each for each in queries.people_of(session, run_id) if each.method == rules.BANK and each.left_fen > 0]
        rows = [files.bank_row(place, each, facts.get(each.person_id)) for place, each in enumerate(due, 1)]
        record_change(
            session,
            actor=actor(),
            action=queries.BANK_FILE_MADE,
            subject=f"pay_run:{run.id}",
            at=utc_now(),
            after={"people": len(rows), "file": kind},
        )
    return files.answer(current_app.response_class, kind, files.bank_header(), rows, f"bank-{run.last_day}")


@blueprint.get("/payroll.<extension>")
@requires(LEAD, OWNER)
def payroll(extension: str) -> Response:
    """Everybody's months, for the accountant and the county."""
    if extension not in files.PAYROLL_FILES:
        raise NotFound
    span, _ = read_span()
    with transaction() as session:
        rows = [
            files.payroll_row(row) for row in queries.payroll(session, span.first, span.last, setting("workshop_zone"))
        ]
    name = f"payroll-{span.first}-{span.last}"
    return files.answer(current_app.response_class, extension, files.payroll_header(), rows, name)


def may_close() -> bool:
    """Whether the person at the screen closes runs."""
    person = current_person()
    return person is not None and OWNER in person.roles


blueprint.context_processor(lambda: {"may_close": may_close()})
