"""Reading contests and the figures they rest on."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session, selectinload

from fulfillment.crew import queries as crew
from fulfillment.packing import queries as packing
from fulfillment.packing.contests.models import Contest, ContestEntry
from fulfillment.packing.contests.rules import Figures
from fulfillment.packing.models import Packer
from fulfillment.packing.samples import queries as samples
from fulfillment.packing.samples.queries import Tally
from kernel.clock import day_bounds


def contests(session: Session, most: int = 30) -> Sequence[Contest]:
    """Contests, newest first."""
    return session.scalars(
        select(Contest)
        .options(selectinload(Contest.entries), selectinload(Contest.results))
        .order_by(Contest.ends_on.desc(), Contest.id.desc())
        .limit(most)
    ).all()


def open_contests(session: Session, today: date) -> Sequence[Contest]:
    """Contests that one can join or is in: not over yet, the one that ends first at the top."""
    return session.scalars(
        select(Contest)
        .where(Contest.ends_on >= today, Contest.settled_at.is_(None))
        .options(selectinload(Contest.entries))
        .order_by(Contest.ends_on, Contest.id)
    ).all()


def contest_by_id(session: Session, contest_id: int) -> Contest | None:
    """One contest with who joined."""
    found = select(Contest).where(Contest.id == contest_id)
    return session.scalar(found.options(selectinload(Contest.entries), selectinload(Contest.results)))


def entrants(contest: Contest) -> list[ContestEntry]:
    """Who takes part now."""
    return [entry for entry in contest.entries if entry.left_at is None]


def figures_of(session: Session, contest: Contest, now: datetime, zone: ZoneInfo) -> list[Figures]:
    """The figures of everybody who takes part, up to now, and of as many days before the contest began."""
    start, _ = day_bounds(contest.begins_on, zone)
    _, end = day_bounds(contest.ends_on, zone)
    before, _ = day_bounds(contest.begins_on - (contest.ends_on - contest.begins_on) - timedelta(days=1), zone)
    until = max(start, min(end, now))
    people = [entry.person_id for entry in entrants(contest)]
    pieces, pieces_before = _pieces(session, people, start, until), _pieces(session, people, before, start)
    seconds = crew.worked_seconds_by_person(session, start, until)
    seconds_before = crew.worked_seconds_by_person(session, before, start)
    checks = samples.tally_by_person(session, start, until)
    complaints = _complaints(session, people, start, until)
    return [
        Figures(
            person_id=person,
            group=_group(session, person),
            checks=checks.get(person, Tally(0, 0)).looked,
            good=checks.get(person, Tally(0, 0)).good,
            complaints=complaints.get(person, 0),
            pieces=pieces.get(person, 0),
            seconds=seconds.get(person, 0),
            pieces_before=pieces_before.get(person, 0),
            seconds_before=seconds_before.get(person, 0),
        )
        for person in people
    ]


def _group(session: Session, person_id: int) -> str:
    packer = session.get(Packer, person_id)
    return " ".join(sorted(packing.hands_of(packer).abilities)) if packer else "any"


_PIECES = text("""
    SELECT packer_id, sum(sign(amount_fen))::int FROM wage_entries
    WHERE packer_id = ANY(:people) AND earned_at >= :start AND earned_at < :end GROUP BY packer_id
""")


def _pieces(session: Session, people: Collection[int], start: datetime, end: datetime) -> dict[int, int]:
    rows = session.execute(_PIECES, {"people": list(people), "start": start, "end": end})
    return {person: pieces for person, pieces in rows}  # noqa: C416 - dict() takes a result for a mapping


# A refund because too little was sent, where one person alone packed the order: what broke on the way is nobody's here.
_COMPLAINTS = text("""
    SELECT t.packer_id, count(DISTINCT p.order_id)::int
    FROM packing_tasks t JOIN parcels p ON p.id = t.parcel_id
    WHERE t.packer_id = ANY(:people) AND t.packed_at >= :start AND t.packed_at < :end
      AND EXISTS (SELECT 1 FROM refunds r JOIN payments m ON m.id = r.payment_id
                  WHERE m.order_id = p.order_id AND split_part(r.reason, ':', 1) = 'short' AND r.state <> 'failed')
      AND NOT EXISTS (SELECT 1 FROM parcels o JOIN packing_tasks ot ON ot.parcel_id = o.id
                      WHERE o.order_id = p.order_id AND ot.packer_id IS DISTINCT FROM t.packer_id)
    GROUP BY t.packer_id
""")


def _complaints(session: Session, people: Collection[int], start: datetime, end: datetime) -> dict[int, int]:
    rows = session.execute(_COMPLAINTS, {"people": list(people), "start": start, "end": end})
    return {person: found for person, found in rows}  # noqa: C416 - dict() takes a result for a mapping
