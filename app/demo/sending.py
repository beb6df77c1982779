"""Demo prices of couriers, a list that a collector signed, bills that came, and two orders that could share a box."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.couriers.fees import queries as fee_queries
from fulfillment.couriers.fees import service as fees
from fulfillment.couriers.fees.rules import Tariff
from fulfillment.couriers.fees.tariff_file import sample_tariffs
from fulfillment.couriers.lists import service as lists
from fulfillment.packing.models import Parcel
from kernel.audit import SYSTEM, Actor
from kernel.clock import local_day
from shop.catalog.models import Variant
from shop.orders.rules import Address
from shop.orders.service import ChannelFacts, ChannelLine

_ZONE = ZoneInfo("Asia/Shanghai")
_NEAR = ("浙江省", "上海市", "江苏省", "安徽省")
# Invented: couriers promise days by word of mouth, not in their price lists.
_DAYS = {
    "STO": {"one": 2, "two": 3, "three": 4, "four": 5, "five": 8, "xz": 10},
    "ZTO": {"A": 3, "B": 6, "C": 8},
}
_DOOR = Address("浙江省", "杭州市", "滨江区", "长河街道", "示例路88号1幢602室")
# What a hand wrote on the glass, in units of the field (fulfillment/couriers/lists/rules.py).
_SIGNATURE = (
    "M92 58L140 52L188 50L214 52M100 98L150 92L206 90M84 146L140 138L200 134L226 136M150 50L150 92L148 138"
    "M300 54L290 88L272 124L256 148M300 54L322 92L344 126L372 150M282 108L318 104M318 70L334 60"
)


def load_prices(session: Session, now: datetime) -> None:
    """The sample price list since two months ago, so that what leaves in the demo has its fee."""
    since = local_day(now - timedelta(days=60), _ZONE)
    tariffs = [replace(tariff, days=_days(tariff)) for tariff in sample_tariffs().values()]
    fees.import_tariffs(session, tariffs, valid_from=since, today=since, now=now - timedelta(days=60), by=SYSTEM)


def _days(tariff: Tariff) -> int:
    days = _DAYS[tariff.carrier][tariff.zone]
    return days - 1 if tariff.carrier == "ZTO" and tariff.province in _NEAR else days


def load(session: Session, actors: Mapping[str, Actor], variants: Mapping[str, Variant], now: datetime) -> None:
    """Add what became of the boxes that left, and one buyer with two orders. After the demo of couriers."""
    lead = actors["lead"]
    left = session.scalars(
        select(Parcel).where(Parcel.handed_over_at.is_not(None), Parcel.leads_box).order_by(Parcel.id)
    ).all()
    for place, parcel in enumerate(left):
        _bill(session, parcel, place, now, lead)
    collected = [parcel for parcel in left if parcel.carrier == "ZTO"]
    if collected:
        _sign(session, collected, lead, now)
    for sku, quantity in (("QY-HG-250", 1), ("QY-YE-100", 2)):
        _order(session, variants[sku], quantity, now)


def _bill(session: Session, parcel: Parcel, place: int, now: datetime, by: Actor) -> None:
    """Every second box has its bill; each fourth of these is dearer, since the courier weighed more."""
    choice = fee_queries.choice_of(session, parcel.id)
    if place % 2 or choice is None:
        return
    charged = (choice.fee_fen or 320) + (130 if place % 4 == 0 else 0)
    fees.note_bill(session, parcel, charged, source="typed", now=now - timedelta(hours=5), by=by)


def _sign(session: Session, parcels: list[Parcel], by: Actor, now: datetime) -> None:
    lists.sign_list(
        session,
        "ZTO",
        [parcel.id for parcel in parcels],
        collector="王建平",
        signature=_SIGNATURE,
        tare_g=workflows.sending_terms.box_tare_g,
        zone=_ZONE,
        now=now - timedelta(hours=20),
        by=by,
    )


def _order(session: Session, variant: Variant, quantity: int, now: datetime) -> None:
    """A paid order of a buyer who bought twice."""
    title = variant.product.title_zh
    line = ChannelLine(variant.id, quantity, variant.price_fen, variant.sku, title, variant.spec_zh)
    facts = ChannelFacts(
        channel="douyin",
        channel_number=f"69{variant.id:017d}",
        lines=[line],
        buyer_name="许文静",
        phone="13800000121",
        phone_ext=None,
        address=_DOOR,
        note="",
        shipping_fen=0,
        discount_fen=0,
        created_at=now - timedelta(hours=2),
        paid_at=now - timedelta(hours=2),
        ship_by=now + timedelta(hours=46),
    )
    workflows.accept_channel_order(session, facts, now=now - timedelta(hours=2), by=SYSTEM)
