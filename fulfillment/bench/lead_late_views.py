"""Work that was done without a network and did not count: the lead settles it, or proposes a correction."""

from collections.abc import Mapping
from typing import Final

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import late_news
from fulfillment.packing.late_rules import CANCELLED, OTHER_HAS_IT, OTHER_PACKED_IT, RATE_UNKNOWN
from kernel.errors import NotFound, Problem
from kernel.http import actor, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER
from kernel.text import Text, t

blueprint = Blueprint("late", __name__, url_prefix="/late-work")

_LONGEST_KEY = 64

# Why it did not count, in words for the lead.
WHY: Final[Mapping[str, Text]] = {
    CANCELLED: Text("订单先取消了，后来才包好。", "Its order was cancelled before it was finished."),
    OTHER_HAS_IT: Text("已经交给别人，离手以后才包好。", "It was given to somebody else before it was finished."),
    OTHER_PACKED_IT: Text("别人也包好了这件，一件只付一次。", "Somebody else packed it too; a piece is paid once."),
    RATE_UNKNOWN: Text("当时的单价没有记下来。", "The rate of then was not kept."),
    late_news.NEVER_IN_HAND: Text("按记录，这件没有到过手上。", "By the records it never was in those hands."),
}


@blueprint.get("")
@requires(LEAD, OWNER)
def list_news() -> str:
    """What waits, and what was decided last."""
    with transaction() as session:
        return _page(session)


@blueprint.post("/<key>/settle")
@requires(LEAD, OWNER)
def settle(key: str) -> Response | tuple[str, int]:
    """Nothing is to be paid; who said so and when is kept."""
    if len(key) > _LONGEST_KEY:
        raise NotFound
    try:
        with transaction() as session:
            late_news.settle(session, key, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        with transaction() as session:
            return _page(session, problem), problem.status
    flash(t("记下了，不用另外付。", "Noted: nothing to pay."), "done")
    return redirect(url_for("lead.late.list_news"), code=303)


def _page(session: Session, problem: Problem | None = None) -> str:
    return render_template(
        "lead/late_work.html",
        news=late_news.open_news(session),
        count=late_news.count_open(session),
        decided=late_news.decided(session),
        why=WHY,
        problem=problem,
    )
