"""Orders: finding them, one of them, money back, and the file for the accountant."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from uuid import UUID

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from app import workflows
from app.console import orders_queries, orders_service, paging, words
from app.console.decisions import note_words
from app.console.exports import csv_file, local
from app.console.forms import done, first_time, my_id, said_again
from app.console.orders_queries import PAYING, PLACED, OrderSearch
from app.console.saved import service as saved
from fulfillment.labels.rules import mask_name, mask_phone
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import actor, current_person, database, requires, setting, transaction, utc_now
from kernel.people.rules import OWNER, STREAMER
from kernel.sheets import Cell, plain_yuan
from kernel.text import t
from shop.orders.models import CHANNELS, Order
from shop.orders.rules import PROVINCES
from shop.orders.states import STATES

blueprint = Blueprint("orders", __name__, url_prefix="/orders")

_LONGEST_SEARCH = 60
_LARGEST_FEN = 100_000_000
_LONGEST_NOTE = 120


@blueprint.context_processor
def masks() -> dict[str, object]:
    """What of a buyer may stand in a list, and what the notes about payments mean."""
    return {"mask_name": mask_name, "mask_phone": mask_phone, "note_words": note_words}


def read_search(form: Form) -> OrderSearch:
    """The search in the address; a word that is no state or channel is marked at its field."""
    search = OrderSearch(
        words=form.text("q", longest=_LONGEST_SEARCH, required=False),
        state=form.choice("state", ("", *STATES)) if "state" in form.values else "",
        channel=form.choice("channel", ("", *CHANNELS)) if "channel" in form.values else "",
        stream_id=form.count("stream", 1, 2**62) if form.values.get("stream") else None,
        province=form.choice("province", ("", *PROVINCES)) if "province" in form.values else "",
        since=form.date("from") if form.values.get("from") else None,
        until=form.date("to") if form.values.get("to") else None,
        by=form.choice("by", (PLACED, PAYING)) if form.values.get("by") else PLACED,
        zone=setting("workshop_zone"),
        order=paging.asked_order(form, orders_queries.ORDERS),
    )
    if search.since and search.until and search.since > search.until:
        form.refuse("to", "要在开始那天或以后。", "Not before the first day.")
    form.check()
    return search


@blueprint.get("")
@requires(OWNER, STREAMER)
def index() -> tuple[str, int]:
    """Orders, newest first unless another order is asked for."""
    form, status = Form(request.args), 200
    page: paging.Page[Order] = paging.Page(())
    search, sums = OrderSearch(), None
    with transaction() as session:
        try:
            search = read_search(form)
            wanted = orders_queries.find_orders(search)
            place, sorting = paging.asked_place(UUID), orders_queries.ORDERS[search.order]
            page = paging.page_of(session, wanted, Order.id, sorting, place, lambda beside: _url(search, beside))
            if search.as_query().keys() - {"order"}:
                sums = orders_queries.sums_of(session, search)
        except Problem as problem:
            if isinstance(problem, NotFound):
                raise
            status = problem.status
        streams = orders_queries.recent_streams(session)
        kept = saved.views_of(session, my_id(), "orders")
    html = render_template(
        "console/orders.html",
        form=form,
        search=search,
        page=page,
        streams=streams,
        kept=kept,
        sums=sums,
        most_added=orders_queries.MOST_ADDED,
        province_choices=[(name, name) for name in PROVINCES],
        sortings=orders_queries.ORDERS,
        in_order=lambda order: _url(replace(search, order=order), {}),
    )
    return html, status


def _url(search: OrderSearch, place: dict[str, str]) -> str:
    return paging.address("console.orders.index", {**search.as_query(), **place})


@blueprint.get("/orders.csv")
@requires(OWNER, STREAMER)
def export() -> Response:
    """The same orders as a file; buyers are masked as in the list."""
    search = read_search(Form(request.args))
    header = (
        *(t("订单号", "Number"), t("渠道", "Channel"), t("渠道单号", "Channel number"), t("状态", "State")),
        *(t("下单", "Ordered"), t("付款", "Paid"), t("收件人", "Receiver"), t("电话", "Phone"), t("省", "Province")),
        *(t("商品", "Goods"), t("货款", "Goods (yuan)"), t("运费", "Postage (yuan)"), t("优惠", "Discount (yuan)")),
        *(t("合计", "Total (yuan)"), t("已退", "Refunded (yuan)")),
    )
    found = paging.every(database(), orders_queries.find_orders(search), Order.id, orders_queries.ORDERS[search.order])
    return csv_file("orders", header, _rows(found))


def _rows(found: Iterator[Order]) -> Iterator[Sequence[Cell]]:
    for order in found:
        yield (
            *(order.number, str(words.channel(order.channel)), order.channel_number),
            *(str(words.ORDER_STATES[order.state]), local(order.created_at), local(order.paid_at)),
            *(mask_name(order.buyer_name), mask_phone(order.phone, order.phone_ext), order.province),
            "; ".join(f"{line.title} {line.spec} x {line.quantity}" for line in order.lines),
            *(plain_yuan(order.goods_fen), plain_yuan(order.shipping_fen), plain_yuan(order.discount_fen)),
            *(plain_yuan(order.total_fen), plain_yuan(order.refunded_fen)),
        )


@blueprint.get("/<number>")
@requires(OWNER, STREAMER)
def show(number: str) -> Response:
    """One order: lines, money, log, payments, refunds, parcels."""
    return _page(number, Form())


def _page(number: str, form: Form, problem: Problem | None = None) -> Response:
    person = current_person()
    assert person is not None
    with transaction() as session:
        file = orders_queries.order_file(session, number, person_id=person.id, now=utc_now())
    if file is None:
        raise NotFound("没有这个订单。", "There is no such order.")
    html = render_template("console/order.html", file=file, order=file.order, form=form, problem=problem)
    response = make_response(html, problem.status if problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


def _url_of(number: str) -> str:
    return url_for("console.orders.show", number=number)


def _reason(form: Form, step: str) -> str:
    """The reason chosen for a step; "something else" asks for words."""
    code = form.choice(f"{step}_reason", words.REFUND_REASONS)
    note = form.text(f"{step}_note", longest=_LONGEST_NOTE, required=code == "other")
    form.check()
    return words.stored_reason(code, note)


@blueprint.post("/<number>/refund")
@requires(OWNER, STREAMER)
def refund(number: str) -> Response:
    """Send part of the money back, with the reason."""
    form = Form(request.form)
    try:
        amount_fen = form.yuan("refund_amount", high_fen=_LARGEST_FEN, low_fen=1)
        reason = _reason(form, "refund")
        with transaction() as session:
            order = orders_service.order_of(session, number)
            is_first = first_time(session, form, f"order-refund:{number}")
            if is_first:
                workflows.refund_part(session, order.id, amount_fen, reason=reason, by=actor(), now=utc_now())
    except Problem as problem:
        return _page(number, said_again(form, problem), problem)
    sentence = t("退款记下了，马上发给支付公司。", "The refund is noted and will be sent at once.")
    return done(_url_of(number), sentence, is_first=is_first)


@blueprint.post("/<number>/cancel")
@requires(OWNER, STREAMER)
def call_off(number: str) -> Response:
    """Call the order off: all its money goes back, and packing stops if it has not left."""
    form = Form(request.form)
    try:
        reason = _reason(form, "cancel")
        with transaction() as session:
            is_first = first_time(session, form, f"order-cancel:{number}")
            if is_first:
                orders_service.call_off(session, number, reason=reason, now=utc_now(), by=actor())
    except Problem as problem:
        return _page(number, said_again(form, problem), problem)
    sentence = t("做好了。要退的钱马上发给支付公司。", "Done. Money to return will be sent at once.")
    return done(_url_of(number), sentence, is_first=is_first)


@blueprint.post("/<number>/buyer")
@requires(OWNER, STREAMER)
def show_buyer(number: str) -> Response:
    """Look at the buyer's name, phone and address for ten minutes; that somebody looked is written down."""
    with transaction() as session:
        orders_service.show_buyer(session, number, now=utc_now(), by=actor())
    return redirect(f"{_url_of(number)}#buyer", code=303)
