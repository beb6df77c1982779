"""The workshop's printers: paper, offset, and a test page with rulers."""

from decimal import Decimal

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from fulfillment.bench import slip_paper
from fulfillment.bench.slip_paper import pdf_answer
from fulfillment.labels.papers import PAPERS
from fulfillment.labels.pdf import sheets_pdf
from fulfillment.labels.printers import queries, service
from fulfillment.labels.printers.models import FARTHEST_OFFSET_UM, Printer
from fulfillment.labels.printers.service import PrinterFacts
from fulfillment.labels.ruler import ruler_sheet
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, requires, transaction, utc_now
from kernel.parse import FieldError, parse_decimal
from kernel.people.rules import LEAD, OWNER
from kernel.text import t

blueprint = Blueprint("printers", __name__, url_prefix="/printers")

_LONGEST_NAME = 20


@blueprint.get("")
@requires(LEAD, OWNER)
def list_printers() -> str:
    """Every printer with its paper, and a form for another one."""
    with transaction() as session:
        return _list(session, Form())


@blueprint.post("")
@requires(LEAD, OWNER)
def add() -> Response | tuple[str, int]:
    """Write a printer down; its test page comes next."""
    form = Form(request.form)
    try:
        with transaction() as session:
            printer = service.add_printer(session, _read(form), now=utc_now(), by=actor())
    except Problem as problem:
        form.errors.update(problem.fields)
        with transaction() as session:
            return _list(session, form), problem.status
    return redirect(url_for("lead.printers.show", printer_id=printer.id), code=303)


@blueprint.get("/<int:printer_id>")
@requires(LEAD, OWNER)
def show(printer_id: int) -> str:
    """One printer: its test page, its paper, how far it is off."""
    with transaction() as session:
        printer = _printer(session, printer_id)
        return _page(printer, _form_of(printer))


@blueprint.post("/<int:printer_id>")
@requires(LEAD, OWNER)
def change(printer_id: int) -> Response | tuple[str, int]:
    """Change a printer; documents that were printed keep their setting."""
    form = Form(request.form)
    try:
        with transaction() as session:
            service.change_printer(session, _printer(session, printer_id).id, _read(form), now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        with transaction() as session:
            return _page(_printer(session, printer_id), form), problem.status
    flash(t("存好了。再打一张试印页看看。", "Saved. Print the test page once more."), "done")
    return redirect(url_for("lead.printers.show", printer_id=printer_id), code=303)


@blueprint.post("/<int:printer_id>/retire")
@requires(LEAD, OWNER)
def retire(printer_id: int) -> Response:
    """A printer is gone."""
    try:
        with transaction() as session:
            service.retire_printer(session, _printer(session, printer_id).id, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        flash(str(problem.text), "problem")
        return redirect(url_for("lead.printers.show", printer_id=printer_id), code=303)
    flash(t("这台打印机收起来了。", "The printer is put away."), "done")
    return redirect(url_for("lead.printers.list_printers"), code=303)


@blueprint.get("/<int:printer_id>/test.pdf")
@requires(LEAD, OWNER)
def test_page(printer_id: int) -> Response:
    """The test page, with the printer's offset."""
    with transaction() as session:
        sheet = ruler_sheet(_printer(session, printer_id).setting())
    return pdf_answer(sheets_pdf([sheet]), f"test-{printer_id}")


def _printer(session: Session, printer_id: int) -> Printer:
    printer = session.get(Printer, printer_id) if printer_id < 2**62 else None
    if printer is None or printer.retired_at is not None:
        raise NotFound("没有这台打印机。", "There is no such printer.")
    return printer


def _read(form: Form) -> PrinterFacts:
    facts = PrinterFacts(
        name=form.text("name", longest=_LONGEST_NAME),
        paper=form.choice("paper", PAPERS),
        offset_x_um=form.read("offset_x", _micrometres),
        offset_y_um=form.read("offset_y", _micrometres),
        is_usual=form.ticked("is_usual"),
    )
    form.check()
    return facts


def _micrometres(raw: object) -> int:
    """Millimetres with a sign, as they are read off a ruler; empty is none."""
    words = str(raw or "0").strip().replace("−", "-")
    sign = -1 if words.startswith("-") else 1
    high = Decimal(FARTHEST_OFFSET_UM) / 1000
    try:
        return sign * int(parse_decimal(words.lstrip("+-"), places=2, low=Decimal(0), high=high) * 1000)
    except FieldError:
        raise FieldError(
            f"请填 -{high:f} 到 {high:f} 毫米，例如 1.5 或 -0.5。",
            f"Give -{high:f} to {high:f} mm, such as 1.5 or -0.5.",
        ) from None


def _form_of(printer: Printer) -> Form:
    typed: dict[str, object] = {
        "name": printer.name,
        "paper": printer.paper,
        "offset_x": f"{printer.offset_x_um / 1000:g}",
        "offset_y": f"{printer.offset_y_um / 1000:g}",
    }
    return Form(typed | ({"is_usual": "1"} if printer.is_usual else {}))


def _list(session: Session, form: Form) -> str:
    found = queries.printers_in_use(session)
    return render_template("lead/printers.html", printers=found, form=form, papers=_papers())


def _page(printer: Printer, form: Form) -> str:
    return render_template(
        "lead/printer.html",
        printer=printer,
        sheets=slip_paper.pictures([ruler_sheet(printer.setting())]),
        form=form,
        papers=_papers(),
    )


def _papers() -> list[tuple[str, str]]:
    return [(code, str(paper.words)) for code, paper in PAPERS.items()]
