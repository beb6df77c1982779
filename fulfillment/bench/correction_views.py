"""Prices that were corrected after deliveries were paid by them: what is missing, decided line by line."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulfillment.bench.weigher_words import bounded
from fulfillment.purchasing.corrections import queries, service
from fulfillment.purchasing.corrections.queries import DECISIONS, LEFT, PAID
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("corrections", __name__, url_prefix="/quotes/corrections")

_MOST_FEN = 100_000_000


@blueprint.get("")
@requires(WEIGHER, OWNER)
def differences() -> str:
    """What waits for a decision, what got more than the corrected price gives, and what was decided."""
    return _page()


def _page(problem: Problem | None = None, asked: tuple[int, Form] | None = None) -> str:
    with transaction() as session:
        found = queries.open_differences(session)
        return render_template(
            "weigh/corrections.html",
            missing=[each for each in found if each.fen > 0],
            above=[each for each in found if each.fen < 0],
            decided=queries.decisions(session),
            problem=problem,
            asked_id=asked[0] if asked else None,
            typed=asked[1] if asked else Form(),
            empty_form=Form(),
        )


@blueprint.post("/<int:delivery_id>")
@requires(OWNER)
def decide(delivery_id: int) -> Response | tuple[str, int]:
    """Add the difference to the farmer's account, or leave it with a reason."""
    form = Form(request.form)
    try:
        decision = form.choice("decision", DECISIONS)
        quote_id = form.count("quote", 1, 2**62)
        seen = form.count("seen", 1, _MOST_FEN)
        reason = form.text("reason", longest=200, required=decision == LEFT)
        form.check()
        wish = service.Decision(bounded(delivery_id), quote_id, seen, decision, reason)
        with transaction() as session:
            line = service.decide(session, wish, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(problem, (delivery_id, form)), problem.status
    word = t("补付记到账上了，下次结算一起付。", "The supplement is in the account and paid with the next settlement.")
    flash(word if line.decision == PAID else t("记下了，不补。", "Noted: nothing is added."), "done")
    return redirect(url_for("weigher.corrections.differences"), 303)
