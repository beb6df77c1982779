"""Making a slip from a parcel: the least that does the job, masked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from fulfillment.labels.rules import Slip, SlipLine, mask_detail, mask_name, mask_note, mask_phone
from kernel.text import Text, t
from shop.orders.models import Order
from shop.orders.rules import PROVINCES

CHANNEL_WORDS = {
    "own": Text("本店直播", "Own shop"),
    "douyin": Text("抖音", "Douyin"),
    "kuaishou": Text("快手", "Kuaishou"),
    "taobao": Text("淘宝", "Taobao"),
    "pdd": Text("拼多多", "Pinduoduo"),
    "wechat": Text("微信小店", "WeChat"),
    "tiktok": Text("TikTok", "TikTok"),
    "shopify": Text("Shopify", "Shopify"),
}


class _Line(Protocol):
    @property
    def quantity(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def spec(self) -> str: ...


class _Parcel(Protocol):
    @property
    def number(self) -> str: ...
    @property
    def sequence(self) -> int: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def order(self) -> Order: ...
    @property
    def lines(self) -> Sequence[_Line]: ...


def masked_place(order: Order) -> str:
    """Where an order goes, without unit and room; a city that is its own province stands once."""
    city = order.city if order.city != order.province else ""
    # Abroad, names are words that need a blank between them.
    between = "" if order.province in PROVINCES else " "
    return between.join(filter(None, (order.province, city, order.district, order.street, mask_detail(order.detail))))


def _note_of(order: Order) -> str:
    """What the buyer wrote; of a present, that it is one and what the card says."""
    if not order.is_gift:
        return mask_note(order.note)
    card = f"{order.gift_words} —— {order.gift_from}" if order.gift_words else f"{order.gift_from}"
    said = t("礼物，不放价单。卡片写：{card}", "Present, no price list. Card: {card}", card=card)
    return mask_note(f"{said} {order.note}".strip())


def slip_of(parcel: _Parcel, *, zone: ZoneInfo, copy: int, printed_at: datetime | None, place: str = "") -> Slip:
    """The slip of a parcel; ``copy`` counts its prints, 0 is a preview; ``place`` is where it comes in its batch."""
    order = parcel.order
    printed = f"{printed_at.astimezone(zone):%m-%d %H:%M}" if printed_at else ""
    return Slip(
        parcel_number=parcel.number,
        order_number=order.number,
        channel=str(CHANNEL_WORDS[order.channel]),
        part=t("第 {n} 箱", "box {n}", n=parcel.sequence) if parcel.sequence > 1 else "",
        lines=tuple(SlipLine(line.quantity, line.title, line.spec) for line in parcel.lines),
        receiver=mask_name(order.buyer_name),
        phone=mask_phone(order.phone, order.phone_ext),
        address=masked_place(order),
        due=t("{time} 前", "by {time}", time=f"{parcel.due_at.astimezone(zone):%m-%d %H:%M}"),
        printed=t("打印 {time}", "printed {time}", time=printed) if printed else "",
        note=_note_of(order),
        copy=copy,
        place=place,
    )
