"""A small world to test in: a product, its stock, a live stream with one offer."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from sqlalchemy.orm import Session

from kernel.audit import SYSTEM
from shop.catalog.models import Product, Variant
from shop.orders.forms import read_order
from shop.orders.placing import Asked
from shop.orders.rules import ShippingTerms
from shop.stock import service as stock
from shop.streams import service as streams

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TERMS = ShippingTerms(flat_fen=600, free_from_fen=9_900, remote_surcharge_fen=1_500)
_serial = count(1)


@dataclass(frozen=True)
class LiveOffer:
    """Ids of a live offer and what it sells."""

    stream_id: int
    offer_id: int
    variant_id: int
    price_fen: int


def make_variant(session: Session, *, fresh: bool = False, price_fen: int = 4_980, net_g: int = 250) -> Variant:
    """A product with one sellable variant, not yet in stock."""
    number = next(_serial)
    product = Product(
        slug=f"huagu-{number}",
        title_zh="庆元花菇",
        title_en="Flower shiitake",
        story_zh="好菇",
        story_en="Good",
        form="fresh" if fresh else "dry",
        grade_zh="一级",
        photo="products/huagu.svg",
        storage_zh="阴凉干燥",
        storage_en="Cool and dry",
        label={},
        origin="浙江庆元",
        shelf_life_days=7 if fresh else 540,
        returnable=not fresh,
    )
    session.add(product)
    session.flush()
    variant = Variant(
        product_id=product.id,
        sku=f"T-{number}",
        spec_zh="250g*1袋",
        spec_en="250 g bag",
        price_fen=price_fen,
        net_g=net_g,
        gross_g=net_g + 50,
    )
    session.add(variant)
    session.flush()
    return variant


def make_live_offer(
    session: Session,
    *,
    on_hand: int = 100,
    allotment: int | None = None,
    cap: int | None = None,
    fresh: bool = False,
    price_fen: int = 3_980,
    now: datetime = NOW,
) -> LiveOffer:
    """A live stream with one open offer on air."""
    variant = make_variant(session, fresh=fresh)
    if on_hand:
        stock.receive(session, variant.id, on_hand, source=f"test:{variant.id}", by=SYSTEM, at=now)
    stream = streams.plan_stream(
        session, title_zh="夜市", title_en="Evening", starts_at=now, hold_minutes=10, now=now, by=SYSTEM
    )
    offer = streams.add_offer(
        session,
        stream.id,
        variant.id,
        price_fen=price_fen,
        list_price_fen=max(price_fen, 4_980),
        allotment=on_hand if allotment is None else allotment,
        cap_per_buyer=cap,
        now=now,
        by=SYSTEM,
    )
    streams.start_stream(session, stream.id, now=now, by=SYSTEM)
    streams.put_on_air(session, stream.id, offer.id, now=now, by=SYSTEM)
    return LiveOffer(stream.id, offer.id, variant.id, price_fen)


def order_body(
    offer: LiveOffer, quantity: int = 1, *, phone: str = "13800008000", province: str = "浙江省", name: str = "张三"
) -> dict[str, object]:
    """The JSON body of an order."""
    return {
        "lines": [{"offer_id": offer.offer_id, "quantity": quantity}],
        "buyer": {"name": name, "phone": phone},
        "address": {
            "province": province,
            "city": "丽水市",
            "district": "庆元县",
            "street": "松源街道",
            "detail": "示例路8号",
        },
    }


def ask(offer: LiveOffer, key: str, quantity: int = 1, *, device: str | None = None, **buyer: str) -> Asked:
    """A checked wish, as the counter takes it."""
    body = order_body(offer, quantity, **buyer)
    return read_order(body, stream_id=offer.stream_id, key=key, terms=TERMS, locale="zh", device_hash=device)
