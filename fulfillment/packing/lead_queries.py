"""What the packing lead looks at: the people, the backlog, parcels and what happened to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select, text, tuple_, union
from sqlalchemy.orm import Session, contains_eager, selectinload

from fulfillment.crew.rules import LONGEST_SHIFT
from fulfillment.packing.lead_rules import parcel_number
from fulfillment.packing.models import PackingTask, Parcel, SlipPrint, TaskLog
from fulfillment.packing.states import PACKED, TAKEN, WAITING
from kernel.audit import AuditEntry
from kernel.clock import day_bounds, local_day
from kernel.people.models import Person
from shop.orders.models import CHANNELS, Order
from shop.orders.states import PAID, REFUNDED

PAGE = 50


@dataclass(frozen=True)
class AtWork:
    """A packer today; ``here_since`` is empty for who is not here. Money in fen."""

    person_id: int
    name: str
    here_since: datetime | None
    in_hand: int
    packed: int
    earned_fen: int


_PEOPLE = text("""
    SELECT e.id, e.name, k.began_at AS here_since,
           (SELECT count(*) FROM packing_tasks t WHERE t.packer_id = e.id AND t.state = 'taken') AS in_hand,
           COALESCE(w.pieces, 0)::int AS packed, COALESCE(w.fen, 0)::bigint AS fen
    FROM people e JOIN person_roles r ON r.person_id = e.id AND r.role = 'packer'
    LEFT JOIN shifts k ON k.person_id = e.id AND k.ended_at IS NULL AND k.began_at >= :not_before
    LEFT JOIN (SELECT packer_id, sum(sign(amount_fen)) FILTER (WHERE task_id IS NOT NULL) AS pieces, sum(amount_fen) AS fen FROM wage_entries
               WHERE earned_at >= :start AND earned_at < :end GROUP BY packer_id) w ON w.packer_id = e.id
    WHERE e.active
    ORDER BY here_since NULLS LAST, e.name, e.id
""")


def people_at_work(session: Session, now: datetime, zone: ZoneInfo) -> list[AtWork]:
    """Every active packer, who is here first; since when, what is in hand, what today has brought."""
    start, end = day_bounds(local_day(now, zone), zone)
    facts = {"start": start, "end": end, "not_before": now - LONGEST_SHIFT}
    return [AtWork(*row) for row in session.execute(_PEOPLE, facts)]


def tasks_in_hand_by_person(session: Session) -> dict[int, list[PackingTask]]:
    """What is in whose hands, earliest due first."""
    tasks = session.scalars(
        select(PackingTask)
        .join(PackingTask.parcel)
        .options(contains_eager(PackingTask.parcel).selectinload(Parcel.lines))
        .where(PackingTask.state == TAKEN)
        .order_by(PackingTask.due_at, PackingTask.id)
    )
    in_hand: dict[int, list[PackingTask]] = {}
    for task in tasks:
        assert task.packer_id is not None
        in_hand.setdefault(task.packer_id, []).append(task)
    return in_hand


@dataclass(frozen=True)
class DueHour:
    """Work that is due within one hour of the clock; ``starts_at`` is empty for what is late."""

    starts_at: datetime | None
    first_due: datetime
    waiting: int
    in_hand: int


# Two arms, so that each uses the partial index of its state.
_BY_HOUR = text("""
    SELECT CASE WHEN due_at < :now THEN NULL ELSE date_trunc('hour', due_at, :zone) END AS hour, min(due_at) AS first_due,
           count(*) FILTER (WHERE state = 'waiting') AS waiting, count(*) FILTER (WHERE state = 'taken') AS in_hand
    FROM (SELECT due_at, state FROM packing_tasks WHERE state = 'waiting'
          UNION ALL SELECT due_at, state FROM packing_tasks WHERE state = 'taken') open
    GROUP BY hour ORDER BY hour NULLS FIRST
""")


def backlog_by_hour(session: Session, now: datetime, zone: ZoneInfo) -> list[DueHour]:
    """What is not packed yet by the hour it is due: late first, then hour by hour."""
    return [DueHour(*row) for row in session.execute(_BY_HOUR, {"now": now, "zone": zone.key})]


def packed_waiting(session: Session) -> int:
    """How many packed parcels wait for the courier."""
    return session.scalar(select(func.count()).select_from(Parcel).where(Parcel.state == PACKED)) or 0


def troubled(session: Session, now: datetime) -> Sequence[PackingTask]:
    """Work that was given back because of its goods and rests until the lead has looked, oldest first."""
    return session.scalars(
        select(PackingTask)
        .join(PackingTask.parcel)
        .options(contains_eager(PackingTask.parcel).selectinload(Parcel.lines))
        .where(PackingTask.state == WAITING, PackingTask.trouble.is_not(None), PackingTask.rests_until > now)
        .order_by(PackingTask.rests_until, PackingTask.id)
        .limit(PAGE)
    ).all()


def paid_without_parcels(session: Session) -> Sequence[Order]:
    """Paid orders that nobody will ever pack: there should be none."""
    has_parcel = select(Parcel.id).where(Parcel.order_id == Order.id).exists()
    return session.scalars(
        select(Order).where(Order.state == PAID, ~has_parcel).order_by(Order.paid_at).limit(PAGE)
    ).all()


# What the list of parcels may be narrowed to.
_NARROWED = {
    WAITING: PackingTask.state == WAITING,
    TAKEN: PackingTask.state == TAKEN,
    PACKED: and_(PackingTask.state == PACKED, Parcel.state == PACKED),
}
LISTED = tuple(_NARROWED)


def parcels_in(
    session: Session, state: str, *, after: tuple[datetime, int] | None = None, most: int = PAGE
) -> list[Parcel]:
    """Parcels that are waiting, in hand or packed, earliest due first; ``after`` is where the last page ended."""
    page = (
        select(Parcel)
        .join(Parcel.task)
        .join(Parcel.order)
        .options(contains_eager(Parcel.task), contains_eager(Parcel.order), selectinload(Parcel.lines))
        .where(_NARROWED[state])
        .order_by(Parcel.due_at, Parcel.id)
        .limit(most)
    )
    if after is not None:
        page = page.where(tuple_(Parcel.due_at, Parcel.id) > after)
    return list(session.scalars(page))


def names_of(session: Session, person_ids: Sequence[int | None]) -> dict[int, str]:
    """Names by id, for showing who has what."""
    wanted = {person_id for person_id in person_ids if person_id is not None}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(wanted)))
    return {row.id: row.name for row in rows}


def find_parcels(session: Session, scanned: str) -> Sequence[Parcel]:
    """Parcels by their own number, the courier's, or their order's: ours, or a platform's unless it was refunded."""
    plain = parcel_number(scanned)
    # Named channels and "not refunded" let the query use the unique index of live orders.
    of_platform = and_(Order.channel.in_(CHANNELS), Order.channel_number == scanned, Order.state != REFUNDED)
    # A union, so that each way of naming a parcel uses its own index.
    found = union(
        select(Parcel.id).where(Parcel.number == plain),
        select(Parcel.id).where(Parcel.tracking_number == plain),
        select(Parcel.id).join(Order).where(Order.number == scanned),
        select(Parcel.id).join(Order).where(of_platform),
    )
    return session.scalars(
        select(Parcel)
        .where(Parcel.id.in_(found))
        .options(selectinload(Parcel.lines), selectinload(Parcel.task))
        .order_by(Parcel.order_id, Parcel.sequence)
        .limit(PAGE)
    ).all()


@dataclass(frozen=True)
class Event:
    """Something that happened to a parcel; ``what`` and ``reason`` are words for the template, ``copy`` counts prints."""

    at: datetime
    by: str
    what: str
    reason: str = ""
    copy: int = 0


def history_of(session: Session, parcel: Parcel) -> list[Event]:
    """All that happened to a parcel, newest first: moves of its work, prints, the courier."""
    moves = session.scalars(select(TaskLog).where(TaskLog.task_id == parcel.task.id)).all()
    prints = session.scalars(select(SlipPrint).where(SlipPrint.parcel_id == parcel.id)).all()
    changes = session.scalars(select(AuditEntry).where(AuditEntry.subject == f"parcel:{parcel.number}")).all()
    events = [
        *(Event(move.at, move.by, move.to_state, move.reason) for move in moves),
        *(Event(one.at, one.by, "printed", one.reason, one.copy) for one in prints),
        *(Event(change.at, change.actor, change.action, _waybill(change)) for change in changes),
    ]
    return sorted(events, key=lambda event: event.at, reverse=True)


def _waybill(change: AuditEntry) -> str:
    return " ".join(str(change.after[word]) for word in ("carrier", "tracking") if word in change.after)


def parcels_of_order(session: Session, order: Order) -> Sequence[Parcel]:
    """An order's parcels, for showing what stopping it means."""
    return session.scalars(
        select(Parcel)
        .where(Parcel.order_id == order.id)
        .options(selectinload(Parcel.lines), selectinload(Parcel.task))
        .order_by(Parcel.sequence)
    ).all()
