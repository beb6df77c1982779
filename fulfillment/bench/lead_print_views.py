"""Printing slips in batches, and the log of what was printed."""

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.slip_forms import read_reprint_reason
from fulfillment.bench.slip_views import PRINT_WITHIN, pdf_answer, slip_for
from fulfillment.labels.papers import DEFAULT_PAPER, PAPERS
from fulfillment.labels.rules import REPRINT_REASONS
from fulfillment.labels.sheets import Setting, slips_pdf
from fulfillment.labels.slip import unprintable
from fulfillment.packing import print_queries, print_service
from fulfillment.packing.print_service import LARGEST_BATCH
from kernel import once
from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, setting, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER
from kernel.text import Text

blueprint = Blueprint("prints", __name__, url_prefix="/prints")


@blueprint.get("")
@requires(LEAD, OWNER)
def choose() -> str:
    """Waiting parcels in packing order, the unprinted ones ticked."""
    with transaction() as session:
        return _choice(session, Form(), _shows_all())


@blueprint.post("")
@requires(LEAD, OWNER)
def print_batch() -> Response | tuple[str, int]:
    """Record the chosen slips as printed, in packing order; a double tap is one batch."""
    form = Form(request.form)
    try:
        reason = read_reprint_reason(form)
        chosen = _chosen()
        with transaction() as session:
            first_id = _record(session, form, chosen, reason)
    except Problem as problem:
        form.errors.update(problem.fields or {"parcel": problem.text})
        with transaction() as session:
            return _choice(session, form, _shows_all()), problem.status
    return redirect(url_for("lead.prints.show_batch", print_id=first_id), code=303)


def _record(session: Session, form: Form, chosen: list[int], reason: str) -> int:
    """The id of the batch's first print; sent twice, it is the batch of the first time."""
    typed = {**form.values, "parcel": ",".join(map(str, chosen))}
    if once.is_first(session, typed, purpose="print-slips", by=actor(), now=utc_now()):
        return print_service.print_slips(session, chosen, reason=reason, now=utc_now(), by=actor())[0].id
    return print_queries.prints_of(session, chosen[0])[-1].id


def _chosen() -> list[int]:
    """The ticked parcels, in the order of the page.

    Raises:
        Invalid: none, too many, or something that is no id.
    """
    try:
        chosen = [parse_count(raw, 1, 2**62) for raw in request.form.getlist("parcel")]
    except FieldError as error:
        raise Invalid(error.text.zh, error.text.en, fields={"parcel": error.text}) from None
    if not 1 <= len(chosen) <= LARGEST_BATCH:
        words = Text(f"请选 1 到 {LARGEST_BATCH} 张。", f"Choose 1 to {LARGEST_BATCH} slips.")
        raise Invalid(words.zh, words.en, fields={"parcel": words})
    return list(dict.fromkeys(chosen))


@blueprint.get("/<int:print_id>")
@requires(LEAD, OWNER)
def show_batch(print_id: int) -> str:
    """What was printed together: the PDF to print, and what to look at by eye."""
    with transaction() as session:
        batch = _batch(session, print_id)
        slips = [slip_for(parcel, None) for parcel in batch.parcels]
        return render_template(
            "lead/batch.html",
            print_id=print_id,
            batch=batch,
            is_fresh=utc_now() - batch.at <= PRINT_WITHIN,
            unprintable={slip.parcel_number: found for slip in slips if (found := unprintable(slip))},
        )


@blueprint.get("/<int:print_id>.pdf")
@requires(LEAD, OWNER)
def batch_pdf(print_id: int) -> Response:
    """The batch as one PDF: real for half an hour after it was recorded, then previews."""
    with transaction() as session:
        batch = _batch(session, print_id)
        is_real = utc_now() - batch.at <= PRINT_WITHIN
        prints = {one.parcel_id: one for one in batch.prints}
        slips = [slip_for(parcel, prints[parcel.id] if is_real else None) for parcel in batch.parcels]
    return pdf_answer(slips_pdf(slips, Setting(PAPERS[DEFAULT_PAPER])), f"slips-{print_id}")


@blueprint.get("/log")
@requires(LEAD, OWNER)
def log() -> str:
    """Reprints with who, when and why, newest first; ``?all=1`` shows first copies too."""
    only_again = request.args.get("all") != "1"
    with transaction() as session:
        lines = print_queries.print_log(session, only_again=only_again, before=_before(), most=print_queries.PAGE + 1)
    shown = lines[: print_queries.PAGE]
    more = len(lines) > len(shown)
    return render_template(
        "lead/print_log.html",
        lines=shown,
        only_again=only_again,
        older=url_for(".log", before=shown[-1].id, all=None if only_again else 1) if more else "",
    )


def _before() -> int | None:
    try:
        return parse_count(request.args.get("before"), 1, 2**62)
    except FieldError:
        return None


def _batch(session: Session, print_id: int) -> print_queries.Batch:
    batch = print_queries.batch_of(session, print_id) if print_id < 2**62 else None
    if batch is None:
        raise NotFound("没有这一批单子。", "There is no such batch of slips.")
    return batch


def _shows_all() -> bool:
    """Whether slips that were printed before are listed too."""
    return request.values.get("all") == "1"


def _choice(session: Session, form: Form, shows_all: bool) -> str:
    zone = setting("workshop_zone")
    parcels = print_queries.waiting_in_packing_order(session, zone, unprinted=not shows_all, most=LARGEST_BATCH)
    copies = print_queries.copies_of(session, [parcel.id for parcel in parcels])
    sent = set(request.form.getlist("parcel"))
    return render_template(
        "lead/prints.html",
        parcels=parcels,
        copies=copies,
        ticked=[p.id for p in parcels if (str(p.id) in sent if form.values else p.id not in copies)],
        shows_all=shows_all,
        largest=LARGEST_BATCH,
        reasons=[(code, word, "") for code, word in REPRINT_REASONS.items()],
        form=form,
        form_key=once.new_key(),
    )
