"""Trainings: topics, who was shown what, what is due again."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.lead_forms import LARGEST_ID, bounded
from fulfillment.crew.training import queries as training
from fulfillment.crew.training import service as training_service
from fulfillment.packing import lead_queries
from fulfillment.packing import service as packing
from kernel.clock import local_day
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("trainings", __name__, url_prefix="/trainings")

_LONGEST_TITLE = 40
_LONGEST_NOTE = 80


@blueprint.get("")
@requires(LEAD, OWNER)
def everything() -> str:
    """Who can do what, what is due again, and the topics."""
    with transaction() as session:
        return _page(session, Form())


def _page(session: Session, form: Form) -> str:
    now, zone = utc_now(), setting("workshop_zone")
    today = local_day(now, zone)
    people = sorted(lead_queries.people_at_work(session, now, zone), key=lambda person: person.name)
    due = training.due_again(session, today)
    return render_template(
        "lead/trainings.html",
        people=people,
        newest=training.newest(session),
        topics=training.topics(session),
        due=due,
        names=lead_queries.names_of(session, [each.person_id for each in due]),
        today=today,
        form=form,
    )


@blueprint.post("")
@requires(LEAD, OWNER)
def note() -> Response | tuple[str, int]:
    """Somebody was shown something; the same on the same day is noted once."""
    form = Form(request.form)
    today = local_day(utc_now(), setting("workshop_zone"))
    try:
        person_id, topic_id = form.count("person", 1, LARGEST_ID), form.count("topic", 1, LARGEST_ID)
        trained_on, words = form.date("trained_on"), form.text("note", longest=_LONGEST_NOTE, required=False)
        form.check()
        with transaction() as session:
            packing.require_packer(session, person_id)
            training_service.note_training(
                session,
                person_id,
                topic_id,
                trained_on=trained_on,
                today=today,
                note=words,
                now=utc_now(),
                by=actor(),
            )
    except Problem as problem:
        form.errors.update(problem.fields or {"person": problem.text})
        with transaction() as session:
            return _page(session, form), problem.status
    flash(t("记下了。", "Noted."), "done")
    return redirect(url_for("lead.person.show", person_id=person_id, _anchor="trainings"), code=303)


@blueprint.post("/topics")
@requires(LEAD, OWNER)
def add_topic() -> Response | tuple[str, int]:
    """Name a topic; one of the same name is changed from now on."""
    form = Form(request.form)
    try:
        title_zh = form.text("title_zh", longest=_LONGEST_TITLE)
        title_en = form.text("title_en", longest=_LONGEST_TITLE, required=False)
        months = form.count("repeat_months", 1, 60) if str(form.value("repeat_months")).strip() else None
        form.check()
        with transaction() as session:
            training_service.add_topic(
                session,
                title_zh=title_zh,
                title_en=title_en or title_zh,
                repeat_months=months,
                now=utc_now(),
                by=actor(),
            )
    except Problem as problem:
        form.errors.update(problem.fields)
        with transaction() as session:
            return _page(session, form), problem.status
    flash(t("记下了。", "Noted."), "done")
    return redirect(url_for("lead.trainings.everything"), code=303)


@blueprint.post("/<int:training_id>/take-back")
@requires(LEAD, OWNER)
def take_back(training_id: int) -> Response:
    """It was noted by mistake."""
    form = Form(request.form)
    person_id = form.count("person", 1, LARGEST_ID)
    if form.errors:
        raise NotFound
    with transaction() as session:
        training_service.take_back(session, bounded(training_id), person_id, now=utc_now(), by=actor())
    flash(t("划掉了。", "Struck out."), "done")
    return redirect(url_for("lead.person.show", person_id=person_id, _anchor="trainings"), code=303)
