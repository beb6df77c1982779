"""Making a slip from a parcel: the least that does the job, masked."""

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from fulfillment.labels.rules import Slip, SlipLine, mask_detail, mask_name, mask_phone
from shop.orders.models import Order

CHANNEL_WORDS = {
    "own": "本店直播",
    "douyin": "抖音",
    "kuaishou": "快手",
    "taobao": "淘宝",
    "pdd": "拼多多",
    "wechat": "微信小店",
    "tiktok": "TikTok",
    "shopify": "Shopify",
}


class _Line(Protocol):
    quantity: int
    title: str
    spec: str
    sku: str


class _Parcel(Protocol):
    number: str
    sequence: int
    due_at: datetime
    order: Order
    lines: list[_Line]


def slip_of(parcel: _Parcel, *, zone: ZoneInfo, copy: int = 1) -> Slip:
    """The slip of a parcel; ``copy`` counts its prints."""
    order = parcel.order
    place = order.province + (order.city if order.city != order.province else "") + order.district + order.street
    return Slip(
        parcel_number=parcel.number,
        order_number=order.number,
        channel=CHANNEL_WORDS[order.channel],
        part=f"第 {parcel.sequence} 箱" if parcel.sequence > 1 else "",
        lines=tuple(SlipLine(line.quantity, line.title, line.spec, line.sku) for line in parcel.lines),
        receiver=mask_name(order.buyer_name),
        phone=mask_phone(order.phone, order.phone_ext),
        address=place + mask_detail(order.detail),
        due=f"{parcel.due_at.astimezone(zone):%m-%d %H:%M} 前",
        note=order.note,
        copy=copy,
    )
