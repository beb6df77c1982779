"""Badges for many packers on one sheet; each code is shown once, because only its hash is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.lead_forms import bounded
from fulfillment.labels.codes import qr_svg
from kernel import once
from kernel.errors import NotFound
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import LEAD, OWNER, PACKER
from kernel.text import t

blueprint = Blueprint("badges", __name__, url_prefix="/badges")

_MOST = 100


@dataclass(frozen=True)
class NewBadge:
    """A badge on the sheet; the code is in the picture only."""

    name: str
    code_svg: str


def _packers(session: Session) -> Sequence[Person]:
    """Who packs and does nothing else, by name: a lead gives nobody a key to more than the bench."""
    found = session.scalars(select(Person).where(Person.active).order_by(Person.name, Person.id))
    return [person for person in found if person.roles == {PACKER}]


@blueprint.get("")
@requires(LEAD, OWNER)
def choose() -> str:
    """Whom to make badges for; those who have none are chosen already."""
    with transaction() as session:
        return render_template("lead/badges.html", packers=_packers(session), form_key=once.new_key(), most=_MOST)


@blueprint.post("")
@requires(LEAD, OWNER)
def make() -> Response:
    """Make the badges and show the sheet, this once; sent again, no second ones are made."""
    wanted = {
        bounded(int(raw))
        for raw in request.form.getlist("person")[:_MOST]
        if raw.isascii() and raw.isdigit() and len(raw) < 19
    }
    typed = {**Form(request.form).values, "person": sorted(wanted)}
    with transaction() as session:
        is_first = once.is_first(session, typed, purpose="badges", by=actor(), now=utc_now())
        made = _make(session, wanted) if is_first else []
    if not made:
        words = (
            t("先点要做工牌的人。", "First tick whom to make a badge for.")
            if is_first
            else t(
                "这些工牌做过了，只显示一次。没打出来，就再做一次。",
                "These were made before and are shown once. If they did not print, make new ones.",
            )
        )
        flash(words, "problem")
        return redirect(url_for("lead.badges.choose"), code=303)
    response = make_response(render_template("lead/badge_sheet.html", badges=made))
    response.headers["Cache-Control"] = "no-store"
    return response


def _make(session: Session, wanted: set[int]) -> list[NewBadge]:
    chosen = [person for person in _packers(session) if person.id in wanted]
    if len(chosen) != len(wanted):
        raise NotFound("有人不在打包员里了，请重新选。", "Somebody does not pack any more. Choose again.")
    made = []
    for person in sorted(chosen, key=lambda one: one.id):
        locked = people.lock_person(session, person.id)
        made.append((locked.name, people.new_badge(session, locked, now=utc_now(), by=actor())))
    return [NewBadge(name, qr_svg(code)) for name, code in sorted(made)]
