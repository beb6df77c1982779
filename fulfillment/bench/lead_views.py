"""The packing lead's pages: the board, who is here, what needs a decision; the others are in lead_*_views.py."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench import (
    courier_words,
    lead_box_views,
    lead_case_views,
    lead_fee_views,
    lead_hand_over_views,
    lead_order_views,
    lead_parcel_views,
    lead_print_views,
    lead_printer_views,
    lead_sending_views,
    lead_sheet_views,
    lead_sign_views,
    lead_wage_views,
    lead_waybill_views,
    lead_words,
)
from fulfillment.couriers import queries as couriers
from fulfillment.couriers.cases import queries as courier_cases
from fulfillment.packing import lead_queries, lead_service
from fulfillment.packing import service as packing
from fulfillment.packing.states import PERSON_TROUBLES, TROUBLES
from kernel.clock import local_day
from kernel.errors import NotFound
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("lead", __name__, url_prefix="/bench/lead")

for part in (
    lead_parcel_views,
    lead_order_views,
    lead_print_views,
    lead_printer_views,
    lead_hand_over_views,
    lead_wage_views,
    lead_waybill_views,
    lead_sheet_views,
    lead_case_views,
):
    blueprint.register_blueprint(part.blueprint)
for part in (lead_fee_views, lead_box_views, lead_sending_views, lead_sign_views):
    blueprint.register_blueprint(part.blueprint)
blueprint.context_processor(lead_words.words)
blueprint.context_processor(courier_words.words)


@blueprint.get("")
@requires(LEAD, OWNER)
def board() -> str:
    """What is late, how much there is by the hour, who is here, what needs a decision."""
    now, zone = utc_now(), setting("workshop_zone")
    with transaction() as session:
        people = lead_queries.people_at_work(session, now, zone)
        hours = lead_queries.backlog_by_hour(session, now, zone)
        return render_template(
            "lead/board.html",
            hours=hours,
            late=hours[0] if hours and hours[0].starts_at is None else None,
            waiting=sum(hour.waiting for hour in hours),
            in_hand=sum(hour.in_hand for hour in hours),
            most=max((hour.waiting + hour.in_hand for hour in hours), default=0),
            packed=lead_queries.packed_waiting(session),
            left_today=couriers.handed_over_count(session, local_day(now, zone), zone),
            here=[person for person in people if person.here_since or person.in_hand],
            not_here=[person for person in people if not person.here_since and not person.in_hand],
            troubled=lead_queries.troubled(session, now),
            stuck=lead_queries.paid_without_parcels(session),
            courier_cases=courier_cases.waiting(session),
            form=Form(),
        )


@blueprint.get("/people")
@requires(LEAD, OWNER)
def people() -> str:
    """Everybody who packs: here or gone, with what they have in hand."""
    now, zone = utc_now(), setting("workshop_zone")
    with transaction() as session:
        found = lead_queries.people_at_work(session, now, zone)
        return render_template(
            "lead/people.html",
            people=found,
            tasks=lead_queries.tasks_in_hand_by_person(session),
            reasons=PERSON_TROUBLES,
        )


@blueprint.post("/people/<int:person_id>/here")
@requires(LEAD, OWNER)
def note_arrival(person_id: int) -> Response:
    """Somebody has come; pressed twice it is the first time that counts."""
    with transaction() as session:
        lead_service.note_arrival(session, _bounded(person_id), now=utc_now(), by=actor())
    return redirect(url_for("lead.people"), code=303)


@blueprint.post("/people/<int:person_id>/gone")
@requires(LEAD, OWNER)
def note_departure(person_id: int) -> Response:
    """Somebody has gone: what is in hand goes back to the pile."""
    reason = request.form.get("reason", "")
    with transaction() as session:
        returned = lead_service.note_departure(
            session,
            _bounded(person_id),
            reason=reason if reason in PERSON_TROUBLES else "break",
            now=utc_now(),
            by=actor(),
        )
    if returned:
        flash(t("手上的 {n} 件放回去了，别人可以领。", "Back on the pile: {n}.", n=returned), "done")
    return redirect(url_for("lead.people"), code=303)


@blueprint.post("/tasks/<int:task_id>/take-back")
@requires(LEAD, OWNER)
def take_back(task_id: int) -> Response:
    """Take a task out of somebody's hands; the page says whose hands it was in, so that nobody else loses it."""
    form = Form(request.form)
    packer_id = form.count("packer", 1, 2**62)
    reason = form.choice("reason", TROUBLES)
    form.check()
    with transaction() as session:
        task = packing.return_task(session, _bounded(task_id), packer_id, reason=reason, now=utc_now(), by=actor())
        number, is_back = task.parcel.number, task.packer_id != packer_id
    flash(
        t("放回去了，别人可以领。", "It is back on the pile.")
        if is_back
        else t("这件已经包好了，没有放回。", "It is packed already and stays as it is."),
        "done" if is_back else "problem",
    )
    return redirect(url_for("lead.parcels.show_parcel", number=number), code=303)


@blueprint.post("/tasks/<int:task_id>/settle")
@requires(LEAD, OWNER)
def settle_trouble(task_id: int) -> Response:
    """What was wrong with the goods is seen to: the work may be handed out again at once."""
    with transaction() as session:
        lead_service.settle_trouble(session, _bounded(task_id), now=utc_now(), by=actor())
    return redirect(url_for("lead.board"), code=303)


def _bounded(number: int) -> int:
    if number >= 2**62:
        raise NotFound
    return number
