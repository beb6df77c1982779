"""Invoices that buyers ask for: issued at the tax office's site, their number noted here."""

from collections.abc import Iterator, Sequence

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response

from app import workflows
from app.console.exports import csv_file, local
from app.console.forms import done, possible_id
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, page_before, requires, transaction, utc_now
from kernel.parse import FieldError, clean_text
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell, plain_yuan
from kernel.text import t
from shop.invoices import queries, rules
from shop.invoices.models import Invoice

blueprint = Blueprint("invoices", __name__, url_prefix="/invoices")
_PAGE = 30
_MOST_FEN = 10**12


@blueprint.get("")
@requires(OWNER, STREAMER)
def index() -> str:
    """Those that wait, oldest first; those that need a red-letter one; those that are done."""
    with transaction() as session:
        decided = queries.decided(session, before=page_before(), most=_PAGE)
        return render_template(
            "console/invoices.html",
            asked=queries.asked(session),
            red=queries.need_red_letter(session),
            decided=decided,
            older=decided[-1].id if len(decided) == _PAGE else None,
        )


@blueprint.get("/asked.csv")
@requires(OWNER, STREAMER)
def export() -> Response:
    """What waits, for whoever issues the invoices."""
    with transaction() as session:
        found = queries.asked(session, most=10_000)
    header = (
        *(t("订单", "Order"), t("要的时间", "Asked at"), t("抬头", "Name"), t("税号", "Tax number")),
        *(t("邮箱", "E-mail"), t("金额（元）", "Amount (yuan)")),
    )
    return csv_file("invoices", header, _rows(found))


def _rows(found: Sequence[Invoice]) -> Iterator[Sequence[Cell]]:
    for each in found:
        paid = plain_yuan(each.order.total_fen - each.order.refunded_fen)
        yield (each.order.number, local(each.at), each.title, each.tax_number, each.email, paid)


@blueprint.get("/<int:invoice_id>")
@requires(OWNER, STREAMER)
def show(invoice_id: int) -> tuple[str, int]:
    """One of them with its order, and both answers."""
    return _page(invoice_id, Form())


def _page(invoice_id: int, form: Form, problem: Problem | None = None) -> tuple[str, int]:
    with transaction() as session:
        invoice = session.get(Invoice, invoice_id) if invoice_id < 2**63 else None
        if invoice is None:
            raise NotFound("没有这张发票。", "There is no such invoice.")
        order = invoice.order
        html = render_template(
            "console/invoice.html",
            each=invoice,
            form=form,
            problem=problem,
            is_red=rules.needs_red_letter(invoice.amount_fen, order.total_fen, order.refunded_fen),
        )
    return html, problem.status if problem else 200


@blueprint.post("/<int:invoice_id>/issue")
@requires(OWNER, STREAMER)
def issue(invoice_id: int) -> Response | tuple[str, int]:
    """Note the number; the amount that was on the page goes along, so that a refund meanwhile is noticed."""
    form = Form(request.form)
    try:
        number = form.read("number", _read_number)
        amount_fen = form.count("amount_fen", 1, _MOST_FEN)
        form.check()
        with transaction() as session:
            workflows.issue_invoice(session, possible_id(invoice_id), number, amount_fen, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        form.errors.update(problem.fields)
        return _page(invoice_id, form, problem)
    return done(url_for("console.invoices.index"), t("记下了，买家会收到短信。", "Noted; the buyer gets a message."))


@blueprint.post("/<int:invoice_id>/decline")
@requires(OWNER, STREAMER)
def decline(invoice_id: int) -> Response | tuple[str, int]:
    """Say why there is none yet; the buyer may ask again."""
    form = Form(request.form)
    try:
        reason = form.text("reason", longest=rules.LONGEST_REASON)
        form.check()
        with transaction() as session:
            workflows.decline_invoice(session, possible_id(invoice_id), reason, now=utc_now(), by=actor())
    except NotFound:
        raise
    except Problem as problem:
        return _page(invoice_id, form, problem)
    return done(url_for("console.invoices.index"), t("告诉买家了。", "The buyer is told."))


def _read_number(raw: object) -> str:
    number = clean_text(raw, 40).replace(" ", "")
    if not rules.is_invoice_number(number):
        raise FieldError(
            "发票号码是 20 位数字（数电票）或 8 位（纸票）。",
            "An invoice number has 20 digits (digital) or 8 (on paper).",
        )
    return number
