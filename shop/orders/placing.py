"""Granting an order from offers that are already locked: pure, in memory, first come first served."""

from collections import Counter as Tally
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kernel.errors import NotFound, Refused
from kernel.ids import readable_code, time_ordered_id
from kernel.text import Text
from shop.orders.rules import Address, ShippingTerms, refuses_fresh, sends_to, shipping_fen
from shop.streams.rules import price_at
from shop.vouchers.rules import Vouchers

# What somebody who adds to a held order has at least to pay in.
TIME_TO_PAY = timedelta(minutes=3)


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
class KeptLine:
    """Goods of a held order at the price they were ordered for."""

    offer_id: int
    quantity: int
    unit_price_fen: int


@dataclass(frozen=True)
class Joined:
    """A held order that this one takes over, goods and prices, so that both go in one parcel for one postage."""

    order_id: UUID
    lines: tuple[KeptLine, ...]
    hold_until: datetime


@dataclass(frozen=True)
class Gift:
    """What makes an order a present: the name and the words on the card, and whom to tell about it."""

    giver: str
    words: str
    giver_phone: str


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
    # Placed for whoever is next in the line: what is kept for those who wait is hers.
    is_next_in_line: bool = False
    joins: Joined | None = None
    voucher: str = ""
    gift: Gift | None = None
    email: str = ""

    @property
    def offer_ids(self) -> set[int]:
        """Every offer that this wish touches."""
        return {line.offer_id for line in self.lines} | {line.offer_id for line in self.kept}

    @property
    def kept(self) -> tuple[KeptLine, ...]:
        """What is taken over from a held order."""
        return self.joins.lines if self.joins else ()


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
    flash_price_fen: int | None
    flash_from: datetime | None
    flash_until: datetime | None
    allotment_left: int
    cap_per_buyer: int | None
    stock: StockState
    sku: str
    title: Text
    spec: Text
    is_fresh: bool
    gross_g: int
    # Pieces that people wait for, and how many of those left are kept for them.
    waiting: int = 0
    kept: int = 0

    @property
    def left(self) -> int:
        """How many can still be sold."""
        return max(0, min(self.allotment_left, self.stock.free))

    def left_for(self, asked: Asked) -> int:
        """How many this wish may have: nobody goes past those who wait."""
        return self.left if asked.is_next_in_line else max(0, self.left - self.kept)

    def keep_for_line(self) -> None:
        """Keep what is left for those who wait, as far as they wait for it."""
        self.kept = min(self.waiting, self.left)

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
    asked: Asked,
    offers: dict[int, OfferState],
    taken_by_buyer: dict[tuple[int, str], int],
    vouchers: Vouchers,
    now: datetime,
) -> Placed:
    """Take what is asked for from the locked offers, or refuse it whole; changes ``offers`` only when granted.

    Raises:
        NotFound: an offer is not of this stream.
        Invalid: the voucher takes nothing off.
        Refused: ``no_delivery_there``, ``offer_closed``, ``cap_reached``, ``no_fresh_there`` or ``out_of_stock`` (with
            ``left``).
    """
    if not sends_to(asked.address.province, asked.terms):
        raise Refused(
            f"暂时不发往{asked.address.province}，快递到不了。",
            f"Nothing is sent to {asked.address.province} at present: no courier takes it there.",
            code="no_delivery_there",
        )
    wanted, kept = _sums(asked.lines), _sums(asked.kept)
    for offer_id, quantity in wanted.items():
        _check(asked, offers.get(offer_id), quantity, kept[offer_id], taken_by_buyer, now)
    for offer_id in kept:
        _refuse_spoiling(asked, offers[offer_id])
    together = wanted + kept
    _check_shared_stock(together, offers)
    lines = _lines(asked, wanted, offers, now)
    goods = sum(line["line_total_fen"] for line in lines)
    voucher_id, off_fen = vouchers.take_off(asked.voucher, asked.phone, goods, now)
    vouchers.count(voucher_id, asked.phone, +1)
    for offer_id, quantity in together.items():
        offers[offer_id].take(quantity)
        buyer = (offer_id, asked.phone)
        taken_by_buyer[buyer] = taken_by_buyer.get(buyer, 0) + quantity
    until = _hold_until(asked, min(offers[offer_id].hold_minutes for offer_id in wanted), now)
    weight_g = sum(offers[offer_id].gross_g * quantity for offer_id, quantity in together.items())
    return _write_up(asked, lines, weight_g, (voucher_id, off_fen), until, now)


def _sums(lines: Iterable[AskedLine | KeptLine]) -> Tally[int]:
    """How many of each offer."""
    sums = Tally[int]()
    for line in lines:
        sums[line.offer_id] += line.quantity
    return sums


def _refuse_spoiling(asked: Asked, offer: OfferState) -> None:
    if offer.is_fresh and refuses_fresh(asked.address.province):
        raise Refused(
            f"鲜品暂时不发往{asked.address.province}，路上会坏。可以选干货。",
            f"Fresh goods are not sent to {asked.address.province}: they would spoil. Please choose dried goods.",
            code="no_fresh_there",
        )


def _check(
    asked: Asked,
    offer: OfferState | None,
    quantity: int,
    kept: int,
    taken_by_buyer: dict[tuple[int, str], int],
    now: datetime,
) -> None:
    """Whether so many more may be had of an offer; ``kept`` of it come with the order that is taken over."""
    if offer is None or offer.stream_id != asked.stream_id:
        raise NotFound("没有这个直播商品。", "There is no such offer in this stream.", code="no_such_offer")
    if offer.stream_state != "live" or offer.state != "open" or (offer.ends_at and offer.ends_at <= now):
        raise Refused("这个商品现在不卖了。", "This offer is closed.", code="offer_closed")
    _refuse_spoiling(asked, offer)
    cap = offer.cap_per_buyer
    bought = taken_by_buyer.get((offer.offer_id, asked.phone), 0) + kept
    if cap is not None and bought + quantity > cap:
        more = max(0, cap - bought)
        raise Refused(
            f"每人限购 {cap} 件，您还可以买 {more} 件。",
            f"At most {cap} a buyer; you may still buy {more}.",
            code="cap_reached",
            extra={"left": more},
        )
    left = offer.left_for(asked) - kept
    if quantity > left:
        raise _out_of_stock(max(0, left))


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


def _lines(asked: Asked, wanted: Tally[int], offers: dict[int, OfferState], now: datetime) -> list[dict[str, Any]]:
    """The rows of the order's goods: what is taken over at its price, the rest at the prices of this moment."""
    at_price = [(line.offer_id, line.quantity, line.unit_price_fen) for line in asked.kept]
    at_price += [(offer_id, quantity, price_at(offers[offer_id], now)) for offer_id, quantity in wanted.items()]
    return [_line(position, offers[offer_id], *rest) for position, (offer_id, *rest) in enumerate(at_price, 1)]


def _write_up(
    asked: Asked,
    lines: list[dict[str, Any]],
    weight_g: int,
    voucher: tuple[int | None, int],
    until: datetime,
    now: datetime,
) -> Placed:
    """The row of a granted order. Postage is by the goods before a voucher, so that one never makes the other dearer."""
    goods = sum(line["line_total_fen"] for line in lines)
    postage = shipping_fen(goods, weight_g, asked.address.province, asked.terms)
    voucher_id, off_fen = voucher
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
        "email": asked.email,
        "gift_from": asked.gift and asked.gift.giver,
        "gift_words": asked.gift and asked.gift.words,
        "giver_phone": asked.gift and asked.gift.giver_phone,
        "discount_fen": off_fen,
        "voucher_id": voucher_id,
        "total_fen": goods + postage - off_fen,
        "hold_until": until.isoformat(),
        "idempotency_key": asked.idempotency_key,
        "request_hash": asked.request_hash,
        "device_hash": asked.device_hash,
        "lines": lines,
    }
    return Placed(order_id, number, goods + postage - off_fen, postage, until, asked.request_hash, row)


def _hold_until(asked: Asked, minutes: int, now: datetime) -> datetime:
    """A new hold has the stream's time; one that takes over another keeps its end, with a few minutes at least.

    So adding to it does not hold goods for ever, and whoever adds in the last moments can still pay.
    """
    until = now + timedelta(minutes=minutes)
    if asked.joins:
        until = max(asked.joins.hold_until, min(until, now + TIME_TO_PAY))
    return until.replace(microsecond=0)


def _line(position: int, offer: OfferState, quantity: int, price: int) -> dict[str, Any]:
    return {
        "position": position,
        "variant_id": offer.stock.variant_id,
        "offer_id": offer.offer_id,
        "quantity": quantity,
        "unit_price_fen": price,
        "line_total_fen": price * quantity,
        "sku": offer.sku,
        # Packers and slips read Chinese; the English page shows the catalogue's own English name.
        "title": offer.title.zh,
        "spec": offer.spec.zh,
    }
