"""The standing plan, to look at: who packs what next and why. Work is moved on the page for giving it out."""

from flask import Blueprint, render_template

from fulfillment.bench.reason_words import planned_reason
from fulfillment.packing import lead_queries
from fulfillment.packing.plans.queries import fresh_plan
from fulfillment.packing.plans.showing import shares
from kernel.http import requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER

blueprint = Blueprint("plan", __name__, url_prefix="/plan")


@blueprint.get("")
@requires(LEAD, OWNER)
def show() -> str:
    """For everybody who is here the next batches with their reasons; without a fresh plan, what holds instead."""
    now, zone = utc_now(), setting("workshop_zone")
    with transaction() as session:
        people = [person for person in lead_queries.people_at_work(session, now, zone) if person.here]
        return render_template(
            "lead/plan.html",
            plan=fresh_plan(session, now),
            people=people,
            shares=shares(session, [person.person_id for person in people], now, zone),
            reason_of=planned_reason,
        )
