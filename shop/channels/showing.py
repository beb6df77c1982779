"""A platform's order as `gongfang show-orders` prints it: the fields of ``data/orders/expected_*.json``."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shop.channels import rules
from shop.channels.models import ChannelOrder
from shop.channels.shopify import CANCELLED, FINANCIAL, FULFILLMENT
from shop.orders.rules import ship_by

_NET = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(kg|千克|公斤|g|克|斤)", re.IGNORECASE)
_GRAMS = {"kg": 1000, "千克": 1000, "公斤": 1000, "g": 1, "克": 1, "斤": 500}


@dataclass(frozen=True)
class Goods:
    """What the catalogue knows of a SKU."""

    variant_id: int
    title: str
    spec: str
    net_g: int
    is_fresh: bool
    free: int


def shown_order(known: ChannelOrder, goods: Mapping[str, Goods], zone: ZoneInfo) -> dict[str, Any]:
    """One order; ``null`` where its export keeps something back."""
    return _SHAPES.get(known.channel, _chinese)(known, goods, zone)


def net_weight_g(spec: str) -> int | None:
    """The net weight that a specification names, such as ``净含量:250g*1袋``."""
    found = _NET.search(spec)
    return round(float(found[1]) * _GRAMS[found[2].lower()]) if found else None


def _local(moment: datetime | None, zone: ZoneInfo) -> str | None:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else None


def _chinese(known: ChannelOrder, goods: Mapping[str, Goods], zone: ZoneInfo) -> dict[str, Any]:
    has_fresh = any(item["sku"] in goods and goods[item["sku"]].is_fresh for item in known.items)
    promised = known.ship_by or (ship_by(known.paid_at, has_fresh=has_fresh) if known.paid_at else None)
    return {
        "platform": _SHOWN_AS.get(known.channel, known.channel),
        "order_id": known.channel_number,
        "items": [_item(item, goods.get(item["sku"])) for item in known.items],
        "status": known.status,
        "refund": known.refund,
        "refund_fen": known.refund_fen,
        "goods_fen": known.goods_fen,
        "discount_fen": known.discount_fen,
        "freight_fen": known.freight_fen,
        "paid_fen": known.paid_fen,
        "created_at": _local(known.created_at, zone),
        "paid_at": _local(known.paid_at, zone),
        "ship_by": _local(promised, zone),
        "receiver": {
            "name": known.buyer_name,
            "phone": known.phone,
            "phone_ext": known.phone_ext,
            "province": known.province,
            "city": known.city,
            "district": known.district,
            "street": known.street,
            "detail": known.detail,
            "masked": known.masked,
        },
        "buyer_note": known.buyer_note,
        "seller_note": known.seller_note,
        "carrier": known.carrier or None,
        "tracking": known.tracking or None,
        "anchor": known.anchor or None,
        "may_ship": rules.may_ship(known.status, known.refund),
    }


def _item(item: Mapping[str, Any], good: Goods | None) -> dict[str, Any]:
    net_g = good.net_g if good else net_weight_g(item["spec"])
    return {
        "sku": item["sku"],
        "title": item["title"],
        "spec": item["spec"],
        "qty": item["quantity"],
        "unit_price_fen": item["unit_price_fen"],
        "line_total_fen": item["line_total_fen"],
        "product_id": item["product_id"] or None,
        "net_g": item["quantity"] * net_g if net_g is not None else None,
        "fresh": good.is_fresh if good else None,
        "sub_id": item["sub_id"],
    }


def _tiktok(known: ChannelOrder, _: Mapping[str, Goods], zone: ZoneInfo) -> dict[str, Any]:
    return {
        "platform": "tiktok_shop",
        "order_id": known.channel_number,
        "error": None,
        "items": [
            {
                "sku": item["sku"],
                "qty": item["quantity"],
                "unit_price_minor": item["unit_price_fen"],
                "line_total_minor": item["line_total_fen"],
            }
            for item in known.items
        ],
        "status": known.status,
        "refund": known.refund,
        "order_amount_minor": known.total_fen,
        "created_at": _local(known.created_at, zone),
        "zip": known.zip_code,
        "may_ship": rules.may_ship(known.status, known.refund),
    }


def _shopify(known: ChannelOrder, _: Mapping[str, Goods], __: ZoneInfo) -> dict[str, Any]:
    return {
        "platform": "shopify",
        "order_id": known.channel_number,
        "items": [
            {
                "sku": item["sku"],
                "qty": item["quantity"],
                "unit_price_fen": item["unit_price_fen"],
                "fulfilled": item["has_left"],
            }
            for item in known.items
        ],
        "financial": known.words[FINANCIAL],
        "fulfillment": known.words[FULFILLMENT],
        "total_fen": known.total_fen,
        "refund_fen": known.refund_fen,
        "cancelled": bool(known.words[CANCELLED]),
        "may_ship": rules.may_ship(known.status, known.refund),
        "zip": known.zip_code,
    }


_Shape = Callable[[ChannelOrder, Mapping[str, Goods], ZoneInfo], dict[str, Any]]
_SHAPES: dict[str, _Shape] = {"tiktok": _tiktok, "shopify": _shopify}
_SHOWN_AS = {"pdd": "pinduoduo", "wechat": "wechat_channels"}
