"""Growers: the list, one grower with contracts and what is owed, adding and correcting."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.weigher_words import bounded, today
from fulfillment.purchasing import queries
from fulfillment.purchasing.asking.queries import turned_away
from fulfillment.purchasing.asking.rules import CAUSES
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers import service
from fulfillment.purchasing.growers.forms import read_farmer
from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.settlements import queries as settlements
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("farmers", __name__, url_prefix="/farmers")


@blueprint.get("")
@requires(WEIGHER, OWNER)
def all_farmers() -> str:
    """Everybody who grows for us, by name, initials or village."""
    search = request.args.get("q", "")[:40]
    with transaction() as session:
        return render_template("weigh/farmers.html", farmers=growers.farmers(session, search), search=search)


@blueprint.get("/new")
@requires(WEIGHER, OWNER)
def new_farmer() -> str:
    """A grower who is not on the list yet."""
    return render_template("weigh/farmer_form.html", form=Form({"active": "1"}), farmer=None, problem=None)


@blueprint.post("/new")
@requires(WEIGHER, OWNER)
def add_farmer() -> Response | tuple[str, int]:
    """Write a grower down."""
    form = Form({**request.form, "active": "1"})
    try:
        with transaction() as session:
            farmer = service.add_farmer(session, read_farmer(form), now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        page = render_template("weigh/farmer_form.html", form=form, farmer=None, problem=problem)
        return page, problem.status
    flash(t("{name} 加上了。", "{name} is on the list.", name=farmer.name), "done")
    return redirect(url_for("weigher.farmers.show", farmer_id=farmer.id), 303)


@blueprint.get("/<int:farmer_id>")
@requires(WEIGHER, OWNER)
def show(farmer_id: int) -> str:
    """One grower: contracts, what is owed, the last deliveries."""
    with transaction() as session:
        farmer = find_farmer(session, farmer_id)
        return render_template(
            "weigh/farmer.html",
            farmer=farmer,
            contracts=growers.contracts(session, farmer_id=farmer.id, with_ended=True),
            owed_fen=settlements.owed_to(session, farmer.id),
            visits=turned_away(session, farmer_id=farmer.id),
            causes=CAUSES,
            deliveries=queries.deliveries(session, farmer_id=farmer.id, most=10),
            today=today(),
        )


def find_farmer(session: Session, farmer_id: int) -> Farmer:
    """The grower, or 404."""
    farmer = session.get(Farmer, bounded(farmer_id))
    if farmer is None:
        raise NotFound("没有这位农户。", "There is no such farmer.")
    return farmer


@blueprint.get("/<int:farmer_id>/edit")
@requires(WEIGHER, OWNER)
def farmer_form(farmer_id: int) -> str:
    """Correct a grower's facts, or what buyers may see."""
    with transaction() as session:
        farmer = find_farmer(session, farmer_id)
    given = {name: getattr(farmer, name) for name in ("name", "shown_name", "phone", "village", "initials")}
    ticked = {name: "1" for name in ("consent_shown", "active") if getattr(farmer, name)}
    return render_template("weigh/farmer_form.html", form=Form(given | ticked), farmer=farmer, problem=None)


@blueprint.post("/<int:farmer_id>/edit")
@requires(WEIGHER, OWNER)
def change_farmer(farmer_id: int) -> Response | tuple[str, int]:
    """Write what was corrected."""
    form = Form(request.form)
    try:
        with transaction() as session:
            service.change_farmer(session, bounded(farmer_id), read_farmer(form), now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        with transaction() as session:
            farmer = find_farmer(session, farmer_id)
        page = render_template("weigh/farmer_form.html", form=form, farmer=farmer, problem=problem)
        return page, problem.status
    flash(t("改好了。", "Changed."), "done")
    return redirect(url_for("weigher.farmers.show", farmer_id=farmer_id), 303)
