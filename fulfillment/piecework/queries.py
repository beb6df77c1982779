"""Reading wages and rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text, true
from sqlalchemy.orm import Session, aliased

from fulfillment.piecework.models import PieceRate, WageEntry
from kernel.clock import day_bounds
from kernel.text import Text


@dataclass(frozen=True)
class Earned:
    """Parcels packed and all that was earned, in fen, of one packer in one span of time."""

    pieces: int
    fen: int


def earned_between(session: Session, packer_id: int, start: datetime, end: datetime) -> Earned:
    """What a packer earned from ``start`` to before ``end``."""
    pieces, fen = session.execute(
        select(
            func.coalesce(func.sum(func.sign(WageEntry.amount_fen)).filter(WageEntry.task_id.is_not(None)), 0),
            func.coalesce(func.sum(WageEntry.amount_fen), 0),
        ).where(WageEntry.packer_id == packer_id, WageEntry.earned_at >= start, WageEntry.earned_at < end)
    ).one()
    return Earned(int(pieces), int(fen))


@dataclass(frozen=True)
class PassBookLine:
    """A line of a person's pass book; ``amount_fen`` is negative where a line was taken back or corrected downwards.

    What it is about: a parcel's number; or a kind of work with its quantity (pieces or grams) and team; or a correction
    with who agreed on it; or what the law adds for some days. Then whether it was paid, and what was asked about it.
    """

    id: int
    kind: str
    amount_fen: int
    earned_at: datetime
    reason: str
    parcel: str | None
    work_zh: str | None = None
    work_en: str | None = None
    quantity: int | None = None
    unit: str | None = None
    team: int | None = None
    proposed_by: str | None = None
    agreed_by: str | None = None
    top_up: str | None = None
    first_day: date | None = None
    last_day: date | None = None
    paid_on: datetime | None = None
    run_id: int | None = None
    complaint: str | None = None
    answer: str | None = None

    @property
    def work(self) -> Text | None:
        """The kind of other work."""
        return Text(self.work_zh, self.work_en or self.work_zh) if self.work_zh else None


_LINES_SQL = """
    SELECT w.id, w.kind, w.amount_fen, w.earned_at, w.reason, p.number AS parcel,
           k.name_zh, k.name_en, b.quantity, b.unit, b.team, proposer.name, decider.name,
           u.what, u.first_day, u.last_day, r.closed_at, r.id, q.kind, q.answer
    FROM wage_entries w
    LEFT JOIN packing_tasks t ON t.id = w.task_id LEFT JOIN parcels p ON p.id = t.parcel_id
    LEFT JOIN work_shares s ON s.id = w.share_id
    LEFT JOIN LATERAL (
        SELECT kind_id, quantity, unit, (SELECT count(*) FROM work_shares o WHERE o.booking_id = s.booking_id) AS team
        FROM work_bookings WHERE id = s.booking_id
    ) b ON true
    LEFT JOIN work_kinds k ON k.id = b.kind_id
    LEFT JOIN wage_corrections c ON c.id = w.correction_id
    LEFT JOIN people proposer ON proposer.id = c.proposed_by_id LEFT JOIN people decider ON decider.id = c.decided_by_id
    LEFT JOIN top_ups u ON u.id = w.top_up_id
    LEFT JOIN LATERAL (
        SELECT y.id, y.closed_at FROM pay_run_entries e JOIN pay_runs y ON y.id = e.run_id
        WHERE e.entry_id = w.id AND e.kind = 'taken' AND y.state = 'closed'
    ) r ON true
    LEFT JOIN LATERAL (
        SELECT kind, answer FROM wage_complaints WHERE entry_id = w.id ORDER BY id DESC LIMIT 1
    ) q ON true
    WHERE w.packer_id = :packer AND {bound} ORDER BY w.id {direction} LIMIT :most
"""
_FROM_NEWEST = text(_LINES_SQL.format(bound="true", direction="DESC"))
_OLDER = text(_LINES_SQL.format(bound="w.id < :bound", direction="DESC"))
_NEWER = text(_LINES_SQL.format(bound="w.id > :bound", direction="ASC"))
_ONE = text(_LINES_SQL.format(bound="w.id = :bound", direction="ASC"))
_OF_RUN = text(
    _LINES_SQL.format(
        bound="w.id IN (SELECT entry_id FROM pay_run_entries WHERE run_id = :bound AND kind = 'taken')",
        direction="ASC",
    )
)
_MOST_OF_RUN = 100_000


def pass_book(session: Session, packer_id: int, *, before: int | None = None, most: int = 50) -> list[PassBookLine]:
    """A packer's lines, newest first, each with its parcel's number; ``before`` is the id to go on from."""
    facts = {"packer": packer_id, "bound": before, "most": most}
    rows = session.execute(_FROM_NEWEST if before is None else _OLDER, facts)
    return [PassBookLine(*row) for row in rows]


def pass_book_after(session: Session, packer_id: int, *, after: int, most: int = 50) -> list[PassBookLine]:
    """The lines that come right after the one with this id, newest first."""
    rows = session.execute(_NEWER, {"packer": packer_id, "bound": after, "most": most})
    return [PassBookLine(*row) for row in rows][::-1]


def pass_book_line(session: Session, packer_id: int, entry_id: int) -> PassBookLine | None:
    """One line of a person's own pass book."""
    row = session.execute(_ONE, {"packer": packer_id, "bound": entry_id, "most": 1}).first()
    return PassBookLine(*row) if row else None


def lines_of_run(session: Session, packer_id: int, run_id: int) -> list[PassBookLine]:
    """A person's lines that a pay run took, oldest first."""
    facts = {"packer": packer_id, "bound": run_id, "most": _MOST_OF_RUN}
    return [PassBookLine(*row) for row in session.execute(_OF_RUN, facts)]


def unpaid_fen(session: Session, packer_id: int) -> int:
    """What a person has earned and no pay run has taken yet, in fen."""
    return int(session.scalar(_UNPAID, {"packer": packer_id}) or 0)


_UNPAID = text("""
    SELECT sum(w.amount_fen) FROM wage_entries w WHERE w.packer_id = :packer AND NOT EXISTS (
        SELECT 1 FROM pay_run_entries e JOIN pay_runs r ON r.id = e.run_id
        WHERE e.entry_id = w.id AND e.kind = 'taken' AND r.state = 'closed')
""")


_BY_PERSON = text("""
    SELECT e.id, e.name, COALESCE(sum(sign(w.amount_fen)) FILTER (WHERE w.task_id IS NOT NULL), 0)::int AS pieces,
           COALESCE(sum(w.amount_fen), 0)::bigint AS fen
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


_BY_DAY = text("""
    SELECT (earned_at AT TIME ZONE :zone)::date AS day, sum(amount_fen)::bigint AS fen FROM wage_entries
    WHERE earned_at >= :start AND earned_at < :end GROUP BY 1
""")


def wages_by_day(session: Session, first: date, last: date, zone: ZoneInfo) -> dict[date, int]:
    """What everybody together earned on each local day, in fen; days without wages are left out."""
    start, end = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    rows = session.execute(_BY_DAY, {"zone": zone.key, "start": start, "end": end})
    return {row.day: row.fen for row in rows}


def all_unpaid_fen(session: Session) -> int:
    """What is owed to everybody and no pay run has taken yet, in fen."""
    return int(session.scalar(_ALL_UNPAID) or 0)


_ALL_UNPAID = text("""
    SELECT sum(w.amount_fen) FROM wage_entries w WHERE NOT EXISTS (
        SELECT 1 FROM pay_run_entries e JOIN pay_runs r ON r.id = e.run_id
        WHERE e.entry_id = w.id AND e.kind = 'taken' AND r.state = 'closed')
""")


def all_rates(session: Session, operation: str | None = None) -> Sequence[PieceRate]:
    """Every rate that was not corrected, of one operation or of all, newest first."""
    later = aliased(PieceRate)
    holds = ~select(later.id).where(later.supersedes_id == PieceRate.id).exists()
    chosen = PieceRate.operation == operation if operation else true()
    order = (PieceRate.valid_from.desc(), PieceRate.operation, PieceRate.product_key, PieceRate.up_to_g)
    return session.scalars(select(PieceRate).where(holds, chosen).order_by(*order)).all()


def rates_in_force(session: Session, operation: str, day: date) -> list[PieceRate]:
    """What an operation pays on a day: for each product and size the newest rate that holds by then."""
    newest: dict[tuple[int, int], PieceRate] = {}
    for rate in reversed(all_rates(session, operation)):
        if rate.valid_from <= day:
            newest[rate.product_key, rate.up_to_g] = rate
    return [newest[key] for key in sorted(newest)]


def corrected_rates(session: Session) -> Sequence[PieceRate]:
    """Rates that were typed wrong and put right, newest first."""
    later = aliased(PieceRate)
    return session.scalars(
        select(PieceRate).join(later, later.supersedes_id == PieceRate.id).order_by(PieceRate.id.desc())
    ).all()
