"""A buyer says what the goods are like: from the order's own page, one review a product."""

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel.audit import BUYER
from kernel.errors import NotFound, Problem
from kernel.forms import Form
from kernel.http import transaction, utc_now
from kernel.text import t
from shop.catalog.models import Product
from shop.orders.models import Order
from shop.reviews import queries, rules, service
from shop.storefront.order_views import own_order

blueprint = Blueprint("reviews", __name__)


def _bought(session: Session, number: str, product_id: int) -> tuple[Order, Product]:
    order = own_order(session, number)
    product = next((each for each in queries.products_of(session, order) if each.id == product_id), None)
    if product is None:
        raise NotFound("这一单里没有这个商品。", "This order does not have that product.")
    return order, product


@blueprint.get("/orders/<number>/reviews/<int:product_id>")
def ask(number: str, product_id: int) -> Response:
    """Stars to tap and a few words."""
    return _page(number, product_id, Form({"with_name": "1"}))


@blueprint.post("/orders/<number>/reviews/<int:product_id>")
def write(number: str, product_id: int) -> Response:
    """Write it down; a double tap is one review, since there is one a product and order."""
    form = Form(request.form)
    try:
        stars = form.choice("stars", [str(place) for place in range(rules.FEWEST_STARS, rules.MOST_STARS + 1)])
        words = form.text("words", longest=rules.LONGEST_WORDS, required=False, lines=True)
        form.check()
        with transaction() as session:
            order, product = _bought(session, number, product_id)
            _write(session, order, product, stars=int(stars), words=words, with_name=form.ticked("with_name"))
    except NotFound:
        raise
    except Problem as problem:
        return _page(number, product_id, form, problem)
    flash(
        t("谢谢您。工坊看过以后，别人就能看到。", "Thank you. Others see it once the workshop has looked at it."),
        "done",
    )
    return _back(number)


def _write(session: Session, order: Order, product: Product, *, stars: int, words: str, with_name: bool) -> None:
    known = [each for each in queries.reviews_of(session, [order.id]) if each.product_id == product.id]
    if known and (known[0].stars, known[0].words) == (stars, words):
        return
    service.write_review(session, order, product.id, stars=stars, words=words, with_name=with_name, now=utc_now())


def _page(number: str, product_id: int, form: Form, problem: Problem | None = None) -> Response:
    with transaction() as session:
        order, product = _bought(session, number, product_id)
        html = render_template(
            "storefront/review.html",
            order=order,
            product=product,
            form=form,
            problem=problem,
            may_review=rules.may_review(order.state, order.channel),
            name=rules.shown_name(order.buyer_name),
        )
    response = make_response(html, problem.status if problem else 200)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/orders/<number>/reviews/<int:product_id>/delete")
def delete(number: str, product_id: int) -> Response:
    """The buyer deletes the review; pressed twice it is once."""
    with transaction() as session:
        order, product = _bought(session, number, product_id)
        for each in queries.reviews_of(session, [order.id]):
            if each.product_id == product.id:
                service.take_back(session, order, each.id, now=utc_now(), by=BUYER)
    flash(t("评价删掉了，可以再写。", "The review is deleted; you may write another."), "done")
    return _back(number)


def _back(number: str) -> Response:
    return redirect(url_for("storefront.orders.show_order", number=number, _anchor="own-reviews"), code=303)
