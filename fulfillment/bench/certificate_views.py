"""Conformity certificates (承诺达标合格证): issued for lots on re-packing, kept, listed, printed again with a reason."""

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import repack_paper, slip_paper
from fulfillment.bench.bag_label_views import refuse_old
from fulfillment.bench.slip_forms import read_reprint_reason
from fulfillment.bench.slip_paper import PRINT_WITHIN, pdf_answer
from fulfillment.bench.weigher_words import bounded, today
from fulfillment.labels.certificate import BASES
from fulfillment.labels.papers import CERTIFICATE
from fulfillment.labels.pdf import sheets_pdf
from fulfillment.labels.rules import REPRINT_REASONS, reason_words
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.repacking import certificate_service as service
from fulfillment.purchasing.repacking import queries
from fulfillment.purchasing.repacking.certificate_service import MOST_COPIES, CertificateFacts
from fulfillment.purchasing.repacking.models import Certificate
from kernel import once
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, page_before, requires, transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.people.rules import LEAD, OWNER, WEIGHER
from shop.catalog.models import Product

blueprint = Blueprint("certificates", __name__)

_HEAVIEST_G = 100_000_000


@blueprint.get("/certificates")
@requires(WEIGHER, LEAD, OWNER)
def list_certificates() -> str:
    """Every certificate, newest first; none is ever thrown away."""
    with transaction() as session:
        found = queries.certificates(session, before=page_before(), most=queries.PAGE + 1)
    shown = found[: queries.PAGE]
    older = url_for(".list_certificates", before=shown[-1].id) if len(found) > len(shown) else ""
    return render_template("weigh/certificates.html", certificates=shown, older=older)


@blueprint.get("/lots/<int:lot_id>/certificate")
@requires(WEIGHER, LEAD, OWNER)
def fill_in(lot_id: int) -> tuple[str, int]:
    """The form, filled in with what the product and the lot say already."""
    with transaction() as session:
        lot = _lot(session, lot_id)
        product = session.get_one(Product, lot.variant.product_id)
        left_g = max(0, lot.received_g - queries.certified_g(session, [lot.id]))
        known = {
            "quantity": f"{left_g / 1000:g}",
            "origin": product.label.get("产地") or product.origin,
            "promiser": product.label.get("生产者", ""),
            "contact": product.label.get("联系方式", ""),
            "basis": "controlled",
        }
    return _form_page(lot_id, Form(known))


@blueprint.post("/lots/<int:lot_id>/certificate")
@requires(WEIGHER, LEAD, OWNER)
def issue(lot_id: int) -> Response | tuple[str, int]:
    """Issue the certificate; a double tap is one certificate."""
    form = Form(request.form)
    try:
        with transaction() as session:
            certificate = _issue(session, _lot(session, lot_id), form)
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _form_page(lot_id, form, problem)
    return redirect(url_for("weigher.certificates.show", certificate_id=certificate.id), 303)


def _issue(session: Session, lot: Lot, form: Form) -> Certificate:
    facts = CertificateFacts(
        quantity_g=form.kg("quantity", high_g=_HEAVIEST_G, low_g=1),
        origin=form.text("origin", longest=60),
        promiser=form.text("promiser", longest=60),
        contact=form.text("contact", longest=40),
        basis=form.choice("basis", BASES),
    )
    lots = [lot.id, *(each for each in _ticked_lots() if each != lot.id)]
    form.check()
    typed = {**form.values, "lot": ",".join(map(str, lots))}
    purpose = f"certificate:{lot.id}"
    key = f"{purpose}:{actor().person_id}:{form.value(once.FIELD)}"
    if not once.is_first(session, typed, purpose=purpose, by=actor(), now=utc_now()):
        return _found(queries.certificate_by_key(session, key))
    return service.issue_certificate(session, lots, facts, key=key, now=utc_now(), today=today(), by=actor())


def _ticked_lots() -> list[int]:
    """Other lots that were mixed in."""
    try:
        return [parse_count(raw, 1, 2**62) for raw in request.form.getlist("lot")]
    except FieldError:
        raise NotFound("没有这个批号。", "There is no such lot.") from None


@blueprint.get("/certificates/<int:certificate_id>")
@requires(WEIGHER, LEAD, OWNER)
def show(certificate_id: int) -> tuple[str, int]:
    """One certificate: how it looks, printing it, who printed it."""
    return _page(certificate_id, Form({"copies": 1}))


@blueprint.post("/certificates/<int:certificate_id>/print")
@requires(WEIGHER, LEAD, OWNER)
def print_copies(certificate_id: int) -> Response | tuple[str, int]:
    """Note copies: the first time freely, then with a reason; a double tap is one print."""
    form = Form(request.form)
    try:
        with transaction() as session:
            _note(session, _certificate(session, certificate_id), form)
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(certificate_id, form, problem)
    return redirect(url_for("weigher.certificates.show", certificate_id=certificate_id), 303)


def _note(session: Session, certificate: Certificate, form: Form) -> None:
    copies = form.count("copies", 1, MOST_COPIES)
    reason = read_reprint_reason(form)
    form.check()
    purpose = f"certificate-print:{certificate.id}"
    if not once.is_first(session, form.values, purpose=purpose, by=actor(), now=utc_now()):
        return
    service.print_certificate(
        session,
        certificate.id,
        copies,
        reason=reason,
        printer=slip_paper.chosen_printer(session, form.values, CERTIFICATE),
        first_place=slip_paper.first_place(form.values),
        key=f"{purpose}:{actor().person_id}:{form.value(once.FIELD)}",
        now=utc_now(),
        by=actor(),
    )


@blueprint.get("/certificates/<int:certificate_id>.pdf")
@requires(WEIGHER, LEAD, OWNER)
def certificate_pdf(certificate_id: int) -> Response:
    """The copies noted last, for half an hour."""
    with transaction() as session:
        certificate = _certificate(session, certificate_id)
        printed = queries.last_print(session, certificate.id)
        refuse_old(printed and printed.at > utc_now() - PRINT_WITHIN)
        assert printed is not None
        sheets = repack_paper.certificate_sheets(certificate, printed.copies, repack_paper.setting_of(printed))
    return pdf_answer(sheets_pdf(sheets), certificate.number)


def _lot(session: Session, lot_id: int) -> Lot:
    lot = session.get(Lot, bounded(lot_id))
    if lot is None:
        raise NotFound("没有这个批号。", "There is no such lot.")
    return lot


def _certificate(session: Session, certificate_id: int) -> Certificate:
    return _found(queries.certificate_of(session, certificate_id))


def _found(certificate: Certificate | None) -> Certificate:
    if certificate is None:
        raise NotFound("没有这张合格证。", "There is no such certificate.")
    return certificate


def _form_page(lot_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        lot = _lot(session, lot_id)
        page = render_template(
            "weigh/certificate_form.html",
            lot=lot,
            others=queries.lots_of_product(session, lot),
            ticked=request.form.getlist("lot"),
            issued=queries.certificates_of(session, lot.id),
            bases=[(code, words, "") for code, words in BASES.items()],
            form=form,
            form_key=once.new_key(),
            problem=problem,
        )
    return page, problem.status if problem else 200


def _page(certificate_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        certificate = _certificate(session, certificate_id)
        printed = queries.last_print(session, certificate.id)
        how = slip_paper.remembered_printer(session, CERTIFICATE).setting()
        page = render_template(
            "weigh/certificate.html",
            certificate=certificate,
            basis=BASES[certificate.basis],
            printed=printed,
            is_fresh=printed is not None and printed.at > utc_now() - PRINT_WITHIN,
            sheets=slip_paper.pictures(repack_paper.certificate_sheets(certificate, 1, how)),
            reasons=[(code, word, "") for code, word in REPRINT_REASONS.items()],
            reason_words=reason_words,
            choice=slip_paper.printer_choice(session, CERTIFICATE),
            form=form,
            form_key=once.new_key(),
            problem=problem,
        )
    return page, problem.status if problem else 200
