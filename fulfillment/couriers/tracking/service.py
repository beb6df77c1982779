"""Following parcels that have left: begun at hand-over, brought forward by what the courier tells, ended at the door.

Rows are locked in one order: the order (by whoever calls), the parcel, its tracking.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.couriers.cases import queries as case_queries
from fulfillment.couriers.cases import service as cases
from fulfillment.couriers.providers import CourierRefuses, Journey, Step
from fulfillment.couriers.tracking import rules
from fulfillment.couriers.tracking.models import Tracking, TrackStep
from fulfillment.packing.models import Parcel

UNKNOWN_CARRIER = "OTHER"


def begin(session: Session, parcel: Parcel, now: datetime) -> None:
    """A parcel has left: from now on somebody asks where it is. ``parcel`` must be locked; called again it is once."""
    if parcel.carrier in (None, UNKNOWN_CARRIER):
        return
    row = {
        "parcel_id": parcel.id,
        "carrier": parcel.carrier,
        "number": parcel.tracking_number,
        "begun_at": now,
        "news_at": now,
        "next_look_at": now + rules.FIRST_LOOK,
    }
    session.execute(insert(Tracking).values(row).on_conflict_do_nothing(index_elements=["parcel_id"]))


def follow_other_number(session: Session, parcel: Parcel, now: datetime) -> None:
    """The number of a parcel that has left was put right: what is known of the wrong one says nothing."""
    tracking = session.get(Tracking, parcel.id, with_for_update=True, populate_existing=True)
    if tracking is None:
        begin(session, parcel, now)
    elif parcel.carrier is not None and parcel.tracking_number is not None:
        tracking.carrier, tracking.number, tracking.state = parcel.carrier, parcel.tracking_number, ""
        tracking.news_at, tracking.next_look_at = now, now + rules.SHORTEST
        tracking.failures, tracking.how_ended, tracking.ended_at = 0, None, None
        session.flush()
        cases.pass_cases(session, parcel.id, rules.PASSING, now=now)


def ask_soon(session: Session, parcel: Parcel, now: datetime) -> bool:
    """Somebody wants to know now: asked at once, unless that was within half an hour. Returns whether it is asked.

    ``parcel`` must be locked.
    """
    tracking = session.get(Tracking, parcel.id, with_for_update=True, populate_existing=True)
    if tracking is None or tracking.how_ended:
        return False
    if tracking.looked_at is not None and now - tracking.looked_at < rules.SHORTEST:
        return False
    tracking.next_look_at = now
    session.flush()
    return True


@dataclass(frozen=True)
class Look:
    """One question to a courier."""

    parcel_id: int
    carrier: str
    number: str


_CLAIM = text("""
    UPDATE trackings SET looked_at = :now, next_look_at = :later
    WHERE parcel_id IN (
        SELECT parcel_id FROM trackings
        WHERE next_look_at <= :now AND carrier = ANY(:carriers) AND (looked_at IS NULL OR looked_at <= :before)
        ORDER BY next_look_at, parcel_id LIMIT :most FOR UPDATE SKIP LOCKED
    )
    RETURNING parcel_id, carrier, number
""")


def claim_looks(session: Session, now: datetime, carriers: Collection[str], most: int) -> Sequence[Look]:
    """Take the parcels that are due, so that nobody else asks for them too; none that was asked for within half an hour."""
    asked = {
        "now": now,
        "later": now + rules.SHORTEST,
        "before": now - rules.SHORTEST,
        "carriers": list(carriers),
        "most": most,
    }
    return [Look(*row) for row in session.execute(_CLAIM, asked)]


def put_back(session: Session, looks: Sequence[Look], at: datetime) -> None:
    """These were taken but not asked for; they are due again at ``at``."""
    ids = [look.parcel_id for look in looks]
    session.execute(
        text(
            "UPDATE trackings SET looked_at = NULL, next_look_at = :at WHERE parcel_id = ANY(:ids) AND how_ended IS NULL"
        ),
        {"ids": ids, "at": at},
    )


def note_journey(
    session: Session, parcel: Parcel, number: str, journey: Journey, *, now: datetime, stuck_after: timedelta
) -> str | None:
    """What the courier told, stored once; returns the end (``delivered``, ``returned``) when the parcel has just come to it.

    ``parcel`` must be locked. An answer about a number that was put right meanwhile, or after the end, changes nothing.
    """
    tracking = session.get(Tracking, parcel.id, with_for_update=True, populate_existing=True)
    if tracking is None or tracking.number != number or tracking.how_ended:
        return None
    # News is what is told for the first time, never later than now: a clock that is ahead must not hide a stuck parcel.
    news = _store(session, parcel.id, number, journey.steps)
    tracking.news_at = max([tracking.news_at, *(min(at, now) for at in news)])
    # The courier may forget for a while; what was known before stands.
    tracking.state, tracking.failures = journey.state or tracking.state, 0
    tracking.looked_at = tracking.looked_at or now
    _plan(tracking, now)
    session.flush()
    _see_to_cases(session, tracking, now, stuck_after)
    return rules.end_of(tracking.state)


def _store(session: Session, parcel_id: int, number: str, steps: Sequence[Step]) -> Sequence[datetime]:
    """Keep the lines that are new; returns their times."""
    rows = [
        {
            "parcel_id": parcel_id,
            "number": number,
            "at": step.at,
            "state": step.state,
            "words": rules.clean_words(step.words),
        }
        for step in steps
    ]
    if not rows:
        return []
    return session.scalars(insert(TrackStep).values(rows).on_conflict_do_nothing().returning(TrackStep.at)).all()


def _plan(tracking: Tracking, now: datetime) -> None:
    """When to ask again, or the end."""
    tracking.next_look_at = rules.next_look(
        state=tracking.state, begun_at=tracking.begun_at, now=now, failures=tracking.failures
    )
    if tracking.next_look_at is None:
        tracking.how_ended, tracking.ended_at = rules.end_of(tracking.state) or "given_up", now


def _see_to_cases(session: Session, tracking: Tracking, now: datetime, stuck_after: timedelta) -> None:
    """Settle what has passed, open what has become work for the lead."""
    kinds = rules.cases_of(tracking.state, news_at=tracking.news_at, now=now, stuck_after=stuck_after)
    over = rules.passed(tracking.state, case_queries.open_kinds(session, tracking.parcel_id), still=kinds)
    if over:
        cases.pass_cases(session, tracking.parcel_id, over, now=now)
    _open_cases(session, tracking, kinds, now)


def _open_cases(session: Session, tracking: Tracking, kinds: frozenset[str], now: datetime) -> None:
    """Make it work for the lead; what a person has settled since the last news is not opened again."""
    there = case_queries.open_kinds(session, tracking.parcel_id)
    settled = case_queries.settled_since(session, tracking.parcel_id, tracking.news_at)
    for kind in sorted(kinds - there - settled):
        cases.open_case(session, tracking.parcel_id, kind, said=_last_words(session, tracking), now=now)


def _last_words(session: Session, tracking: Tracking) -> str:
    newest = (
        "SELECT words FROM track_steps WHERE parcel_id = :parcel AND number = :number ORDER BY at DESC, id DESC LIMIT 1"
    )
    return session.scalar(text(newest), {"parcel": tracking.parcel_id, "number": tracking.number}) or ""


def note_refused(
    session: Session, parcel: Parcel, number: str, refusal: CourierRefuses, *, now: datetime, stuck_after: timedelta
) -> None:
    """The courier's interface will not tell: asked again more slowly, and the lead is told when it is about this parcel."""
    tracking = session.get(Tracking, parcel.id, with_for_update=True, populate_existing=True)
    if tracking is None or tracking.number != number or tracking.how_ended:
        return
    tracking.failures += 1
    _plan(tracking, now)
    session.flush()
    if refusal.kind in ("phone", "unknown") and tracking.failures >= 2:
        said = rules.clean_words(refusal.said)
        cases.open_case(session, parcel.id, "track_failed", detail=refusal.kind, said=said, now=now)
    kinds = rules.cases_of(tracking.state, news_at=tracking.news_at, now=now, stuck_after=stuck_after)
    _open_cases(session, tracking, kinds, now)
