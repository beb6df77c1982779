"""Demo evenings of the last weeks: harvest bought and bagged, orders placed and paid or not, packed, delivered. All invented.

Only `gongfang run` loads it: it is what the reports are made of.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import workflows
from app.insights import service as insights
from fulfillment.couriers.providers import Journey, Step
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, Parcel
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.lots.service import bag_lot
from fulfillment.purchasing.models import Payable
from fulfillment.purchasing.quotes import service as quotes
from fulfillment.purchasing.quotes.rules import Kind
from fulfillment.purchasing.service import WeighIn
from fulfillment.purchasing.settlements.service import Payment, settle
from kernel.audit import Actor
from kernel.clock import local_day
from kernel.outbox import Job
from shop.buyers.service import say_news
from shop.catalog.models import Variant
from shop.orders.counter import place_batch
from shop.orders.forms import read_order
from shop.orders.placing import Placed
from shop.orders.service import lock_order
from shop.payments import service as payments
from shop.payments.rules import SessionFacts
from shop.streams import service as streams
from shop.streams.audience import Watched, note_audience
from shop.streams.models import Offer, Stream

_ZONE = ZoneInfo("Asia/Shanghai")
_STUCK_AFTER = timedelta(days=3)

# Days ago, name, and how many people came.
_EVENINGS = (
    (50, "秋菇上新夜", "Autumn mushrooms", 22),
    (29, "霜降山货场", "First frost market", 26),
    (9, "立冬囤货场", "Winter larder", 30),
)
# What was bought for an evening: bag, live price, the market price of its raw goods in fen per kg, pieces at most.
_GOODS = (("QY-HG-250", 4_280, 15_200, 3), ("QY-HOU-500", 6_180, 11_000, 2), ("QY-HME-250", 2_790, 9_100, 3))
_SURNAMES, _GIVEN = "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗", "芳伟娜敏静秀丽强磊军洋艳勇杰涛明超兰霞平"
_PLACES = (
    *[("浙江省", "杭州市", "西湖区", "文三路")] * 4,
    *[("上海市", "上海市", "徐汇区", "漕溪北路")] * 3,
    *[("江苏省", "南京市", "鼓楼区", "中山北路")] * 3,
    *[("广东省", "深圳市", "南山区", "科技园路")] * 2,
    ("四川省", "成都市", "武侯区", "人民南路"),
    ("北京市", "北京市", "朝阳区", "望京街"),
    ("福建省", "福州市", "鼓楼区", "五四路"),
    ("湖北省", "武汉市", "洪山区", "珞喻路"),
)
_NEW_BUYERS = 0.7


@dataclass(frozen=True)
class _Buyer:
    name: str
    phone: str
    place: tuple[str, str, str, str]


class _Past:
    """What happens one evening after the other; buyers who liked it come again."""

    def __init__(self, session: Session, actors: Mapping[str, Actor], variants: Mapping[str, Variant]) -> None:
        self.session = session
        self.actors = actors
        self.variants = variants
        self.chance = random.Random(27)  # noqa: S311 - a story, no secret
        self.known: list[_Buyer] = []

    def evening(self, then: datetime, names: tuple[str, str], people: int) -> None:
        """From the harvest three days before to the parcels three days after."""
        wishes = [self._wish() for _ in range(people)]
        bags = {sku: sum(number for _, one, number in wishes if one == sku) for sku, *_ in _GOODS}
        for sku, _, market_fen, _ in _GOODS:
            self._buy_and_bag(self.variants[sku], bags[sku], market_fen, then - timedelta(days=3))
        stream = self._open(then, names, bags)
        self._sell(stream, wishes, then)
        workflows.expire_holds(self.session, then + timedelta(minutes=85))
        streams.end_stream(self.session, stream.id, now=then + timedelta(minutes=90), by=self.actors["streamer"])
        self._note_who_watched(stream, people, then + timedelta(hours=12))
        self._pack_and_send(stream, then + timedelta(hours=13))

    def _wish(self) -> tuple[_Buyer, str, int]:
        if self.known and self.chance.random() > _NEW_BUYERS:
            buyer = self.chance.choice(self.known)
        else:
            name = self.chance.choice(_SURNAMES) + "".join(self.chance.sample(_GIVEN, self.chance.randint(1, 2)))
            buyer = _Buyer(name, f"13800{2_000 + len(self.known):06d}", self.chance.choice(_PLACES))
            self.known.append(buyer)
        sku, _, _, most = self.chance.choice(_GOODS)
        return buyer, sku, self.chance.randint(1, most)

    def _buy_and_bag(self, bag: Variant, bags: int, market_fen: int, then: datetime) -> None:
        """A grower brings what the evening will sell, at the promised premium, and is paid ten days later."""
        raw = select(Variant.id).where(Variant.product_id == bag.product_id, Variant.unit == "gram")
        contract = self.session.scalars(
            select(Contract).where(Contract.variant_id.in_(raw)).order_by(Contract.id)
        ).first()
        if contract is None or not bags:
            return
        day, weigher = local_day(then, _ZONE), self.actors["weigher"]
        kind = Kind(contract.product, contract.form, contract.grade)
        typed = quotes.TypedPrice(contract.market or "", kind, day, market_fen)
        quotes.type_quote(self.session, typed, is_sure=True, now=then, by=weigher)
        facts = WeighIn(
            contract.id, day, bags * bag.net_g + 1_200, 1_200, 1_280, 40, contract.grade, has_certificate=True
        )
        key = f"demo-past-{contract.id}-{day}"
        delivery = workflows.weigh_in(self.session, facts, key=key, today=day, now=then, by=weigher)
        filled = {"key": f"{key}-bags", "today": day, "now": then + timedelta(days=1), "by": weigher}
        bag_lot(self.session, delivery.lot.id, bag.id, bags, **filled)  # type: ignore[arg-type]
        owed = self.session.scalars(select(Payable).where(Payable.delivery_id == delivery.id)).one()
        paid = Payment(delivery.farmer_id, frozenset({owed.id}), "bank", f"示例回单 {day:%m%d}")
        settle(self.session, paid, key=f"{key}-paid", now=then + timedelta(days=8), by=weigher)

    def _open(self, then: datetime, names: tuple[str, str], bags: Mapping[str, int]) -> Stream:
        streamer, before = self.actors["streamer"], then - timedelta(days=1)
        stream = streams.plan_stream(
            self.session,
            title_zh=names[0],
            title_en=names[1],
            starts_at=then,
            hold_minutes=10,
            now=before,
            by=streamer,
        )
        for sku, price_fen, *_ in _GOODS:
            variant = self.variants[sku]
            streams.add_offer(
                self.session,
                stream.id,
                variant.id,
                price_fen=price_fen,
                list_price_fen=max(price_fen, variant.price_fen),
                allotment=bags[sku] + 5,
                cap_per_buyer=None,
                now=before,
                by=streamer,
            )
        streams.start_stream(self.session, stream.id, now=then, by=streamer)
        return stream

    def _sell(self, stream: Stream, wishes: Sequence[tuple[_Buyer, str, int]], then: datetime) -> None:
        offers = {offer.variant.sku: offer for offer in self._offers(stream)}
        shown = sorted(wishes, key=lambda wish: wish[1])
        on_air = ""
        for place, (buyer, sku, number) in enumerate(shown):
            at = then + timedelta(minutes=2 + 70 * place / len(shown), seconds=self.chance.randint(0, 50))
            if sku != on_air:
                on_air = sku
                streams.put_on_air(self.session, stream.id, offers[sku].id, now=at, by=self.actors["streamer"])
            self._order(stream, offers[sku], buyer, number, at)

    def _offers(self, stream: Stream) -> list[Offer]:
        rows = select(Offer).where(Offer.stream_id == stream.id).order_by(Offer.position)
        return list(self.session.scalars(rows).unique())

    def _order(self, stream: Stream, offer: Offer, buyer: _Buyer, number: int, at: datetime) -> None:
        province, city, district, street = buyer.place
        body = {
            "lines": [{"offer_id": offer.id, "quantity": number}],
            "buyer": {"name": buyer.name, "phone": buyer.phone},
            "address": {
                "province": province,
                "city": city,
                "district": district,
                "street": street,
                "detail": f"示例楼{number}号",
            },
        }
        key = f"demo-past-{stream.id}-{buyer.phone}-{at:%H%M%S}"
        asked = read_order(body, stream_id=stream.id, key=key, terms=workflows.terms.shipping_terms, locale="zh")
        (placed,) = place_batch(self.session, [asked], at)
        self.session.expire_all()
        if isinstance(placed, Placed) and self.chance.random() < 0.9:
            self._pay(placed, at + timedelta(minutes=self.chance.randint(1, 6)))

    def _pay(self, placed: Placed, at: datetime) -> None:
        order = lock_order(self.session, placed.id)
        payment = payments.begin_payment(self.session, order, at)
        facts = SessionFacts(
            session_id=f"cs_test_{payment.id.hex}",
            payment_ref=str(payment.id),
            status="complete",
            payment_status="paid",
            amount_fen=payment.amount_fen,
            currency=payment.currency,
            intent_id=f"pi_{payment.id.hex}",
            intent_status="succeeded",
            url=None,
            livemode=False,
        )
        workflows.settle_payment(self.session, payment.id, facts, at)
        # The stand-in for Stripe knows nothing of the past: nobody asks it.
        asking = update(Job).where(Job.kind == "check_payment", Job.payload["payment"].astext == str(payment.id))
        self.session.execute(asking.values(done_at=at))

    def _note_who_watched(self, stream: Stream, people: int, at: datetime) -> None:
        for channel, each in (("own", 11), ("douyin", 46)):
            seen = Watched(views=people * each, visitors=people * each * 2 // 5)
            note_audience(self.session, stream.id, channel, seen, now=at, by=self.actors["streamer"])

    def _pack_and_send(self, stream: Stream, then: datetime) -> None:
        """Two packers share the pile the next morning; the courier comes in the afternoon and is there in three days."""
        at = then
        for person in self._packers():
            while tasks := hand_out.take_work(self.session, person.person_id or 0, now=at, zone=_ZONE, by=person):
                for task in tasks:
                    at += timedelta(minutes=3)
                    packing.finish_task(self.session, task.id, person.person_id or 0, now=at, by=person)
        parcels = self.session.scalars(
            select(Parcel).where(Parcel.state == "packed", Parcel.order.has(stream_id=stream.id)).order_by(Parcel.id)
        )
        left = then + timedelta(hours=7)
        for parcel in parcels.all():
            number = f"7739{parcel.id:011d}"
            workflows.hand_over(
                self.session, parcel.id, carrier="STO", tracking=number, by=self.actors["lead"], now=left
            )
            there = left + timedelta(days=self.chance.randint(2, 4))
            steps = (Step(left, "collected", "已揽收"), Step(there, "delivered", "已签收，本人签收"))
            journey = Journey("delivered", steps)
            workflows.note_journey(self.session, parcel.id, number, journey, _STUCK_AFTER, there)

    def _packers(self) -> list[Actor]:
        found = self.session.scalars(
            select(Packer)
            .where(~(Packer.seated | Packer.one_handed | Packer.no_lifting | Packer.low_sight | Packer.no_reading))
            .order_by(Packer.person_id)
        )
        return [Actor(packer.person_id, packer.person.name) for packer in found][:2]


def _agree_to_news(session: Session, buyers: Sequence[_Buyer], now: datetime) -> None:
    """A third of those who came want to hear of news."""
    for buyer in buyers[::3]:
        say_news(session, buyer.phone, wanted=True, locale="zh", now=now)


def load(session: Session, actors: Mapping[str, Actor], variants: Mapping[str, Variant], now: datetime) -> None:
    """Add the evenings, the oldest first. Before anything else is on the pile."""
    past = _Past(session, actors, variants)
    for days_ago, zh, en, people in _EVENINGS:
        day = local_day(now - timedelta(days=days_ago), _ZONE)
        evening = datetime(day.year, day.month, day.day, 20, tzinfo=_ZONE)
        past.evening(evening.astimezone(now.tzinfo), (zh, en), people)
    _agree_to_news(session, past.known, now - timedelta(days=5))
    insights.ask(session, now)
