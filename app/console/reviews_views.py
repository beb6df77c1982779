"""Reviews: looked at before others read them, answered, or kept back for one of few reasons."""

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from app.console.forms import done, possible_id
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, page_before, requires, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.text import t
from shop.reviews import queries, rules, service
from shop.reviews.models import Review

blueprint = Blueprint("reviews", __name__, url_prefix="/reviews")
_PAGE = 30


@blueprint.get("")
@requires(OWNER, STREAMER)
def index() -> str:
    """Those that nobody has looked at, oldest first; below them the others."""
    with transaction() as session:
        decided = queries.decided(session, before=page_before(), most=_PAGE)
        return render_template(
            "console/reviews.html",
            waiting=queries.waiting(session),
            decided=decided,
            older=decided[-1].id if len(decided) == _PAGE else None,
        )


@blueprint.get("/<int:review_id>")
@requires(OWNER, STREAMER)
def show(review_id: int) -> tuple[str, int]:
    """One review, what became of it, and both answers to it."""
    return _page(review_id, None)


def _page(review_id: int, form: Form | None, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        review = session.get(Review, review_id) if review_id < 2**63 else None
        if review is None:
            raise NotFound("没有这条评价，可能买家删了。", "There is no such review; its buyer may have deleted it.")
        form = form or Form({"answer": review.answer, "reason": review.reason})
        html = render_template(
            "console/review.html",
            each=review,
            form=form,
            problem=problem,
            reasons=rules.REASONS,
            choices=[(name, word, "") for name, word in rules.REASONS.items()],
        )
    return html, problem.status if problem else 200


@blueprint.post("/<int:review_id>/show")
@requires(OWNER, STREAMER)
def let_show(review_id: int) -> Response | tuple[str, int]:
    """Others may read it, with an answer if one is given; done twice it is once."""
    form = Form(request.form)
    try:
        answer = form.text("answer", longest=rules.LONGEST_ANSWER, required=False, lines=True)
        form.check()
        with transaction() as session:
            service.show(session, possible_id(review_id), answer, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _page(review_id, form, problem)
    return done(url_for("console.reviews.index"), t("登出来了。", "Others can read it now."))


@blueprint.post("/<int:review_id>/hide")
@requires(OWNER, STREAMER)
def keep_back(review_id: int) -> Response | tuple[str, int]:
    """It is kept back for one of the reasons; its buyer reads which."""
    form = Form(request.form)
    try:
        reason = form.choice("reason", rules.REASONS)
        form.check()
        with transaction() as session:
            service.hide(session, possible_id(review_id), reason, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _page(review_id, form, problem)
    return done(
        url_for("console.reviews.index"), t("没有登出来，买家看得到原因。", "It is kept back; its buyer reads why.")
    )
