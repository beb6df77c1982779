"""What the workshop calls itself, changed by the owner."""

from flask import Blueprint, current_app, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console.forms import done, said_again
from app.workshop import beginning
from app.workshop.forms import read_workshop
from app.workshop.service import WorkshopFacts, describe, facts_of, workshop_of
from config import Settings
from kernel.errors import Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER
from kernel.text import t

blueprint = Blueprint("workshop", __name__, url_prefix="/workshop")


@blueprint.get("")
@requires(OWNER)
def show() -> tuple[str, int]:
    """What is written now; of a workshop that wrote nothing, what the settings say."""
    with transaction() as session:
        workshop = workshop_of(session)
    facts = facts_of(workshop) if workshop else _from_settings()
    return _page(Form({**vars(facts), "version": workshop.version if workshop else 0}))


def _from_settings() -> WorkshopFacts:
    """What is in use where the owner wrote nothing."""
    settings: Settings = current_app.extensions["settings"]
    province, city, county = settings.sender_region
    return WorkshopFacts(
        name=settings.workshop_name,
        phone=settings.sender_phone,
        province=province,
        city=city,
        county=county,
        address=settings.sender_address,
        tax_code=settings.workshop_tax_code,
    )


def _page(form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        now = workshop_of(session)
        is_demo = beginning.is_demo(session)
    html = render_template(
        "console/workshop.html", form=form, problem=problem, stands=now, is_demo=is_demo, in_use=_from_settings()
    )
    return html, problem.status if problem else 200


@blueprint.post("")
@requires(OWNER)
def change() -> Response | tuple[str, int]:
    """Write it down; every page says it a few seconds later, this process's at once."""
    form = Form(request.form)
    try:
        facts, version = read_workshop(form), form.count("version", 0, 2**31 - 1)
        form.check()
        with transaction() as session:
            describe(session, facts, version=version, now=utc_now(), by=actor())
    except Problem as problem:
        return _changed_meanwhile(form, problem)
    current_app.extensions["workshop"].look(at_once=True)
    return done(
        url_for("console.workshop.show"),
        t("写好了，几秒钟后每一页都是新的。", "Written: every page says so in a few seconds."),
    )


def _changed_meanwhile(form: Form, problem: Problem) -> tuple[str, int]:
    """What was typed stays; sent once more after a look, it is meant."""
    if problem.code == "changed_meanwhile":
        with transaction() as session:
            workshop = workshop_of(session)
        form.values["version"] = workshop.version if workshop else 0
    return _page(said_again(form, problem), problem)
