"""Weigh-ins that wait for a second person: the list, everything that was typed, and deciding about it."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.weigher_words import bounded, today
from fulfillment.purchasing import service as purchasing
from fulfillment.purchasing.asking import deciding_service as deciding
from fulfillment.purchasing.asking import queries
from fulfillment.purchasing.asking.models import WeighInRequest
from fulfillment.purchasing.asking.rules import ASKING, CAUSES
from fulfillment.purchasing.rules import Slip
from fulfillment.purchasing.weighing import queries as weighing
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, flows, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("asking", __name__, url_prefix="/asking")


@blueprint.get("")
@requires(WEIGHER, OWNER, LEAD)
def list_requests() -> str:
    """What waits, the longest first; below it what was decided last."""
    with transaction() as session:
        return render_template(
            "weigh/asking.html",
            waiting=queries.waiting_requests(session),
            decided=queries.decided_requests(session),
            asking=ASKING,
        )


@blueprint.get("/<int:request_id>")
@requires(WEIGHER, OWNER, LEAD)
def show(request_id: int) -> tuple[str, int]:
    """One request: everything typed, its photos, and what would be paid now."""
    return _page(request_id, Form())


@blueprint.post("/<int:request_id>/approve")
@requires(OWNER, LEAD)
def approve(request_id: int) -> Response | tuple[str, int]:
    """Another person agrees: the delivery is written at the price that was on the screen."""
    form = Form(request.form)
    try:
        words = form.text("words", longest=120, required=False)
        form.check()
        with transaction() as session:
            answer = flows().approve_weigh_in(
                session,
                bounded(request_id),
                words=words,
                seen=str(form.value("seen")),
                today=today(),
                now=utc_now(),
                by=actor(),
            )
    except Problem as problem:
        return _page(request_id, form, problem)
    flash(t("同意了，已经记下。", "Agreed; it is written."), "done")
    if answer.delivery_id is None:
        raise NotFound
    return redirect(url_for("weigher.asking.show", request_id=request_id), 303)


@blueprint.post("/<int:request_id>/refuse")
@requires(OWNER, LEAD)
def refuse(request_id: int) -> Response | tuple[str, int]:
    """Another person refuses, with a reason that the weigher reads."""
    form = Form(request.form)
    try:
        words = form.text("words", longest=120)
        form.check()
        with transaction() as session:
            deciding.refuse(session, bounded(request_id), words=words, now=utc_now(), by=actor())
    except Problem as problem:
        return _page(request_id, form, problem)
    flash(t("没有同意，过磅的人能看到原因。", "Refused; the weigher reads why."), "done")
    return redirect(url_for("weigher.asking.list_requests"), 303)


@blueprint.post("/<int:request_id>/take-back")
@requires(WEIGHER, OWNER, LEAD)
def take_back(request_id: int) -> Response | tuple[str, int]:
    """Whoever asked takes it back."""
    try:
        with transaction() as session:
            deciding.take_back(session, bounded(request_id), now=utc_now(), by=actor())
    except Problem as problem:
        return _page(request_id, Form(request.form), problem)
    flash(t("撤回了，可以重新过磅。", "Taken back; it can be weighed in anew."), "done")
    return redirect(url_for("weigher.asking.show", request_id=request_id), 303)


def _page(request_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    if isinstance(problem, NotFound):
        raise problem
    if problem is not None:
        form.errors.update(problem.fields)
    with transaction() as session:
        found = _request(session, request_id)
        slip, missing = _price_now(session, found)
        page = render_template(
            "weigh/asking_one.html",
            asked=found,
            cause=CAUSES.get(found.refused_reason),
            asking=ASKING,
            photos=weighing.photos_of(session, found.key),
            slip=slip,
            seen=slip and deciding.seen_mark(slip),
            missing=missing,
            over_g=deciding.over_now(found),
            is_mine=found.asked_by_id == actor().person_id,
            nobody_else=not queries.may_anybody_else_decide(session, found),
            form=form,
            problem=problem,
        )
    return page, problem.status if problem else 200


def _request(session: Session, request_id: int) -> WeighInRequest:
    found = session.get(WeighInRequest, bounded(request_id))
    if found is None:
        raise NotFound("没有这个申请。", "There is no such request.")
    return found


def _price_now(session: Session, found: WeighInRequest) -> tuple[Slip | None, Problem | None]:
    """What would be paid, or why that cannot be said yet."""
    if found.delivery is not None:
        return purchasing.slip_of(found.delivery), None
    try:
        return deciding.price_now(session, found, today()), None
    except Problem as problem:
        return None, problem
