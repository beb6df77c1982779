"""Demo of sending: couriers' prices, a list that a collector signed, bills, boxes that are or could be shared, a part stopped."""

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
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, Parcel
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
# Two buyers who bought twice: the parcels of the first share a box already.
_BUYERS = (
    ("梁秀珍", "13800000122", Address("江苏省", "南京市", "鼓楼区", "华侨路街道", "示例巷9号2单元301")),
    ("许文静", "13800000121", _DOOR),
)
_TWICE = (("QY-HG-250", 1), ("QY-YE-100", 2))
# What a hand wrote on the glass, in units of the field (fulfillment/couriers/lists/rules.py).
_SIGNATURE = (
    "M92 58L140 52L188 50L214 52M100 98L150 92L206 90M84 146L140 138L200 134L226 136M150 50L150 92L148 138"
    "M300 54L290 88L272 124L256 148M300 54L322 92L344 126L372 150M282 108L318 104M318 70L334 60"
)


def load_past(session: Session, actors: Mapping[str, Actor], variants: Mapping[str, Variant], now: datetime) -> None:
    """Prices since two months ago, so that what leaves in the demo has its fee, and an order of which a part was stopped."""
    since = local_day(now - timedelta(days=60), _ZONE)
    tariffs = [replace(tariff, days=_days(tariff)) for tariff in sample_tariffs().values()]
    fees.import_tariffs(session, tariffs, valid_from=since, today=since, now=now - timedelta(days=60), by=SYSTEM)
    _stop_a_part(session, actors["lead"], variants["QY-HOU-500"], now - timedelta(days=6))


def _days(tariff: Tariff) -> int:
    days = _DAYS[tariff.carrier][tariff.zone]
    return days - 1 if tariff.carrier == "ZTO" and tariff.province in _NEAR else days


def load(session: Session, actors: Mapping[str, Actor], variants: Mapping[str, Variant], now: datetime) -> None:
    """Add what became of the boxes that left, and buyers with two orders each. After the demo of couriers."""
    lead = actors["lead"]
    left = session.scalars(
        select(Parcel).where(Parcel.handed_over_at.is_not(None), Parcel.leads_box).order_by(Parcel.id)
    ).all()
    for place, parcel in enumerate(left):
        _bill(session, parcel, place, now, lead)
    collected = [parcel for parcel in left if parcel.carrier == "ZTO"]
    if collected:
        _sign(session, collected, lead, now)
    for buyer in _BUYERS:
        parcels = [_order(session, variants[sku], quantity, buyer, now) for sku, quantity in _TWICE]
        if buyer is _BUYERS[0]:
            workflows.combine_parcels(session, [parcel.id for parcel in parcels], by=lead, now=now - timedelta(hours=1))


def _stop_a_part(session: Session, lead: Actor, variant: Variant, then: datetime) -> None:
    """Three bags in two boxes: one left, the goods of the other were spoiled and its money went back."""
    parcel = _order(session, variant, 3, ("何志明", "13800000131", _DOOR), then)
    (line,) = parcel.lines
    parts = workflows.split_parcel(session, parcel.id, {line.order_line_id: 2}, by=lead, now=then)
    packer = session.scalars(select(Packer).where(~Packer.no_lifting).order_by(Packer.person_id.desc())).first()
    assert packer is not None
    by = Actor(packer.person_id, packer.person.name)
    for task in hand_out.take_work(session, packer.person_id, now=then, zone=_ZONE, by=by):
        if task.parcel_id == parts[0].id:
            packing.finish_task(session, task.id, packer.person_id, now=then + timedelta(minutes=4), by=by)
    packing.leave_bench(session, packer.person_id, reason="break", now=then + timedelta(minutes=5), by=by)
    left = then + timedelta(hours=2)
    workflows.hand_over(session, parts[0].id, carrier="STO", tracking="773000000000018", by=lead, now=left)
    workflows.stop_rest(session, parcel.order_id, by=lead, reason="no_goods", now=left + timedelta(hours=1))


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
        tare_g=workflows.terms.sending_terms.box_tare_g,
        zone=_ZONE,
        now=now - timedelta(hours=20),
        by=by,
    )


def _order(session: Session, variant: Variant, quantity: int, buyer: tuple[str, str, Address], now: datetime) -> Parcel:
    """A paid order of one parcel."""
    name, phone, address = buyer
    line = ChannelLine(variant.id, quantity, variant.price_fen, variant.sku, variant.product.title_zh, variant.spec_zh)
    facts = ChannelFacts(
        channel="douyin",
        channel_number=f"69300{phone}{variant.id:03d}",
        lines=[line],
        buyer_name=name,
        phone=phone,
        phone_ext=None,
        address=address,
        note="",
        shipping_fen=0,
        discount_fen=0,
        created_at=now - timedelta(hours=2),
        paid_at=now - timedelta(hours=2),
        # The platform's own promise: after what was sold here this evening.
        ship_by=now + timedelta(hours=70),
    )
    order = workflows.accept_channel_order(session, facts, now=now - timedelta(hours=2), by=SYSTEM)
    return session.scalars(select(Parcel).where(Parcel.order_id == order.id)).one()
