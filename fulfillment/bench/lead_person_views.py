"""One person who packs: shifts, work that suits, trainings, checks; told to the lead, with the person beside."""

from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.lead_forms import bounded, moment_or_none
from fulfillment.crew import queries as crew
from fulfillment.crew import service as crew_service
from fulfillment.crew.training import queries as training
from fulfillment.packing import lead_queries, lead_service
from fulfillment.packing import service as packing
from fulfillment.packing.lead_rules import PREFERENCES
from fulfillment.packing.models import Packer
from fulfillment.packing.samples import queries as samples
from kernel.clock import day_bounds, local_day
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("person", __name__, url_prefix="/people")

_SHIFTS_SHOWN = timedelta(days=14)


@blueprint.get("/<int:person_id>")
@requires(LEAD, OWNER)
def show(person_id: int) -> str:
    """Everything the lead and the person look at together."""
    with transaction() as session:
        return _page(session, bounded(person_id), Form())


def _page(session: Session, person_id: int, form: Form) -> str:
    now, zone = utc_now(), setting("workshop_zone")
    packing.require_packer(session, person_id)
    today = local_day(now, zone)
    start = now - _SHIFTS_SHOWN
    week, _ = day_bounds(today - timedelta(days=today.weekday()), zone)
    person = next(
        (each for each in lead_queries.people_at_work(session, now, zone) if each.person_id == person_id), None
    )
    if person is None:
        raise NotFound
    packer = session.get(Packer, person_id)
    return render_template(
        "lead/person.html",
        person=person,
        shifts=list(reversed(crew.shifts_between(session, start, now, person_id))),
        worked_week_s=crew.worked_seconds(session, person_id, week, now),
        wishes={name for name in PREFERENCES if packer is not None and getattr(packer, name)},
        preferences=PREFERENCES,
        trainings=training.trainings_of(session, person_id),
        topics=training.topics(session),
        checks=samples.looked_at(session, packer_id=person_id)[:10],
        tally=samples.tally_by_person(session, now - timedelta(days=90), now).get(person_id),
        today=today,
        form=form,
    )


@blueprint.post("/<int:person_id>/wishes")
@requires(LEAD, OWNER)
def set_wishes(person_id: int) -> Response:
    """Note what work suits, as the person says it."""
    form = Form(request.form)
    wishes = frozenset(name for name in PREFERENCES if form.ticked(f"work_{name}"))
    with transaction() as session:
        packing.require_packer(session, bounded(person_id))
        lead_service.set_preferences(session, person_id, wishes, now=utc_now(), by=actor())
    flash(t("记下了。新领的活就按这个来。", "Noted. New work follows it."), "done")
    return redirect(url_for("lead.person.show", person_id=person_id, _anchor="wishes"), code=303)


@blueprint.post("/<int:person_id>/until")
@requires(LEAD, OWNER)
def plan_end(person_id: int) -> Response | tuple[str, int]:
    """Note until when somebody stays today; empty when they do not know."""
    form = Form(request.form)
    now, zone = utc_now(), setting("workshop_zone")
    try:
        until = moment_or_none(form, "planned_until", zone)
        form.check()
        with transaction() as session:
            packing.require_packer(session, bounded(person_id))
            crew_service.plan_end(session, person_id, until, now=now)
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"planned_until": problem.text})
        with transaction() as session:
            return _page(session, person_id, form), problem.status
    return redirect(url_for("lead.person.show", person_id=person_id), code=303)
