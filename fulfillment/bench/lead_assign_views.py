"""Giving work to people: drag a card, or choose a name; what waits is kept, what is in hand is taken back first."""

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.lead_forms import LARGEST_ID, bounded
from fulfillment.crew.training import queries as training
from fulfillment.packing import lead_queries, reassign_service
from fulfillment.packing.pins import queries as pins
from fulfillment.packing.plans import queries as plans
from kernel.clock import local_day
from kernel.errors import Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("assign", __name__, url_prefix="/assign")

_NOBODY: Final = 0
_WAITING_SHOWN = 30


@blueprint.get("")
@requires(LEAD, OWNER)
def assign() -> str:
    """What lies on the pile, what is kept for whom, and what everybody has in hand."""
    now, zone = utc_now(), setting("workshop_zone")
    with transaction() as session:
        people = lead_queries.people_at_work(session, now, zone)
        waiting = lead_queries.waiting_tasks(session, now, _WAITING_SHOWN + 1)
        return render_template(
            "lead/assign.html",
            people=[person for person in people if person.here or person.in_hand],
            waiting=waiting[:_WAITING_SHOWN],
            more=len(waiting) > _WAITING_SHOWN,
            in_hand=lead_queries.tasks_in_hand_by_person(session),
            kept=pins.kept_by_person(session),
            trainings=training.newest(session, [person.person_id for person in people]),
            today=local_day(now, zone),
            planned=_planned(session, {person.person_id: person.name for person in people}),
            undo=_undo(),
        )


def _planned(session: Session, names: Mapping[int, str]) -> dict[int, str]:
    """For whom the standing plan means each waiting task."""
    return {
        task_id: names[person_id]
        for person_id, task_ids in plans.planned_ids(session).items()
        if person_id in names
        for task_id in task_ids
    }


def _undo() -> dict[str, int] | None:
    """The way back of the move that was just made, from the address it led to."""
    form = Form(request.args)
    found = {name: form.count(name, 0, LARGEST_ID) for name in ("task", "was", "to")}
    return None if form.errors else found


@blueprint.post("/<int:task_id>")
@requires(LEAD, OWNER)
def move(task_id: int) -> Response:
    """Give a task to somebody, or back to everybody; the page then shows it and the way back."""
    form = Form(request.form)
    seen_with, to = form.count("with", 0, LARGEST_ID), form.count("to", 0, LARGEST_ID)
    before = form.count("before", 0, LARGEST_ID)
    if form.errors:
        flash(t("请先选一个名字。", "Choose a name first."), "problem")
        return redirect(url_for("lead.assign.assign"), code=303)
    try:
        with transaction() as session:
            reassign_service.reassign(
                session,
                bounded(task_id),
                seen_with=seen_with or None,
                to=to or None,
                now=utc_now(),
                by=actor(),
            )
    except Problem as problem:
        if problem.status != 409:
            raise
        flash(str(problem.text), "problem")
        return redirect(url_for("lead.assign.assign"), code=303)
    if to == _NOBODY:
        flash(t("放回大家的活里了。", "It is everybody's again."), "done")
    else:
        flash(t("给了，对方的屏幕上会说。", "Given; their screen says so."), "done")
    return redirect(url_for("lead.assign.assign", task=task_id, was=before, to=to), code=303)
