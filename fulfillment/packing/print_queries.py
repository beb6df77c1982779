"""Slips: what is to be printed, in which order, and what was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, selectinload

from fulfillment.packing.models import Parcel, SlipPrint

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


@dataclass(frozen=True)
class Batch:
    """Slips that one person printed at one moment: the prints and their parcels, in the order of printing."""

    at: datetime
    by: str
    prints: Sequence[SlipPrint]
    parcels: Sequence[Parcel]


def batch_of(session: Session, print_id: int) -> Batch | None:
    """The batch that a print belongs to, or ``None``."""
    one = session.get(SlipPrint, print_id)
    if one is None:
        return None
    prints = session.scalars(
        select(SlipPrint).where(SlipPrint.at == one.at, SlipPrint.by == one.by).order_by(SlipPrint.id)
    ).all()
    return Batch(one.at, one.by, prints, parcels_in_order(session, [row.parcel_id for row in prints]))


@dataclass(frozen=True)
class PrintLine:
    """A line of the print log."""

    id: int
    at: datetime
    by: str
    copy: int
    reason: str
    parcel: str


def print_log(session: Session, *, only_again: bool, before: int | None = None, most: int = PAGE) -> list[PrintLine]:
    """Prints, newest first; ``only_again`` leaves the first copies out, ``before`` is the id to go on from."""
    lines = select(SlipPrint.id, SlipPrint.at, SlipPrint.by, SlipPrint.copy, SlipPrint.reason, Parcel.number).join(
        Parcel, Parcel.id == SlipPrint.parcel_id
    )
    if only_again:
        lines = lines.where(SlipPrint.copy > 1)
    if before is not None:
        lines = lines.where(SlipPrint.id < before)
    return [PrintLine(*row) for row in session.execute(lines.order_by(SlipPrint.id.desc()).limit(most))]
