"""From a button on the live page to a held order, with or without scripts."""

from secrets import token_urlsafe

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.text import current_locale
from shop.orders.forms import is_key
from shop.orders.placing import KeyReused
from shop.orders.rules import LARGEST_QUANTITY, PROVINCES, REMOTE_PROVINCES
from shop.orders.views import device_hash, limits_of, place, shipping_terms
from shop.storefront import device, forms, queries, rules

blueprint = Blueprint("buying", __name__)


def _page(session: Session, stream_id: int) -> queries.LivePage:
    page = queries.live_page(session, stream_id, utc_now()) if stream_id < 2**63 else None
    if page is None:
        raise NotFound("没有这场直播。", "There is no such stream.")
    return page


def _render(page: queries.LivePage, form: Form, key: str, problem: Problem | None = None) -> Response:
    chosen = [offer for offer in page.offers if str(form.values.get(forms.quantity_field(offer.id), "")).strip("0 ")]
    html = render_template(
        "storefront/checkout.html",
        page=page,
        form=form,
        key=key,
        problem=problem,
        chosen=chosen,
        others=[offer for offer in page.offers if offer.can_be_bought and offer not in chosen],
        provinces=[(name, rules.province_word(name)) for name in PROVINCES],
        remote=sorted(REMOTE_PROVINCES),
        terms=shipping_terms(),
    )
    response = make_response(html, problem.status if problem else 200)
    # The page holds a name and an address; it must not stay in a shared cache.
    response.headers["Cache-Control"] = "no-store"
    if problem and problem.status in (429, 503):
        response.headers["Retry-After"] = str(problem.extra.get("retry_after_s", 5))
    device.name_device(response)
    device.keep_wish(response, key)
    return response


@blueprint.get("/live/<int:stream_id>/buy")
def order_form(stream_id: int) -> Response:
    """How many, and where to: one page."""
    with transaction() as session:
        page = _page(session, stream_id)
    if page.stream.state != "live":
        return redirect(url_for("storefront.live", stream_id=stream_id))
    chosen = page.offer(_number("offer", 2**62, 0)) or page.on_air
    if chosen is not None and not chosen.can_be_bought:
        return redirect(url_for("storefront.live", stream_id=stream_id))
    form = forms.empty_order_form(page.offers, chosen, _number("quantity", LARGEST_QUANTITY, 1))
    return _render(page, form, device.key_of_wish())


def _number(name: str, high: int, otherwise: int) -> int:
    """A number from the address line; a broken one counts as not given."""
    try:
        return parse_count(request.args.get(name), 1, high)
    except FieldError:
        return otherwise


@blueprint.get("/live/<int:stream_id>/orders")
def back_to_stream(stream_id: int) -> Response:
    """Somebody reloaded the address of a form that was sent: lead back to the stream."""
    return redirect(url_for("storefront.live", stream_id=stream_id))


@blueprint.post("/live/<int:stream_id>/orders")
def place_order(stream_id: int) -> Response:
    """Hold the stock; the hidden key makes a double tap or a reload the same order."""
    with transaction() as session:
        page = _page(session, stream_id)
    form, name = Form(request.form), device_hash()
    try:
        forms.refuse_risen_prices(request.form, page.offers)
        placed = place(
            forms.read_order_form(
                request.form,
                page.offers,
                stream_id=stream_id,
                terms=shipping_terms(),
                locale=current_locale.get(),
                device_hash=name,
                limits=limits_of(name),
            )
        )
    except Invalid as problem:
        form.errors.update(problem.fields)
        return _render(page, form, _key_or_new(), problem)
    except KeyReused as problem:
        # The key stands for an order already, perhaps one whose answer was lost: it is this device's, and named.
        response = _again(stream_id, form, token_urlsafe(18), problem)
        device.keep_order(response, problem.number)
        return response
    except Problem as problem:
        return _again(stream_id, form, _key_or_new(), problem)
    response = redirect(url_for("storefront.orders.show_order", number=placed.number), code=303)
    device.keep_order(response, placed.number)
    return response


def _again(stream_id: int, form: Form, key: str, problem: Problem) -> Response:
    """The form once more, with what is left now and what was typed."""
    with transaction() as session:
        return _render(_page(session, stream_id), form, key, problem)


def _key_or_new() -> str:
    key = request.form.get("key", "")
    return key if is_key(key) else token_urlsafe(18)
