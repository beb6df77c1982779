"""Reading wages and rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from fulfillment.piecework.models import PieceRate, WageEntry


@dataclass(frozen=True)
class Earned:
    """Pieces and fen of one packer in one span of time."""

    pieces: int
    fen: int


def earned_between(session: Session, packer_id: int, start: datetime, end: datetime) -> Earned:
    """What a packer earned from ``start`` to before ``end``."""
    pieces, fen = session.execute(
        select(
            func.coalesce(func.sum(func.sign(WageEntry.amount_fen)), 0),
            func.coalesce(func.sum(WageEntry.amount_fen), 0),
        ).where(WageEntry.packer_id == packer_id, WageEntry.earned_at >= start, WageEntry.earned_at < end)
    ).one()
    return Earned(int(pieces), int(fen))


@dataclass(frozen=True)
class PassBookLine:
    """A line of a packer's pass book; ``amount_fen`` is negative where a line was taken back."""

    id: int
    kind: str
    amount_fen: int
    earned_at: datetime
    reason: str
    parcel: str


_LINES_SQL = """
    SELECT w.id, w.kind, w.amount_fen, w.earned_at, w.reason, p.number AS parcel
    FROM wage_entries w JOIN packing_tasks t ON t.id = w.task_id JOIN parcels p ON p.id = t.parcel_id
    WHERE w.packer_id = :packer AND {bound} ORDER BY w.id {direction} LIMIT :most
"""
_FROM_NEWEST = text(_LINES_SQL.format(bound="true", direction="DESC"))
_OLDER = text(_LINES_SQL.format(bound="w.id < :bound", direction="DESC"))
_NEWER = text(_LINES_SQL.format(bound="w.id > :bound", direction="ASC"))


def pass_book(session: Session, packer_id: int, *, before: int | None = None, most: int = 50) -> list[PassBookLine]:
    """A packer's lines, newest first, each with its parcel's number; ``before`` is the id to go on from."""
    facts = {"packer": packer_id, "bound": before, "most": most}
    rows = session.execute(_FROM_NEWEST if before is None else _OLDER, facts)
    return [PassBookLine(*row) for row in rows]


def pass_book_after(session: Session, packer_id: int, *, after: int, most: int = 50) -> list[PassBookLine]:
    """The lines that come right after the one with this id, newest first."""
    rows = session.execute(_NEWER, {"packer": packer_id, "bound": after, "most": most})
    return [PassBookLine(*row) for row in rows][::-1]


_BY_PERSON = text("""
    SELECT e.id, e.name, COALESCE(sum(sign(w.amount_fen)), 0)::int AS pieces, COALESCE(sum(w.amount_fen), 0)::bigint AS fen
    FROM people e JOIN wage_entries w ON w.packer_id = e.id
    WHERE w.earned_at >= :start AND w.earned_at < :end
    GROUP BY e.id, e.name ORDER BY fen DESC, e.id
""")


@dataclass(frozen=True)
class PersonWages:
    """What one person earned in a span of time: pieces less those taken back, and fen."""

    person_id: int
    name: str
    pieces: int
    fen: int


def wages_by_person(session: Session, start: datetime, end: datetime) -> list[PersonWages]:
    """Pieces and fen of everybody who earned in a span of time, most first."""
    return [PersonWages(*row) for row in session.execute(_BY_PERSON, {"start": start, "end": end})]


def all_rates(session: Session) -> Sequence[PieceRate]:
    """Every rate, newest first."""
    return session.scalars(
        select(PieceRate).order_by(PieceRate.valid_from.desc(), PieceRate.operation, PieceRate.up_to_g)
    ).all()
