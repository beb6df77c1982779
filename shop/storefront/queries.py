"""What the shop's pages read: the front, a product, a stream with what is left of each offer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, selectinload

from kernel.text import Text
from shop.catalog.models import Product, Variant
from shop.orders.models import Order
from shop.orders.states import HELD
from shop.payments.models import Payment
from shop.payments.states import UNDER_WAY
from shop.streams import queries as streams
from shop.streams.models import Offer, Stream
from shop.streams.rules import Flash, flash_of, price_at
from shop.streams.states import LIVE


@dataclass(frozen=True)
class OfferCard:
    """An offer as a buyer sees it; prices in fen, ``left`` and ``most`` in pieces."""

    id: int
    variant_id: int
    slug: str
    title: Text
    spec: Text
    story: Text
    photo: str
    price_fen: int
    list_price_fen: int
    left: int
    most: int
    cap_per_buyer: int | None
    is_open: bool
    ends_at: datetime | None
    flash: Flash | None
    gross_g: int

    @property
    def most_at_once(self) -> int:
        """The largest quantity that makes sense to ask for now."""
        return max(1, min(self.left, self.cap_per_buyer or self.left, 99))

    @property
    def most_to_wait_for(self) -> int:
        """The largest quantity that makes sense to stand in line for."""
        return min(self.cap_per_buyer or 99, 99)

    @property
    def can_be_waited_for(self) -> bool:
        """Whether there is a line for it."""
        return self.is_open and not self.left

    @property
    def can_be_bought(self) -> bool:
        """Whether the button is there."""
        return self.is_open and self.left > 0


@dataclass(frozen=True)
class LivePage:
    """A stream with its offers in the order of the run sheet."""

    stream: Stream
    offers: Sequence[OfferCard]

    @property
    def on_air(self) -> OfferCard | None:
        """What the streamer is showing now."""
        return next((offer for offer in self.offers if offer.id == self.stream.on_air_offer_id), None)

    def offer(self, offer_id: int) -> OfferCard | None:
        """The offer with this id, when it is of this stream."""
        return next((offer for offer in self.offers if offer.id == offer_id), None)


def live_page(session: Session, stream_id: int, now: datetime) -> LivePage | None:
    """A stream as its viewers see it, or ``None``."""
    stream = streams.stream_with_offers(session, stream_id)
    figures = streams.snapshot(session, stream_id, now)
    if stream is None or figures is None:
        return None
    of_offer = {offer["id"]: offer for offer in figures["offers"]}
    cards = [_card(offer, of_offer[offer.id], now) for offer in stream.offers if offer.id in of_offer]
    return LivePage(stream, cards)


def _card(offer: Offer, figures: Mapping[str, Any], now: datetime) -> OfferCard:
    product = offer.variant.product
    return OfferCard(
        id=offer.id,
        variant_id=offer.variant_id,
        slug=product.slug,
        title=product.title,
        spec=offer.variant.spec,
        story=product.story,
        photo=product.photo,
        price_fen=figures["price_fen"],
        list_price_fen=offer.list_price_fen,
        left=figures["left"],
        most=offer.allotment,
        cap_per_buyer=offer.cap_per_buyer,
        is_open=figures["state"] == "open",
        ends_at=offer.ends_at,
        flash=flash_of(offer, now),
        gross_g=offer.variant.gross_g,
    )


def live_stream(session: Session) -> Stream | None:
    """The stream that is live now, the newest if there are several."""
    return session.scalar(
        select(Stream).where(Stream.state == LIVE).order_by(Stream.started_at.desc(), Stream.id.desc()).limit(1)
    )


def next_streams(session: Session, most: int = 4) -> Sequence[Stream]:
    """Announced streams, the soonest first."""
    return session.scalars(
        select(Stream).where(Stream.state == "planned").order_by(Stream.starts_at, Stream.id).limit(most)
    ).all()


def goods_of_streams(session: Session, stream_ids: Sequence[int]) -> dict[int, list[Product]]:
    """The listed products of each of these streams, each once, in the order of its run sheet."""
    rows = session.execute(
        select(Offer.stream_id, Product)
        .join(Variant, Variant.id == Offer.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .where(Offer.stream_id.in_(stream_ids), Product.listed)
        .order_by(Offer.stream_id, Offer.position)
    )
    found: dict[int, dict[int, Product]] = {stream_id: {} for stream_id in stream_ids}
    for stream_id, product in rows:
        found[stream_id].setdefault(product.id, product)
    return {stream_id: list(products.values()) for stream_id, products in found.items()}


def listed_products(session: Session) -> Sequence[Product]:
    """What the shop shows, with its variants: dried goods first, then fresh, each in the order they were entered."""
    return session.scalars(
        select(Product).where(Product.listed).options(selectinload(Product.variants)).order_by(Product.form, Product.id)
    ).all()


def product_by_slug(session: Session, slug: str) -> Product | None:
    """A listed product with its variants, or ``None``."""
    return session.scalar(
        select(Product).where(Product.slug == slug, Product.listed).options(selectinload(Product.variants))
    )


@dataclass(frozen=True)
class LivePrice:
    """Where a product can be bought now, and for how much."""

    stream_id: int
    offer_id: int
    price_fen: int


def live_offers_by_product(session: Session, now: datetime) -> dict[int, LivePrice]:
    """For each product that is on offer in a live stream, its cheapest open offer."""
    offers = session.scalars(
        select(Offer)
        .join(Stream, Stream.id == Offer.stream_id)
        .where(Stream.state == LIVE, Offer.state == "open", or_(Offer.ends_at.is_(None), Offer.ends_at > now))
    )
    dearest_first = sorted(offers, key=lambda offer: (-price_at(offer, now), -offer.id))
    return {
        offer.variant.product_id: LivePrice(offer.stream_id, offer.id, price_at(offer, now)) for offer in dearest_first
    }


def stream_to_buy_again(session: Session, variant_ids: Collection[int]) -> int | None:
    """The live stream that offers the most of these goods, the newest of equals; ``None`` when none does."""
    row = session.execute(
        select(Offer.stream_id, func.count())
        .join(Stream, Stream.id == Offer.stream_id)
        .where(Stream.state == LIVE, Offer.state == "open", Offer.variant_id.in_(variant_ids))
        .group_by(Offer.stream_id)
        .order_by(func.count().desc(), Offer.stream_id.desc())
        .limit(1)
    ).first()
    return row[0] if row else None


def waiting_order(session: Session, numbers: Sequence[str], now: datetime) -> Order | None:
    """The newest of these orders that is held and not paid yet."""
    live = select(Payment.id).where(Payment.order_id == Order.id, Payment.state == UNDER_WAY)
    return session.scalar(
        select(Order)
        .where(Order.number.in_(numbers), Order.state == HELD, Order.hold_until > now, ~live.exists())
        .order_by(Order.created_at.desc())
        .limit(1)
    )


def orders_of_phone(session: Session, phone: str, since: datetime, most: int = 30) -> Sequence[str]:
    """Numbers of this shop's own orders of a phone, newest first."""
    own = or_(Order.giver_phone == phone, (Order.phone == phone) & Order.giver_phone.is_(None))
    wanted = select(Order.number).where(own, Order.channel == "own", Order.created_at >= since)
    return session.scalars(wanted.order_by(Order.created_at.desc()).limit(most)).all()


def goods_of(session: Session, orders: Sequence[Order]) -> dict[int, Variant]:
    """The variants in these orders by id, for their photographs and their names in the reader's language."""
    wanted = {line.variant_id for order in orders for line in order.lines}
    return {variant.id: variant for variant in session.scalars(select(Variant).where(Variant.id.in_(wanted)))}
