"""Finding orders, and reading one with its money, its parcels and what was noted about it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, exists, literal_column, or_, select
from sqlalchemy.orm import Session, selectinload

from app.console.paging import Sorting, Sortings
from fulfillment.packing.models import PackingTask, Parcel
from kernel.audit import AuditEntry
from kernel.clock import day_bounds
from kernel.people.models import Person
from kernel.text import Text
from shop.orders import queries as orders
from shop.orders.models import CHANNELS, Order
from shop.orders.states import HELD, PAID, REFUNDED, STATES
from shop.payments import queries as payments
from shop.payments.models import Payment, PaymentNote, Refund
from shop.payments.states import SUCCEEDED
from shop.streams.models import Stream

SHOWN_FOR = timedelta(minutes=10)
BUYER_SHOWN = "order.buyer_shown"

_NUMBER = re.compile(r"[A-Za-z][0-9]{6}-[0-9A-Za-z]{8}", re.ASCII)
_DIGITS = re.compile(r"[0-9]+", re.ASCII)
_MOST_STREAMS = 100
MOST_ADDED = 2_000


PLACED, PAYING = "placed", "paid"
# No day that can be typed lies beyond.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)
UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class OrderSearch:
    """What to look for; everything empty finds all."""

    words: str = ""
    state: str = ""
    channel: str = ""
    stream_id: int | None = None
    province: str = ""
    # Both days included, of the workshop's zone; orders placed on them, or paid.
    since: date | None = None
    until: date | None = None
    by: str = PLACED
    zone: ZoneInfo = UTC_ZONE
    order: str = ""

    def as_query(self) -> dict[str, str]:
        """The search as the query of an address."""
        asked: dict[str, object] = {"q": self.words, "state": self.state, "channel": self.channel}
        asked |= {"stream": self.stream_id, "province": self.province, "from": self.since, "to": self.until}
        asked |= {"by": "" if self.by == PLACED else self.by, "order": self.order}
        return {name: str(value) for name, value in asked.items() if value}

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """From when to when, if days are asked for; the end does not belong to it."""
        if self.since is None and self.until is None:
            return None
        first, last = self.since or FIRST_DAY, self.until or LAST_DAY
        return day_bounds(first, self.zone)[0], day_bounds(last, self.zone)[1]


# The ids of orders sort by time.
ORDERS: Sortings = {
    "": Sorting(Text("新的在前", "Newest first"), Order.id),
    "oldest": Sorting(Text("旧的在前", "Oldest first"), Order.id, is_down=False),
    "paid": Sorting(Text("最近付款的在前", "Last paid first"), Order.paid_at),
    "dear": Sorting(Text("金额大的在前", "Largest total first"), Order.total_fen),
    "cheap": Sorting(Text("金额小的在前", "Smallest total first"), Order.total_fen, is_down=False),
}


def find_orders(search: OrderSearch) -> Select[Order]:
    """Orders that match, with their lines, for ``paging``; in the order of payments only those that were paid."""
    wanted = select(Order).options(selectinload(Order.lines))
    if search.order == "paid":
        wanted = wanted.where(Order.paid_at.is_not(None))
    if search.words:
        wanted = wanted.where(_matches(search.words))
    if search.state:
        wanted = wanted.where(Order.state == search.state)
    if search.channel:
        wanted = wanted.where(Order.channel == search.channel)
    if search.stream_id is not None:
        wanted = wanted.where(Order.stream_id == search.stream_id)
    if search.province:
        wanted = wanted.where(Order.province == search.province)
    if search.by == PAYING:
        wanted = wanted.where(Order.paid_at.is_not(None))
    if search.span:
        wanted = wanted.where(*_within(search.by, *search.span))
    return wanted


def _within(by: str, start: datetime, end: datetime) -> tuple[ColumnElement[bool], ...]:
    if by == PAYING:
        return Order.paid_at >= start, Order.paid_at < end
    # All states are named so that the index on state and time serves.
    return Order.state.in_(STATES), Order.created_at >= start, Order.created_at < end


@dataclass(frozen=True)
class OrderSums:
    """What the orders of a search add up to, in fen; what a buyer's next order took over is counted with that one."""

    orders: int
    total_fen: int
    paid: int
    paid_fen: int
    refunded_fen: int
    taken_over: int

    @property
    def net_fen(self) -> int:
        """Paid less refunded."""
        return self.paid_fen - self.refunded_fen


def sums_of(session: Session, search: OrderSearch) -> OrderSums | None:
    """What the found orders add up to; nothing of more than ``MOST_ADDED``."""
    found = find_orders(search).with_only_columns(Order.total_fen, Order.refunded_fen, Order.paid_at, Order.replaced_by)
    rows = session.execute(found.limit(MOST_ADDED + 1)).all()
    if len(rows) > MOST_ADDED:
        return None
    mine = [row for row in rows if row.replaced_by is None]
    paid = [row for row in mine if row.paid_at is not None]
    return OrderSums(
        orders=len(mine),
        total_fen=sum(row.total_fen for row in mine),
        paid=len(paid),
        paid_fen=sum(row.total_fen for row in paid),
        refunded_fen=sum(row.refunded_fen for row in paid),
        taken_over=len(rows) - len(mine),
    )


def _matches(words: str) -> ColumnElement[bool]:
    """An order number, digits (a platform's number, a phone, its last four), or the beginning of a name."""
    is_number = Order.number == words.upper()
    if _NUMBER.fullmatch(words):
        return is_number
    if len(words) == 4 and _DIGITS.fullmatch(words):
        # Written as in the index, with no bound parameter, so that the index serves.
        return literal_column("right(orders.phone, 4)") == words
    # Every channel is named so that the index on the channels' own numbers serves; refunded orders are not in it.
    live = and_(Order.state != REFUNDED, Order.channel.in_(CHANNELS), Order.channel_number == words)
    by_channel = or_(live, and_(Order.state == REFUNDED, Order.channel_number == words))
    if _DIGITS.fullmatch(words):
        return or_(by_channel, Order.phone == words)
    return or_(is_number, by_channel, Order.buyer_name.startswith(words, autoescape=True))


def recent_streams(session: Session) -> Sequence[Stream]:
    """Streams to choose from, newest first."""
    return session.scalars(
        select(Stream).order_by(Stream.starts_at.desc(), Stream.id.desc()).limit(_MOST_STREAMS)
    ).all()


@dataclass(frozen=True)
class PackedBox:
    """A parcel of an order, and who packed or packs it."""

    parcel: Parcel
    packer: str | None


@dataclass(frozen=True)
class OrderFile:
    """Everything that is known about one order; ``left_fen`` may still go back through our own payment."""

    order: Order
    payments: Sequence[Payment]
    refunds: Sequence[Refund]
    notes: Sequence[PaymentNote]
    boxes: Sequence[PackedBox]
    stream: Stream | None
    left_fen: int
    is_buyer_shown: bool

    @property
    def is_paid_here(self) -> bool:
        """Whether its money came through our own payment page."""
        return any(payment.state == SUCCEEDED for payment in self.payments)

    @property
    def may_refund(self) -> bool:
        """Whether a part of its money can go back."""
        return self.left_fen > 0

    @property
    def may_call_off(self) -> bool:
        """Whether it can be cancelled, or what is left of its money sent back."""
        return self.order.state in (HELD, PAID) or self.left_fen > 0


def order_file(session: Session, number: str, *, person_id: int, now: datetime) -> OrderFile | None:
    """One order for somebody who works here, or ``None``."""
    order = orders.order_by_number(session, number)
    if order is None:
        return None
    paid = payments.paid_payment(session, order.id)
    return OrderFile(
        order=order,
        payments=payments.payments_of(session, order.id),
        refunds=payments.refunds_of(session, order.id),
        notes=session.scalars(
            select(PaymentNote).where(PaymentNote.order_id == order.id).order_by(PaymentNote.id)
        ).all(),
        boxes=_boxes(session, order.id),
        stream=session.get(Stream, order.stream_id) if order.stream_id else None,
        left_fen=paid.amount_fen - paid.refunded_fen if paid else 0,
        is_buyer_shown=was_shown(session, number, person_id=person_id, now=now),
    )


def _boxes(session: Session, order_id: UUID) -> Sequence[PackedBox]:
    rows = session.execute(
        select(Parcel, Person.name)
        .join(PackingTask, PackingTask.parcel_id == Parcel.id)
        .outerjoin(Person, Person.id == PackingTask.packer_id)
        .where(Parcel.order_id == order_id)
        .order_by(Parcel.sequence)
        .options(selectinload(Parcel.lines), selectinload(Parcel.task))
    )
    return [PackedBox(parcel, name) for parcel, name in rows]


def was_shown(session: Session, number: str, *, person_id: int, now: datetime) -> bool:
    """Whether this person asked to see the buyer a moment ago: the audit log itself is what opens it."""
    looked = exists().where(
        AuditEntry.subject == f"order:{number}",
        AuditEntry.at > now - SHOWN_FOR,
        AuditEntry.action == BUYER_SHOWN,
        AuditEntry.person_id == person_id,
    )
    return bool(session.scalar(select(looked)))
