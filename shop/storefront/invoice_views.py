"""A buyer asks for an invoice, changes what is to stand on it, or needs none after all."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from kernel.credit_code import is_credit_code
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import transaction, utc_now
from kernel.parse import FieldError, clean_text
from kernel.text import t
from shop.invoices import queries, rules, service
from shop.invoices.models import Invoice
from shop.invoices.service import InvoiceFacts
from shop.orders.forms import read_email
from shop.storefront.order_views import own_order

blueprint = Blueprint("invoices", __name__)


@blueprint.get("/orders/<number>/invoice")
def ask(number: str) -> Response:
    """The form, with what was asked before."""
    with transaction() as session:
        order = own_order(session, number)
        known = queries.invoice_of(session, order.id)
        typed = _as_typed(known) if known else {"kind": rules.PERSON, "title": order.buyer_name, "email": order.email}
    return _page(number, Form(typed))


def _as_typed(invoice: Invoice) -> dict[str, object]:
    return {name: getattr(invoice, name) for name in ("kind", "title", "tax_number", "email")}


@blueprint.post("/orders/<number>/invoice")
def send(number: str) -> Response:
    """Ask, or change what was asked; a double tap is one."""
    form = Form(request.form)
    try:
        facts = _read(form)
        with transaction() as session:
            service.ask_invoice(session, own_order(session, number), facts, now=utc_now())
    except NotFound:
        raise
    except Problem as problem:
        return _page(number, form, problem)
    flash(t("记下了，开好会告诉您。", "Noted; you are told once it is issued."), "done")
    return _back(number)


def _read(form: Form) -> InvoiceFacts:
    kind = form.choice("kind", rules.KINDS)
    facts = InvoiceFacts(
        kind=kind,
        title=form.text("title", longest=rules.LONGEST_TITLE),
        tax_number=form.read("tax_number", _read_tax_number) if kind == rules.COMPANY else "",
        email=form.read("email", read_email),
    )
    form.check()
    return facts


def _read_tax_number(raw: object) -> str:
    code = clean_text(raw, 40).upper().replace(" ", "")
    if not is_credit_code(code):
        raise FieldError(
            "税号是 18 位，请对照营业执照再看一遍。", "A tax number has 18 signs; please compare it with the licence."
        )
    return code


def _page(number: str, form: Form, problem: Problem | None = None) -> Response:
    with transaction() as session:
        order = own_order(session, number)
        html = render_template(
            "storefront/invoice.html",
            order=order,
            form=form,
            problem=problem,
            invoice=queries.invoice_of(session, order.id),
            may_ask=rules.may_ask(order.state, order.channel, order.total_fen, order.refunded_fen),
        )
    response = make_response(html, problem.status if problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/orders/<number>/invoice/withdraw")
def withdraw(number: str) -> Response:
    """The buyer needs none after all; pressed twice it is once."""
    try:
        with transaction() as session:
            service.take_back(session, own_order(session, number))
    except NotFound:
        raise
    except Problem as problem:
        flash(problem.text.pick(), "problem")
    return _back(number)


def _back(number: str) -> Response:
    return redirect(url_for("storefront.orders.show_order", number=number, _anchor="invoice"), code=303)
