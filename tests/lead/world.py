"""A workshop with a lead, packers and paid orders whose goods are held, and browsers signed in as these people."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.packing.models import PackingTask, Parcel, SlipPrint
from fulfillment.piecework.models import WageEntry
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import LEAD
from shop.catalog.models import Variant
from shop.orders import service as orders
from shop.orders.models import Order
from shop.orders.rules import Address
from shop.stock import service as stock
from tests.packing.world import ZONE, id_of, make_packer, make_rate
from tests.signing_in import sign_in_client
from tests.world import NOW, make_variant

DETAIL = "示例路8号示例花园3幢2单元501室"
_serial = count(1)


@dataclass(frozen=True)
class Bench:
    """The lead, two packers, and the variant that everybody orders."""

    lead: Actor
    ann: Actor
    bea: Actor
    variant_id: int


def set_up(database: Database, *, on_hand: int = 100) -> Bench:
    """People, a piece rate and stock, committed."""
    with database.transaction() as session:
        make_rate(session)
        variant = make_variant(session)
        stock.receive(session, variant.id, on_hand, source=f"test:{variant.id}", by=SYSTEM, at=NOW)
        lead = Person(name="范组长", shown_name="范组长", created_at=NOW)
        session.add(lead)
        session.flush()
        people.set_roles(session, lead, [LEAD], now=NOW, by=SYSTEM)
        return Bench(
            Actor(lead.id, lead.name), make_packer(session, "吴秀英"), make_packer(session, "叶根土"), variant.id
        )


def channel_facts(
    session: Session,
    bench: Bench,
    *,
    quantity: int = 1,
    name: str = "欧阳娜娜",
    phone: str = "13800008000",
    phone_ext: str | None = None,
    note: str = "",
    title: str = "庆元花菇",
    due_in: timedelta = timedelta(hours=24),
    channel: str = "douyin",
    variant_id: int | None = None,
) -> orders.ChannelFacts:
    """What a platform tells of a paid order."""
    variant = session.get_one(Variant, variant_id or bench.variant_id)
    return orders.ChannelFacts(
        channel=channel,
        channel_number=f"69{next(_serial):017d}",
        lines=[orders.ChannelLine(variant.id, quantity, 3_980, variant.sku, title, variant.spec_zh)],
        buyer_name=name,
        phone=phone,
        phone_ext=phone_ext,
        address=Address("浙江省", "丽水市", "庆元县", "松源街道", DETAIL),
        note=note,
        shipping_fen=0,
        discount_fen=0,
        created_at=NOW,
        paid_at=NOW,
        ship_by=NOW + due_in,
    )


def order_parcels(session: Session, bench: Bench, **facts: object) -> list[Parcel]:
    """A paid order of another platform: its goods are held, its parcels lie on the pile."""
    told = channel_facts(session, bench, **facts)  # type: ignore[arg-type]
    order = workflows.accept_channel_order(session, told, now=NOW, by=SYSTEM)
    return list(session.scalars(select(Parcel).where(Parcel.order_id == order.id).order_by(Parcel.sequence)))


def order_parcel(database: Database, bench: Bench, **facts: object) -> str:
    """An order of one parcel, committed; returns the parcel's number."""
    with database.transaction() as session:
        (parcel,) = order_parcels(session, bench, **facts)
        return parcel.number


def take_all(database: Database, packer: Actor, now: datetime = NOW) -> list[str]:
    """The packer gets work; returns the numbers of the parcels now in hand."""
    with database.transaction() as session:
        tasks = hand_out.take_work(session, id_of(packer), now=now, zone=ZONE, by=packer)
        return [task.parcel.number for task in tasks]


def pack(database: Database, packer: Actor, number: str, now: datetime = NOW) -> None:
    """The packer, who has the parcel in hand, presses "done"."""
    with database.transaction() as session:
        packing.finish_task(session, task_of(session, number).id, id_of(packer), now=now, by=packer)


def packed_parcel(database: Database, bench: Bench, **facts: object) -> str:
    """An order whose one parcel is packed by the first packer."""
    number = order_parcel(database, bench, **facts)
    assert number in take_all(database, bench.ann)
    pack(database, bench.ann, number)
    return number


def parcel_of(session: Session, number: str) -> Parcel:
    """The parcel with this number."""
    return session.scalars(select(Parcel).where(Parcel.number == number)).one()


def task_of(session: Session, number: str) -> PackingTask:
    """The work on the parcel with this number."""
    return session.scalars(select(PackingTask).join(Parcel).where(Parcel.number == number)).one()


def order_of(session: Session, number: str) -> Order:
    """The order of the parcel with this number."""
    return parcel_of(session, number).order


def prints_of(database: Database, number: str) -> list[tuple[int, str, str]]:
    """Copy, reason and person of each print of a parcel's slip."""
    with database.transaction() as session:
        rows = select(SlipPrint).join(Parcel, Parcel.id == SlipPrint.parcel_id).where(Parcel.number == number)
        return [(row.copy, row.reason, row.by) for row in session.scalars(rows.order_by(SlipPrint.copy))]


def count_prints(database: Database) -> int:
    """How many prints there are in all."""
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(SlipPrint)) or 0


def browser_of(app: Flask, database: Database, person: Actor, now: datetime | None = None) -> FlaskClient:
    """A browser in which this person is signed in; ``now`` stops the application's clock."""
    if now is not None:
        app.extensions["clock"] = lambda: now
    return sign_in_client(app.test_client(), database, person.person_id, now=NOW)


def count(database: Database, table: type) -> int:
    with database.transaction() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def wages(database: Database) -> list[int]:
    with database.transaction() as session:
        return list(session.scalars(select(WageEntry.amount_fen).order_by(WageEntry.id)))
