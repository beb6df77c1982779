"""Counting what a day did and what it leaves, and reading days that were closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew
from fulfillment.packing.day_close.models import DayClose
from fulfillment.packing.models import TO_UNPACK, PackingTask
from fulfillment.packing.samples import queries as samples
from kernel.clock import day_bounds

PAGE = 31


@dataclass(frozen=True)
class Standing:
    """A day in figures: what was done, and what is left by the words of ``day_close.rules.LEFT``."""

    day: date
    done: dict[str, int]
    left: dict[str, int]


_DONE = text("""
    SELECT (SELECT count(*) FROM packing_tasks WHERE packed_at >= :start AND packed_at < :end AND state = 'packed') AS packed,
           (SELECT count(*) FROM parcels WHERE handed_over_at >= :start AND handed_over_at < :end) AS handed_over,
           (SELECT COALESCE(sum(amount_fen), 0)::bigint FROM wage_entries WHERE earned_at >= :start AND earned_at < :end) AS earned_fen,
           (SELECT count(*) FROM sample_checks WHERE checked_at >= :start AND checked_at < :end AND state = 'ok') AS samples_ok,
           (SELECT count(*) FROM sample_checks WHERE checked_at >= :start AND checked_at < :end AND state = 'mend') AS samples_mend
""")

_LEFT = text("""
    SELECT count(*) FILTER (WHERE t.due_at < :now) AS late,
           count(*) FILTER (WHERE t.trouble IS NOT NULL AND t.rests_until > :now) AS trouble,
           count(*) FILTER (WHERE t.state = 'taken') AS in_hand,
           count(*) FILTER (WHERE t.state = 'waiting') AS waiting,
           count(*) FILTER (WHERE EXISTS (SELECT 1 FROM slip_prints s WHERE s.parcel_id = t.parcel_id)) AS printed
    FROM packing_tasks t WHERE t.state IN ('waiting', 'taken')
""")


def standing_of_day(session: Session, day: date, now: datetime, zone: ZoneInfo) -> Standing:
    """What the day did, and what is open at this moment."""
    start, end = day_bounds(day, zone)
    done = dict(session.execute(_DONE, {"start": start, "end": end}).one()._asdict())
    worked = crew.worked_seconds_by_person(session, start, min(end, now)) if now > start else {}
    done |= {"people": len(worked), "minutes": sum(worked.values()) // 60}
    open_work = session.execute(_LEFT, {"now": now}).one()._asdict()
    left = {
        "late": open_work["late"],
        "trouble": open_work["trouble"],
        "in_hand": open_work["in_hand"],
        "still_here": crew.count_here(session, now),
        "forgotten": len(crew.to_look_at(session)),
        "waiting": open_work["waiting"],
        "printed": open_work["printed"],
        "not_left": session.scalar(text("SELECT count(*) FROM parcels WHERE state = 'packed'")) or 0,
        "to_unpack": _count_to_unpack(session),
        "samples": samples.count_due(session),
    }
    return Standing(day, done, left)


def _count_to_unpack(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(PackingTask).where(text(TO_UNPACK))) or 0


def last_close(session: Session) -> DayClose | None:
    """The day that was closed last, as it was closed last."""
    return session.scalar(select(DayClose).order_by(DayClose.day.desc(), DayClose.round.desc()).limit(1))


def closes(session: Session, before: int | None = None) -> Sequence[DayClose]:
    """Days that were closed, newest first; ``before`` is the id to go on from."""
    found = select(DayClose).order_by(DayClose.id.desc()).limit(PAGE)
    return session.scalars(found if before is None else found.where(DayClose.id < before)).all()


def close_by_id(session: Session, close_id: int) -> DayClose | None:
    """One closed day."""
    return session.get(DayClose, close_id)
