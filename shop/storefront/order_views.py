"""An order by its private link: what it stands at, paying, cancelling, buying again."""

import logging
from datetime import datetime, timedelta

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel import limits
from kernel.audit import BUYER
from kernel.errors import NotFound, Problem
from kernel.http import database, flows, setting, transaction, utc_now
from kernel.text import t
from shop.buyers.queries import wants_news
from shop.buyers.rules import may_hear
from shop.complaints import queries as complaints
from shop.complaints.rules import KINDS, why_not
from shop.invoices import queries as invoices
from shop.invoices.rules import may_ask
from shop.orders import queries as orders
from shop.orders.models import Order
from shop.orders.views import is_order_key, order_key
from shop.payments import queries as payments
from shop.payments import steps
from shop.payments.states import EXPIRED as PAGE_OVER
from shop.payments.states import LIVE, UNDER_WAY
from shop.reviews import queries as reviews
from shop.reviews.rules import REASONS, may_review
from shop.storefront import device, queries, rules
from shop.waitlist import queries as line

blueprint = Blueprint("orders", __name__)
log = logging.getLogger("gongfang")

_WRONG_KEYS = 30
_WINDOW = timedelta(minutes=10)


def _no_such_order() -> NotFound:
    return NotFound(
        "没有找到这个订单。请用下单时的那台手机，或订单的私人链接打开。",
        "There is no such order here. Use the phone you ordered with, or the order's private link.",
    )


def own_order(session: Session, number: str) -> Order:
    """The order, when this device holds its key; somebody else's looks like none at all."""
    order = orders.order_by_number(session, number) if number in device.order_numbers() else None
    if order is None:
        raise _no_such_order()
    return order


def _take_key(number: str, endpoint: str) -> Response:
    """Exchange the key in the address for a cookie, so that it stays in no history, log or Referer."""
    if not is_order_key(number, request.args.get("key", "")):
        with transaction() as session:
            limits.take(session, f"order-link:{request.remote_addr}", most=_WRONG_KEYS, window=_WINDOW, now=utc_now())
        raise _no_such_order()
    response = redirect(url_for(endpoint, number=number), code=303)
    device.keep_order(response, number)
    return response


@blueprint.get("/orders")
def own_orders() -> Response:
    """The orders that this device knows."""
    with transaction() as session:
        found = orders.orders_by_numbers(session, device.order_numbers())
        return _private(
            render_template(
                "storefront/orders.html",
                orders=found,
                waits=line.waits_by_numbers(session, device.order_numbers()),
                goods=queries.goods_of(session, found),
                shown_state=rules.shown_state,
            )
        )


@blueprint.post("/orders/forget")
def forget() -> Response:
    """Forget the orders on a shared device."""
    response = redirect(url_for("storefront.orders.own_orders"), code=303)
    device.forget_orders(response)
    flash(
        t(
            "这台设备上的订单记录已经清掉，订单本身没有变。",
            "This device has forgotten your orders. The orders themselves are unchanged.",
        ),
        "done",
    )
    return response


@blueprint.get("/orders/<number>/again")
def buy_again(number: str) -> Response:
    """The order form with the same goods, as far as they are on offer now, and the same address."""
    with transaction() as session:
        order = own_order(session, number)
        stream_id = queries.stream_to_buy_again(session, {line.variant_id for line in order.lines})
        shown = [variant.product for variant in queries.goods_of(session, [order]).values() if variant.product.listed]
    if stream_id is not None:
        return redirect(url_for("storefront.buying.order_form", stream_id=stream_id, again=number))
    flash(t("现在没有在卖，下次开播时可以买。", "It is not on sale now; it can be bought at the next stream."), "info")
    if shown:
        return redirect(url_for("storefront.product", slug=shown[0].slug))
    return redirect(url_for("storefront.streams"))


@blueprint.get("/orders/<number>")
def show_order(number: str) -> Response:
    """One order: state, lines, money, parcels, and what can be done now."""
    if "key" in request.args:
        return _take_key(number, "storefront.orders.show_order")
    came_back = request.args.get("from") == "payment"
    is_unknown = came_back and not _ask_about_payment(number)
    with transaction() as session:
        order = own_order(session, number)
        payment = payments.last_payment(session, order.id)
        is_under_way = payment is not None and payment.state == UNDER_WAY
        found = _standing(order, is_checking=is_unknown or is_under_way)
        progress = flows().order_progress(session, order)
        response = _private(
            render_template(
                "storefront/order.html",
                order=order,
                goods=queries.goods_of(session, [order]),
                standing=found,
                shown_state=rules.shown_state,
                steps=rules.steps(order.created_at, order.paid_at, {entry.to_state: entry.at for entry in order.log}),
                may_pay=rules.may_pay(found, is_under_way=is_under_way),
                may_cancel=rules.may_cancel(found),
                did_not_work=came_back and payment is not None and payment.state == PAGE_OVER,
                came_after=next((entry.from_state for entry in order.log if entry.to_state == "refunded"), None),
                refund_word=rules.refund_word([refund["state"] for refund in progress["refunds"]]),
                is_unknown=is_unknown,
                complaints=complaints.complaints_of(session, order.id),
                may_complain=_may_complain(session, order),
                may_review=may_review(order.state, order.channel),
                reviewable=reviews.products_of(session, order),
                written={each.product_id: each for each in reviews.reviews_of(session, [order.id])},
                review_reasons=REASONS,
                may_hear=may_hear(order.channel, order.told_phone),
                wants_news=wants_news(session, order.told_phone),
                invoice=invoices.invoice_of(session, order.id),
                may_ask_invoice=may_ask(order.state, order.channel, order.total_fen, order.refunded_fen),
                moment_of=datetime.fromisoformat,
                joined_into=rules.joined_into([entry.reason for entry in order.log]),
                private_link=f"{setting('public_url')}/orders/{number}?key={order_key(number)}",
                **progress,
            )
        )
        device.end_wish(response, order.idempotency_key)
        return response


def _may_complain(session: Session, order: Order) -> list[str]:
    """The kinds of complaint that this order's buyer may make now."""
    facts = complaints.delivered(session, order)
    return [kind for kind in KINDS if why_not(kind, facts, utc_now()) is None]


def _standing(order: Order, *, is_checking: bool) -> rules.Standing:
    return rules.standing(order.state, order.hold_until, utc_now(), is_checking=is_checking)


def _ask_about_payment(number: str) -> bool:
    """The buyer is back from the payment page: ask what became of it; returns whether that is known now."""
    with transaction() as session:
        payment = payments.live_payment(session, own_order(session, number).id)
    if payment is None:
        return True
    try:
        steps.look_at_payment(database(), current_app.extensions["till"], payment.id, utc_now())
    except Problem:
        # Stripe is slow or away: the page says "checking", and the webhook or the worker brings the answer.
        log.info("payment page not reachable; the order page waits")
        with transaction() as session:
            steps.ask_soon(session, payment.id, utc_now())
        return False
    return True


@blueprint.get("/orders/<number>/state")
def order_state(number: str) -> dict[str, str]:
    """What the open page asks for, so that a payment shows without reloading by hand."""
    came_back = request.args.get("from") == "payment"
    with transaction() as session:
        order = own_order(session, number)
        payment = payments.last_payment(session, order.id)
        is_checking = payment is not None and (payment.state == UNDER_WAY or (came_back and payment.state in LIVE))
        return {"state": order.state, "standing": _standing(order, is_checking=is_checking)}


@blueprint.get("/orders/<number>/pay")
def pay_by_link(number: str) -> Response:
    """The ``pay_url`` of the API: with the key to the order page, where the pay button is."""
    if "key" in request.args:
        return _take_key(number, "storefront.orders.show_order")
    return redirect(url_for("storefront.orders.show_order", number=number))


@blueprint.post("/orders/<number>/pay")
def pay(number: str) -> Response:
    """Open the hosted payment page; pressed twice it is the same payment."""
    with transaction() as session:
        own_order(session, number)
    try:
        address = steps.checkout_url_for(database(), current_app.extensions["till"], number, utc_now())
    except Problem as problem:
        flash(problem.text.pick(), "problem")
        address = url_for("storefront.orders.show_order", number=number)
    return redirect(address, code=303)


@blueprint.post("/orders/<number>/cancel")
def cancel(number: str) -> Response:
    """Cancel: a held order at once, a paid one that has not left with its money back."""
    with transaction() as session:
        order_id = own_order(session, number).id
    try:
        with transaction() as session:
            flows().cancel_order(session, order_id, by=BUYER, reason="cancelled by the buyer", now=utc_now())
    except Problem as problem:
        flash(problem.text.pick(), "problem")
    return redirect(url_for("storefront.orders.show_order", number=number), code=303)


def _private(html: str) -> Response:
    response = make_response(html)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
