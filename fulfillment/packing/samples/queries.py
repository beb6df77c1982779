"""Reading sample checks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload, undefer

from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.packing.samples.models import SampleCheck, SamplePhoto
from fulfillment.packing.samples.rules import DROPPED, DUE, MEND, OK, Packed, how_many
from fulfillment.packing.states import PACKED
from kernel.clock import day_bounds, local_day

PAGE = 30


@dataclass(frozen=True)
class Today:
    """Today's packing and what was chosen of it: a person and an hour for each chosen box."""

    packed: int
    people: int
    chosen_packers: list[int]
    chosen_hours: list[int]


def today(session: Session, now: datetime, zone: ZoneInfo) -> Today:
    """How much was packed today, by how many, and of whom boxes were chosen."""
    start, end = day_bounds(local_day(now, zone), zone)
    packed, people = session.execute(
        select(func.count(), func.count(PackingTask.packer_id.distinct())).where(
            PackingTask.packed_at >= start, PackingTask.packed_at < end, PackingTask.state == PACKED
        )
    ).one()
    chosen = session.execute(
        select(SampleCheck.packer_id, SampleCheck.packed_at).where(
            SampleCheck.packed_at >= start, SampleCheck.packed_at < end, SampleCheck.state != DROPPED
        )
    ).all()
    return Today(
        packed, people, [row.packer_id for row in chosen], [row.packed_at.astimezone(zone).hour for row in chosen]
    )


def count_to_choose(session: Session, rate_bps: int, now: datetime, zone: ZoneInfo) -> int:
    """How many boxes today's rate still asks for, as far as there are boxes to choose from."""
    so_far = today(session, now, zone)
    more = how_many(so_far.packed, len(so_far.chosen_packers), rate_bps, so_far.people)
    return min(more, len(may_be_chosen(session, now, zone))) if more else 0


def may_be_chosen(session: Session, now: datetime, zone: ZoneInfo) -> list[Packed]:
    """Boxes that were packed today, are still here, and were not chosen yet."""
    start, end = day_bounds(local_day(now, zone), zone)
    chosen = select(SampleCheck.id).where(SampleCheck.parcel_id == Parcel.id).exists()
    rows = session.execute(
        select(Parcel.id, PackingTask.packer_id, PackingTask.packed_at)
        .join(PackingTask, PackingTask.parcel_id == Parcel.id)
        .where(Parcel.state == PACKED, PackingTask.packed_at >= start, PackingTask.packed_at < end, ~chosen)
        .order_by(Parcel.id)
    )
    return [Packed(row.id, row.packer_id, row.packed_at.astimezone(zone).hour) for row in rows]


_WITH_GOODS = (
    joinedload(SampleCheck.parcel).selectinload(Parcel.lines),
    joinedload(SampleCheck.parcel).joinedload(Parcel.task),
)


def due(session: Session) -> Sequence[SampleCheck]:
    """Boxes that wait to be looked at and are still here, oldest first."""
    return session.scalars(
        select(SampleCheck)
        .join(SampleCheck.parcel)
        .where(SampleCheck.state == DUE, Parcel.state == PACKED)
        .options(*_WITH_GOODS)
        .order_by(SampleCheck.id)
        .limit(PAGE)
    ).all()


def count_due(session: Session) -> int:
    """How many boxes wait to be looked at."""
    waiting = select(func.count()).select_from(SampleCheck).join(SampleCheck.parcel)
    return session.scalar(waiting.where(SampleCheck.state == DUE, Parcel.state == PACKED)) or 0


def check_by_id(session: Session, check_id: int) -> SampleCheck | None:
    """One check with its box's goods."""
    found = select(SampleCheck).where(SampleCheck.id == check_id)
    return session.scalar(found.options(*_WITH_GOODS, selectinload(SampleCheck.photo)))


def looked_at(session: Session, *, packer_id: int | None = None, before: int | None = None) -> Sequence[SampleCheck]:
    """Checks that were made, of one person or of everybody, newest first; ``before`` is the id to go on from."""
    found = (
        select(SampleCheck)
        .where(SampleCheck.state.in_([OK, MEND]))
        .options(*_WITH_GOODS, selectinload(SampleCheck.photo))
        .order_by(SampleCheck.id.desc())
        .limit(PAGE + 1)
    )
    if packer_id is not None:
        found = found.where(SampleCheck.packer_id == packer_id)
    return session.scalars(found if before is None else found.where(SampleCheck.id < before)).all()


def photo_of(session: Session, check_id: int) -> SamplePhoto | None:
    """The photo of a check with its bytes."""
    return session.get(SamplePhoto, check_id, options=[undefer(SamplePhoto.jpeg)])


@dataclass(frozen=True)
class Tally:
    """How many of a person's boxes were looked at, and how many of them were all right."""

    looked: int
    good: int


def tally_by_person(session: Session, start: datetime, end: datetime) -> dict[int, Tally]:
    """Checks of boxes packed from ``start`` to ``end``, by person."""
    rows = session.execute(
        select(SampleCheck.packer_id, func.count(), func.count().filter(SampleCheck.state == OK))
        .where(SampleCheck.state.in_([OK, MEND]), SampleCheck.packed_at >= start, SampleCheck.packed_at < end)
        .group_by(SampleCheck.packer_id)
    )
    return {person_id: Tally(looked, good) for person_id, looked, good in rows}
