"""Granting an order from offers that are already locked: pure, in memory, first come first served."""

from collections import Counter as Tally
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.errors import NotFound, Refused
from kernel.ids import readable_code, time_ordered_id
from kernel.text import Text
from shop.orders.rules import Address, ShippingTerms, refuses_fresh, shipping_fen


class OutOfStock(Refused):
    """Fewer are left than asked for; ``left`` says how many."""

    code = "out_of_stock"


class KeyReused(Refused):
    """The key was used for another wish; ``number`` is the order that it stands for."""

    code = "idempotency_key_reused"

    def __init__(self, number: str) -> None:
        super().__init__(
            "这个下单号已经用过了，内容不一样。请刷新页面再下单。",
            "This Idempotency-Key was used for a different order. Reload and order again.",
        )
        self.number = number


@dataclass(frozen=True)
class AskedLine:
    """An offer and how many of it."""

    offer_id: int
    quantity: int


@dataclass(frozen=True)
class Limit:
    """How many orders may come from one place (a device, an address) in ``rules.ORDERS_WINDOW``."""

    bucket: str
    most: int


@dataclass(frozen=True)
class Asked:
    """One wish to order, already checked for form and bounds."""

    stream_id: int
    lines: tuple[AskedLine, ...]
    buyer_name: str
    phone: str
    phone_ext: str | None
    address: Address
    note: str
    locale: str
    idempotency_key: str
    request_hash: str
    device_hash: str | None
    terms: ShippingTerms
    limits: tuple[Limit, ...] = ()


@dataclass
class StockState:
    """What is free of a variant, while its row is locked."""

    variant_id: int
    free: int


@dataclass
class OfferState:
    """An offer while its row is locked; ``stock`` is shared by offers of the same variant."""

    offer_id: int
    stream_id: int
    stream_state: str
    hold_minutes: int
    state: str
    ends_at: datetime | None
    price_fen: int
    allotment_left: int
    cap_per_buyer: int | None
    stock: StockState
    sku: str
    title: Text
    spec: Text
    is_fresh: bool

    @property
    def left(self) -> int:
        """How many can still be sold."""
        return max(0, min(self.allotment_left, self.stock.free))

    def take(self, quantity: int) -> None:
        """Set some aside; a negative quantity gives back."""
        self.allotment_left -= quantity
        self.stock.free -= quantity


@dataclass(frozen=True)
class Placed:
    """An order as it was written; ``is_new`` is false for the answer to a repeated request.

    ``row`` is a new order and its lines for the database, as plain JSON values.
    """

    id: UUID
    number: str
    total_fen: int
    shipping_fen: int
    hold_until: datetime
    request_hash: str
    row: dict[str, Any]
    is_new: bool = True

    def repeated(self) -> "Placed":
        """The same order, answered again."""
        return replace(self, is_new=False)


def grant(
    asked: Asked, offers: dict[int, OfferState], taken_by_buyer: dict[tuple[int, str], int], now: datetime
) -> Placed:
    """Take what is asked for from the locked offers, or refuse it whole; changes ``offers`` only when granted.

    Raises:
        NotFound: an offer is not of this stream.
        Refused: ``offer_closed``, ``cap_reached``, ``no_fresh_there`` or ``out_of_stock`` (with ``left``).
    """
    wanted = Tally[int]()
    for line in asked.lines:
        wanted[line.offer_id] += line.quantity
    for offer_id, quantity in wanted.items():
        _check(asked, offers.get(offer_id), quantity, taken_by_buyer, now)
    _check_shared_stock(wanted, offers)
    for offer_id, quantity in wanted.items():
        offers[offer_id].take(quantity)
        buyer = (offer_id, asked.phone)
        taken_by_buyer[buyer] = taken_by_buyer.get(buyer, 0) + quantity
    return _write_up(asked, wanted, offers, now)


def _check(
    asked: Asked, offer: OfferState | None, quantity: int, taken_by_buyer: dict[tuple[int, str], int], now: datetime
) -> None:
    if offer is None or offer.stream_id != asked.stream_id:
        raise NotFound("没有这个直播商品。", "There is no such offer in this stream.", code="no_such_offer")
    if offer.stream_state != "live" or offer.state != "open" or (offer.ends_at and offer.ends_at <= now):
        raise Refused("这个商品现在不卖了。", "This offer is closed.", code="offer_closed")
    if offer.is_fresh and refuses_fresh(asked.address.province):
        raise Refused(
            f"鲜品暂时不发往{asked.address.province}，路上会坏。可以选干货。",
            f"Fresh goods are not sent to {asked.address.province}: they would spoil. Please choose dried goods.",
            code="no_fresh_there",
        )
    cap = offer.cap_per_buyer
    bought = taken_by_buyer.get((offer.offer_id, asked.phone), 0)
    if cap is not None and bought + quantity > cap:
        more = max(0, cap - bought)
        raise Refused(
            f"每人限购 {cap} 件，您还可以买 {more} 件。",
            f"At most {cap} a buyer; you may still buy {more}.",
            code="cap_reached",
            extra={"left": more},
        )
    if quantity > offer.left:
        raise _out_of_stock(offer.left)


def _check_shared_stock(wanted: Tally[int], offers: dict[int, OfferState]) -> None:
    """Two offers of one variant share its stock; together they must not ask for more than is free."""
    by_stock = Tally[int]()
    for offer_id, quantity in wanted.items():
        stock = offers[offer_id].stock
        by_stock[stock.variant_id] += quantity
        if by_stock[stock.variant_id] > stock.free:
            raise _out_of_stock(stock.free)


def _out_of_stock(left: int) -> OutOfStock:
    if left:
        return OutOfStock(
            f"只剩 {left} 件了，请减少数量。", f"Only {left} left. Lower the quantity.", extra={"left": left}
        )
    return OutOfStock("已经卖完了。", "Sold out.", extra={"left": 0})


def _write_up(asked: Asked, wanted: Tally[int], offers: dict[int, OfferState], now: datetime) -> Placed:
    """The rows of a granted order, with the prices of this moment copied onto its lines."""
    lines = [_line(position, offers[offer_id], count) for position, (offer_id, count) in enumerate(wanted.items(), 1)]
    goods = sum(line["line_total_fen"] for line in lines)
    postage = shipping_fen(goods, asked.address.province, asked.terms)
    minutes = min(offers[offer_id].hold_minutes for offer_id in wanted)
    until = (now + timedelta(minutes=minutes)).replace(microsecond=0)
    order_id = time_ordered_id()
    number = f"G{now:%y%m%d}-{readable_code(8)}"
    row = {
        "id": str(order_id),
        "number": number,
        "stream_id": asked.stream_id,
        "buyer_name": asked.buyer_name,
        "phone": asked.phone,
        "phone_ext": asked.phone_ext,
        "province": asked.address.province,
        "city": asked.address.city,
        "district": asked.address.district,
        "street": asked.address.street,
        "detail": asked.address.detail,
        "note": asked.note,
        "locale": asked.locale,
        "goods_fen": goods,
        "shipping_fen": postage,
        "total_fen": goods + postage,
        "hold_until": until.isoformat(),
        "idempotency_key": asked.idempotency_key,
        "request_hash": asked.request_hash,
        "device_hash": asked.device_hash,
        "lines": lines,
    }
    return Placed(order_id, number, goods + postage, postage, until, asked.request_hash, row)


def _line(position: int, offer: OfferState, quantity: int) -> dict[str, Any]:
    return {
        "position": position,
        "variant_id": offer.stock.variant_id,
        "offer_id": offer.offer_id,
        "quantity": quantity,
        "unit_price_fen": offer.price_fen,
        "line_total_fen": offer.price_fen * quantity,
        "sku": offer.sku,
        # Packers and slips read Chinese; the English page shows the catalogue's own English name.
        "title": offer.title.zh,
        "spec": offer.spec.zh,
    }
