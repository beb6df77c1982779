"""A parcel's slip: preview, the print that is recorded, the PDF. Reading changes nothing; only a POST prints."""

from datetime import timedelta
from typing import Final

from flask import Blueprint, current_app, make_response, redirect, render_template, request, url_for
from flask import session as cookie
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench.slip_forms import read_reprint_reason
from fulfillment.labels.fonts import code_point
from fulfillment.labels.papers import DEFAULT_PAPER, PAPERS
from fulfillment.labels.pdf import sheet_pictures
from fulfillment.labels.rules import REPRINT_REASONS, Slip, reason_words
from fulfillment.labels.service import slip_of
from fulfillment.labels.sheets import Setting, slip_sheets, slips_pdf
from fulfillment.labels.slip import PREVIEW, unprintable
from fulfillment.packing import print_queries, print_service, queries
from fulfillment.packing.lead_rules import has_in_hand, parcel_number, read_scan
from fulfillment.packing.models import Parcel, SlipPrint
from fulfillment.packing.states import CANCELLED, HANDED_OVER
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, current_person, requires, setting, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, PACKER

blueprint = Blueprint("slips", __name__, url_prefix="/bench/slips")

# A PDF opened later than this is a preview again, so that a forgotten tab prints no second label.
PRINT_WITHIN: Final = timedelta(minutes=30)
_FRESH = "fresh_slip"


@blueprint.get("/<number>")
@requires(PACKER, LEAD, OWNER)
def show_slip(number: str) -> Response:
    """The slip: real right after its print was recorded, once; a preview at any other time."""
    is_fresh = cookie.pop(_FRESH, None) == number
    with transaction() as session:
        return _page(session, _own_parcel(session, number), Form(), is_fresh=is_fresh)


@blueprint.post("/<number>/print")
@requires(PACKER, LEAD, OWNER)
def print_slip(number: str) -> Response:
    """Record a print: the first copy, or another one with its reason; a double tap is one print."""
    form = Form(request.form)
    try:
        with transaction() as session:
            parcel = _own_parcel(session, number)
            reason = read_reprint_reason(form)
            # The packer's card may send no key; then a second press is refused as a second copy.
            if once.FIELD not in form.values or once.is_first(
                session, form.values, purpose=f"slip:{parcel.number}", by=actor(), now=utc_now()
            ):
                print_service.print_slips(session, [parcel.id], reason=reason, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        with transaction() as session:
            return _page(session, _own_parcel(session, number), form, is_fresh=False, problem=problem)
    if form.value("as") == "pdf":
        return redirect(url_for("slips.slip_pdf", number=parcel.number), code=303)
    cookie[_FRESH] = parcel.number
    return redirect(url_for("slips.show_slip", number=parcel.number), code=303)


@blueprint.get("/<number>.pdf")
@requires(PACKER, LEAD, OWNER)
def slip_pdf(number: str) -> Response:
    """The slip as a PDF of 100 x 150 mm; real for half an hour after its print was recorded, else a preview."""
    with transaction() as session:
        parcel = _own_parcel(session, number)
        prints = print_queries.prints_of(session, parcel.id)
        is_real = bool(prints) and utc_now() - prints[-1].at <= PRINT_WITHIN
        return pdf_answer(
            slips_pdf([slip_for(parcel, prints[-1] if is_real else None)], Setting(PAPERS[DEFAULT_PAPER])),
            parcel.number,
        )


def slip_for(parcel: Parcel, printed: SlipPrint | None) -> Slip:
    """The slip of a recorded print, or a preview."""
    return slip_of(
        parcel,
        zone=setting("workshop_zone"),
        copy=printed.copy if printed else PREVIEW,
        printed_at=printed.at if printed else None,
    )


def pdf_answer(pdf: bytes, name: str) -> Response:
    """A PDF that the browser shows and nobody keeps."""
    response = current_app.response_class(pdf, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _own_parcel(session: Session, number: str) -> Parcel:
    """The parcel, when its work is in this person's hands or the person leads; else it looks like none at all."""
    parcel = queries.parcel_by_number(session, parcel_number(read_scan(number)))
    person = current_person()
    if parcel is None or person is None:
        raise NotFound("没有这张单子。", "There is no such slip.")
    leads = bool(person.roles & {LEAD, OWNER})
    if not leads and not has_in_hand(parcel.task.state, parcel.task.packer_id, person.id):
        raise NotFound("没有这张单子。", "There is no such slip.")
    return parcel


def _page(session: Session, parcel: Parcel, form: Form, *, is_fresh: bool, problem: Problem | None = None) -> Response:
    prints = print_queries.prints_of(session, parcel.id)
    slip = slip_for(parcel, prints[-1] if is_fresh and prints else None)
    person = current_person()
    sheets = slip_sheets([slip], Setting(PAPERS[DEFAULT_PAPER]))
    html = render_template(
        "labels/slip.html",
        parcel=parcel,
        prints=prints,
        sheets=list(zip(sheets, sheet_pictures(sheets), strict=True)),
        paper=PAPERS[DEFAULT_PAPER],
        is_fresh=is_fresh and bool(prints),
        may_print=parcel.state not in (HANDED_OVER, CANCELLED),
        unprintable=unprintable(slip),
        code_point=code_point,
        reasons=[(code, word, "") for code, word in REPRINT_REASONS.items()],
        reason_words=reason_words,
        leads=person is not None and bool(person.roles & {LEAD, OWNER}),
        form=form,
        form_key=once.new_key(),
        problem=problem,
    )
    response = make_response(html, problem.status if problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response
