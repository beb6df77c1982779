"""Complaints: what buyers tell with photos, and the answer that a person gives."""

from flask import Blueprint, Response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app import workflows
from app.console.forms import done, first_time, said_again
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, page_before, requires, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.text import t
from shop.complaints import queries
from shop.complaints.models import Complaint

blueprint = Blueprint("complaints", __name__, url_prefix="/complaints")

_LARGEST_FEN = 100_000_000
_LONGEST_ANSWER = 300


@blueprint.get("")
@requires(OWNER, STREAMER)
def index() -> str:
    """Those that wait, oldest first; below them those that are answered."""
    with transaction() as session:
        return render_template(
            "console/complaints.html",
            waiting=queries.open_complaints(session),
            decided=queries.decided_complaints(session, before=page_before()),
        )


def _page(complaint_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        complaint = session.get(Complaint, complaint_id) if complaint_id < 2**63 else None
        if complaint is None:
            raise NotFound("没有这条售后。", "There is no such complaint.")
        facts = queries.delivered(session, complaint.order)
        left_fen = complaint.order.total_fen - complaint.order.refunded_fen
        html = render_template(
            "console/complaint.html", each=complaint, facts=facts, left_fen=left_fen, form=form, problem=problem
        )
    return html, problem.status if problem else 200


@blueprint.get("/<int:complaint_id>")
@requires(OWNER, STREAMER)
def show(complaint_id: int) -> tuple[str, int]:
    """One complaint with its photos and the order behind it."""
    return _page(complaint_id, Form())


@blueprint.post("/<int:complaint_id>/grant")
@requires(OWNER, STREAMER)
def grant(complaint_id: int) -> AnyResponse | tuple[str, int]:
    """So much money goes back."""
    form = Form(request.form)
    try:
        amount_fen = form.yuan("refund_amount", high_fen=_LARGEST_FEN, low_fen=1)
        answer = form.text("grant_answer", longest=_LONGEST_ANSWER, required=False)
        form.check()
        with transaction() as session:
            is_first = first_time(session, form, f"complaint-grant:{complaint_id}")
            if is_first:
                workflows.grant_complaint(session, complaint_id, amount_fen, answer, now=utc_now(), by=actor())
    except Problem as problem:
        return _page(complaint_id, said_again(form, problem), problem)
    return _next(t("退款记下了，买家会收到短信。", "The refund is noted; the buyer gets a message."), is_first=is_first)


@blueprint.post("/<int:complaint_id>/refuse")
@requires(OWNER, STREAMER)
def refuse(complaint_id: int) -> AnyResponse | tuple[str, int]:
    """No money goes back, with words that the buyer reads."""
    form = Form(request.form)
    try:
        answer = form.text("refuse_answer", longest=_LONGEST_ANSWER)
        form.check()
        with transaction() as session:
            is_first = first_time(session, form, f"complaint-refuse:{complaint_id}")
            if is_first:
                workflows.refuse_complaint(session, complaint_id, answer, now=utc_now(), by=actor())
    except Problem as problem:
        return _page(complaint_id, said_again(form, problem), problem)
    return _next(t("答复发给买家了。", "The answer went to the buyer."), is_first=is_first)


def _next(sentence: str, *, is_first: bool) -> AnyResponse:
    return done(url_for("console.complaints.index"), sentence, is_first=is_first)


@blueprint.get("/<int:complaint_id>/photos/<int:place>")
@requires(OWNER, STREAMER)
def photo(complaint_id: int, place: int) -> Response:
    """One of the photos."""
    with transaction() as session:
        found = queries.photo(session, complaint_id, place) if max(complaint_id, place) < 2**31 else None
        if found is None:
            raise NotFound("没有这张照片。", "There is no such photo.")
        return Response(found.jpeg, mimetype="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})
