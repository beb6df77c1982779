"""The order form of the page: its fields are named as in the JSON API, so both are checked by the same words."""

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.errors import Invalid, Refused
from kernel.forms import Form
from kernel.text import Locale
from shop.orders import forms as orders
from shop.orders.address_paste import Pasted
from shop.orders.models import Order
from shop.orders.placing import Asked, Joined, Limit
from shop.orders.rules import ShippingTerms
from shop.storefront.queries import OfferCard

# Which postage table the page was made with.
SEEN_POSTAGE = "seen-postage"
GIFT_FIELDS = ("from", "words", "phone")
ADDRESS_FIELDS = ("province", "city", "district", "street", "detail")


def quantity_field(offer_id: int) -> str:
    """The name of an offer's quantity field."""
    return f"quantity-{offer_id}"


def seen_field(offer_id: int) -> str:
    """The name of the field that says which price was on the screen."""
    return f"seen-{offer_id}"


def read_order_form(
    typed: Mapping[str, str],
    offers: Sequence[OfferCard],
    *,
    stream_id: int,
    terms: ShippingTerms,
    locale: Locale,
    device_hash: str | None,
    limits: tuple[Limit, ...],
    joins: Joined | None = None,
) -> Asked:
    """The wish on the page.

    Raises:
        Invalid: with the page's names of every field that needs another look.
    """
    wanted = [(offer.id, typed.get(quantity_field(offer.id), "").strip()) for offer in offers]
    wanted = [(offer_id, quantity) for offer_id, quantity in wanted if quantity.strip("0")]
    body: dict[str, Any] = {
        "lines": [{"offer_id": offer_id, "quantity": quantity} for offer_id, quantity in wanted],
        "buyer": {name: typed.get(f"buyer.{name}") for name in ("name", "phone", "email")},
        "address": {name: typed.get(f"address.{name}") for name in ADDRESS_FIELDS},
        "note": typed.get("note"),
        **({"gift": {name: typed.get(f"gift.{name}") for name in GIFT_FIELDS}} if typed.get("gift") else {}),
        **({"voucher": typed["voucher"]} if typed.get("voucher", "").strip() else {}),
        **({"joins": f"{joins.order_id}"} if joins else {}),
    }
    try:
        return orders.read_order(
            body,
            stream_id=stream_id,
            key=orders.check_key(typed.get("key")),
            terms=terms,
            locale=locale,
            device_hash=device_hash,
            limits=limits,
            joins=joins,
        )
    except Invalid as problem:
        problem.fields = {_page_name(name, wanted): text for name, text in problem.fields.items()}
        raise


def fields_of_pasted(found: Pasted) -> dict[str, str]:
    """What was read from a pasted line, by the names of the page's fields."""
    parts = {name: getattr(found, name) for name in ADDRESS_FIELDS}
    return {"buyer.name": found.name, "buyer.phone": found.phone, **{f"address.{name}": parts[name] for name in parts}}


def fields_of_order(order: Order) -> dict[str, str]:
    """Whom an order goes to and where, by the names of the page's fields."""
    phone = f"{order.phone}-{order.phone_ext}" if order.phone_ext else order.phone
    return {
        "buyer.name": order.buyer_name,
        "buyer.phone": phone,
        "buyer.email": order.email,
        **{f"address.{name}": getattr(order, name) for name in ADDRESS_FIELDS},
    }


def refuse_risen_prices(typed: Mapping[str, str], offers: Sequence[OfferCard]) -> None:
    """The streamer may have changed a price while the form was open: nobody pays more than was on the screen.

    What the page says about prices is compared, never used; a price that fell is simply the buyer's luck.

    Raises:
        Refused: a price is higher now (``price_changed``).
    """
    for offer in offers:
        seen = typed.get(seen_field(offer.id), "")
        if seen.isascii() and seen.isdigit() and len(seen) < 12 and int(seen) < offer.price_fen:
            raise Refused(
                "价格刚刚变了，现在的价格在下面。合适的话请再下单。",
                "A price has just changed; the present one is below. Order again if it suits you.",
                code="price_changed",
            )


def refuse_other_postage(typed: Mapping[str, str], table_id: int) -> None:
    """The workshop may have changed its postage while the form was open: the buyer sees the new one before ordering.

    Raises:
        Refused: the page was made with another table (``postage_changed``).
    """
    seen = typed.get(SEEN_POSTAGE, str(table_id))
    if seen != str(table_id):
        raise Refused(
            "运费刚刚变了，现在的运费在下面。合适的话请再下单。",
            "The postage has just changed; the present one is below. Order again if it suits you.",
            code="postage_changed",
        )


def _page_name(name: str, wanted: Sequence[tuple[int, str]]) -> str:
    """``lines.0.quantity`` of the API is the field of the first offer that was asked for."""
    parts = name.split(".")
    if parts[0] == "lines" and len(parts) == 3:
        return quantity_field(wanted[int(parts[1])][0])
    return name


def empty_order_form(offers: Sequence[OfferCard], chosen: OfferCard | None, quantity: int) -> Form:
    """The form before anything is typed, with the chosen offer's quantity in it."""
    values: dict[str, object] = {quantity_field(offer.id): "" for offer in offers}
    if chosen is not None:
        values[quantity_field(chosen.id)] = str(quantity)
    return Form(values)
