"""The JSON API of orders (interfaces.md)."""

from dataclasses import replace
from hashlib import sha256
from ipaddress import ip_address
from typing import Any

from flask import Blueprint, current_app, request
from sqlalchemy.orm import Session

from kernel.errors import BadRequest, NotFound
from kernel.http import flows, setting, transaction, utc_now
from kernel.links import is_link_key, link_key
from kernel.text import current_locale
from shop.orders import forms, queries, rules
from shop.orders.counter import Counter
from shop.orders.models import Order
from shop.orders.placing import Asked, Limit, Placed
from shop.orders.postage_service import rates_in_force
from shop.orders.rules import ShippingTerms

blueprint = Blueprint("orders_api", __name__, url_prefix="/api/v1")

ORDER_PURPOSE = "order"
DEVICE_COOKIE = "device"


def order_key(number: str) -> str:
    """The key of an order's private link."""
    return link_key(setting("secret_key"), ORDER_PURPOSE, number)


def is_order_key(number: str, offered: str) -> bool:
    """Whether this key opens this order."""
    return is_link_key(setting("secret_key"), ORDER_PURPOSE, number, offered)


def shipping_terms(session: Session) -> ShippingTerms:
    """The workshop's postage: its table, or while it has none what the settings say."""
    return replace(flat_terms(), rates=rates_in_force(session))


def flat_terms() -> ShippingTerms:
    """The postage of the settings; at the counter the table goes before it."""
    return ShippingTerms(setting("shipping_fen"), setting("free_shipping_from_fen"), setting("remote_surcharge_fen"))


def device_hash() -> str | None:
    """The device's name, hashed: it lets a buyer's new order take over her own unpaid hold."""
    name = request.cookies.get(DEVICE_COOKIE)
    return sha256(name.encode("utf-8", "replace")).hexdigest() if name else None


def limits_of(device: str | None) -> tuple[Limit, ...]:
    """How much this request counts against: its device, and its address unless that may be a proxy of our own."""
    address = request.remote_addr or ""
    from_device = (Limit(f"orders:{device}", rules.MOST_FROM_A_DEVICE),) if device else ()
    from_address = (Limit(f"orders:{address}", rules.MOST_FROM_AN_ADDRESS),) if _is_public(address) else ()
    return from_device + from_address


def _is_public(address: str) -> bool:
    try:
        return ip_address(address).is_global
    except ValueError:
        return False


def place(asked: Asked) -> Placed:
    """Place an order at this process's counter."""
    counter: Counter = current_app.extensions["counter"]
    return counter.place(asked, utc_now())


@blueprint.post("/streams/<int:stream_id>/orders")
def place_order(stream_id: int) -> tuple[dict[str, Any], int]:
    """Hold stock for a buyer; the same ``Idempotency-Key`` gives the same order again."""
    key = forms.check_key(request.headers.get("Idempotency-Key"))
    body = _json_object()
    device = device_hash()
    asked = forms.read_order(
        body,
        stream_id=stream_id,
        key=key,
        terms=flat_terms(),
        locale=current_locale.get(),
        device_hash=device,
        limits=limits_of(device),
    )
    placed = place(asked)
    return _placed_json(placed), 201 if placed.is_new else 200


def _json_object() -> dict[str, Any]:
    try:
        body = request.get_json(silent=True)
    except RecursionError:  # a hundred thousand opening brackets
        body = None
    if not isinstance(body, dict):
        raise BadRequest("请求内容不是 JSON。", "Send a JSON object.")
    return body


def _placed_json(placed: Placed) -> dict[str, Any]:
    key = order_key(placed.number)
    page = f"{setting('public_url')}/orders/{placed.number}"
    return {
        "number": placed.number,
        "key": key,
        "total_fen": placed.total_fen,
        "shipping_fen": placed.shipping_fen,
        "hold_until": placed.hold_until.isoformat(),
        "order_url": f"{page}?key={key}",
        "pay_url": f"{page}/pay?key={key}",
    }


@blueprint.get("/orders/<number>")
def show_order(number: str) -> dict[str, Any]:
    """One order, for whoever has its key; a wrong key looks like a wrong number."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not is_order_key(number, key.strip()):
        raise NotFound("没有这个订单。", "There is no such order.")
    with transaction() as session:
        order = queries.order_by_number(session, number)
        if order is None:
            raise NotFound("没有这个订单。", "There is no such order.")
        return {**_order_json(order), **flows().order_progress(session, order)}


def _order_json(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "state": order.state,
        "lines": [
            {
                "sku": line.sku,
                "title": line.title,
                "spec": line.spec,
                "quantity": line.quantity,
                "unit_price_fen": line.unit_price_fen,
                "line_total_fen": line.line_total_fen,
            }
            for line in order.lines
        ],
        "goods_fen": order.goods_fen,
        "shipping_fen": order.shipping_fen,
        "discount_fen": order.discount_fen,
        "total_fen": order.total_fen,
        "refunded_fen": order.refunded_fen,
        "currency": order.currency,
        "hold_until": order.hold_until.isoformat() if order.hold_until else None,
        "created_at": order.created_at.isoformat(),
        "paid_at": order.paid_at.isoformat() if order.paid_at else None,
        "ship_by": order.ship_by.isoformat() if order.ship_by else None,
    }
