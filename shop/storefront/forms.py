"""The order form of the page: its fields are named as in the JSON API, so both are checked by the same words."""

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.errors import Invalid, Refused
from kernel.forms import Form
from kernel.text import Locale
from shop.orders import forms as orders
from shop.orders.placing import Asked, Limit
from shop.orders.rules import ShippingTerms
from shop.storefront.queries import OfferCard

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
) -> Asked:
    """The wish on the page.

    Raises:
        Invalid: with the page's names of every field that needs another look.
    """
    wanted = [(offer.id, typed.get(quantity_field(offer.id), "").strip()) for offer in offers]
    wanted = [(offer_id, quantity) for offer_id, quantity in wanted if quantity.strip("0")]
    body: dict[str, Any] = {
        "lines": [{"offer_id": offer_id, "quantity": quantity} for offer_id, quantity in wanted],
        "buyer": {name: typed.get(f"buyer.{name}") for name in ("name", "phone")},
        "address": {name: typed.get(f"address.{name}") for name in ADDRESS_FIELDS},
        "note": typed.get("note"),
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
        )
    except Invalid as problem:
        problem.fields = {_page_name(name, wanted): text for name, text in problem.fields.items()}
        raise


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
