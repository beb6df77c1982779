"""Weighing in: choose the farmer, type what the scale says, see the working, write it, print the slip."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask import Response as FileResponse
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.delivery_facts import SLIP_PAPERS, chosen_paper, delivery_facts
from fulfillment.bench.grade_cards import grade_cards
from fulfillment.bench.people_at_the_scale import people_at_the_scale
from fulfillment.bench.weigher_words import bounded, cause_options, today, typed_key
from fulfillment.bench.working_at_the_scale import Worked, work_out
from fulfillment.bench.writing_weigh_ins import hand_in, keep_photos, seen_mark
from fulfillment.labels.codes import qr_svg
from fulfillment.purchasing import queries, service
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.settlements import service as settlements
from fulfillment.purchasing.weighing import queries as weighing
from fulfillment.purchasing.weighing.forms import read_weigh_in, typed_places
from fulfillment.purchasing.weighing.models import WeighInPhoto
from fulfillment.purchasing.weighing.rules import KG, MOST_BAGS
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER

blueprint = Blueprint("deliveries", __name__)

_PAGE = 40
# Buttons that only change the form: another bag, or photos to send along.
_STAY = frozenset({"add-bag", "photos"})
_CONFIRM = frozenset({"confirm", "sure"})
_ASKED_ONCE = frozenset({"unusual", "written_twice"})


@blueprint.get("/in")
@requires(WEIGHER, OWNER)
def choose() -> str:
    """Who is at the scale: by badge, name, initials or village; whoever comes most often stands first."""
    search = request.args.get("q", "")[:40]
    with transaction() as session:
        return render_template("weigh/choose.html", people=people_at_the_scale(session, search), search=search)


@blueprint.get("/in/<int:contract_id>")
@requires(WEIGHER, OWNER)
def weigh_in_form(contract_id: int) -> str | tuple[str, int]:
    """What the scale and the moisture meter say."""
    with transaction() as session:
        return _page(session, contract_id, Form({"foreign": "0", "unit": KG}), show_working=False)


@blueprint.post("/in/<int:contract_id>")
@requires(WEIGHER, OWNER)
def weigh_in(contract_id: int) -> Response | str | tuple[str, int]:
    """Add a bag, work the price out, or write it; written only when the amount that was seen is confirmed."""
    form, key = Form(request.form), typed_key()
    try:
        keep_photos(request.files, key=key, by=actor())
        if form.value("step") in _STAY:
            with transaction() as session:
                return _page(session, contract_id, form, show_working=False)
        typed = read_weigh_in(form, bounded(contract_id), today())
        if form.value("step") in _CONFIRM:
            outcome = hand_in(typed, key=key, seen=str(form.value("seen")), today=today(), by=actor())
            return redirect(outcome.where, 303)
    except Problem as problem:
        # A question about odd figures is answered with a button, not at a field.
        if problem.code not in _ASKED_ONCE:
            form.errors.update(problem.fields)
        with transaction() as session:
            return _page(session, contract_id, form, problem)
    with transaction() as session:
        return _page(session, contract_id, form)


@blueprint.post("/in/<int:contract_id>/working")
@requires(WEIGHER, OWNER)
def working(contract_id: int) -> str:
    """The working alone, or why there is none, for the page to show while somebody types; nothing is written."""
    form = Form(request.form)
    with transaction() as session:
        contract = _contract(session, contract_id)
        return render_template(
            "weigh/working.html", contract=contract, form=form, **_shown(work_out(session, contract.id, form))
        )


def _shown(worked: Worked, problem: Problem | None = None) -> dict[str, Any]:
    """What the working's template is given; a problem of handing in is said before one of working out."""
    said = problem or worked.problem
    return {
        "slip": worked.slip,
        "seen": worked.slip and seen_mark(worked.slip),
        "reasons": worked.reasons,
        "problem": said,
    }


@blueprint.get("/in/photos/<int:photo_id>")
@requires(WEIGHER, OWNER, LEAD)
def photo(photo_id: int) -> FileResponse:
    """A photo that was taken at the scale."""
    with transaction() as session:
        found = session.get(WeighInPhoto, bounded(photo_id))
        if found is None:
            raise NotFound
        return FileResponse(found.jpeg, mimetype="image/jpeg")


def _contract(session: Session, contract_id: int) -> Contract:
    contract = session.get(Contract, bounded(contract_id))
    if contract is None:
        raise NotFound("没有这份合同。", "There is no such contract.")
    return contract


def _page(
    session: Session, contract_id: int, form: Form, problem: Problem | None = None, *, show_working: bool = True
) -> tuple[str, int]:
    """The form with what was typed and, when it can be worked out, the working."""
    contract, key = _contract(session, contract_id), typed_key()
    shown = _shown(work_out(session, contract.id, form) if show_working else Worked(), problem)
    said = shown["problem"]
    written = queries.delivery_by_key(session, key) if isinstance(said, service.KeyReused) else None
    places = typed_places(form.values)
    page = render_template(
        "weigh/weigh_in.html",
        contract=contract,
        grades=grade_cards(contract, weighing.grades_with_pictures(session)),
        places=[*places, *([places[-1] + 1] if form.value("step") == "add-bag" and places[-1] < MOST_BAGS else [])],
        photos=weighing.photos_of(session, key),
        causes=cause_options(),
        form=form,
        blank=Form({"unit": form.value("unit")}),
        written=written,
        key=key,
        today=today(),
        **shown,
    )
    return page, said.status if said else 200


@blueprint.get("/deliveries")
@requires(WEIGHER, OWNER)
def all_deliveries() -> str:
    """Every delivery, newest first."""
    before = request.args.get("before", "")
    last_id = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    with transaction() as session:
        found = queries.deliveries(session, before=last_id, most=_PAGE)
        return render_template(
            "weigh/deliveries.html", deliveries=found, is_first_page=last_id is None, page_size=_PAGE
        )


@blueprint.get("/deliveries/<int:delivery_id>")
@requires(WEIGHER, OWNER)
def show(delivery_id: int) -> tuple[str, int]:
    """A delivery that is written: what it pays, and the slip to print."""
    return _delivery_page(delivery_id, Form())


def _delivery_page(delivery_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        delivery = _delivery(session, delivery_id)
        page = render_template(
            "weigh/delivery.html", delivery=delivery, form=form, problem=problem, **delivery_facts(session, delivery)
        )
    return page, problem.status if problem else 200


@blueprint.post("/deliveries/<int:delivery_id>/take-back")
@requires(OWNER)
def take_back(delivery_id: int) -> Response | tuple[str, int]:
    """It was written by mistake: the owner takes it back, and the line beside it says why."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=120)
        form.check()
        with transaction() as session:
            settlements.take_back(session, bounded(delivery_id), reason=reason, now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        return _delivery_page(delivery_id, form, problem)
    return redirect(url_for("weigher.deliveries.show", delivery_id=delivery_id), 303)


@blueprint.get("/deliveries/<int:delivery_id>/slip")
@requires(WEIGHER, OWNER)
def print_slip(delivery_id: int) -> str:
    """The farmer's slip, on the paper that was chosen: every line of the working, and a code that leads to the lot's story."""
    with transaction() as session:
        delivery = _delivery(session, delivery_id)
        story_url = setting("public_url") + url_for("storefront.trace", number=delivery.lot.number)
        return render_template(
            "weigh/slip.html",
            delivery=delivery,
            payable=queries.payable_of(session, delivery.id),
            code=qr_svg(story_url),
            paper=chosen_paper(request.args.get("paper")),
            papers=SLIP_PAPERS,
            **delivery_facts(session, delivery),
        )


def _delivery(session: Session, delivery_id: int) -> Delivery:
    delivery = session.get(Delivery, bounded(delivery_id))
    if delivery is None:
        raise NotFound("没有这次交货。", "There is no such delivery.")
    return delivery
