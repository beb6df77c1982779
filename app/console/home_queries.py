"""What the console's home reads: the day in figures, what is live, and how far a new installation has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.workshop.service import workshop_of
from fulfillment.packing import queries as packing
from fulfillment.piecework.models import PieceRate, WageEntry
from fulfillment.purchasing.settlements.queries import owed_in_all
from kernel.clock import day_bounds, local_day
from kernel.people.models import Person, PersonRole
from kernel.people.rules import PACKER
from shop.catalog.models import Variant
from shop.orders.models import Order
from shop.orders.states import STATES
from shop.payments.models import Payment, Refund
from shop.streams.models import Stream
from shop.streams.states import LIVE, PLANNED


@dataclass(frozen=True)
class DayFigures:
    """The five numbers of a day and what stands beside them; money in fen. Ordered and paid are never one figure."""

    ordered: int
    ordered_fen: int
    paid: int
    paid_fen: int
    refunded_fen: int
    to_pack: int
    late: int
    packers_fen: int
    packers: int
    farmers_fen: int
    farmers_due_fen: int


def day_figures(session: Session, now: datetime, zone: ZoneInfo) -> DayFigures:
    """The figures of the local day that ``now`` is in."""
    today = local_day(now, zone)
    start, end = day_bounds(today, zone)
    sums = select(func.count(), func.coalesce(func.sum(Order.total_fen), 0))
    # All states are named so that the index on state and time serves.
    ordered = session.execute(
        sums.where(
            Order.state.in_(STATES), Order.created_at >= start, Order.created_at < end, Order.replaced_by.is_(None)
        )
    ).one()
    paid = session.execute(sums.where(Order.paid_at >= start, Order.paid_at < end)).one()
    # What goes back of money that never paid an order (late, or paid twice) was not counted as paid either.
    refunded = (
        select(func.coalesce(func.sum(Refund.amount_fen), 0))
        .join(Payment, Payment.id == Refund.payment_id)
        .join(Order, Order.id == Payment.order_id)
        .where(Refund.state != "failed", ~Payment.duplicate, Order.paid_at.is_not(None))
    )
    packers = _earned(session, start, end)
    owed = owed_in_all(session, today)
    backlog = packing.backlog(session, now)
    return DayFigures(
        ordered=ordered[0],
        ordered_fen=int(ordered[1]),
        paid=paid[0],
        paid_fen=int(paid[1]),
        refunded_fen=int(session.scalar(refunded.where(Refund.requested_at >= start, Refund.requested_at < end)) or 0),
        to_pack=backlog.open,
        late=backlog.late,
        packers_fen=sum(packers),
        packers=len(packers),
        farmers_fen=owed.total_fen,
        farmers_due_fen=owed.due_fen,
    )


def _earned(session: Session, start: datetime, end: datetime) -> list[int]:
    """What each person earned, in fen; who took back all of it earned nothing and is not among them."""
    fen = func.sum(WageEntry.amount_fen)
    today = select(fen).where(WageEntry.earned_at >= start, WageEntry.earned_at < end)
    return [int(each) for each in session.scalars(today.group_by(WageEntry.packer_id).having(fen != 0))]


@dataclass(frozen=True)
class Hour:
    """Orders of one hour of the day: placed in it, and paid in it."""

    start: datetime
    ordered: int
    paid: int


_HOURS = text("""
    SELECT floor(extract(epoch FROM moment - :start) / 3600)::int AS hour,
           count(*) FILTER (WHERE is_order) AS ordered, count(*) FILTER (WHERE NOT is_order) AS paid
    FROM (SELECT created_at AS moment, true AS is_order FROM orders
          WHERE state = ANY(:states) AND created_at >= :start AND created_at < :end AND replaced_by IS NULL
          UNION ALL
          SELECT paid_at, false FROM orders WHERE paid_at >= :start AND paid_at < :end) seen
    GROUP BY hour
""")


def hours_of_day(session: Session, now: datetime, zone: ZoneInfo) -> Sequence[Hour]:
    """The hours of today from the first with an order to the present one."""
    start, _ = day_bounds(local_day(now, zone), zone)
    rows = session.execute(_HOURS, {"start": start, "end": now + timedelta(seconds=1), "states": list(STATES)}).all()
    counts = {row.hour: row for row in rows}
    first = min(counts, default=0)
    last = int((now - start) / timedelta(hours=1))
    return [
        Hour(
            start + timedelta(hours=hour),
            counts[hour].ordered if hour in counts else 0,
            counts[hour].paid if hour in counts else 0,
        )
        for hour in range(first, last + 1)
    ]


def live_streams(session: Session) -> Sequence[Stream]:
    """What is live now."""
    return session.scalars(select(Stream).where(Stream.state == LIVE).order_by(Stream.started_at)).all()


def next_stream(session: Session) -> Stream | None:
    """The stream that was announced for the soonest time."""
    return session.scalar(select(Stream).where(Stream.state == PLANNED).order_by(Stream.starts_at, Stream.id).limit(1))


@dataclass(frozen=True)
class FirstSteps:
    """What a new installation has already."""

    has_name: bool
    has_product: bool
    has_packer: bool
    has_rate: bool
    has_stream: bool

    @property
    def is_done(self) -> bool:
        """Whether the shop can open."""
        return self.next is None

    @property
    def next(self) -> int | None:
        """The number of the first step that is not done, from 1."""
        done = (self.has_name, self.has_product, self.has_packer, self.has_rate, self.has_stream)
        return None if all(done) else done.index(False) + 1


def first_steps(session: Session) -> FirstSteps:
    """Whether there is something to sell, somebody to pack it, a rate to pay for it, and a stream to sell it in.

    The name counts as given where all that is there: the settings may say it.
    """
    packer = select(PersonRole.person_id).join(Person).where(PersonRole.role == PACKER, Person.active)
    found = {
        "has_product": session.scalar(select(Variant.id).where(Variant.sellable).limit(1)) is not None,
        "has_packer": session.scalar(packer.limit(1)) is not None,
        "has_rate": session.scalar(select(PieceRate.id).limit(1)) is not None,
        "has_stream": session.scalar(select(Stream.id).limit(1)) is not None,
    }
    return FirstSteps(has_name=workshop_of(session) is not None or all(found.values()), **found)
