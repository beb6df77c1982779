"""Corrections, which two people agree on, and packers' questions, which a person answers."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import late_news
from fulfillment.bench.wage_forms import bounded, id_or_none, is_sent_again
from fulfillment.piecework import queries as piecework
from fulfillment.piecework.corrections import queries, service
from fulfillment.piecework.corrections.models import WageComplaint, WageCorrection
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.money import yuan
from kernel.people.models import Person
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("corrections", __name__, url_prefix="/corrections")

MORE, LESS = DIRECTIONS = ("more", "less")
_HIGHEST_FEN = 500_000
_SHOWN_FOR = timedelta(days=31)


@blueprint.get("")
@requires(LEAD, OWNER)
def index() -> str:
    """What waits for a person, and what was decided lately."""
    with transaction() as session:
        return _page(session, Form())


def _page(session: Session, form: Form) -> str:
    complaints = queries.open_complaints(session)
    lines = {
        each.id: piecework.pass_book_line(session, each.person_id, each.entry_id)
        for each in complaints
        if each.entry_id is not None
    }
    return render_template(
        "lead/corrections.html",
        form=form,
        waiting=queries.waiting(session),
        complaints=complaints,
        lines=lines,
        decided=queries.decided(session, utc_now() - _SHOWN_FOR),
        form_key=once.new_key(),
    )


@blueprint.get("/new")
@requires(LEAD, OWNER)
def new() -> str:
    """Propose more or less for somebody."""
    with transaction() as session:
        person = _person(session, id_or_none(request.args.get("person")))
        return _form_page(session, person, Form({"direction": MORE} | _from_late_work(session, person)), None)


def _from_late_work(session: Session, person: Person) -> dict[str, str]:
    """What the form begins with when work that did not count led here: the rate of then, and which parcel."""
    news = late_news.news_of(session, request.args.get("late", ""), person.id)
    if news is None:
        return {}
    reason = t("断网时包好的 {number}", "Parcel {number}, packed without network", number=news.parcel.number)
    return {"late": news.key, "reason": reason, "amount": yuan(news.rate_fen) if news.rate_fen else ""}


@blueprint.post("/new")
@requires(LEAD, OWNER)
def propose() -> Response | str | tuple[str, int]:
    """Show it once more; then it waits for a second person. A question, or work that did not count, is answered by it."""
    form = Form(request.form)
    with transaction() as session:
        person = _person(session, id_or_none(form.value("person")))
    try:
        direction = form.choice("direction", DIRECTIONS)
        fen = form.yuan("amount", low_fen=1, high_fen=_HIGHEST_FEN)
        reason = form.text("reason", longest=100)
        form.check()
        amount_fen = -fen if direction == LESS else fen
        with transaction() as session:
            if not form.ticked("confirmed"):
                return _form_page(session, person, form, amount_fen)
            if not is_sent_again(session, form, f"correction:{person.id}"):
                correction = _propose(session, person, amount_fen, reason, id_or_none(form.value("complaint")))
                if late := str(form.value("late")):
                    late_news.answer_with(session, late, correction, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields or {"amount": problem.text})
        with transaction() as session:
            return _form_page(session, person, form, None), problem.status
    flash(t("提出了，等另一个人同意。", "Proposed; it waits for a second person."), "done")
    return redirect(url_for("lead.wages.corrections.index"), code=303)


def _propose(
    session: Session, person: Person, amount_fen: int, reason: str, complaint_id: int | None
) -> WageCorrection:
    correction = service.propose(
        session, person_id=person.id, amount_fen=amount_fen, reason=reason, now=utc_now(), by=actor()
    )
    if complaint_id is not None:
        service.answer(session, complaint_id, words=reason, correction=correction, now=utc_now(), by=actor())
    return correction


def _person(session: Session, person_id: int | None) -> Person:
    person = session.get(Person, person_id) if person_id else None
    if person is None:
        raise NotFound("没有这个人。", "There is no such person.")
    return person


def _form_page(session: Session, person: Person, form: Form, amount_fen: int | None) -> str:
    complaint_id = id_or_none(form.value("complaint") or request.args.get("complaint"))
    complaint = session.get(WageComplaint, complaint_id) if complaint_id else None
    return render_template(
        "lead/correction_new.html",
        form=form,
        person=person,
        amount_fen=amount_fen,
        complaint=complaint if complaint and complaint.person_id == person.id else None,
        line=_line_of(session, complaint),
        form_key=once.new_key(),
    )


def _line_of(session: Session, complaint: WageComplaint | None) -> object:
    if complaint is None or complaint.entry_id is None:
        return None
    return piecework.pass_book_line(session, complaint.person_id, complaint.entry_id)


@blueprint.post("/<int:correction_id>/confirm")
@requires(LEAD, OWNER)
def confirm(correction_id: int) -> Response | tuple[str, int]:
    """A second person agrees: the line is written."""
    try:
        with transaction() as session:
            correction = service.confirm(session, bounded(correction_id), now=utc_now(), by=actor())
            name = correction.person.name
    except Problem as problem:
        return _again(problem)
    flash(t("记上了，{name} 在存折里会看到。", "Written down; {name} sees it in the pass book.", name=name), "done")
    return redirect(url_for("lead.wages.corrections.index"), code=303)


@blueprint.post("/<int:correction_id>/refuse")
@requires(LEAD, OWNER)
def refuse(correction_id: int) -> Response | tuple[str, int]:
    """A second person does not agree, or who proposed it takes it back."""
    form = Form(request.form)
    try:
        note = form.text("note", longest=100)
        form.check()
        with transaction() as session:
            service.refuse(session, bounded(correction_id), note=note, now=utc_now(), by=actor())
    except Problem as problem:
        return _again(problem)
    flash(t("退回了，没有记。", "Refused; nothing was written."), "done")
    return redirect(url_for("lead.wages.corrections.index"), code=303)


@blueprint.post("/complaints/<int:complaint_id>/answer")
@requires(LEAD, OWNER)
def answer(complaint_id: int) -> Response | tuple[str, int]:
    """Answer in words; the person sees it at the line."""
    form = Form(request.form)
    try:
        words = form.text("answer", longest=200)
        form.check()
        with transaction() as session:
            service.answer(session, bounded(complaint_id), words=words, now=utc_now(), by=actor())
    except Problem as problem:
        return _again(problem)
    flash(t("答复了，本人在存折里会看到。", "Answered; the person sees it in the pass book."), "done")
    return redirect(url_for("lead.wages.corrections.index"), code=303)


def _again(problem: Problem) -> tuple[str, int]:
    if problem.status == 404:
        raise problem
    form = Form(request.form)
    form.errors.update(problem.fields or {"correction": problem.text})
    with transaction() as session:
        return _page(session, form), problem.status
