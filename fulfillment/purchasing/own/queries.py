"""Reading what belongs to one farmer: the link, their streams, and what came of what they brought."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.own.models import GrowerLink, GrowerStream
from kernel.text import Text
from shop.streams.models import Stream


def open_link_of(session: Session, farmer_id: int) -> GrowerLink | None:
    """The farmer's link that opens their page, if there is one."""
    return session.scalar(select(GrowerLink).where(GrowerLink.farmer_id == farmer_id, GrowerLink.revoked_at.is_(None)))


def open_link(session: Session, link_id: int) -> GrowerLink | None:
    """A link that was not taken back."""
    return session.scalar(select(GrowerLink).where(GrowerLink.id == link_id, GrowerLink.revoked_at.is_(None)))


def first_links(session: Session, most: int = 1) -> Sequence[GrowerLink]:
    """The oldest links that are open."""
    wanted = select(GrowerLink).where(GrowerLink.revoked_at.is_(None)).order_by(GrowerLink.id)
    return session.scalars(wanted.limit(most)).all()


# Baggings that hold something of the farmer's, however often it was mixed or dried on the way.
_FILLED = """
WITH RECURSIVE mine (lot_id) AS (
    SELECT l.id FROM deliveries d JOIN lots l ON l.delivery_id = d.id
    WHERE d.farmer_id = :farmer_id AND NOT EXISTS (SELECT FROM deliveries_taken_back t WHERE t.delivery_id = d.id)
    UNION
    SELECT part.child_lot_id FROM mine m JOIN lot_parts part ON part.parent_lot_id = m.lot_id
    WHERE NOT EXISTS (SELECT FROM lots_taken_back t WHERE t.lot_id = part.child_lot_id)
), filled AS (
    SELECT DISTINCT bp.bagging_id FROM mine m JOIN bagging_parts bp ON bp.lot_id = m.lot_id
    WHERE NOT EXISTS (SELECT FROM baggings_taken_back t WHERE t.bagging_id = bp.bagging_id)
)
"""
_SOLD_SQL = f"""
{_FILLED}
SELECT o.stream_id, s.title_zh, s.title_en, s.starts_at, o.province, sum(h.bags) AS bags
FROM filled f
JOIN parcel_bags h ON h.bagging_id = f.bagging_id
JOIN parcels p ON p.id = h.parcel_id AND p.state IN ('packed', 'handed_over')
JOIN orders o ON o.id = p.order_id
LEFT JOIN streams s ON s.id = o.stream_id
GROUP BY o.stream_id, s.title_zh, s.title_en, s.starts_at, o.province
ORDER BY s.starts_at DESC NULLS LAST, o.stream_id, bags DESC, o.province
"""  # noqa: S608 - our own words
_LEFT_SQL = f"""
{_FILLED}
SELECT s.variant_id, sum(s.bags - s.taken - s.gone) AS bags_left
FROM filled f JOIN bag_stocks s ON s.bagging_id = f.bagging_id GROUP BY s.variant_id
"""  # noqa: S608 - our own words
_SALES_SQL = """
SELECT o.stream_id, count(DISTINCT o.id) AS orders, sum(l.quantity) AS bags, sum(l.line_total_fen) AS goods_fen
FROM orders o JOIN order_lines l ON l.order_id = o.id
WHERE o.stream_id = ANY(:stream_ids) AND o.state IN ('paid', 'shipped', 'delivered')
GROUP BY o.stream_id
"""


@dataclass(frozen=True)
class Sold:
    """Where bags with something of a farmer's went through one stream (none: outside streams). No buyer is named."""

    stream_id: int | None
    title: Text | None
    starts_at: datetime | None
    provinces: tuple[tuple[str, int], ...]

    @property
    def bags(self) -> int:
        """How many in all."""
        return sum(bags for _, bags in self.provinces)


def sold(session: Session, farmer_id: int) -> list[Sold]:
    """What came of everything the farmer brought: packed bags by stream and province, the newest stream first."""
    rows = session.execute(text(_SOLD_SQL), {"farmer_id": farmer_id}).all()
    found = []
    for stream_id, group in groupby(rows, lambda row: row.stream_id):
        of_stream = list(group)
        first = of_stream[0]
        title = Text(first.title_zh, first.title_en) if stream_id else None
        provinces = tuple((row.province, int(row.bags)) for row in of_stream)
        found.append(Sold(stream_id, title, first.starts_at, provinces))
    return found


def bags_left(session: Session, farmer_id: int) -> dict[int, int]:
    """Bags on the shelf with something of the farmer's, by variant; 0 for what was filled and is gone."""
    rows = session.execute(text(_LEFT_SQL), {"farmer_id": farmer_id})
    return {row.variant_id: int(row.bags_left) for row in rows}


def foreign_offers(session: Session, stream_id: int, farmer_id: int) -> list[str]:
    """What a stream offers that was never filled from the farmer's lots, by name."""
    own = bags_left(session, farmer_id)
    stream = session.get_one(Stream, stream_id)
    return [
        f"{offer.variant.product.title_zh} {offer.variant.spec_zh}"
        for offer in stream.offers
        if offer.variant_id not in own
    ]


@dataclass(frozen=True)
class OwnStream:
    """A farmer's own stream and what it sold: paid orders, bags, and goods in fen; ``foreign`` is not from their lots."""

    own: GrowerStream
    orders: int
    bags: int
    goods_fen: int
    foreign: tuple[str, ...]


def own_streams(session: Session, farmer_id: int | None = None) -> list[OwnStream]:
    """Streams that are a farmer's own, or every farmer's, the newest first."""
    wanted = select(GrowerStream).join(Stream).order_by(Stream.starts_at.desc(), Stream.id.desc())
    if farmer_id is not None:
        wanted = wanted.where(GrowerStream.farmer_id == farmer_id)
    found = session.scalars(wanted).all()
    ids = [own.stream_id for own in found]
    sales = {row.stream_id: row for row in session.execute(text(_SALES_SQL), {"stream_ids": ids})}
    return [_own_stream(session, own, sales.get(own.stream_id)) for own in found]


def _own_stream(session: Session, own: GrowerStream, row: object) -> OwnStream:
    orders, bags, goods_fen = (int(getattr(row, name, 0)) for name in ("orders", "bags", "goods_fen"))
    foreign = tuple(foreign_offers(session, own.stream_id, own.farmer_id))
    return OwnStream(own, orders, bags, goods_fen, foreign)


def streams_to_give(session: Session, most: int = 50) -> Sequence[Stream]:
    """Streams that are nobody's own, the newest first."""
    own = select(GrowerStream.stream_id)
    wanted = select(Stream).where(Stream.id.not_in(own)).order_by(Stream.starts_at.desc(), Stream.id.desc())
    return session.scalars(wanted.limit(most)).all()


def suppliers(session: Session) -> Sequence[Farmer]:
    """Farmers who have brought something, by name."""
    brought = select(Delivery.farmer_id)
    return session.scalars(select(Farmer).where(Farmer.id.in_(brought)).order_by(Farmer.initials, Farmer.name)).all()
