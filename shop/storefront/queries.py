"""What the shop's pages read: the front, a product, a stream with what is left of each offer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from kernel.text import Text
from shop.catalog.models import Product, Variant
from shop.orders.models import Order
from shop.orders.states import HELD
from shop.payments.models import Payment
from shop.payments.states import UNDER_WAY
from shop.streams import queries as streams
from shop.streams.models import Offer, Stream
from shop.streams.states import LIVE


@dataclass(frozen=True)
class OfferCard:
    """An offer as a buyer sees it; prices in fen, ``left`` and ``most`` in pieces."""

    id: int
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

    @property
    def most_at_once(self) -> int:
        """The largest quantity that makes sense to ask for now."""
        return max(1, min(self.left, self.cap_per_buyer or self.left, 99))

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
    cards = [
        _card(offer, left=of_offer[offer.id]["left"], is_open=of_offer[offer.id]["state"] == "open")
        for offer in stream.offers
        if offer.id in of_offer
    ]
    return LivePage(stream, cards)


def _card(offer: Offer, *, left: int, is_open: bool) -> OfferCard:
    product = offer.variant.product
    return OfferCard(
        id=offer.id,
        slug=product.slug,
        title=product.title,
        spec=offer.variant.spec,
        story=product.story,
        photo=product.photo,
        price_fen=offer.price_fen,
        list_price_fen=offer.list_price_fen,
        left=left,
        most=offer.allotment,
        cap_per_buyer=offer.cap_per_buyer,
        is_open=is_open,
        ends_at=offer.ends_at,
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


def live_offers_by_product(session: Session) -> dict[int, LivePrice]:
    """For each product that is on offer in a live stream, its cheapest open offer."""
    rows = session.execute(
        select(Variant.product_id, Offer.stream_id, Offer.id.label("offer_id"), Offer.price_fen)
        .join(Variant, Variant.id == Offer.variant_id)
        .join(Stream, Stream.id == Offer.stream_id)
        .where(Stream.state == LIVE, Offer.state == "open")
        .order_by(Offer.price_fen.desc(), Offer.id.desc())
    )
    return {row.product_id: LivePrice(row.stream_id, row.offer_id, row.price_fen) for row in rows}


def waiting_order(session: Session, numbers: Sequence[str], now: datetime) -> Order | None:
    """The newest of these orders that is held and not paid yet."""
    live = select(Payment.id).where(Payment.order_id == Order.id, Payment.state == UNDER_WAY)
    return session.scalar(
        select(Order)
        .where(Order.number.in_(numbers), Order.state == HELD, Order.hold_until > now, ~live.exists())
        .order_by(Order.created_at.desc())
        .limit(1)
    )


def goods_of(session: Session, orders: Sequence[Order]) -> dict[int, Variant]:
    """The variants in these orders by id, for their photographs and their names in the reader's language."""
    wanted = {line.variant_id for order in orders for line in order.lines}
    return {variant.id: variant for variant in session.scalars(select(Variant).where(Variant.id.in_(wanted)))}
