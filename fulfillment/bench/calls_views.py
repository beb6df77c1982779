"""Whom to call this week, with what came of it; and how good a farmer's goods were."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench.farmer_views import find_farmer
from fulfillment.bench.weigher_words import bounded, today, typed_key
from fulfillment.purchasing.planning import calls, quality, service
from fulfillment.purchasing.planning.rules import OUTCOMES, REST_DAYS
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import Text, t

blueprint = Blueprint("calls", __name__)

OUTCOME_WORDS = {
    "will_bring": Text("会送来", "will bring it"),
    "brings_less": Text("交不了那么多", "cannot bring that much"),
    "will_wait": Text("愿意缓一缓", "will wait"),
    "not_reached": Text("没打通", "not reached"),
    "other": Text("别的", "something else"),
}
assert set(OUTCOME_WORDS) == set(OUTCOMES)


@blueprint.get("/calls")
@requires(WEIGHER, OWNER)
def to_call() -> tuple[str, int]:
    """Everybody to call, most pressing first; ``?show=`` shows one phone number."""
    return _page(Form(), _shown(), None)


def _shown() -> int:
    asked = request.args.get("show", "")
    return int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else 0


def _page(form: Form, shown: int, problem: Problem | None) -> tuple[str, int]:
    with transaction() as session:
        html = render_template(
            "weigh/calls.html",
            lines=calls.to_call(session, today()),
            lately=calls.called_lately(session, today()),
            shown=shown,
            form=form,
            key=typed_key(),
            outcomes=OUTCOME_WORDS,
            rest_days=REST_DAYS,
            problem=problem,
        )
    return html, problem.status if problem else 200


@blueprint.post("/calls/<int:farmer_id>")
@requires(WEIGHER, OWNER)
def note_call(farmer_id: int) -> Response | tuple[str, int]:
    """Note what came of a call; the farmer is left in peace for some days."""
    form = Form(request.form)
    try:
        outcome = form.choice("outcome", OUTCOMES)
        words = form.text("words", longest=200, required=outcome == "other")
        form.check()
        with transaction() as session:
            call = service.note_call(
                session,
                bounded(farmer_id),
                outcome,
                words,
                key=f"{farmer_id}:{typed_key()}",
                today=today(),
                now=utc_now(),
                by=actor(),
            )
    except NotFound:
        raise
    except Problem as problem:
        return _page(form, farmer_id, problem)
    flash(t("记下了，{day} 以前不用再打。", "Noted; no need to call again before {day}.", day=call.rest_until), "done")
    return redirect(url_for("weigher.calls.to_call"), 303)


@blueprint.get("/farmers/<int:farmer_id>/quality")
@requires(WEIGHER, OWNER)
def show_quality(farmer_id: int) -> str:
    """A farmer's quality, month by month, and what would help most."""
    with transaction() as session:
        farmer = find_farmer(session, farmer_id)
        found = quality.quality_of(session, farmer.id, today())
        return render_template("weigh/farmer_quality.html", farmer=farmer, found=found)
