"""The console's home: the day at a glance, what is live, and what needs a decision."""

from typing import Any

from flask import Blueprint, render_template, url_for
from werkzeug.wrappers import Response

from app.console import (
    audit_views,
    complaints_views,
    decisions,
    home_chart,
    home_queries,
    invoices_views,
    notices_views,
    orders_views,
    people_views,
    planning_views,
    postage_views,
    products_views,
    reviews_views,
    settings_views,
    stock_views,
    vouchers_views,
    words,
    workshop_views,
)
from app.console.forms import done
from app.console.insights import views as insights_views
from app.console.prosperity import views as prosperity_views
from app.console.saved import views as saved_views
from app.console.wall import desk_views as wall_views
from kernel import once
from kernel.forms import Form
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.text import t

blueprint = Blueprint("console", __name__, url_prefix="/console")

for room in (
    orders_views,
    complaints_views,
    reviews_views,
    invoices_views,
    products_views,
    stock_views,
    planning_views,
    insights_views,
    postage_views,
    vouchers_views,
    people_views,
    prosperity_views,
    notices_views,
    settings_views,
    workshop_views,
    wall_views,
    audit_views,
    saved_views,
):
    blueprint.register_blueprint(room.blueprint)


@blueprint.context_processor
def console_words() -> dict[str, Any]:
    """``said`` puts stored words into people's words; ``form_key`` is the key of a form that is carried out once."""

    def form_key(form: Form) -> object:
        return form.values.get(once.FIELD) or once.new_key()

    person = current_person()
    return {"said": words, "form_key": form_key, "is_owner": person is not None and OWNER in person.roles}


@blueprint.get("")
@requires(OWNER, STREAMER)
def home() -> str:
    """Five numbers, what is live, and one list that needs a decision; on a new installation five steps."""
    now, zone = utc_now(), setting("workshop_zone")
    with transaction() as session:
        hours = home_queries.hours_of_day(session, now, zone)
        return render_template(
            "console/home.html",
            day=home_queries.day_figures(session, now, zone),
            hours=hours,
            chart=home_chart.draw(hours, zone),
            local_hour=lambda moment: f"{moment.astimezone(zone):%H:%M}",
            live=home_queries.live_streams(session),
            coming=home_queries.next_stream(session),
            steps=home_queries.first_steps(session),
            decisions=decisions.waiting(session, now),
        )


@blueprint.post("/notes/<int:note_id>/close")
@requires(OWNER, STREAMER)
def close_note(note_id: int) -> Response:
    """Somebody has dealt with what a payment note says; closed twice it stays closed."""
    with transaction() as session:
        decisions.close_note(session, note_id, now=utc_now(), by=actor())
    return done(url_for("console.home"), t("记下了，这一条已经处理。", "Noted: this one is dealt with."))
