"""Parcels of one buyer that could go in one box: the lead looks and decides."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.packing.boxes import queries
from fulfillment.packing.boxes.rules import MOST_IN_A_BOX
from kernel.errors import Problem
from kernel.forms import Form
from kernel.http import actor, flows, requires, setting, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("boxes", __name__, url_prefix="/boxes")


@blueprint.get("")
@requires(LEAD, OWNER)
def suggestions() -> str:
    """What could go together."""
    with transaction() as session:
        return _page(session, None)


@blueprint.post("")
@requires(LEAD, OWNER)
def combine() -> Response | tuple[str, int]:
    """Put parcels together; pressed twice it is one box."""
    form = Form({"parcels": request.form.getlist("parcel")})
    try:
        ids = form.read("parcels", _read_ids)
        form.check()
        with transaction() as session:
            lead = flows().combine_parcels(session, ids, by=actor(), now=utc_now())
    except Problem as problem:
        with transaction() as session:
            return _page(session, problem), problem.status
    flash(
        t("合成一箱了，面单贴在 {number} 上。", "One box now; the label goes on {number}.", number=lead.number), "done"
    )
    return redirect(url_for("lead.sending.show", number=lead.number), code=303)


def _read_ids(raw: object) -> list[int]:
    """Ids of two parcels or more, each once."""
    ids = list(dict.fromkeys(parse_count(one, 1, 2**62) for one in raw)) if isinstance(raw, list) else []
    if not 2 <= len(ids) <= MOST_IN_A_BOX:
        raise FieldError(f"请选 2 到 {MOST_IN_A_BOX} 个包裹。", f"Choose 2 to {MOST_IN_A_BOX} parcels.")
    return ids


def _page(session: Session, problem: Problem | None) -> str:
    return render_template(
        "lead/boxes.html",
        groups=queries.could_go_together(session, setting("heaviest_parcel_g")),
        problem=problem,
        heaviest_g=setting("heaviest_parcel_g"),
    )
