"""The packing lead's home and what is decided there; the other pages are in lead_*_views.py."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench import (
    courier_words,
    lead_assign_views,
    lead_badge_views,
    lead_box_views,
    lead_case_views,
    lead_contest_views,
    lead_day_views,
    lead_fee_views,
    lead_hand_over_views,
    lead_late_views,
    lead_order_views,
    lead_parcel_views,
    lead_people_views,
    lead_person_views,
    lead_plan_views,
    lead_print_views,
    lead_printer_views,
    lead_sample_views,
    lead_sending_views,
    lead_sheet_views,
    lead_shift_views,
    lead_sign_views,
    lead_training_views,
    lead_wage_views,
    lead_waybill_views,
    lead_words,
)
from fulfillment.bench.lead_board import board_of
from fulfillment.bench.lead_forms import bounded
from fulfillment.packing import lead_service
from fulfillment.packing import service as packing
from fulfillment.packing.states import TROUBLES
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
    lead_people_views,
    lead_person_views,
    lead_shift_views,
    lead_assign_views,
    lead_plan_views,
    lead_sample_views,
    lead_day_views,
    lead_training_views,
    lead_contest_views,
    lead_badge_views,
):
    blueprint.register_blueprint(part.blueprint)
for part in (lead_fee_views, lead_box_views, lead_sending_views, lead_sign_views, lead_late_views):
    blueprint.register_blueprint(part.blueprint)
blueprint.context_processor(lead_words.words)
blueprint.context_processor(courier_words.words)


@blueprint.get("")
@requires(LEAD, OWNER)
def board() -> str:
    """Five numbers, the backlog by the hour, and what needs a decision."""
    return _board("lead/board.html")


@blueprint.get("/live")
@requires(LEAD, OWNER)
def live() -> str:
    """The part of the home that changes, for keeping an open page fresh."""
    return _board("lead/board_live.html")


def _board(template: str) -> str:
    with transaction() as session:
        board = board_of(session, utc_now(), setting("workshop_zone"), sample_rate_bps=setting("sample_rate_bps"))
        return render_template(template, board=board, form=Form(request.args))


@blueprint.post("/tasks/<int:task_id>/take-back")
@requires(LEAD, OWNER)
def take_back(task_id: int) -> Response:
    """Take a task out of somebody's hands; the page says whose hands it was in, so that nobody else loses it."""
    form = Form(request.form)
    packer_id = form.count("packer", 1, 2**62)
    reason = form.choice("reason", TROUBLES)
    form.check()
    with transaction() as session:
        task = packing.return_task(session, bounded(task_id), packer_id, reason=reason, now=utc_now(), by=actor())
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
        lead_service.settle_trouble(session, bounded(task_id), now=utc_now(), by=actor())
    return redirect(url_for("lead.board"), code=303)


@blueprint.post("/tasks/<int:task_id>/unpacked")
@requires(LEAD, OWNER)
def note_unpacked(task_id: int) -> Response:
    """The goods of a box that was stopped after packing are back on the shelf."""
    with transaction() as session:
        number = lead_service.note_unpacked(session, bounded(task_id), now=utc_now(), by=actor()).parcel.number
    flash(t("记下了：{number} 的货放回去了。", "Noted: the goods of {number} are back.", number=number), "done")
    return redirect(url_for("lead.orders.stop_list"), code=303)
