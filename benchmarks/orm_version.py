"""Ordering as one would first write it: lock, check, add objects, commit, for each order alone. Correct, to compare with."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from kernel.errors import Refused
from kernel.ids import readable_code, time_ordered_id
from shop.catalog.models import Variant
from shop.orders.models import Order, OrderLine, OrderLog
from shop.stock.models import StockLevel, StockMovement
from shop.streams.models import Offer


def place(session: Session, offer_id: int, body: dict[str, Any], now: datetime) -> str:
    """Place one order of one line; returns its number."""
    quantity = body["lines"][0]["quantity"]
    offer = session.get_one(Offer, offer_id, with_for_update={"of": Offer})
    level = session.get_one(StockLevel, offer.variant_id, with_for_update=True)
    if offer.taken + quantity > offer.allotment or level.held + quantity > level.on_hand:
        raise Refused("卖完了。", "Sold out.", code="out_of_stock")
    offer.taken += quantity
    level.held += quantity
    variant = session.get_one(Variant, offer.variant_id)
    order = _order(body, offer, quantity, now)
    order.lines.append(
        OrderLine(
            position=1,
            variant_id=variant.id,
            offer_id=offer.id,
            quantity=quantity,
            unit_price_fen=offer.price_fen,
            line_total_fen=offer.price_fen * quantity,
            sku=variant.sku,
            title=variant.product.title_zh,
            spec=variant.spec_zh,
        )
    )
    session.add(order)
    session.flush()
    source = f"order:{order.id}"
    session.add(OrderLog(order_id=order.id, from_state=None, to_state="held", at=now, by="buyer"))
    session.add(
        StockMovement(
            variant_id=variant.id,
            kind="held",
            on_hand_change=0,
            held_change=quantity,
            source=source,
            by="buyer",
            at=now,
        )
    )
    return order.number


def _order(body: dict[str, Any], offer: Offer, quantity: int, now: datetime) -> Order:
    goods = offer.price_fen * quantity
    return Order(
        id=time_ordered_id(),
        number=f"G{now:%y%m%d}-{readable_code(8)}",
        stream_id=offer.stream_id,
        state="held",
        buyer_name=body["buyer"]["name"],
        phone=body["buyer"]["phone"],
        **body["address"],
        goods_fen=goods,
        shipping_fen=600,
        discount_fen=0,
        total_fen=goods + 600,
        refunded_fen=0,
        hold_until=now + timedelta(minutes=10),
        created_at=now,
        idempotency_key=f"plain-{readable_code(16)}",
    )
