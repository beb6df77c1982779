"""Contests as the lead sees them: calling one, who joined, how it goes, settling it, and the certificates."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.lead_forms import LARGEST_ID, bounded
from fulfillment.packing import lead_queries
from fulfillment.packing.contests import queries as contests
from fulfillment.packing.contests import service as contest_service
from fulfillment.packing.contests.models import Contest
from fulfillment.packing.contests.rules import MEASURE_WORDS, MEASURES, honours
from kernel import once
from kernel.clock import local_day
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("contests", __name__, url_prefix="/contests")

_LONGEST_TITLE = 40
_LONGEST_PRIZE = 60


@blueprint.get("")
@requires(LEAD, OWNER)
def list_contests() -> str:
    """Contests that run, are over or are to come, and a form to call one."""
    with transaction() as session:
        return _list(session, Form())


def _list(session: Session, form: Form) -> str:
    return render_template(
        "lead/contests.html",
        contests=contests.contests(session),
        measures=MEASURE_WORDS,
        today=local_day(utc_now(), setting("workshop_zone")),
        form=form,
        form_key=once.new_key(),
    )


@blueprint.post("")
@requires(LEAD, OWNER)
def call() -> Response | tuple[str, int]:
    """Call a contest; sent twice it is one."""
    form = Form(request.form)
    try:
        title, prize = form.text("title", longest=_LONGEST_TITLE), form.text("prize", longest=_LONGEST_PRIZE)
        measure = form.choice("measure", MEASURES)
        begins_on, ends_on = form.date("begins_on"), form.date("ends_on")
        form.check()
        with transaction() as session:
            if once.is_first(session, form.values, purpose="contest", by=actor(), now=utc_now()):
                contest_service.call_contest(
                    session,
                    title=title,
                    measure=measure,
                    begins_on=begins_on,
                    ends_on=ends_on,
                    prize=prize,
                    today=local_day(utc_now(), setting("workshop_zone")),
                    now=utc_now(),
                    by=actor(),
                )
    except Problem as problem:
        form.errors.update(problem.fields)
        with transaction() as session:
            return _list(session, form), problem.status
    flash(t("比赛开好了。谁想参加，自己报名。", "The contest is called. Whoever wants to, joins."), "done")
    return redirect(url_for("lead.contests.list_contests"), code=303)


@blueprint.get("/<int:contest_id>")
@requires(LEAD, OWNER)
def show(contest_id: int) -> str:
    """Who joined, and who would be honoured as it stands."""
    now, zone = utc_now(), setting("workshop_zone")
    with transaction() as session:
        contest = _contest(session, contest_id)
        figures = {each.person_id: each for each in contests.figures_of(session, contest, now, zone)}
        people = lead_queries.people_at_work(session, now, zone)
        joined = {entry.person_id for entry in contests.entrants(contest)}
        return render_template(
            "lead/contest.html",
            contest=contest,
            entrants=contests.entrants(contest),
            figures=figures,
            honours=honours(contest.measure, list(figures.values())),
            others=[person for person in sorted(people, key=lambda one: one.name) if person.person_id not in joined],
            measure=MEASURE_WORDS[contest.measure],
            today=local_day(now, zone),
        )


@blueprint.post("/<int:contest_id>/join")
@requires(LEAD, OWNER)
def join(contest_id: int) -> Response:
    """Somebody told the lead that they want to take part."""
    form = Form(request.form)
    person_id = form.count("person", 1, LARGEST_ID)
    form.check()
    with transaction() as session:
        today = local_day(utc_now(), setting("workshop_zone"))
        contest_service.join(session, bounded(contest_id), person_id, today=today, now=utc_now(), by=actor())
    return redirect(url_for("lead.contests.show", contest_id=contest_id), code=303)


@blueprint.post("/<int:contest_id>/leave")
@requires(LEAD, OWNER)
def leave(contest_id: int) -> Response:
    """Somebody would rather not take part any more."""
    form = Form(request.form)
    person_id = form.count("person", 1, LARGEST_ID)
    form.check()
    with transaction() as session:
        contest_service.leave(session, bounded(contest_id), person_id, now=utc_now(), by=actor())
    return redirect(url_for("lead.contests.show", contest_id=contest_id), code=303)


@blueprint.post("/<int:contest_id>/settle")
@requires(LEAD, OWNER)
def settle(contest_id: int) -> Response:
    """The contest is over: its honours are kept."""
    try:
        with transaction() as session:
            contest_service.settle(
                session, bounded(contest_id), now=utc_now(), zone=setting("workshop_zone"), by=actor()
            )
    except Problem as problem:
        if problem.status != 409:
            raise
        flash(str(problem.text), "problem")
    return redirect(url_for("lead.contests.show", contest_id=contest_id), code=303)


@blueprint.get("/<int:contest_id>/certificates")
@requires(LEAD, OWNER)
def certificates(contest_id: int) -> str:
    """A certificate for each honour, for printing."""
    with transaction() as session:
        contest = _contest(session, contest_id)
        return render_template(
            "lead/certificates.html", contest=contest, measure=MEASURE_WORDS[contest.measure], results=contest.results
        )


def _contest(session: Session, contest_id: int) -> Contest:
    contest = contests.contest_by_id(session, bounded(contest_id))
    if contest is None:
        raise NotFound("没有这个比赛。", "There is no such contest.")
    return contest
