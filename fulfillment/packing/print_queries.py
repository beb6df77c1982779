"""Slips: what is to be printed, in which order, and what was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, selectinload

from fulfillment.packing import queries
from fulfillment.packing.models import PackingTask, Parcel, PrintJob, SlipPrint
from fulfillment.packing.states import TAKEN
from kernel.people.models import Person

PAGE = 50

_PACKING_ORDER = text("""
    SELECT t.parcel_id FROM packing_tasks t
    WHERE t.state = 'waiting' AND (NOT :unprinted OR NOT EXISTS (SELECT 1 FROM slip_prints s WHERE s.parcel_id = t.parcel_id))
    ORDER BY min(t.due_at) OVER (PARTITION BY t.mix, date_trunc('day', t.due_at, :zone)), t.mix, t.due_at, t.id
    LIMIT :most
""")


def waiting_in_packing_order(session: Session, zone: ZoneInfo, *, unprinted: bool, most: int) -> list[Parcel]:
    """Waiting parcels as they are packed best: the same goods of a day together, the group that is due first first."""
    facts = {"zone": zone.key, "unprinted": unprinted, "most": most}
    return parcels_in_order(session, list(session.scalars(_PACKING_ORDER, facts)))


def parcels_in_order(session: Session, ids: Sequence[int]) -> list[Parcel]:
    """These parcels with their lines and tasks, in the order of the ids; ids that are not there are left out."""
    found = session.scalars(
        select(Parcel).where(Parcel.id.in_(ids)).options(selectinload(Parcel.lines), selectinload(Parcel.task))
    )
    by_id = {parcel.id: parcel for parcel in found}
    return [by_id[parcel_id] for parcel_id in ids if parcel_id in by_id]


def prints_of(session: Session, parcel_id: int) -> Sequence[SlipPrint]:
    """A parcel's prints, first copy first."""
    return session.scalars(select(SlipPrint).where(SlipPrint.parcel_id == parcel_id).order_by(SlipPrint.copy)).all()


def copies_of(session: Session, parcel_ids: Sequence[int]) -> dict[int, int]:
    """How often each slip was printed; parcels without a print are left out."""
    rows = session.execute(
        select(SlipPrint.parcel_id, func.max(SlipPrint.copy))
        .where(SlipPrint.parcel_id.in_(parcel_ids))
        .group_by(SlipPrint.parcel_id)
    )
    return {row[0]: row[1] for row in rows}


def job_of(session: Session, job_id: int) -> PrintJob | None:
    """A print job, or ``None``."""
    return session.get(PrintJob, job_id) if job_id < 2**62 else None


def find_job(session: Session, key: str) -> PrintJob | None:
    """The job that a form made, when it made one."""
    return session.scalar(select(PrintJob).where(PrintJob.key == key))


def prints_of_job(session: Session, job_id: int) -> Sequence[SlipPrint]:
    """The papers of a job in the order of printing."""
    return session.scalars(select(SlipPrint).where(SlipPrint.job_id == job_id).order_by(SlipPrint.place)).all()


def parcels_of_job(session: Session, job_id: int) -> dict[int, Parcel]:
    """The parcels of a job by their place in it, in the order of printing."""
    prints = prints_of_job(session, job_id)
    parcels = parcels_in_order(session, [one.parcel_id for one in prints])
    return {one.place: parcel for one, parcel in zip(prints, parcels, strict=True)}


@dataclass(frozen=True)
class InHand:
    """Somebody's work in hand, in the order in which it is done."""

    person_id: int
    name: str
    parcels: Sequence[Parcel]


def in_hand_in_packing_order(session: Session) -> list[InHand]:
    """What is in everybody's hands, each in exactly the order of the person's own screen."""
    people = session.execute(
        select(Person.id, Person.name)
        .where(Person.id.in_(select(PackingTask.packer_id).where(PackingTask.state == TAKEN)))
        .order_by(Person.name, Person.id)
    )
    return [InHand(row.id, row.name, work_of(session, row.id)) for row in people.all()]


def work_of(session: Session, packer_id: int) -> list[Parcel]:
    """The parcels in a packer's hands, first to be packed first."""
    return parcels_in_order(session, [task.parcel_id for task in queries.tasks_in_hand(session, packer_id)])


@dataclass(frozen=True)
class PrintLine:
    """A line of a print log: slips have one, and couriers' labels."""

    id: int
    at: datetime
    by: str
    copy: int
    reason: str
    parcel: str


def print_log(session: Session, *, only_again: bool, before: int | None = None, most: int = PAGE) -> list[PrintLine]:
    """Prints, newest first; ``only_again`` leaves the first copies out, ``before`` is the id to go on from."""
    columns = (SlipPrint.id, SlipPrint.at, SlipPrint.by, SlipPrint.copy, SlipPrint.reason, Parcel.number)
    lines = select(*columns).join(Parcel, Parcel.id == SlipPrint.parcel_id).order_by(SlipPrint.id.desc()).limit(most)
    if only_again:
        lines = lines.where(SlipPrint.copy > 1)
    if before is not None:
        lines = lines.where(SlipPrint.id < before)
    return [PrintLine(*row) for row in session.execute(lines)]
