"""Putting shifts right: what was forgotten, what was noted wrongly, what nobody noted."""

from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.lead_forms import (
    LONGEST_REASON,
    MOST_BREAKS,
    bounded,
    breaks,
    moment,
    moment_or_none,
    same_moment,
    typed_minute,
)
from fulfillment.crew import queries as crew
from fulfillment.crew import service as crew_service
from fulfillment.crew.models import Shift
from fulfillment.crew.rules import Span
from fulfillment.packing import lead_queries
from fulfillment.packing import service as packing
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("shifts", __name__, url_prefix="/shifts")


@blueprint.get("")
@requires(LEAD, OWNER)
def forgotten() -> str:
    """Shifts that the night had to end, for the lead to put right or to leave."""
    with transaction() as session:
        shifts = crew.to_look_at(session)
        names = lead_queries.names_of(session, [shift.person_id for shift in shifts])
        return render_template("lead/shifts.html", shifts=shifts, names=names)


@blueprint.post("/<int:shift_id>/leave")
@requires(LEAD, OWNER)
def leave_as_is(shift_id: int) -> Response:
    """The end that the night found is right."""
    with transaction() as session:
        crew_service.note_looked_at(session, bounded(shift_id), now=utc_now(), by=actor())
    return redirect(url_for("lead.shifts.forgotten"), code=303)


@blueprint.get("/<int:shift_id>")
@requires(LEAD, OWNER)
def correct_form(shift_id: int) -> str:
    """One shift as it is noted, to be put right."""
    with transaction() as session:
        shift = _shift(session, shift_id)
        return _page(session, shift.person_id, shift, Form(_typed(shift)))


@blueprint.post("/<int:shift_id>")
@requires(LEAD, OWNER)
def correct(shift_id: int) -> Response | tuple[str, int]:
    """Put a shift right; what it was is kept with the reason."""
    form = Form(request.form)
    zone = setting("workshop_zone")
    try:
        began, ended = moment(form, "began_at", zone), moment_or_none(form, "ended_at", zone)
        rests, reason = breaks(form, zone), form.text("reason", longest=LONGEST_REASON)
        form.check()
        with transaction() as session:
            known = _moments(_shift(session, shift_id))
            shift = crew_service.correct_shift(
                session,
                shift_id,
                began_at=same_moment(began, known),
                ended_at=same_moment(ended, known) if ended else None,
                breaks=[
                    Span(
                        same_moment(rest.began_at, known), same_moment(rest.ended_at, known) if rest.ended_at else None
                    )
                    for rest in rests
                ],
                reason=reason,
                now=utc_now(),
                by=actor(),
            )
    except NotFound:
        raise
    except Problem as problem:
        return _again(form, problem, shift_id=shift_id)
    return _done(shift.person_id)


@blueprint.get("/of/<int:person_id>/new")
@requires(LEAD, OWNER)
def add_form(person_id: int) -> str:
    """A shift that nobody noted while it lasted."""
    with transaction() as session:
        packing.require_packer(session, bounded(person_id))
        return _page(session, person_id, None, Form())


@blueprint.post("/of/<int:person_id>/new")
@requires(LEAD, OWNER)
def add(person_id: int) -> Response | tuple[str, int]:
    """Note a shift afterwards, with a reason; sent twice it is one."""
    form = Form(request.form)
    zone = setting("workshop_zone")
    try:
        began, ended = moment(form, "began_at", zone), moment(form, "ended_at", zone)
        rests, reason = breaks(form, zone), form.text("reason", longest=LONGEST_REASON)
        form.check()
        with transaction() as session:
            packing.require_packer(session, bounded(person_id))
            if once.is_first(session, form.values, purpose=f"shift:{person_id}", by=actor(), now=utc_now()):
                crew_service.add_shift(
                    session,
                    person_id,
                    began_at=began,
                    ended_at=ended,
                    breaks=rests,
                    reason=reason,
                    now=utc_now(),
                    by=actor(),
                )
    except NotFound:
        raise
    except Problem as problem:
        return _again(form, problem, person_id=person_id)
    return _done(person_id)


def _done(person_id: int) -> Response:
    flash(t("记下了，原来的也留着。", "Noted; what it was is kept."), "done")
    return redirect(url_for("lead.person.show", person_id=person_id, _anchor="shifts"), code=303)


def _again(form: Form, problem: Problem, *, shift_id: int = 0, person_id: int = 0) -> tuple[str, int]:
    """The same page with what was typed and what is wrong."""
    form.errors.update(problem.fields or {"began_at": problem.text})
    with transaction() as session:
        shift = _shift(session, shift_id) if shift_id else None
        return _page(session, shift.person_id if shift else person_id, shift, form), problem.status


def _shift(session: Session, shift_id: int) -> Shift:
    shift = session.get(Shift, bounded(shift_id))
    if shift is None:
        raise NotFound("没有这段出勤。", "There is no such shift.")
    return shift


def _moments(shift: Shift) -> list[datetime | None]:
    rests = [at for rest in shift.breaks for at in (rest.began_at, rest.ended_at)]
    return [shift.began_at, shift.ended_at, *rests]


def _typed(shift: Shift) -> dict[str, object]:
    zone = setting("workshop_zone")
    typed: dict[str, object] = {
        "began_at": typed_minute(shift.began_at, zone),
        "ended_at": typed_minute(shift.ended_at, zone),
    }
    for row, rest in enumerate(shift.breaks[:MOST_BREAKS]):
        typed[f"rest_from_{row}"] = typed_minute(rest.began_at, zone)
        typed[f"rest_to_{row}"] = typed_minute(rest.ended_at, zone)
    return typed


def _page(session: Session, person_id: int, shift: Shift | None, form: Form) -> str:
    filled = [row for row in range(MOST_BREAKS) if form.value(f"rest_from_{row}") or form.value(f"rest_to_{row}")]
    return render_template(
        "lead/shift.html",
        shift=shift,
        person_id=person_id,
        name=lead_queries.names_of(session, [person_id]).get(person_id, ""),
        rows=range(min(MOST_BREAKS, max(filled, default=-1) + 2)),
        form=form,
        form_key=once.new_key(),
    )
