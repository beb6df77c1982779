"""Who packs: coming, resting, going, and when somebody means to go."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench.lead_forms import bounded
from fulfillment.crew.training import queries as training
from fulfillment.packing import lead_queries, lead_service
from fulfillment.packing.pins import queries as pins
from fulfillment.packing.states import PERSON_TROUBLES
from kernel.clock import local_day
from kernel.errors import Problem
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("people", __name__, url_prefix="/people")


@blueprint.get("")
@requires(LEAD, OWNER)
def everybody() -> str:
    """Everybody who packs: here, resting or gone, with what they have in hand and what the day brought."""
    now, zone = utc_now(), setting("workshop_zone")
    with transaction() as session:
        return render_template(
            "lead/people.html",
            people=lead_queries.people_at_work(session, now, zone),
            tasks=lead_queries.tasks_in_hand_by_person(session),
            kept=pins.kept_by_person(session),
            trainings=training.newest(session),
            today=local_day(now, zone),
        )


@blueprint.post("/<int:person_id>/here")
@requires(LEAD, OWNER)
def note_arrival(person_id: int) -> Response:
    """Somebody has come; pressed twice it is the first time that counts."""
    with transaction() as session:
        lead_service.note_arrival(session, bounded(person_id), now=utc_now(), by=actor())
    return _back(person_id)


@blueprint.post("/<int:person_id>/gone")
@requires(LEAD, OWNER)
def note_departure(person_id: int) -> Response:
    """Somebody has gone: what is in hand goes back to the pile."""
    reason = request.form.get("reason", "")
    with transaction() as session:
        returned = lead_service.note_departure(
            session,
            bounded(person_id),
            reason=reason if reason in PERSON_TROUBLES else "break",
            now=utc_now(),
            by=actor(),
        )
    if returned:
        flash(t("手上的 {n} 件放回去了，别人可以领。", "Back on the pile: {n}.", n=returned), "done")
    return _back(person_id)


@blueprint.post("/<int:person_id>/break")
@requires(LEAD, OWNER)
def begin_break(person_id: int) -> Response:
    """Somebody rests; what they have in hand stays theirs."""
    try:
        with transaction() as session:
            lead_service.begin_break(session, bounded(person_id), now=utc_now(), by=actor())
    except Problem as problem:
        if problem.status != 409:
            raise
        flash(str(problem.text), "problem")
    return _back(person_id)


@blueprint.post("/<int:person_id>/back")
@requires(LEAD, OWNER)
def end_break(person_id: int) -> Response:
    """Somebody is back from a break."""
    with transaction() as session:
        lead_service.end_break(session, bounded(person_id), now=utc_now(), by=actor())
    return _back(person_id)


def _back(person_id: int) -> Response:
    """To the list, at the person's own place in it."""
    return redirect(url_for("lead.people.everybody", _anchor=f"person-{person_id}"), code=303)
