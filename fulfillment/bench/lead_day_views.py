"""Closing the day: what is not done, each with a way to it and a choice; the record is kept and can be printed."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.lead_forms import LARGEST_ID, bounded
from fulfillment.packing import lead_service
from fulfillment.packing.day_close import queries as days
from fulfillment.packing.day_close import service as day_service
from fulfillment.packing.day_close.models import DayClose
from fulfillment.packing.day_close.rules import LEFT, workday
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("days", __name__, url_prefix="/days")

_LONGEST_NOTE = 300


@blueprint.get("")
@requires(LEAD, OWNER)
def list_days() -> str:
    """Days that were closed, newest first."""
    with transaction() as session:
        return render_template("lead/days.html", closes=days.closes(session), left=LEFT)


@blueprint.get("/close")
@requires(LEAD, OWNER)
def close_form() -> str:
    """What the day did, and what is open."""
    with transaction() as session:
        return _page(session, Form())


@blueprint.post("/close")
@requires(LEAD, OWNER)
def close() -> Response | tuple[str, int]:
    """Close the day; sent twice it is closed once."""
    form = Form(request.form)
    try:
        note = form.text("note", longest=_LONGEST_NOTE, required=False, lines=True)
        form.check()
        with transaction() as session:
            if once.is_first(session, form.values, purpose="close-day", by=actor(), now=utc_now()):
                day_service.close_day(
                    session,
                    seen={name: _count(f"seen_{name}") for name in LEFT},
                    carried={name for name in LEFT if form.ticked(f"carry_{name}")},
                    note=note,
                    now=utc_now(),
                    zone=setting("workshop_zone"),
                    by=actor(),
                )
            closed = days.last_close(session)
    except Problem as problem:
        form.errors.update(problem.fields)
        with transaction() as session:
            return _page(session, form), problem.status
    flash(t("今天收工了。辛苦了。", "The day is closed. Thank you."), "done")
    return redirect(url_for("lead.days.show", close_id=closed.id if closed else 0), code=303)


def _count(name: str) -> int:
    try:
        return parse_count(request.form.get(name), 0, LARGEST_ID)
    except FieldError:
        return 0


def _page(session: Session, form: Form) -> str:
    now, zone = utc_now(), setting("workshop_zone")
    return render_template(
        "lead/day_close.html",
        standing=days.standing_of_day(session, workday(now, zone), now, zone),
        last=days.last_close(session),
        left=LEFT,
        form=form,
        form_key=once.new_key(),
    )


@blueprint.post("/everybody-home")
@requires(LEAD, OWNER)
def everybody_home() -> Response:
    """Note that everybody has gone; what is in hand goes back to the pile."""
    with transaction() as session:
        gone = lead_service.send_everybody_home(session, now=utc_now(), by=actor())
    flash(t("{n} 个人记走了。", "Noted as gone: {n}.", n=gone), "done")
    return redirect(url_for("lead.days.close_form"), code=303)


@blueprint.get("/<int:close_id>")
@requires(LEAD, OWNER)
def show(close_id: int) -> str:
    """A day as it was closed."""
    with transaction() as session:
        return render_template("lead/day.html", close=_close(session, close_id), left=LEFT)


@blueprint.get("/<int:close_id>/paper")
@requires(LEAD, OWNER)
def paper(close_id: int) -> str:
    """The same for paper."""
    with transaction() as session:
        return render_template("lead/day_paper.html", close=_close(session, close_id), left=LEFT)


def _close(session: Session, close_id: int) -> DayClose:
    found = days.close_by_id(session, bounded(close_id))
    if found is None:
        raise NotFound("没有这一天的收工单。", "That day was not closed.")
    return found
