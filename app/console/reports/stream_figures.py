"""What came of a stream, counted from orders and their lines in one look; money in fen, goods before vouchers and postage."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.console.board import Money, money_of
from app.console.reports.stream_costs import StreamCosts, costs_of
from kernel.text import Text
from shop.orders.models import OWN
from shop.orders.states import STATES
from shop.streams.audience import Watched, watched
from shop.streams.models import Stream
from shop.streams.queries import ended_streams

# Goods are counted where they were offered: an order that was put together with another stream's has goods of both.
_OFFERS = text("""
    SELECT o.id, o.position, p.title_zh, p.title_en, v.spec_zh, v.spec_en, v.sku,
           COALESCE(sum(line.quantity) FILTER (WHERE orders.replaced_by IS NULL), 0) AS ordered,
           COALESCE(sum(line.quantity) FILTER (WHERE orders.paid_at IS NOT NULL), 0) AS paid,
           COALESCE(sum(line.quantity) FILTER (WHERE orders.paid_at IS NOT NULL AND orders.state = 'refunded'), 0) AS given_back,
           COALESCE(sum(line.line_total_fen) FILTER (WHERE orders.paid_at IS NOT NULL), 0) AS paid_fen
    FROM offers o JOIN variants v ON v.id = o.variant_id JOIN products p ON p.id = v.product_id
    LEFT JOIN order_lines line ON line.offer_id = o.id LEFT JOIN orders ON orders.id = line.order_id
    WHERE o.stream_id = :stream GROUP BY o.id, p.id, v.id ORDER BY o.position, o.id
""")
_PROVINCES = text("""
    SELECT province, count(*) AS paid, sum(total_fen - refunded_fen) AS kept_fen FROM orders
    WHERE stream_id = :stream AND paid_at IS NOT NULL GROUP BY province ORDER BY kept_fen DESC, province
""")
# Whoever gives a present is the buyer. Erased buyers have no phone and are neither new nor known.
_BUYERS = text("""
    WITH mine AS (
        SELECT COALESCE(giver_phone, phone) AS buyer, sum(total_fen - refunded_fen) AS kept_fen FROM orders
        WHERE stream_id = :stream AND paid_at IS NOT NULL GROUP BY buyer
    )
    SELECT CASE WHEN buyer = '' THEN 'erased'
                WHEN EXISTS (SELECT FROM orders b WHERE b.phone = buyer AND b.giver_phone IS NULL AND b.paid_at < :start)
                  OR EXISTS (SELECT FROM orders b WHERE b.giver_phone = buyer AND b.paid_at < :start) THEN 'returning'
                ELSE 'new' END AS kind,
           count(*) AS buyers, sum(kept_fen) AS kept_fen
    FROM mine GROUP BY kind
""")
_UNPAID = text("""
    SELECT CASE WHEN replaced_by IS NOT NULL THEN 'replaced' WHEN state = 'refunded' THEN 'late' ELSE state END AS how,
           count(*) AS orders, sum(total_fen) AS fen
    FROM orders WHERE stream_id = :stream AND paid_at IS NULL GROUP BY how
""")
# Orders that other platforms took while the stream was on; the shop's own are those of the stream itself.
_PLATFORMS = text("""
    SELECT channel, count(*) AS ordered, sum(total_fen) AS ordered_fen,
           count(*) FILTER (WHERE paid_at IS NOT NULL) AS paid,
           COALESCE(sum(total_fen) FILTER (WHERE paid_at IS NOT NULL), 0) AS paid_fen,
           COALESCE(sum(refunded_fen) FILTER (WHERE paid_at IS NOT NULL), 0) AS refunded_fen
    FROM orders
    WHERE state = ANY(:states) AND created_at >= :start AND created_at < :end AND channel <> 'own' AND stream_id IS NULL
    GROUP BY channel ORDER BY channel
""")
_COMPARED_WITH = 5


@dataclass(frozen=True)
class OfferLine:
    """Pieces of an offer that were ordered, paid and given back, and what was paid for them in fen."""

    place: int
    title: Text
    spec: Text
    sku: str
    ordered: int
    paid: int
    given_back: int
    paid_fen: int


@dataclass(frozen=True)
class Share:
    """Orders or buyers of one kind, and what they paid less what went back, in fen."""

    name: str
    count: int
    kept_fen: int


@dataclass(frozen=True)
class ChannelLine:
    """Orders of one channel while the stream was on, in fen, and who watched there, where that is known."""

    channel: str
    ordered: int
    ordered_fen: int
    paid: int
    paid_fen: int
    refunded_fen: int
    watched: Watched | None

    @classmethod
    def of_row(cls, channel: str, row: Row[Any] | None, seen: Watched | None) -> "ChannelLine":
        """The line of a platform; without a row, nothing was ordered there."""
        if row is None:
            return cls(channel, 0, 0, 0, 0, 0, seen)
        paid_fen, refunded_fen = int(row.paid_fen), int(row.refunded_fen)
        return cls(channel, row.ordered, int(row.ordered_fen), row.paid, paid_fen, refunded_fen, seen)

    @property
    def gpm_fen(self) -> int | None:
        """GPM: ordered money for every thousand views."""
        return self.ordered_fen * 1000 // self.watched.views if self.watched else None

    @property
    def uv_value_fen(self) -> int | None:
        """UV value: paid money for every person who watched."""
        return self.paid_fen // self.watched.visitors if self.watched else None


@dataclass(frozen=True)
class StreamReport:
    """A stream's figures. ``buyers`` by new, returning, erased; ``unpaid`` by how an order ended without money."""

    money: Money
    costs: StreamCosts
    channels: Sequence[ChannelLine]
    offers: Sequence[OfferLine]
    provinces: Sequence[Share]
    buyers: dict[str, Share]
    unpaid: dict[str, Share]
    earlier: Sequence[tuple[Stream, Money]]

    @property
    def net_fen(self) -> int:
        """What was paid less what went back."""
        return self.money.paid_fen - self.money.refunded_fen

    @property
    def left_fen(self) -> int:
        """What stays with the workshop, as far as costs are known."""
        return self.net_fen - self.costs.total_fen


def report_of(session: Session, stream: Stream, now: datetime, fee_bps: int = 0) -> StreamReport:
    """Count a stream that is live or over; the caller's transaction decides which moment is seen."""
    asked = {"stream": stream.id, "start": stream.started_at or stream.starts_at}
    offers = [
        OfferLine(
            place,
            Text(row.title_zh, row.title_en),
            Text(row.spec_zh, row.spec_en),
            row.sku,
            int(row.ordered),
            int(row.paid),
            int(row.given_back),
            int(row.paid_fen),
        )
        for place, row in enumerate(session.execute(_OFFERS, asked), 1)
    ]
    others = [each for each in ended_streams(session, most=_COMPARED_WITH + 1) if each.id != stream.id]
    money, until = money_of(session, stream.id), stream.ended_at or now
    return StreamReport(
        money=money,
        costs=costs_of(session, stream.id, until, fee_bps),
        channels=_channels(session, stream, money, until),
        offers=offers,
        provinces=[Share(row.province, row.paid, int(row.kept_fen)) for row in session.execute(_PROVINCES, asked)],
        buyers={row.kind: Share(row.kind, row.buyers, int(row.kept_fen)) for row in session.execute(_BUYERS, asked)},
        unpaid={row.how: Share(row.how, row.orders, int(row.fen)) for row in session.execute(_UNPAID, asked)},
        earlier=[(each, money_of(session, each.id)) for each in others[:_COMPARED_WITH]],
    )


def _channels(session: Session, stream: Stream, money: Money, until: datetime) -> list[ChannelLine]:
    """The shop's own orders first, then what platforms brought or were watched on."""
    seen = watched(session, stream.id)
    asked = {"start": stream.started_at or stream.starts_at, "end": until, "states": list(STATES)}
    found = {row.channel: row for row in session.execute(_PLATFORMS, asked)}
    own = (money.ordered, money.ordered_fen, money.paid, money.paid_fen, money.refunded_fen)
    others = sorted({*found, *seen} - {OWN})
    return [
        ChannelLine(OWN, *own, seen.get(OWN)),
        *(ChannelLine.of_row(name, found.get(name), seen.get(name)) for name in others),
    ]
