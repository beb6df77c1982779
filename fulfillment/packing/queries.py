"""Reading packing work."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, or_, select, text
from sqlalchemy.orm import Session, joinedload, selectinload

from fulfillment.crew.models import Shift
from fulfillment.crew.queries import is_at_work, is_here
from fulfillment.packing.models import TO_DO, TO_PUT_BACK, Packer, PackingTask, Parcel, ParcelLine, SlipPrint, TaskLog
from fulfillment.packing.pins.queries import is_kept_for_another
from fulfillment.packing.states import CANCELLED, HANDED_OVER, OPEN, PACKED, TAKEN, WAITING
from fulfillment.piecework.models import WageEntry
from fulfillment.routing.rules import Hands, needs_that_suit
from kernel.clock import day_bounds, local_day
from kernel.people.models import Person, PersonRole
from kernel.people.rules import PACKER
from shop.catalog.models import Variant
from shop.orders.models import OrderLine


def tasks_in_hand(session: Session, packer_id: int) -> Sequence[PackingTask]:
    """What a packer has taken and not finished, in the order in which it was handed out."""
    return session.scalars(
        select(PackingTask)
        .where(PackingTask.packer_id == packer_id, PackingTask.state == TAKEN)
        .options(selectinload(PackingTask.parcel).selectinload(Parcel.lines))
        .order_by(PackingTask.batch_place, PackingTask.due_at, PackingTask.id)
    ).all()


def to_put_back(session: Session, packer_id: int) -> Sequence[PackingTask]:
    """Work that was stopped in a packer's hands and whose goods are not back on the shelf yet."""
    return session.scalars(
        select(PackingTask)
        .where(PackingTask.packer_id == packer_id, text(TO_PUT_BACK))
        .options(selectinload(PackingTask.parcel).selectinload(Parcel.lines))
        .order_by(PackingTask.id)
    ).all()


def packs_here(session: Session, person_id: int) -> bool:
    """Whether somebody is a packer now, as committed at this moment."""
    packer = select(PersonRole.person_id).join(Person).where(Person.active, PersonRole.role == PACKER)
    return session.scalar(packer.where(PersonRole.person_id == person_id)) is not None


# What work may ask for; who has said nothing can do all of it.
ALL_ABILITIES = frozenset(("lift", "read", "fine_motor"))


def hands_of(packer: Packer) -> Hands:
    """What a person can do, from the preferences stated."""
    is_hard = {
        "lift": packer.no_lifting or packer.seated or packer.one_handed,
        "read": packer.no_reading or packer.low_sight,
        "fine_motor": packer.one_handed,
    }
    return Hands(frozenset(ability for ability in ALL_ABILITIES if not is_hard[ability]))


def is_on_the_pile(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Work that may be handed out now: nobody has it, and it does not rest while the lead looks at its goods."""
    rests = PackingTask.rests_until
    return PackingTask.state == WAITING, or_(rests.is_(None), rests <= now)


def suits(packer: Packer) -> ColumnElement[bool]:
    """Work whose needs the packer meets."""
    return PackingTask.needs.in_(needs_that_suit(hands_of(packer)))


@dataclass(frozen=True)
class Pile:
    """Work that waits: how much of it suits one person, and how much there is for everybody."""

    suitable: int
    total: int


def pile_for(session: Session, packer_id: int, now: datetime) -> Pile:
    """What waits for a packer; a person who has said nothing yet can do any work."""
    packer = session.get(Packer, packer_id)
    counted = select(func.count()).select_from(PackingTask).where(*is_on_the_pile(now))
    counted = counted.where(~is_kept_for_another(packer_id, now))
    everything = session.scalar(counted) or 0
    suitable = session.scalar(counted.where(suits(packer))) if packer else everything
    return Pile(suitable or 0, everything)


@dataclass(frozen=True)
class Batch:
    """How far a batch is."""

    done: int
    size: int


def batch_progress(session: Session, batch: UUID) -> Batch:
    """How much of a batch is packed; what was given back or stopped does not count."""
    done, size = session.execute(
        select(func.count().filter(PackingTask.state == PACKED), func.count()).where(
            PackingTask.batch == batch, PackingTask.state.in_([TAKEN, PACKED])
        )
    ).one()
    return Batch(done, size)


def products_in(session: Session, parcel_id: int) -> set[int]:
    """The products that a parcel holds."""
    lines = select(Variant.product_id).join(ParcelLine, ParcelLine.variant_id == Variant.id)
    return set(session.scalars(lines.where(ParcelLine.parcel_id == parcel_id)))


def was_given_back_by(session: Session, task_id: int, packer_id: int) -> bool:
    """Whether a packer had the task and gave it back."""
    given_back = select(TaskLog.id).where(
        TaskLog.task_id == task_id, TaskLog.packer_id == packer_id, TaskLog.to_state == WAITING
    )
    return session.scalar(select(given_back.exists())) or False


def earned_today(session: Session, now: datetime, zone: ZoneInfo) -> dict[int, int]:
    """Fen earned today by everybody who is here, by person; zero for those who have not earned yet."""
    start, end = day_bounds(local_day(now, zone), zone)
    wages = (
        select(WageEntry.packer_id, func.sum(WageEntry.amount_fen).label("fen"))
        .where(WageEntry.earned_at >= start, WageEntry.earned_at < end)
        .group_by(WageEntry.packer_id)
        .subquery()
    )
    rows = session.execute(
        select(Shift.person_id, func.coalesce(wages.c.fen, 0))
        .outerjoin(wages, wages.c.packer_id == Shift.person_id)
        .where(is_here(now))
    )
    return {row[0]: int(row[1]) for row in rows}


def idle_people(session: Session, now: datetime) -> int:
    """How many people are here, not on a break, with nothing in hand."""
    in_hand = select(PackingTask.id).where(PackingTask.packer_id == Shift.person_id, PackingTask.state == TAKEN)
    idle = select(func.count()).select_from(Shift).where(is_at_work(now), ~in_hand.exists())
    return session.scalar(idle) or 0


def last_signs_of_work(session: Session, person_ids: Collection[int], since: datetime) -> dict[int, datetime]:
    """When people last took work, finished it or earned, from ``since`` on, by person."""
    rows = session.execute(_LAST_SIGNS, {"people": list(person_ids), "since": since})
    return {person_id: at for person_id, at in rows}  # noqa: C416 - dict() takes a result for a mapping


_LAST_SIGNS = text("""
    SELECT person_id, max(at) FROM (
        SELECT packer_id AS person_id, max(earned_at) AS at FROM wage_entries
        WHERE packer_id = ANY(:people) AND earned_at >= :since GROUP BY packer_id
        UNION ALL
        SELECT packer_id, max(at) FROM task_log
        WHERE packer_id = ANY(:people) AND at >= :since AND to_state IN ('taken', 'packed') GROUP BY packer_id
    ) signs GROUP BY person_id
""")


def slip_copies(session: Session, parcel_id: int) -> int:
    """How often a parcel's slip was printed."""
    return session.scalar(select(func.count()).select_from(SlipPrint).where(SlipPrint.parcel_id == parcel_id)) or 0


def quantities_of(session: Session, parcel_id: int) -> dict[int, int]:
    """How many of each variant are in a parcel."""
    rows = session.execute(
        select(ParcelLine.variant_id, func.sum(ParcelLine.quantity))
        .where(ParcelLine.parcel_id == parcel_id)
        .group_by(ParcelLine.variant_id)
    )
    return {variant_id: int(quantity) for variant_id, quantity in rows}


def all_handed_over(session: Session, order_id: UUID) -> bool:
    """Whether every parcel of an order has left."""
    left = select(func.count()).where(Parcel.order_id == order_id, Parcel.state.not_in([HANDED_OVER, CANCELLED]))
    return session.scalar(left) == 0


def some_handed_over(session: Session, order_id: UUID) -> bool:
    """Whether a parcel of an order has left."""
    gone = select(Parcel.id).where(Parcel.order_id == order_id, Parcel.state == HANDED_OVER)
    return session.scalar(select(gone.exists())) or False


def values_here(session: Session, order_id: UUID) -> dict[int, int]:
    """What the goods of each parcel that has not left were sold for, in fen, before any discount."""
    rows = session.execute(
        select(Parcel.id, func.sum(ParcelLine.quantity * OrderLine.unit_price_fen))
        .join(ParcelLine, ParcelLine.parcel_id == Parcel.id)
        .join(OrderLine, OrderLine.id == ParcelLine.order_line_id)
        .where(Parcel.order_id == order_id, Parcel.state.in_([OPEN, PACKED]))
        .group_by(Parcel.id)
        .order_by(Parcel.id)
    )
    return {parcel_id: int(fen) for parcel_id, fen in rows}


def parcels_for_buyer(session: Session, order_id: UUID) -> list[dict[str, object]]:
    """Parcels as the buyer may see them: state, tracking, and who packed, as that person chose to be shown."""
    rows = session.execute(
        select(Parcel, Packer)
        .join(PackingTask, PackingTask.parcel_id == Parcel.id)
        .outerjoin(Packer, Packer.person_id == PackingTask.packer_id)
        # A parcel that nobody has taken has no packer, so the packer's person must not be joined as if there were one.
        .options(joinedload(Packer.person, innerjoin=False))
        .where(Parcel.order_id == order_id, Parcel.state != CANCELLED)
        .order_by(Parcel.sequence)
    )
    return [
        {
            "number": parcel.number,
            "state": parcel.state,
            "carrier": parcel.carrier,
            "tracking_number": parcel.tracking_number,
            "handed_over_at": parcel.handed_over_at.isoformat() if parcel.handed_over_at else None,
            "packed_by": packer.person.shown_name if packer and parcel.state in (PACKED, HANDED_OVER) else None,
        }
        for parcel, packer in rows
    ]


@dataclass(frozen=True)
class Backlog:
    """How much packing work there is."""

    waiting: int
    taken: int
    packed: int
    late: int

    @property
    def open(self) -> int:
        """What is not packed yet."""
        return self.waiting + self.taken


def backlog(session: Session, now: datetime) -> Backlog:
    """Tasks by state, and how many that are not packed are past their time."""
    by_state = session.execute(
        select(PackingTask.state, func.count())
        .join(Parcel)
        .where(Parcel.state.in_(["open", "packed"]))
        .group_by(PackingTask.state)
    )
    counts = {state: number for state, number in by_state}  # noqa: C416 - dict() takes a result for a mapping
    late = session.scalar(select(func.count()).select_from(PackingTask).where(text(TO_DO), PackingTask.due_at < now))
    return Backlog(counts.get(WAITING, 0), counts.get(TAKEN, 0), counts.get(PACKED, 0), late or 0)


def parcel_by_number(session: Session, number: str) -> Parcel | None:
    """A parcel as scanned or typed, with its lines."""
    return session.scalar(
        select(Parcel).where(Parcel.number == number).options(selectinload(Parcel.lines), selectinload(Parcel.task))
    )
