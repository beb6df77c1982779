"""Slips one by one, and a packer's own batch: preview, the print that is recorded, the PDF. Only a POST prints."""

from collections.abc import Mapping

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask import session as cookie
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import slip_paper
from fulfillment.bench.parcel_papers import Drawn, ParcelPaper, leads, unkept
from fulfillment.bench.slip_forms import read_reprint_reason
from fulfillment.bench.slip_paper import is_open, pdf_answer, slip_for
from fulfillment.labels.papers import SLIP
from fulfillment.labels.sheets import Setting, slip_sheets, slips_pdf
from fulfillment.labels.slip import unprintable
from fulfillment.packing import print_queries, print_service
from fulfillment.packing.lead_rules import has_in_hand
from fulfillment.packing.models import Parcel, PrintJob, SlipPrint
from kernel import once
from kernel.errors import NotFound
from kernel.forms import Form
from kernel.http import actor, current_person, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, PACKER
from kernel.text import Text, t

blueprint = Blueprint("slips", __name__, url_prefix="/bench/slips")

_FRESH_JOB = "fresh_job"


@blueprint.get("/<number>")
@requires(PACKER, LEAD, OWNER)
def show(number: str) -> Response:
    """The slip: real right after its print was recorded, once; a preview at any other time."""
    return _SLIP.show(number)


@blueprint.post("/<number>/print")
@requires(PACKER, LEAD, OWNER)
def print_one(number: str) -> Response:
    """Record a print: the first copy, or another one with its reason; a double tap is one print."""
    return _SLIP.print_one(number)


@blueprint.get("/<number>.pdf")
@requires(PACKER, LEAD, OWNER)
def pdf(number: str) -> Response:
    """The slip as a PDF: real for half an hour after it was printed alone, else a preview."""
    with transaction() as session:
        parcel = _SLIP.parcel(session, number)
        prints = print_queries.prints_of(session, parcel.id)
        printed = prints[-1] if prints and _is_alone(session, prints[-1]) else None
        is_real = printed is not None and is_open(printed.job, utc_now())
        how = slip_paper.setting_of(printed.job) if printed and is_real else _setting(session)
        slip = slip_for(parcel, printed if is_real else None)
    return pdf_answer(slips_pdf([slip], how), parcel.number)


@blueprint.post("/mine")
@requires(PACKER)
def print_mine() -> Response:
    """Print the slips of everything in this packer's hands that has none yet, in the order of the work."""
    with transaction() as session:
        parcels = print_queries.work_of(session, _person_id())
        copies = print_queries.copies_of(session, [parcel.id for parcel in parcels])
        missing = [parcel.id for parcel in parcels if parcel.id not in copies]
        job = _record(session, missing, request.form, "", purpose="my-slips")
    if job is None:
        flash(t("手上的单子都打过了。", "All slips of your work are printed already."), "done")
        return redirect("/bench", code=303)
    cookie[_FRESH_JOB] = job.id
    return redirect(url_for("slips.show_job", job_id=job.id), code=303)


@blueprint.get("/jobs/<int:job_id>")
@requires(PACKER, LEAD, OWNER)
def show_job(job_id: int) -> Response:
    """A packer's own batch: real right after it was printed, once; previews at any other time."""
    is_fresh = cookie.pop(_FRESH_JOB, None) == job_id
    with transaction() as session:
        job = _own_job(session, job_id)
        sheets = slip_sheets(slip_paper.slips_of_job(session, job, is_real=is_fresh), slip_paper.setting_of(job))
        paper = slip_paper.setting_of(job).paper
    html = render_template(
        "labels/job.html", job=job, paper=paper, sheets=slip_paper.pictures(sheets), is_fresh=is_fresh
    )
    return unkept(make_response(html))


@blueprint.get("/jobs/<int:job_id>.pdf")
@requires(PACKER, LEAD, OWNER)
def job_pdf(job_id: int) -> Response:
    """A packer's own batch as one PDF: real for half an hour, then previews."""
    with transaction() as session:
        job = _own_job(session, job_id)
        slips = slip_paper.slips_of_job(session, job, is_real=is_open(job, utc_now()))
    return pdf_answer(slips_pdf(slips, slip_paper.setting_of(job)), f"slips-{job_id}")


def _record(
    session: Session, parcel_ids: list[int], typed: Mapping[str, object], reason: str, *, purpose: str
) -> PrintJob | None:
    """The job of this form: written the first time, found again at every repeat; nothing to print makes none."""
    key = f"{purpose}:{actor().person_id}:{typed.get(once.FIELD)}"
    # The packer's card may send no key; then a second press is refused as a second copy.
    if once.FIELD in typed and not once.is_first(session, typed, purpose=purpose, by=actor(), now=utc_now()):
        return print_queries.find_job(session, key)
    if not parcel_ids:
        return None
    return print_service.print_slips(
        session,
        parcel_ids,
        reason=reason,
        now=utc_now(),
        by=actor(),
        key=key if once.FIELD in typed else None,
        printer=slip_paper.chosen_printer(session, typed),
        first_place=slip_paper.first_place(typed),
    )


def _setting(session: Session) -> Setting:
    """How a preview is drawn: for the printer that this device uses."""
    return slip_paper.remembered_printer(session).setting()


def _is_alone(session: Session, printed: SlipPrint) -> bool:
    """Whether a slip was printed by itself: one of a batch comes out of the batch's own document only."""
    return len(print_queries.prints_of_job(session, printed.job_id)) == 1


def _person_id() -> int:
    person = current_person()
    assert person is not None
    return person.id


def _own_job(session: Session, job_id: int) -> PrintJob:
    """A job of this person's own, with everything in it still in hand; a lead sees every one."""
    job = print_queries.job_of(session, job_id)
    if job is None:
        raise NotFound("没有这批单子。", "There is no such batch of slips.")
    parcels = print_queries.parcels_of_job(session, job.id).values()
    is_own = all(has_in_hand(parcel.task.state, parcel.task.packer_id, _person_id()) for parcel in parcels)
    if not leads() and not (job.by_id == _person_id() and is_own):
        raise NotFound("没有这批单子。", "There is no such batch of slips.")
    return job


def _record_one(session: Session, parcel: Parcel, form: Form) -> None:
    _record(session, [parcel.id], form.values, read_reprint_reason(form), purpose=f"slip:{parcel.number}")


def _draw(session: Session, parcel: Parcel, is_real: bool) -> Drawn:
    prints = print_queries.prints_of(session, parcel.id)
    printed = prints[-1] if is_real and prints else None
    slip = slip_for(parcel, printed)
    how = slip_paper.setting_of(printed.job) if printed else _setting(session)
    return Drawn(
        number=parcel.number,
        sheets=slip_sheets([slip], how),
        paper=how.paper,
        last=prints[-1] if prints else None,
        may_print=not print_service.is_gone(parcel),
        unprintable=unprintable(slip),
    )


_SLIP = ParcelPaper(
    room="slips",
    purpose=SLIP,
    name=Text("单子", "Slip"),
    missing=Text("没有这张单子。", "There is no such slip."),
    record=_record_one,
    draw=_draw,
)
