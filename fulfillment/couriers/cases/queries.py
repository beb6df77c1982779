"""Reading what went wrong with couriers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from fulfillment.couriers.cases.models import CourierCase
from fulfillment.packing.models import Parcel

PAGE = 50


@dataclass(frozen=True)
class Waiting:
    """How many cases wait, and since when the oldest does."""

    count: int
    since: datetime | None


def waiting(session: Session) -> Waiting:
    """What waits for the lead."""
    row = session.execute(
        select(func.count(), func.min(CourierCase.opened_at)).where(CourierCase.settled_at.is_(None))
    ).one()
    return Waiting(*row)


def cases(session: Session, *, settled: bool, most: int = PAGE) -> Sequence[CourierCase]:
    """Open cases, oldest first; or settled ones, newest first."""
    found = select(CourierCase).options(
        selectinload(CourierCase.notes), selectinload(CourierCase.parcel).selectinload(Parcel.lines)
    )
    if settled:
        found = found.where(CourierCase.settled_at.is_not(None)).order_by(
            CourierCase.settled_at.desc(), CourierCase.id.desc()
        )
    else:
        found = found.where(CourierCase.settled_at.is_(None)).order_by(CourierCase.opened_at, CourierCase.id)
    return session.scalars(found.limit(most)).all()


def open_kinds(session: Session, parcel_id: int) -> frozenset[str]:
    """The kinds of open cases of a parcel."""
    return frozenset(
        session.scalars(
            select(CourierCase.kind).where(CourierCase.parcel_id == parcel_id, CourierCase.settled_at.is_(None))
        )
    )


def cases_of(session: Session, parcel_id: int) -> Sequence[CourierCase]:
    """Every case of a parcel, oldest first."""
    return session.scalars(
        select(CourierCase)
        .where(CourierCase.parcel_id == parcel_id)
        .options(selectinload(CourierCase.notes))
        .order_by(CourierCase.id)
    ).all()


def settled_since(session: Session, parcel_id: int, since: datetime) -> frozenset[str]:
    """Kinds of cases that a person has settled since a moment: without news they are not opened again."""
    return frozenset(
        session.scalars(
            select(CourierCase.kind).where(
                CourierCase.parcel_id == parcel_id, CourierCase.settled_at >= since, CourierCase.outcome != "passed"
            )
        )
    )
