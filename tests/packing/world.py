"""A small packing bench: piece rates, packers, and paid orders that lie on the pile."""

from datetime import date, datetime, timedelta
from itertools import count
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import opening_service as opening
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, PackingTask, Parcel
from fulfillment.piecework.models import WageEntry
from fulfillment.piecework.service import set_rate
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from kernel.ids import time_ordered_id
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import PACKER
from shop.catalog.models import Variant
from shop.orders.models import Order, OrderLine
from tests.world import NOW, make_variant

ZONE = ZoneInfo("Asia/Shanghai")
RATE_FEN = 80
_serial = count(1)


def make_rate(session: Session, rate_fen: int = RATE_FEN, valid_from: date = date(2026, 1, 1)) -> None:
    """One piece rate for parcels of any weight."""
    set_rate(
        session, operation=packing.PACK, up_to_g=50_000, rate_fen=rate_fen, valid_from=valid_from, now=NOW, by=SYSTEM
    )


def make_packer(session: Session, name: str = "吴秀英", *preferences: str) -> Actor:
    """A packer without a PIN, with what the person said is hard; not here yet."""
    person = Person(name=name, shown_name=name, created_at=NOW)
    session.add(person)
    session.flush()
    people.set_roles(session, person, [PACKER], now=NOW, by=SYSTEM)
    session.add(Packer(person_id=person.id, **dict.fromkeys(preferences, True)))
    session.flush()
    return Actor(person.id, person.name)


def id_of(actor: Actor) -> int:
    """The id of a person who acts."""
    assert actor.person_id is not None
    return actor.person_id


def make_paid_order(
    session: Session,
    *goods: tuple[Variant, int],
    due_at: datetime = NOW + timedelta(hours=24),
    heaviest_g: int = 10_000,
    title: str = "庆元花菇",
) -> list[Parcel]:
    """A paid order and its parcels on the pile; one bag of something new unless goods are given."""
    number = next(_serial)
    order = Order(
        id=time_ordered_id(),
        number=f"T{number:05d}",
        state="paid",
        buyer_name="张三",
        phone="13800008000",
        province="浙江省",
        city="丽水市",
        district="庆元县",
        street="松源街道",
        detail="示例路8号",
        goods_fen=0,
        shipping_fen=0,
        total_fen=0,
        created_at=NOW,
        paid_at=NOW,
        ship_by=due_at,
    )
    session.add(order)
    session.flush()
    for position, (variant, quantity) in enumerate(goods or ((make_variant(session), 1),)):
        session.add(
            OrderLine(
                order_id=order.id,
                position=position,
                variant_id=variant.id,
                quantity=quantity,
                unit_price_fen=0,
                line_total_fen=0,
                sku=variant.sku,
                title=title,
                spec=variant.spec_zh,
            )
        )
    session.flush()
    session.refresh(order)
    return opening.open_parcels(session, order, NOW, heaviest_g=heaviest_g)


def make_pile(session: Session, size: int, *, same: bool = True, due_at: datetime = NOW + timedelta(hours=24)) -> None:
    """Paid orders of one bag each, the same bag or each another, due a minute apart."""
    variant = make_variant(session)
    for place in range(size):
        goods = variant if same else make_variant(session)
        make_paid_order(session, (goods, 1), due_at=due_at + timedelta(minutes=place))


def take(session: Session, packer: Actor, now: datetime = NOW) -> list[PackingTask]:
    """The packer presses "get work"."""
    return hand_out.take_work(session, id_of(packer), now=now, zone=ZONE, by=packer)


def finish(session: Session, task_id: int, packer: Actor, now: datetime = NOW) -> bool:
    """The packer presses "done"."""
    return packing.finish_task(session, task_id, id_of(packer), now=now, by=packer)


def stop_order_of(session: Session, task_id: int) -> None:
    """The order of a task is cancelled."""
    order_id = session.get_one(PackingTask, task_id).parcel.order_id
    packing.stop_tasks_of_order(session, order_id, now=NOW, by=SYSTEM, reason="buyer cancelled")


def wages(session: Session, packer: Actor) -> list[int]:
    """The packer's lines in fen, oldest first."""
    lines = select(WageEntry.amount_fen).where(WageEntry.packer_id == packer.person_id).order_by(WageEntry.id)
    return list(session.scalars(lines))


def order_id_of(session: Session, task_id: int) -> UUID:
    """The order that a task is for."""
    return session.get_one(PackingTask, task_id).parcel.order_id


def set_up(database: Database, packers: int = 1, parcels: int = 1, *, same: bool = True) -> list[Actor]:
    """A rate, some packers and a pile, committed."""
    with database.transaction() as session:
        make_rate(session)
        make_pile(session, parcels, same=same)
        return [make_packer(session, f"打包员{number}") for number in range(packers)]
