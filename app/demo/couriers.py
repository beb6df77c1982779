"""Demo parcels with couriers: some on their way, one back, one stuck, some in hand with waybills on the way. Invented people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.couriers.providers import SHEET, Journey, Step
from fulfillment.couriers.waybills import service as waybills
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, Parcel
from kernel.audit import SYSTEM, Actor
from shop.catalog.models import Variant
from shop.orders.rules import Address
from shop.orders.service import ChannelFacts, ChannelLine

_ZONE = ZoneInfo("Asia/Shanghai")
_STUCK_AFTER = timedelta(days=3)

# Where the courier's lines say that a parcel was, in hours after it left.
_COLLECTED = (2, "collected", "【庆元县】 【庆元营业部】 的快递员 已揽收")
_LEFT = (9, "moving", "【丽水市】 快件离开 【丽水转运中心】")
_NEAR = (26, "moving", "快件到达 【杭州中转部】")
_AT_DOOR = (34, "delivering", "【西湖营业部】 正在派件")


@dataclass(frozen=True)
class _Sent:
    """One parcel that left: when (days ago), with what number, and what the courier told since; the last line is its state."""

    days_ago: int
    carrier: str
    tracking: str
    lines: Sequence[tuple[int, str, str]]


_SENT = (
    _Sent(
        3,
        "ZTO",
        "78000000000128",
        (_COLLECTED, _LEFT, _NEAR, _AT_DOOR, (40, "delivered", "快件已由【菜鸟驿站】代签收")),
    ),
    _Sent(2, "YTO", "YT0000000000103", (_COLLECTED, _LEFT, _NEAR, _AT_DOOR)),
    _Sent(
        2,
        "YUNDA",
        "430000000000019",
        (_COLLECTED, _LEFT, _NEAR, (36, "to_pick_up", "快件已到【阳光驿站】，请凭取件码取件")),
    ),
    _Sent(1, "ZTO", "78000000000135", (_COLLECTED, _LEFT)),
    _Sent(
        5,
        "SF",
        "SF1400000000017",
        (_COLLECTED, _LEFT, (50, "refused", "收件人拒收"), (98, "returned", "退回件已由寄件人签收")),
    ),
    _Sent(5, "YTO", "YT0000000000110", (_COLLECTED,)),
)
# Buyers of these parcels, and of those that are in somebody's hands now.
_BUYERS = (
    ("林晓燕", "13800000101", None, Address("浙江省", "杭州市", "西湖区", "文新街道", "示例路18号2幢301室")),
    ("王建国", "18400000013", "7576", Address("江苏省", "苏州市", "工业园区", "娄葑街道", "示例坊6幢101")),
    ("周敏", "13800000103", None, Address("上海市", "上海市", "浦东新区", "花木街道", "示例路200弄3号502")),
    ("赵丽华", "13800000104", None, Address("广东省", "东莞市", "", "寮步镇", "示例工业区横坑路9号A栋宿舍")),
    ("孙伟", "13800000105", None, Address("北京市", "北京市", "朝阳区", "望京街道", "示例园5号楼1单元902")),
    ("吴芳", "13800000106", None, Address("四川省", "成都市", "武侯区", "望江路街道", "示例街77号")),
    ("郑强", "13800000107", None, Address("福建省", "厦门市", "思明区", "莲前街道", "示例里12号")),
    ("冯雪", "13800000108", None, Address("湖北省", "武汉市", "洪山区", "关山街道", "示例大道1号")),
    ("陈浩", "13800000109", None, Address("安徽省", "合肥市", "蜀山区", "三里庵街道", "示例路66号")),
)
_GOODS = ("QY-HG-250", "QY-YE-100", "QY-HOU-500")


def load(session: Session, actors: Mapping[str, Actor], variants: Mapping[str, Variant], now: datetime) -> None:
    """Add parcels that left in the last days with where they are, and three in hand whose waybills are being asked for."""
    lead, packers = actors["lead"], _packers(session)
    for place, sent in sorted(enumerate(_SENT), key=lambda one: -one[1].days_ago):
        left = now - timedelta(days=sent.days_ago) + timedelta(minutes=7 * place)
        parcel = _order(session, variants, place, left - timedelta(hours=6))
        _pack(session, packers[place % len(packers)], parcel, left - timedelta(hours=1))
        workflows.hand_over(session, parcel.id, carrier=sent.carrier, tracking=sent.tracking, by=lead, now=left)
        _tell(session, parcel, sent, left, now)
    in_hand = [_order(session, variants, place, now - timedelta(hours=3)) for place in range(len(_SENT), len(_BUYERS))]
    # Not the first of the villagers who can do anything: a newcomer signs in as her and gets work.
    busy = session.scalars(select(Packer).where(Packer.one_handed)).one()
    actor = Actor(busy.person_id, busy.person.name)
    hand_out.take_work(session, busy.person_id, now=now - timedelta(minutes=10), zone=_ZONE, by=actor)
    asked = (("ZTO", "kuaidi100"), ("YTO", "kuaidi100"), ("EMS", SHEET))
    for parcel, (carrier, way) in zip(in_hand, asked, strict=True):
        waybills.ask_waybills(session, [parcel.id], carrier=carrier, way=way, now=now, by=lead)


def _packers(session: Session) -> list[Actor]:
    """Two who can do any work; others of the demo have the last one at work on some of these days."""
    found = session.scalars(
        select(Packer)
        .where(~(Packer.seated | Packer.one_handed | Packer.no_lifting | Packer.low_sight | Packer.no_reading))
        .order_by(Packer.person_id)
    )
    return [Actor(packer.person_id, packer.person.name) for packer in found][:2]


def _order(session: Session, variants: Mapping[str, Variant], place: int, at: datetime) -> Parcel:
    """A paid order of another platform, of one parcel."""
    name, phone, extension, address = _BUYERS[place]
    variant = variants[_GOODS[place % len(_GOODS)]]
    facts = ChannelFacts(
        channel=("douyin", "kuaishou", "wechat")[place % 3],
        channel_number=f"69200000000000{place + 101:05d}",
        lines=[
            ChannelLine(
                variant.id, 1 + place % 2, variant.price_fen, variant.sku, variant.product.title_zh, variant.spec_zh
            )
        ],
        buyer_name=name,
        phone=phone,
        phone_ext=extension,
        address=address,
        note="",
        shipping_fen=0,
        discount_fen=0,
        created_at=at,
        paid_at=at,
        ship_by=at + timedelta(hours=48),
    )
    order = workflows.accept_channel_order(session, facts, now=at, by=SYSTEM)
    return session.scalars(select(Parcel).where(Parcel.order_id == order.id)).one()


def _pack(session: Session, packer: Actor, parcel: Parcel, at: datetime) -> None:
    """The packer took the parcel, packed it and went home."""
    person_id = packer.person_id or 0
    for task in hand_out.take_work(session, person_id, now=at, zone=_ZONE, by=packer):
        packing.finish_task(session, task.id, person_id, now=at + timedelta(minutes=4), by=packer)
    packing.leave_bench(session, person_id, reason="break", now=at + timedelta(minutes=5), by=packer)
    session.refresh(parcel)


def _tell(session: Session, parcel: Parcel, sent: _Sent, left: datetime, now: datetime) -> None:
    """What the courier told two hours ago, so that the worker soon asks again."""
    steps = tuple(Step(left + timedelta(hours=hours), state, words) for hours, state, words in sent.lines)
    journey = Journey(steps[-1].state, steps)
    workflows.note_journey(session, parcel.id, sent.tracking, journey, _STUCK_AFTER, now - timedelta(hours=2))
