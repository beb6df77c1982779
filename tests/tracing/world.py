"""A small shelf: lots of two deliveries, bags filled from them, and parcels that are packed from the shelf."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.bags.models import BagStock, ParcelBags
from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.purchasing.lots.making_service import mix_lots
from fulfillment.purchasing.lots.service import BagWish, bag_lots
from fulfillment.purchasing.models import Bagging, Lot
from kernel.audit import Actor
from kernel.ids import time_ordered_id
from shop.catalog.models import Variant
from tests.packing.world import finish, id_of, make_packer, make_paid_order, make_rate
from tests.purchasing.world import (
    TODAY,
    WEIGHER,
    make_contract,
    make_farmer,
    make_goods,
    make_quote,
    weigh_in,
    weighed,
)
from tests.world import NOW

_serial = count(1)
DAY = {"today": TODAY, "now": NOW, "by": WEIGHER}


def make_lots(session: Session, *names: str) -> tuple[Variant, list[Lot]]:
    """A lot of 42.5 kg of each farmer, brought a day apart, the oldest first; and the bag of 250 g to fill."""
    bag, raw = make_goods(session)
    lots = []
    for back, name in enumerate(reversed(names)):
        contract = make_contract(session, make_farmer(session, name, consent_shown=name != "不愿露名"), raw)
        make_quote(session, contract, day=TODAY - timedelta(days=back))
        lots.append(weigh_in(session, weighed(contract, day=TODAY - timedelta(days=back))).lot)
    return bag, lots[::-1]


def fill(session: Session, bag: Variant, bags: int, parts: Mapping[int, int] | Lot) -> Bagging:
    """Fill bags from one lot, or from grams of several; never minding which goes bad first."""
    grams = {parts.id: bags * bag.net_g} if isinstance(parts, Lot) else parts
    wish = BagWish(bag.id, bags, grams, "for a test")
    return bag_lots(session, wish, key=f"bagging-{next(_serial):06d}", **DAY)[0]


def mix(session: Session, *lots: Lot, grams: int = 10_000) -> Lot:
    """A lot mixed from so many grams of each."""
    parts = {lot.id: grams for lot in lots}
    return mix_lots(session, parts, grade="一级", key=f"mixing-{next(_serial):06d}", **DAY)[0]


def make_hand(session: Session) -> Actor:
    """Somebody who packs, and a rate."""
    make_rate(session)
    return make_packer(session)


def order(session: Session, bag: Variant, bags: int) -> Parcel:
    """A paid order of one parcel."""
    (parcel,) = make_paid_order(session, (bag, bags))
    return parcel


def take_parcel(session: Session, packer: Actor, parcel: Parcel) -> PackingTask:
    """The packer has exactly this parcel in hand."""
    task = session.scalars(select(PackingTask).where(PackingTask.parcel_id == parcel.id)).one()
    task.state, task.packer_id, task.taken_at, task.rate_fen = "taken", id_of(packer), NOW, 80
    task.batch = time_ordered_id()
    session.flush()
    return task


def pack(session: Session, packer: Actor, bag: Variant, bags: int, now: datetime = NOW) -> Parcel:
    """A paid order of so many bags, packed."""
    parcel = order(session, bag, bags)
    task = take_parcel(session, packer, parcel)
    assert finish(session, task.id, packer, now)
    return parcel


def bags_in(session: Session, parcel: Parcel) -> dict[int | None, int]:
    """How many bags of which bagging are written down for a parcel."""
    rows = session.scalars(select(ParcelBags).where(ParcelBags.parcel_id == parcel.id))
    return {row.bagging_id: row.bags for row in rows}


def taken_of(session: Session, bagging: Bagging) -> int:
    """How many bags of a bagging are counted as being in parcels."""
    return session.get_one(BagStock, bagging.id, populate_existing=True).taken
