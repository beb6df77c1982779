"""The board's figures, counted in one look at the database: what was ordered and paid, what is left, what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.console import board_rules as rules
from app.console.alarms import Alarm, alarms
from fulfillment.packing import queries as packing
from fulfillment.packing.models import TO_DO, PackingTask
from fulfillment.purchasing import queries as purchasing
from kernel.clock import local_day
from kernel.text import Text
from shop.orders.rules import ship_by
from shop.streams.models import AirTime, Stream
from shop.streams.rules import Flash, flash_of
from shop.streams.states import LIVE

# One look: every statement below sees the same moment, so that the figures agree with each other.
_ONE_LOOK = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
# Changes whenever any transaction on this server has written something and committed; asking for it touches no table.
_MARKER = text("SELECT CAST(pg_current_snapshot() AS text)")

# What the buyer's next order took over (replaced_by) is counted with that one.
_MONEY = text("""
    SELECT count(*) AS ordered, COALESCE(sum(total_fen), 0) AS ordered_fen,
           count(*) FILTER (WHERE paid_at IS NOT NULL) AS paid,
           COALESCE(sum(total_fen) FILTER (WHERE paid_at IS NOT NULL), 0) AS paid_fen,
           COALESCE(sum(refunded_fen) FILTER (WHERE paid_at IS NOT NULL), 0) AS refunded_fen,
           count(*) FILTER (WHERE state = 'held') AS held,
           COALESCE(sum(total_fen) FILTER (WHERE state = 'held'), 0) AS held_fen,
           max(hold_until) FILTER (WHERE state = 'held') AS last_hold_until
    FROM orders WHERE stream_id = :stream AND replaced_by IS NULL
""")
# Whoever gives a present is the buyer. Each is looked up by an index, so that a long history costs nothing.
_RETURNING = text("""
    WITH mine AS (
        SELECT DISTINCT COALESCE(giver_phone, phone) AS buyer FROM orders WHERE stream_id = :stream AND paid_at IS NOT NULL
    )
    SELECT count(*) FROM mine WHERE buyer <> '' AND (
        EXISTS (SELECT FROM orders b WHERE b.phone = buyer AND b.giver_phone IS NULL AND b.paid_at < :start)
        OR EXISTS (SELECT FROM orders b WHERE b.giver_phone = buyer AND b.paid_at < :start))
""")
_MINUTES = text("""
    SELECT floor(extract(epoch FROM moment - :start) / :width_s)::int AS bar,
           count(*) FILTER (WHERE is_order) AS ordered, count(*) FILTER (WHERE NOT is_order) AS paid,
           COALESCE(sum(total_fen) FILTER (WHERE is_order), 0) AS ordered_fen
    FROM (SELECT created_at AS moment, true AS is_order, total_fen FROM orders
          WHERE stream_id = :stream AND created_at >= :start AND created_at < :end AND replaced_by IS NULL
          UNION ALL
          SELECT paid_at, false, total_fen FROM orders
          WHERE stream_id = :stream AND paid_at >= :start AND paid_at < :end) seen
    GROUP BY bar
""")
_OFFERS = text("""
    SELECT o.id, o.variant_id, o.position, p.title_zh, p.title_en, v.spec_zh, v.spec_en, p.photo, o.price_fen, o.list_price_fen,
           o.flash_price_fen, o.flash_from, o.flash_until,
           o.talking_points, o.allotment, o.taken, o.cap_per_buyer, o.state, o.ends_at, o.terms_revision, p.form = 'fresh' AS is_fresh, COALESCE(unpaid.held, 0) AS held, o.waiting,
           COALESCE(l.on_hand - l.held, 0) AS free,
           GREATEST(0, LEAST(o.allotment - o.taken, COALESCE(l.on_hand - l.held, 0))) AS left
    FROM offers o JOIN variants v ON v.id = o.variant_id JOIN products p ON p.id = v.product_id
    LEFT JOIN stock_levels l ON l.variant_id = o.variant_id
    LEFT JOIN (SELECT line.offer_id, sum(line.quantity) AS held
               FROM orders JOIN order_lines line ON line.order_id = orders.id
               JOIN offers mine ON mine.id = line.offer_id AND mine.stream_id = :stream
               WHERE orders.state = 'held' GROUP BY line.offer_id) unpaid
           ON unpaid.offer_id = o.id
    WHERE o.stream_id = :stream ORDER BY o.position, o.id
""")


@dataclass(frozen=True)
class Money:
    """Orders of a stream and their money in fen, postage included. Ordered and paid are never one figure."""

    ordered: int
    ordered_fen: int
    paid: int
    paid_fen: int
    refunded_fen: int
    held: int
    held_fen: int
    last_hold_until: datetime | None

    @property
    def average_fen(self) -> int | None:
        """What a paid order brought on average; ``None`` without any."""
        return self.paid_fen // self.paid if self.paid else None

    @property
    def decided(self) -> int:
        """Orders that no longer wait for money: paid, run out or cancelled."""
        return self.ordered - self.held

    @property
    def conversion_percent(self) -> int | None:
        """How many of a hundred decided orders were paid; ``None`` before the first is decided."""
        share = rules.share(self.paid, self.decided)
        return None if share is None else round(share * 100)


@dataclass(frozen=True)
class OfferFigures:
    """An offer on the board; counts in pieces, prices in fen.

    ``taken`` is ``held`` and ``sold`` together; ``waiting`` are those that people stand in line for.
    """

    id: int
    variant_id: int
    place: int
    title: Text
    spec: Text
    photo: str
    price_fen: int
    flash: Flash | None
    list_price_fen: int
    allotment: int
    taken: int
    held: int
    waiting: int
    left: int
    free: int
    cap_per_buyer: int | None
    is_open: bool
    is_on_air: bool
    terms_revision: int
    is_fresh: bool
    points: str = ""

    @property
    def sold(self) -> int:
        """Pieces that were paid for."""
        return self.taken - self.held

    @property
    def is_low(self) -> bool:
        """Whether the end of the allotment is near."""
        return self.left <= self.allotment * rules.NEARLY_SOLD_OUT


@dataclass(frozen=True)
class Bar:
    """One bar of the chart: orders placed and orders paid in it."""

    start: datetime
    ordered: int
    paid: int
    ordered_fen: int


@dataclass(frozen=True)
class Figures:
    """Everything the board shows of a stream at one moment."""

    at: datetime
    marker: str
    stream_id: int
    title: Text
    state: str
    # Rises when a person changes what is on air, an offer's terms or the run sheet; sales leave it alone.
    terms: int
    money: Money
    offers: Sequence[OfferFigures]
    window: rules.Window | None
    bars: Sequence[Bar]
    aired: Sequence[rules.Aired]
    backlog: packing.Backlog
    next_due_at: datetime | None
    contract_left_g: int
    contract_agreed_g: int
    worst: str | None
    target_fen: int | None
    # People who had paid in an earlier stream or order, of those who paid in this one.
    returning: int
    # By when an order of what is on air leaves the house when it is paid now, as its buyer is told.
    promised_by: datetime
    alarms: Sequence[Alarm]

    @property
    def target_percent(self) -> int | None:
        """How much of its target the stream has brought in paid money, in percent; ``None`` without one."""
        return self.money.paid_fen * 100 // self.target_fen if self.target_fen else None

    @property
    def on_air(self) -> OfferFigures | None:
        """What the streamer is showing now."""
        return next((offer for offer in self.offers if offer.is_on_air), None)

    def offer(self, offer_id: int) -> OfferFigures | None:
        """The offer with this id, when it is of this stream."""
        return next((offer for offer in self.offers if offer.id == offer_id), None)


def read_marker(session: Session) -> str:
    """A word that stays the same as long as nothing was written anywhere on the database server."""
    return str(session.execute(_MARKER).scalar_one())


def one_look(session: Session) -> None:
    """Let everything that this transaction reads be of one moment; it must be a new one, and cannot write."""
    session.execute(_ONE_LOOK)


def count_figures(session: Session, stream_id: int, now: datetime, zone: ZoneInfo) -> Figures | None:
    """The figures of a stream, or ``None`` when there is no such stream. The transaction must be a new one."""
    one_look(session)
    marker = read_marker(session)
    stream = session.get(Stream, stream_id)
    if stream is None:
        return None
    money = money_of(session, stream_id)
    offers = offers_of(session, stream, now)
    window = rules.chart_window(stream.started_at, now, stream.ended_at) if stream.started_at else None
    backlog = packing.backlog(session, now)
    contracts = purchasing.contract_progress(session, on=local_day(now, zone))
    contract_left_g = sum(progress.left_g for progress in contracts)
    contract_agreed_g = sum(progress.contract.agreed_g for progress in contracts)
    on_air = next((offer for offer in offers if offer.is_on_air), None)
    strained = rules.strains(
        late=backlog.late,
        paid=money.paid,
        decided=money.decided,
        left=on_air.left if on_air else None,
        allotment=on_air.allotment if on_air else 0,
        contract_left_g=contract_left_g,
        contract_agreed_g=contract_agreed_g,
    )
    return Figures(
        at=now,
        marker=marker,
        stream_id=stream.id,
        title=stream.title,
        state=stream.state,
        terms=stream.revision + sum(offer.terms_revision for offer in offers),
        money=money,
        offers=offers,
        window=window,
        bars=_bars(session, stream_id, window) if window else (),
        aired=_aired(session, stream, window, now) if window else (),
        backlog=backlog,
        next_due_at=_next_due_at(session),
        contract_left_g=contract_left_g,
        contract_agreed_g=contract_agreed_g,
        worst=rules.worst(strained),
        target_fen=stream.target_fen,
        returning=_returning(session, stream),
        promised_by=ship_by(now, has_fresh=on_air is not None and on_air.is_fresh),
        alarms=alarms(session, late=backlog.late, now=now),
    )


def _returning(session: Session, stream: Stream) -> int:
    asked = {"stream": stream.id, "start": stream.started_at or stream.starts_at}
    return session.scalar(_RETURNING, asked) or 0


def money_of(session: Session, stream_id: int) -> Money:
    """What was ordered in a stream, and what was paid."""
    row = session.execute(_MONEY, {"stream": stream_id}).one()
    return Money(
        ordered=row.ordered,
        ordered_fen=int(row.ordered_fen),
        paid=row.paid,
        paid_fen=int(row.paid_fen),
        refunded_fen=int(row.refunded_fen),
        held=row.held,
        held_fen=int(row.held_fen),
        last_hold_until=row.last_hold_until,
    )


def offers_of(session: Session, stream: Stream, now: datetime) -> list[OfferFigures]:
    """A stream's offers in the order of the run sheet, with what is left, held and sold of each."""
    rows = session.execute(_OFFERS, {"stream": stream.id})
    return [
        OfferFigures(
            id=row.id,
            variant_id=row.variant_id,
            place=place,
            title=Text(row.title_zh, row.title_en),
            spec=Text(row.spec_zh, row.spec_en),
            photo=row.photo,
            price_fen=row.price_fen,
            flash=flash_of(row, now),
            list_price_fen=row.list_price_fen,
            allotment=row.allotment,
            taken=row.taken,
            held=int(row.held),
            waiting=row.waiting,
            left=int(row.left),
            free=int(row.free),
            cap_per_buyer=row.cap_per_buyer,
            is_open=row.state == "open" and (row.ends_at is None or row.ends_at > now),
            is_on_air=row.id == stream.shown_offer_id,
            terms_revision=row.terms_revision,
            is_fresh=row.is_fresh,
            points=row.talking_points,
        )
        for place, row in enumerate(rows, 1)
    ]


def _bars(session: Session, stream_id: int, window: rules.Window) -> list[Bar]:
    asked = {
        "stream": stream_id,
        "start": window.start,
        "end": window.end,
        "width_s": window.width_minutes * 60,
    }
    counted = {row.bar: row for row in session.execute(_MINUTES, asked)}
    return [
        Bar(
            window.start + index * window.width,
            counted[index].ordered if index in counted else 0,
            counted[index].paid if index in counted else 0,
            int(counted[index].ordered_fen) if index in counted else 0,
        )
        for index in range(window.bars)
    ]


def _aired(session: Session, stream: Stream, window: rules.Window, now: datetime) -> list[rules.Aired]:
    rows = session.execute(
        select(AirTime.offer_id, AirTime.at).where(AirTime.stream_id == stream.id).order_by(AirTime.id)
    )
    marks = [(offer_id, at) for offer_id, at in rows]
    return rules.aired_within(window, marks, now if stream.state == LIVE else stream.ended_at or now)


def _next_due_at(session: Session) -> datetime | None:
    return session.scalar(select(func.min(PackingTask.due_at)).where(text(TO_DO)))
