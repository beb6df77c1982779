"""What a packer does with the pass book: say that a line is not right, note own work, look at a payslip."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import packer_queries, wage_words
from fulfillment.bench.wage_forms import bounded, is_sent_again, today
from fulfillment.bench.wage_pay_person_views import payslip_facts
from fulfillment.bench.wage_work_forms import read_note
from fulfillment.piecework import queries as piecework
from fulfillment.piecework.corrections import queries as corrections
from fulfillment.piecework.corrections import service
from fulfillment.piecework.pay import queries as pay
from fulfillment.piecework.pay import rules as pay_rules
from fulfillment.piecework.queries import PassBookLine
from fulfillment.piecework.work import queries as work
from fulfillment.piecework.work import rules
from fulfillment.piecework.work import service as work_service
from fulfillment.piecework.work.service import Note
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.people.rules import PACKER
from kernel.text import t

blueprint = Blueprint("passbook", __name__, url_prefix="/bench")
blueprint.app_context_processor(wage_words.words)

_ANSWERS_SHOWN = timedelta(days=31)
ABOUT_A_LINE = ("too_little", "not_mine", "other")


def beside(session: Session, packer_id: int) -> dict[str, object]:
    """What the pass book shows beside its lines: what is not paid yet, notes and questions that wait, payslips."""
    since = utc_now() - _ANSWERS_SHOWN
    return {
        "unpaid_fen": piecework.unpaid_fen(session, packer_id),
        "notes": work.notes_of(session, packer_id, since),
        "questions": corrections.complaints_of(session, packer_id, since),
        "payslips": pay.runs_of(session, packer_id)[:12],
        "may_note": any(kind.active for kind in work.kinds(session)),
    }


def _me() -> int:
    person_id = actor().person_id
    assert person_id is not None
    return person_id


def _frame(session: Session) -> dict[str, object]:
    """What every page of a packer shows."""
    return {
        "today": packer_queries.earned_today(session, _me(), utc_now(), setting("workshop_zone")),
        "reads_aloud": packer_queries.reads_aloud(session, _me()),
        "form_key": once.new_key(),
    }


def _line(session: Session, entry_id: int) -> PassBookLine:
    line = piecework.pass_book_line(session, _me(), bounded(entry_id))
    if line is None:
        raise NotFound("没有这一笔。", "There is no such line.")
    return line


@blueprint.get("/passbook/<int:entry_id>/ask")
@requires(PACKER)
def ask_form(entry_id: int) -> str:
    """What is not right about a line: big choices to tap."""
    with transaction() as session:
        return _ask_page(session, _line(session, entry_id), Form())


@blueprint.post("/passbook/<int:entry_id>/ask")
@requires(PACKER)
def ask(entry_id: int) -> Response | tuple[str, int]:
    """The question waits for the lead; asked again, it is the same one."""
    form = Form(request.form)
    try:
        kind = form.choice("kind", ABOUT_A_LINE)
        words = form.text("words", longest=200, required=False)
        form.check()
        with transaction() as session:
            service.complain(session, entry_id=bounded(entry_id), kind=kind, words=words, now=utc_now(), by=actor())
    except Problem as problem:
        if problem.status == 404:
            raise
        form.errors.update(problem.fields or {"kind": problem.text})
        with transaction() as session:
            return _ask_page(session, _line(session, entry_id), form), problem.status
    return _asked()


@blueprint.get("/passbook/ask")
@requires(PACKER)
def missing_form() -> str:
    """Something is not in the book at all."""
    with transaction() as session:
        return _ask_page(session, None, Form())


@blueprint.post("/passbook/ask")
@requires(PACKER)
def missing() -> Response | tuple[str, int]:
    """The question waits for the lead."""
    form = Form(request.form)
    try:
        words = form.text("words", longest=200, required=False)
        form.check()
        with transaction() as session:
            if not is_sent_again(session, form, "missing"):
                service.complain(session, entry_id=None, kind="missing", words=words, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields or {"words": problem.text})
        with transaction() as session:
            return _ask_page(session, None, form), problem.status
    return _asked()


def _asked() -> Response:
    flash(t("记下了。组长会看，答复写在这里。", "Noted. The lead will look, and the answer stands here."), "done")
    return redirect(url_for("bench.passbook"), code=303)


def _ask_page(session: Session, line: PassBookLine | None, form: Form) -> str:
    return render_template("bench/ask.html", line=line, form=form, ways=ABOUT_A_LINE, **_frame(session))


@blueprint.get("/passbook/pay/<int:run_id>")
@requires(PACKER)
def payslip(run_id: int) -> str:
    """The own payslip, in big type and read aloud."""
    with transaction() as session:
        facts = payslip_facts(session, run_id, _me())
        run = facts["run"]
        if getattr(run, "state", None) != pay_rules.CLOSED:
            raise NotFound("没有这张工资条。", "There is no such payslip.")
        return render_template("bench/payslip.html", **facts, **_frame(session))


@blueprint.get("/other-work")
@requires(PACKER)
def note_form() -> str:
    """Note own work that is not a parcel."""
    with transaction() as session:
        return _note_page(session, Form({"day": today().isoformat(), "split": rules.EQUAL}), None)


@blueprint.post("/other-work")
@requires(PACKER)
def note() -> Response | str | tuple[str, int]:
    """Show it once more; then it waits for the lead."""
    person = current_person()
    assert person is not None
    form = Form({**request.form, f"in_{person.id}": "1", "split": rules.EQUAL})
    try:
        with transaction() as session:
            wish = read_note(session, form, {person.id: person.name})
            if not form.ticked("confirmed"):
                return _note_page(session, form, wish)
            if not is_sent_again(session, form, "own-work"):
                work_service.propose(session, wish, zone=setting("workshop_zone"), now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields or {"kind": problem.text})
        with transaction() as session:
            return _note_page(session, form, None), problem.status
    flash(t("记下了。组长看过就算钱。", "Noted. It counts once the lead has looked."), "done")
    return redirect(url_for("bench.passbook"), code=303)


def _note_page(session: Session, form: Form, wish: Note | None) -> str:
    zone = setting("workshop_zone")
    return render_template(
        "bench/other_work.html",
        form=form,
        note=wish,
        worked=work_service.work_out(session, wish, zone) if wish else None,
        kinds=[kind for kind in work.kinds(session) if kind.active],
        **_frame(session),
    )
