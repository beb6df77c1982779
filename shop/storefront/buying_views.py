"""From a button on the live page to a held order, with or without scripts."""

from dataclasses import dataclass
from secrets import token_urlsafe

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from kernel.errors import Invalid, NotFound, Problem
from kernel.forms import Form
from kernel.http import transaction, utc_now
from kernel.parse import FieldError, parse_count
from kernel.text import current_locale
from shop.orders import postage_service
from shop.orders.address_paste import read_pasted
from shop.orders.forms import is_key
from shop.orders.models import Order
from shop.orders.placing import Joined, KeptLine, KeyReused
from shop.orders.postage import as_json
from shop.orders.queries import order_by_number
from shop.orders.rules import LARGEST_QUANTITY, PROVINCES, REMOTE_PROVINCES
from shop.orders.service import quantities
from shop.orders.views import device_hash, flat_terms, limits_of, place, shipping_terms
from shop.storefront import device, forms, queries, rules

blueprint = Blueprint("buying", __name__)


def page_of(session: Session, stream_id: int) -> queries.LivePage:
    """The stream as its viewers see it.

    Raises:
        NotFound: there is none.
    """
    page = queries.live_page(session, stream_id, utc_now()) if stream_id < 2**63 else None
    if page is None:
        raise NotFound("没有这场直播。", "There is no such stream.")
    return page


def held_order() -> Order | None:
    """The order that this device has placed and not paid yet."""
    numbers = device.order_numbers()
    if not numbers:
        return None
    with transaction() as session:
        return queries.waiting_order(session, numbers, utc_now())


def render_form(
    page: queries.LivePage,
    form: Form,
    key: str,
    problem: Problem | None = None,
    *,
    wait_for: queries.OfferCard | None = None,
) -> Response:
    """The form for an order, or for a place in the line for ``wait_for``."""
    held = None if wait_for else held_order()
    with transaction() as session:
        table, terms = postage_service.current(session), shipping_terms(session)
    chosen = [offer for offer in page.offers if str(form.values.get(forms.quantity_field(offer.id), "")).strip("0 ")]
    html = render_template(
        "storefront/checkout.html",
        page=page,
        form=form,
        key=key,
        problem=problem,
        wait_for=wait_for,
        chosen=chosen,
        others=[offer for offer in page.offers if offer.can_be_bought and offer not in chosen],
        provinces=[(name, rules.province_word(name)) for name in PROVINCES],
        remote=sorted(REMOTE_PROVINCES),
        postage_seen=table.id if table else 0,
        held=_as_shown(held),
        rates=as_json(terms.rates) if terms.rates is not None else None,
        terms=terms,
    )
    response = make_response(html, problem.status if problem else 200)
    # The page holds a name and an address; it must not stay in a shared cache.
    response.headers["Cache-Control"] = "no-store"
    if problem and problem.status in (429, 503):
        response.headers["Retry-After"] = str(problem.extra.get("retry_after_s", 5))
    device.name_device(response)
    device.keep_wish(response, key)
    return response


@dataclass(frozen=True)
class _Held:
    """The held order that this one may be put together with: its goods in fen, its weight in grams."""

    number: str
    goods_fen: int
    gross_g: int


def _as_shown(order: Order | None) -> _Held | None:
    if order is None:
        return None
    with transaction() as session:
        lines = order_by_number(session, order.number)
        goods = queries.goods_of(session, [lines] if lines else [])
        weight = sum(goods[line.variant_id].gross_g * line.quantity for line in (lines.lines if lines else ()))
    return _Held(order.number, order.goods_fen, weight)


@blueprint.get("/live/<int:stream_id>/buy")
def order_form(stream_id: int) -> Response:
    """How many, and where to: one page."""
    with transaction() as session:
        page = page_of(session, stream_id)
    if page.stream.state != "live":
        return redirect(url_for("storefront.live", stream_id=stream_id))
    chosen = page.offer(_number("offer", 2**62, 0)) or page.on_air
    if chosen is not None and not (chosen.can_be_bought or chosen.can_be_waited_for):
        return redirect(url_for("storefront.live", stream_id=stream_id))
    form = forms.empty_order_form(page.offers, chosen, _number("quantity", LARGEST_QUANTITY, 1))
    _fill_again(form, page)
    held = held_order()
    if held:
        # Where the last one goes, this one most likely goes too; and it may go in the same parcel.
        form.values |= forms.fields_of_order(held) | {"joins": held.number, "voucher": _voucher_of(held)}
    wait_for = chosen if chosen is not None and chosen.can_be_waited_for else None
    return render_form(page, form, device.key_of_wish(), wait_for=wait_for)


def _voucher_of(order: Order) -> str:
    """The code that the order was placed with: put together with another one, it goes on taking off."""
    with transaction() as session:
        return session.get_one(Order, order.id).voucher_code


def _fill_again(form: Form, page: queries.LivePage) -> None:
    """``?again=``: the goods of an earlier order, as far as they are here, and where that one went."""
    number = request.args.get("again", "")
    if number not in device.order_numbers():
        return
    with transaction() as session:
        order = order_by_number(session, number)
    if order is None:
        return
    wanted = quantities(order)
    for offer in page.offers:
        pieces = wanted.get(offer.variant_id, 0) if offer.can_be_bought else 0
        form.values[forms.quantity_field(offer.id)] = str(min(pieces, offer.most_at_once)) if pieces else ""
    form.values |= forms.fields_of_order(order)


def _number(name: str, high: int, otherwise: int) -> int:
    """A number from the address line; a broken one counts as not given."""
    try:
        return parse_count(request.args.get(name), 1, high)
    except FieldError:
        return otherwise


@blueprint.get("/live/<int:stream_id>/voucher")
@blueprint.get("/live/<int:stream_id>/address")
@blueprint.get("/live/<int:stream_id>/orders")
def back_to_stream(stream_id: int) -> Response:
    """Somebody opened the address that a form was sent to, or changed the language there: lead back to the stream."""
    return redirect(url_for("storefront.live", stream_id=stream_id))


@blueprint.post("/live/<int:stream_id>/orders")
def place_order(stream_id: int) -> Response:
    """Hold the stock; the hidden key makes a double tap or a reload the same order."""
    with transaction() as session:
        page, table = page_of(session, stream_id), postage_service.current(session)
    form, name = Form(request.form), device_hash()
    try:
        forms.refuse_risen_prices(request.form, page.offers)
        forms.refuse_other_postage(request.form, table.id if table else 0)
        placed = place(
            forms.read_order_form(
                request.form,
                page.offers,
                stream_id=stream_id,
                terms=flat_terms(),
                locale=current_locale.get(),
                device_hash=name,
                limits=limits_of(name),
                joins=_order_to_join(),
            )
        )
    except Invalid as problem:
        form.errors.update(problem.fields)
        return render_form(page, form, key_or_new(), problem)
    except KeyReused as problem:
        # The key stands for an order already, perhaps one whose answer was lost: it is this device's, and named.
        response = _again(stream_id, form, token_urlsafe(18), problem)
        device.keep_order(response, problem.number)
        return response
    except Problem as problem:
        return _again(stream_id, form, key_or_new(), problem)
    response = redirect(url_for("storefront.orders.show_order", number=placed.number), code=303)
    device.keep_order(response, placed.number)
    return response


@blueprint.post("/live/<int:stream_id>/address")
def split_address(stream_id: int) -> Response | dict[str, object]:
    """A pasted line becomes the fields of the form; nothing is ordered. Scripts ask for the fields as JSON."""
    found = read_pasted(request.form.get("pasted", ""))
    fields = {name: value for name, value in forms.fields_of_pasted(found).items() if value}
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return {"fields": fields, "is_sure": found.is_sure}
    with transaction() as session:
        page = page_of(session, stream_id)
    form = Form({**request.form, **fields})
    if not fields:
        form.refuse(
            "pasted",
            "没看出地址。请写成：姓名 手机号 省市区和街道。",
            "No address found. Write: name, phone, province, city, street.",
        )
    elif not found.is_sure:
        form.refuse(
            "address.province", "同名的地方不止一个，请看对不对。", "There is more than one such place; please check."
        )
    waiting = page.offer(posted_offer())
    return render_form(page, form, key_or_new(), wait_for=waiting)


def _order_to_join() -> Joined | None:
    """The order that this one is put together with, when this device knows it; the counter says whether it still can."""
    number = request.form.get("joins", "")
    if not number or number not in device.order_numbers():
        return None
    with transaction() as session:
        order = order_by_number(session, number)
        if order is None or order.hold_until is None:
            return None
        lines = [
            KeptLine(line.offer_id, line.quantity, line.unit_price_fen)
            for line in order.lines
            if line.offer_id is not None
        ]
        return Joined(order.id, tuple(lines), order.hold_until)


def posted_offer() -> int:
    """The offer that a form for a place in the line names; 0 for the form of an order."""
    try:
        return parse_count(request.form.get("offer"), 1, 2**62)
    except FieldError:
        return 0


def _again(stream_id: int, form: Form, key: str, problem: Problem) -> Response:
    """The form once more, with what is left now and what was typed."""
    with transaction() as session:
        return render_form(page_of(session, stream_id), form, key, problem)


def key_or_new() -> str:
    """The key that the form came with, or a new one when it is none."""
    key = request.form.get("key", "")
    return key if is_key(key) else token_urlsafe(18)
