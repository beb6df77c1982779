"""Printing slips in batches, printing some of a batch again, and the log of what was printed."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import slip_paper
from fulfillment.bench.slip_forms import read_range, read_reprint_reason
from fulfillment.bench.slip_paper import is_open, pdf_answer
from fulfillment.couriers.fees import queries as fees
from fulfillment.couriers.waybills import queries as waybill_queries
from fulfillment.labels.papers import SLIP
from fulfillment.labels.rules import REPRINT_REASONS
from fulfillment.labels.sheets import slip_sheets, slips_pdf
from fulfillment.labels.slip import unprintable
from fulfillment.packing import print_queries, print_service
from fulfillment.packing.models import PrintJob
from fulfillment.packing.print_service import LARGEST_BATCH
from kernel import once
from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, page_before, requires, setting, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER
from kernel.text import Text, t

blueprint = Blueprint("prints", __name__, url_prefix="/prints")

_PREVIEWED = 4


@blueprint.get("")
@requires(LEAD, OWNER)
def choose() -> str:
    """Waiting parcels in packing order, the unprinted ones ticked; and what is in people's hands without a slip."""
    with transaction() as session:
        return _choice(session, Form(), _shows_all())


@blueprint.post("")
@requires(LEAD, OWNER)
def print_batch() -> Response | tuple[str, int]:
    """Record the chosen slips as printed, in the order of the work; a double tap is one batch."""
    form = Form(request.form)
    try:
        reason = read_reprint_reason(form)
        chosen = _chosen()
        with transaction() as session:
            job = _record(session, form, chosen, reason)
    except Problem as problem:
        form.errors.update(problem.fields or {"parcel": problem.text})
        with transaction() as session:
            return _choice(session, form, _shows_all()), problem.status
    return redirect(url_for("lead.prints.show_batch", print_id=job.id), code=303)


def _record(session: Session, form: Form, chosen: list[int], reason: str) -> PrintJob:
    """The job of this form; sent twice, it is the job of the first time."""
    typed = {**form.values, "parcel": ",".join(map(str, chosen))}
    key = f"print-slips:{actor().person_id}:{typed.get(once.FIELD)}"
    if not once.is_first(session, typed, purpose="print-slips", by=actor(), now=utc_now()):
        return _found(print_queries.find_job(session, key))
    return print_service.print_slips(
        session,
        chosen,
        reason=reason,
        now=utc_now(),
        by=actor(),
        key=key,
        printer=slip_paper.chosen_printer(session, typed),
        first_place=slip_paper.first_place(typed),
    )


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
    """What was printed together: the PDF to print, how it looks, what to do when the printer jams."""
    with transaction() as session:
        return _page(session, _job(session, print_id), Form())


@blueprint.post("/<int:print_id>/again")
@requires(LEAD, OWNER)
def print_again(print_id: int) -> Response | tuple[str, int]:
    """Print one, some or all of a batch again, with a reason; a double tap is one batch."""
    form = Form(request.form)
    try:
        with transaction() as session:
            job = _job(session, print_id)
            again = _record_again(session, form, job)
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields or {"reason": problem.text})
        with transaction() as session:
            return _page(session, _job(session, print_id), form), problem.status
    return redirect(url_for("lead.prints.show_batch", print_id=again.id), code=303)


def _record_again(session: Session, form: Form, job: PrintJob) -> PrintJob:
    first, last = read_range(form, len(print_queries.prints_of_job(session, job.id)))
    reason = read_reprint_reason(form, required=True)
    purpose = f"print-again:{job.id}"
    key = f"{purpose}:{actor().person_id}:{form.value(once.FIELD)}"
    if not once.is_first(session, form.values, purpose=purpose, by=actor(), now=utc_now()):
        return _found(print_queries.find_job(session, key))
    return print_service.print_again(
        session,
        job,
        first,
        last,
        reason=reason,
        now=utc_now(),
        by=actor(),
        key=key,
        printer=slip_paper.chosen_printer(session, form.values),
        first_place=slip_paper.first_place(form.values),
    )


@blueprint.post("/<int:print_id>/came-out")
@requires(LEAD, OWNER)
def note_came_out(print_id: int) -> Response:
    """Every paper is there: the document is a preview from now on."""
    with transaction() as session:
        print_service.note_came_out(session, _job(session, print_id), now=utc_now())
    flash(t("记下了，这批单子都打出来了。", "Noted: all of these slips came out."), "done")
    return redirect(url_for("lead.prints.choose"), code=303)


@blueprint.get("/<int:print_id>.pdf")
@requires(LEAD, OWNER)
def batch_pdf(print_id: int) -> Response:
    """The batch as one PDF: real for half an hour unless it came out before, then previews."""
    with transaction() as session:
        job = _job(session, print_id)
        slips = slip_paper.slips_of_job(session, job, is_real=is_open(job, utc_now()))
    return pdf_answer(slips_pdf(slips, slip_paper.setting_of(job)), f"slips-{print_id}")


@blueprint.get("/log")
@requires(LEAD, OWNER)
def log() -> str:
    """Reprints with who, when and why, newest first; ``?all=1`` shows first copies too, ``?of=labels`` couriers' labels."""
    only_again, of_labels = request.args.get("all") != "1", request.args.get("of") == "labels"
    read = waybill_queries.print_log if of_labels else print_queries.print_log
    with transaction() as session:
        lines = read(session, only_again=only_again, before=page_before(), most=print_queries.PAGE + 1)
    shown = lines[: print_queries.PAGE]
    every, paper = None if only_again else 1, "labels" if of_labels else None
    return render_template(
        "lead/print_log.html",
        lines=shown,
        only_again=only_again,
        every=every,
        paper=paper,
        older=url_for(".log", before=shown[-1].id, all=every, of=paper) if len(lines) > len(shown) else "",
    )


def _job(session: Session, print_id: int) -> PrintJob:
    return _found(print_queries.job_of(session, print_id))


def _found(job: PrintJob | None) -> PrintJob:
    if job is None:
        raise NotFound("没有这一批单子。", "There is no such batch of slips.")
    return job


def _page(session: Session, job: PrintJob, form: Form) -> str:
    is_fresh = is_open(job, utc_now())
    parcels = print_queries.parcels_of_job(session, job.id)
    slips = slip_paper.slips_of_job(session, job, is_real=is_fresh)
    how = slip_paper.setting_of(job)
    # The first few are drawn for the page; all of them only for the PDF.
    sheets = slip_sheets(slips[: _PREVIEWED * how.paper.grids[SLIP].fields], how)[:_PREVIEWED]
    return render_template(
        "lead/batch.html",
        job=job,
        parcels=parcels,
        paper=how.paper,
        sheets=slip_paper.pictures(sheets),
        shows_all=len(slips) <= len(sheets),
        is_fresh=is_fresh,
        unprintable={slip.parcel_number: found for slip in slips if (found := unprintable(slip))},
        reasons=[(code, word, "") for code, word in REPRINT_REASONS.items()],
        choice=slip_paper.printer_choice(session),
        form=form if form.values else Form({"first": 1, "last": len(parcels)}),
        typed=bool(form.values),
        form_key=once.new_key(),
    )


def _shows_all() -> bool:
    """Whether slips that were printed before are listed too."""
    return request.values.get("all") == "1"


def _choice(session: Session, form: Form, shows_all: bool) -> str:
    zone = setting("workshop_zone")
    parcels = print_queries.waiting_in_packing_order(session, zone, unprinted=not shows_all, most=LARGEST_BATCH)
    in_hand = print_queries.in_hand_in_packing_order(session)
    shown = [*parcels, *(parcel for person in in_hand for parcel in person.parcels)]
    copies = print_queries.copies_of(session, [parcel.id for parcel in shown])
    sent = set(request.form.getlist("parcel"))
    return render_template(
        "lead/prints.html",
        parcels=parcels,
        in_hand=[person for person in in_hand if any(parcel.id not in copies for parcel in person.parcels)],
        copies=copies,
        ticked=[p.id for p in parcels if (str(p.id) in sent if form.values else p.id not in copies)],
        shows_all=shows_all,
        largest=LARGEST_BATCH,
        reasons=[(code, word, "") for code, word in REPRINT_REASONS.items()],
        choice=slip_paper.printer_choice(session),
        couriers=fees.choices_of(session, [parcel.id for parcel in parcels]),
        form=form,
        form_key=once.new_key(),
    )
