"""A settlement that was made: its lines, the signature for the money, and money that came back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import settlement_words
from fulfillment.bench.weigher_words import bounded
from fulfillment.couriers.lists.rules import HEIGHT, LONGEST_PATH, WIDTH, read_signature
from fulfillment.purchasing.settlements import queries, result_service
from fulfillment.purchasing.settlements.models import Settlement
from fulfillment.purchasing.settlements.result_service import HandOut
from fulfillment.purchasing.settlements.rules import METHODS
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER
from kernel.text import t

blueprint = Blueprint("results", __name__, url_prefix="/pay/settlements/<int:settlement_id>")


@blueprint.get("")
@requires(WEIGHER, OWNER, LEAD)
def show(settlement_id: int) -> str:
    """A settlement with its lines, what was set off, and whether the farmer has the money."""
    with transaction() as session:
        return _page(session, settlement_id, Form())


def _page(session: Session, settlement_id: int, form: Form) -> str:
    settlement = session.get(Settlement, bounded(settlement_id))
    if settlement is None:
        raise NotFound("没有这次结算。", "There is no such settlement.")
    return render_template(
        "weigh/settlement.html",
        settlement=settlement,
        payables=queries.settlement_lines(session, settlement.id),
        parts=queries.parts_of(session, settlement.id),
        result=settlement_words.result_of(settlement),
        form=form,
        field=(WIDTH, HEIGHT, LONGEST_PATH),
    )


@blueprint.post("/hand-out")
@requires(OWNER, LEAD)
def hand_out(settlement_id: int) -> Response | tuple[str, int]:
    """The farmer has the money: signed on the screen, or with a note of the paper or the transfer."""
    form = Form(request.form)
    try:
        method = form.choice("method", METHODS)
        reference = form.text("reference", longest=60, required=False)
        signature = form.read("signature", read_signature)
        if not (signature or reference) and not form.errors:
            form.refuse("signature", "请农户签名，或写凭证号。", "Let the farmer sign, or write the paper's number.")
        form.check()
        with transaction() as session:
            how = HandOut(method, reference, signature)
            result_service.hand_out(session, bounded(settlement_id), how, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"signature": problem.text})
        with transaction() as session:
            return _page(session, settlement_id, form), problem.status
    flash(t("记下了：钱到手了。", "Noted: the farmer has the money."), "done")
    return redirect(url_for(".show", settlement_id=settlement_id), 303)


@blueprint.post("/back")
@requires(OWNER, LEAD)
def back(settlement_id: int) -> Response | tuple[str, int]:
    """The bank sent it back, or it was wrong: it is owed again by a line of its own."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=100)
        form.check()
        with transaction() as session:
            result_service.take_money_back(session, bounded(settlement_id), reason=reason, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"reason": problem.text})
        with transaction() as session:
            return _page(session, settlement_id, form), problem.status
    flash(t("记下了，这笔钱又欠着了。", "Noted; it is owed again."), "done")
    return redirect(url_for(".show", settlement_id=settlement_id), 303)


blueprint.context_processor(settlement_words.words)
