"""What the packing lead looks at: the people, the backlog, parcels and what happened to them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select, text, tuple_, union
from sqlalchemy.orm import Session, contains_eager, selectinload

from fulfillment.crew import queries as crew
from fulfillment.crew.queries import Presence, here_now
from fulfillment.packing import queries
from fulfillment.packing.lead_rules import UNWELL, parcel_number
from fulfillment.packing.models import PackingTask, Parcel, SlipPrint, TaskLog
from fulfillment.packing.pace_rules import Bench as PaceOfBench
from fulfillment.packing.pace_rules import an_hour
from fulfillment.packing.pins.models import TaskPin
from fulfillment.packing.states import PACKED, STOPPED, TAKEN, WAITING
from kernel.audit import AuditEntry
from kernel.clock import day_bounds, local_day
from kernel.people.models import Person
from shop.orders.models import CHANNELS, Order
from shop.orders.states import PAID, REFUNDED

PAGE = 50


@dataclass(frozen=True)
class AtWork:
    """A packer today: ``here`` is empty for who is not here; what the day brought, in pieces, fen and seconds at work."""

    person_id: int
    name: str
    in_hand: int
    packed: int
    earned_fen: int
    here: Presence | None
    worked_s: int

    @property
    def here_since(self) -> datetime | None:
        """Since when the person is here."""
        return self.here.here_since if self.here else None

    @property
    def pieces_an_hour(self) -> Fraction | None:
        """Pieces an hour of today, once there is enough to tell."""
        return an_hour(self.packed, self.worked_s)

    @property
    def fen_an_hour(self) -> int | None:
        """Fen an hour of today, once there is enough to tell."""
        fen = an_hour(self.earned_fen, self.worked_s)
        return None if fen is None else round(fen)


_PEOPLE = text("""
    SELECT e.id, e.name, (SELECT count(*) FROM packing_tasks t WHERE t.packer_id = e.id AND t.state = 'taken') AS in_hand,
           COALESCE(w.pieces, 0)::int AS packed, COALESCE(w.fen, 0)::bigint AS fen
    FROM people e JOIN person_roles r ON r.person_id = e.id AND r.role = 'packer'
    LEFT JOIN (SELECT packer_id, sum(sign(amount_fen)) FILTER (WHERE task_id IS NOT NULL) AS pieces,
                      sum(amount_fen) AS fen FROM wage_entries
               WHERE earned_at >= :start AND earned_at < :end GROUP BY packer_id) w ON w.packer_id = e.id
    WHERE e.active ORDER BY e.name, e.id
""")


def people_at_work(session: Session, now: datetime, zone: ZoneInfo) -> list[AtWork]:
    """Every active packer, who came first at the top, then who is not here by name: never by who is faster."""
    start, end = day_bounds(local_day(now, zone), zone)
    here = crew.here_now(session, now)
    worked = crew.worked_seconds_by_person(session, start, now)
    people = [
        AtWork(row.id, row.name, row.in_hand, row.packed, row.fen, here.get(row.id), worked.get(row.id, 0))
        for row in session.execute(_PEOPLE, {"start": start, "end": end})
    ]
    return sorted(people, key=lambda person: (person.here is None, person.here_since or now))


# Long enough to even out one slow box, short enough to be about now.
_PACE_OVER = timedelta(hours=2)
_PACKED_SINCE = text(
    "SELECT COALESCE(sum(sign(amount_fen)), 0)::int FROM wage_entries WHERE task_id IS NOT NULL AND earned_at >= :since"
)


def bench_now(session: Session, now: datetime) -> PaceOfBench:
    """The pace of the last two hours, and who packs on until when."""
    since = now - _PACE_OVER
    packed = session.scalar(_PACKED_SINCE, {"since": since}) or 0
    seconds = sum(crew.worked_seconds_by_person(session, since, now).values())
    at_work = [each for each in crew.here_now(session, now).values() if each.break_since is None]
    return PaceOfBench(an_hour(packed, seconds), [each.planned_until for each in at_work])


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


@dataclass(frozen=True)
class Unwell:
    """Somebody who stopped because they were unwell and has not come back to work since."""

    person_id: int
    shown_name: str
    at: datetime


def unwell_today(session: Session, now: datetime, zone: ZoneInfo) -> list[Unwell]:
    """Who said today that they are unwell, until they begin a new shift; the last word of each, newest first."""
    start, _ = day_bounds(local_day(now, zone), zone)
    here = here_now(session, now)
    said = session.execute(
        select(AuditEntry.subject, AuditEntry.at)
        .where(AuditEntry.at >= start, AuditEntry.action == UNWELL)
        .order_by(AuditEntry.at.desc())
    )
    last: dict[int, datetime] = {}
    for subject, at in said:
        last.setdefault(int(subject.removeprefix("person:")), at)
    names = {
        row.id: row.shown_name
        for row in session.execute(select(Person.id, Person.shown_name).where(Person.id.in_(last)))
    }
    return [Unwell(person, names[person], at) for person, at in last.items() if person not in here]


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


def to_unpack(session: Session) -> Sequence[PackingTask]:
    """Closed boxes whose order was stopped: put aside, their goods go back to the shelf. Oldest first."""
    return session.scalars(
        select(PackingTask)
        .join(PackingTask.parcel)
        .options(contains_eager(PackingTask.parcel).selectinload(Parcel.lines))
        .where(PackingTask.state == STOPPED, PackingTask.packed_at.is_not(None), PackingTask.put_back_at.is_(None))
        .order_by(PackingTask.id)
        .limit(PAGE)
    ).all()


def waiting_tasks(session: Session, now: datetime, most: int = PAGE) -> Sequence[PackingTask]:
    """What lies on the pile and is kept for nobody, earliest due first."""
    kept = select(TaskPin.task_id).where(TaskPin.task_id == PackingTask.id)
    return session.scalars(
        select(PackingTask)
        .join(PackingTask.parcel)
        .options(contains_eager(PackingTask.parcel).selectinload(Parcel.lines))
        .where(*queries.is_on_the_pile(now), ~kept.exists())
        .order_by(PackingTask.due_at, PackingTask.id)
        .limit(most)
    ).all()
