"""Where a ledger line came from: the order, parcel or weigh-in behind its source."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.packing.models import Parcel
from kernel.text import Text
from shop.orders.models import Order

_ORDER = re.compile(r"order:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?::.*)?", re.ASCII)
_PARCEL = re.compile(r"parcel:([0-9]{1,18})", re.ASCII)

# Sources that are no order, by the word before the colon.
_KINDS = {
    "delivery": Text("过磅收货", "Weigh-in"),
    "bagging": Text("分装", "Bagging"),
    "bagging-back": Text("撤回分装", "Bagging taken back"),
    "lot": Text("晒干", "Drying"),
    "lot-back": Text("撤回晒干", "Drying taken back"),
    "lot-change": Text("散货损耗或盘点", "Waste or count of a lot"),
    "console": Text("控制台", "Console"),
    "demo": Text("演示数据", "Demo data"),
}


@dataclass(frozen=True)
class Link:
    """The words for a source, and its page when it has one."""

    words: Text
    href: str = ""


def links_of(session: Session, sources: Sequence[str]) -> dict[str, Link]:
    """A link for each source of a page of the ledger, read in two statements."""
    orders = {source: UUID(match[1]) for source in sources if (match := _ORDER.fullmatch(source))}
    parcels = {source: int(match[1]) for source in sources if (match := _PARCEL.fullmatch(source))}
    by_order = select(Order.id, Order.number).where(Order.id.in_(set(orders.values())))
    by_parcel = select(Parcel.id, Order.number).join(Order).where(Parcel.id.in_(set(parcels.values())))
    of_order = {row.id: row.number for row in session.execute(by_order)}
    of_parcel = {row.id: row.number for row in session.execute(by_parcel)}
    numbers = {source: of_order.get(key) for source, key in orders.items()}
    numbers |= {source: of_parcel.get(key) for source, key in parcels.items()}
    return {source: _link(source, numbers.get(source)) for source in sources}


def _link(source: str, number: str | None) -> Link:
    if number:
        return Link(Text(f"订单 {number}", f"Order {number}"), f"/console/orders/{number}")
    return Link(_KINDS.get(source.partition(":")[0], Text(source, source)))
