"""Bag labels: chosen for a lot, shown, printed and noted; printed again with a reason."""

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import repack_paper, slip_paper
from fulfillment.bench.slip_forms import read_reprint_reason
from fulfillment.bench.slip_paper import PRINT_WITHIN, pdf_answer
from fulfillment.bench.weigher_words import bounded, today
from fulfillment.labels.papers import BAG
from fulfillment.labels.pdf import sheets_pdf
from fulfillment.labels.rules import REPRINT_REASONS, reason_words
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.repacking import queries, service
from fulfillment.purchasing.repacking.models import BagLabelPrint
from fulfillment.purchasing.repacking.service import MOST_LABELS, BagWish
from kernel import once
from kernel.errors import NotFound, Problem, Refused
from kernel.forms import Form
from kernel.http import actor, page_before, requires, transaction, utc_now
from kernel.people.rules import LEAD, OWNER, WEIGHER
from shop.catalog.models import Variant

blueprint = Blueprint("bag_labels", __name__)

_PREVIEWED = 2


@blueprint.get("/lots/<int:lot_id>/labels")
@requires(WEIGHER, LEAD, OWNER)
def choose(lot_id: int) -> tuple[str, int]:
    """Which bag, how many labels, packed when; and what was printed for this lot before."""
    return _form_page(lot_id, Form({"packed_on": today().isoformat()}))


@blueprint.post("/lots/<int:lot_id>/labels")
@requires(WEIGHER, LEAD, OWNER)
def print_labels(lot_id: int) -> Response | tuple[str, int]:
    """Show the label first, then note and print it; a double tap is one print."""
    form = Form(request.form)
    try:
        with transaction() as session:
            lot, variants = _lot(session, lot_id)
            wish = _read(form, variants)
            if form.value("step") != "confirm":
                return _form_page(lot_id, form, wish=wish)
            printed = _note(session, lot, wish, form)
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _form_page(lot_id, form, problem=problem)
    return redirect(url_for("weigher.bag_labels.show", print_id=printed.id), 303)


def _note(session: Session, lot: Lot, wish: BagWish, form: Form) -> BagLabelPrint:
    purpose = f"bag-labels:{lot.id}"
    key = f"{purpose}:{actor().person_id}:{form.value(once.FIELD)}"
    if not once.is_first(session, form.values, purpose=purpose, by=actor(), now=utc_now()):
        return _known(session, key)
    return service.print_bag_labels(
        session,
        lot.id,
        wish,
        printer=slip_paper.chosen_printer(session, form.values, BAG),
        first_place=slip_paper.first_place(form.values),
        trace_url=repack_paper.trace_url(lot),
        key=key,
        now=utc_now(),
        today=today(),
        by=actor(),
    )


@blueprint.get("/labels")
@requires(WEIGHER, LEAD, OWNER)
def log() -> str:
    """Every print of bag labels with its lot, newest first."""
    with transaction() as session:
        found = queries.label_log(session, before=page_before(), most=queries.PAGE + 1)
        lines = [(each, session.get_one(Variant, each.variant_id)) for each in found[: queries.PAGE]]
    older = url_for(".log", before=lines[-1][0].id) if len(found) > len(lines) else ""
    return render_template("weigh/bag_label_log.html", lines=lines, older=older, reason_words=reason_words)


@blueprint.get("/labels/<int:print_id>")
@requires(WEIGHER, LEAD, OWNER)
def show(print_id: int) -> tuple[str, int]:
    """One print: the PDF while it is fresh, how it looks, printing some again."""
    return _print_page(print_id, Form())


@blueprint.get("/labels/<int:print_id>.pdf")
@requires(WEIGHER, LEAD, OWNER)
def label_pdf(print_id: int) -> Response:
    """The labels as a PDF, for half an hour after they were noted."""
    with transaction() as session:
        printed, _ = _printed(session, print_id)
        refuse_old(printed.at > utc_now() - PRINT_WITHIN)
        sheets = repack_paper.bag_sheets(printed)
    return pdf_answer(sheets_pdf(sheets), f"bags-{print_id}")


@blueprint.post("/labels/<int:print_id>/again")
@requires(WEIGHER, LEAD, OWNER)
def print_again(print_id: int) -> Response | tuple[str, int]:
    """Print some of these again, with a reason; a double tap is one print."""
    form = Form(request.form)
    try:
        with transaction() as session:
            printed, _ = _printed(session, print_id)
            again = _note_again(session, printed, form)
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _print_page(print_id, form, problem)
    return redirect(url_for("weigher.bag_labels.show", print_id=again.id), 303)


def _note_again(session: Session, printed: BagLabelPrint, form: Form) -> BagLabelPrint:
    labels = form.count("labels", 1, MOST_LABELS)
    reason = read_reprint_reason(form, required=True)
    purpose = f"bag-labels-again:{printed.id}"
    key = f"{purpose}:{actor().person_id}:{form.value(once.FIELD)}"
    if not once.is_first(session, form.values, purpose=purpose, by=actor(), now=utc_now()):
        return _known(session, key)
    return service.print_bag_labels_again(
        session,
        printed,
        labels,
        reason=reason,
        printer=slip_paper.chosen_printer(session, form.values, BAG),
        first_place=slip_paper.first_place(form.values),
        key=key,
        now=utc_now(),
        by=actor(),
    )


def refuse_old(is_fresh: object) -> None:
    """A document that was noted long ago is not printed again without a reason.

    Raises:
        Refused: it is not fresh.
    """
    if not is_fresh:
        raise Refused(
            "这些打过了，过了半小时不能直接再打。请回去用“补打”，选原因。",
            "These were printed more than half an hour ago. Go back and print them again with a reason.",
            code="printed_already",
        )


def _known(session: Session, key: str) -> BagLabelPrint:
    found = queries.label_print_by_key(session, key)
    if found is None:
        raise NotFound
    return found


def _lot(session: Session, lot_id: int) -> tuple[Lot, dict[str, Variant]]:
    lot = session.get(Lot, bounded(lot_id))
    if lot is None:
        raise NotFound("没有这个批号。", "There is no such lot.")
    found = growers.bag_variants(session, lot.variant.product_id)
    return lot, {str(variant.id): variant for variant in found}


def _printed(session: Session, print_id: int) -> tuple[BagLabelPrint, Variant]:
    printed = queries.bag_label_print(session, print_id)
    if printed is None:
        raise NotFound("没有这次打印。", "There is no such print.")
    return printed, session.get_one(Variant, printed.variant_id)


def _read(form: Form, variants: dict[str, Variant]) -> BagWish:
    variant = form.choice("variant", variants)
    labels = form.count("labels", 1, MOST_LABELS)
    packed_on = form.date("packed_on")
    form.check()
    return BagWish(int(variant), labels, packed_on)


def _form_page(
    lot_id: int, form: Form, *, wish: BagWish | None = None, problem: Problem | None = None
) -> tuple[str, int]:
    with transaction() as session:
        lot, variants = _lot(session, lot_id)
        shown = _preview(session, lot, wish, form) if wish else None
        page = render_template(
            "weigh/bag_labels.html",
            lot=lot,
            variants=[(each_id, each.spec, "") for each_id, each in variants.items()],
            wish=wish,
            bag=variants[str(wish.variant_id)] if wish else None,
            sheets=shown or [],
            printed=[
                (each, session.get_one(Variant, each.variant_id)) for each in queries.label_prints_of(session, lot.id)
            ],
            left_g=max(0, lot.received_g - queries.labels_printed_g(session, lot.id)),
            choice=slip_paper.printer_choice(session, BAG),
            form=form,
            form_key=once.new_key(),
            problem=problem,
            reason_words=reason_words,
        )
    return page, problem.status if problem else 200


def _preview(session: Session, lot: Lot, wish: BagWish, form: Form) -> list[tuple[object, str]]:
    """How one label will look on the chosen paper."""
    printer = slip_paper.chosen_printer(session, form.values, BAG)
    label = service.check_bag_labels(session, lot.id, wish, printer, repack_paper.trace_url(lot), today())
    return [
        (sheet, picture)
        for sheet, picture in slip_paper.pictures(repack_paper.first_bag_sheet(label, wish.labels, printer))
    ]


def _print_page(print_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        printed, variant = _printed(session, print_id)
        sheets = repack_paper.bag_sheets(printed)
        page = render_template(
            "weigh/bag_label_print.html",
            printed=printed,
            bag=variant,
            sheets=slip_paper.pictures(sheets[:_PREVIEWED]),
            sheet_count=len(sheets),
            is_fresh=printed.at > utc_now() - PRINT_WITHIN,
            reasons=[(code, word, "") for code, word in REPRINT_REASONS.items()],
            reason_words=reason_words,
            choice=slip_paper.printer_choice(session, BAG),
            form=form,
            form_key=once.new_key(),
            problem=problem,
        )
    return page, problem.status if problem else 200
