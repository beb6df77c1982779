"""Work that was done without a network and counted, but whose news came on a later day: what a pay run says of it.

The line stands on the day on which the work was done. Whoever looked at that day before has not seen it; and what the
law adds to work on a day off or a holiday is worked out once a period, which the news may have missed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from fulfillment.piecework.minimum import queries as minimum
from fulfillment.piecework.minimum.rules import WORK, kind_of_day
from fulfillment.piecework.pay.models import PayRun
from fulfillment.piecework.pay.rules import PersonPay


@dataclass(frozen=True)
class LatePay:
    """How many pieces of one person came in late, and how many of these were done on a day that the law pays more for."""

    pieces: int
    on_days_off: int
    first_day: date
    last_day: date

    @property
    def is_worse(self) -> bool:
        """Whether what the law adds may be too little."""
        return self.on_days_off > 0


# A piece that was taken back is owed no more, whenever its news came.
_LATE = text("""
    SELECT w.packer_id, (w.earned_at AT TIME ZONE :zone)::date AS day, count(*) AS pieces
    FROM wage_entries w JOIN bench_actions a ON a.task_id = w.task_id AND a.person_id = w.packer_id
         AND a.state = 'done' AND a.kind IN ('done', 'scan') AND a.acted_at = w.earned_at
    WHERE w.id = ANY(:entries) AND w.kind = 'piece'
      AND (a.received_at AT TIME ZONE :zone)::date > (a.acted_at AT TIME ZONE :zone)::date
      AND NOT EXISTS (SELECT 1 FROM wage_entries back WHERE back.reverses_id = w.id)
    GROUP BY 1, 2 ORDER BY 1, 2
""")


def late_of(session: Session, people: Sequence[PersonPay], run: PayRun, zone: ZoneInfo) -> dict[int, LatePay]:
    """What came in late among the lines of an open run, by person; who has nothing of it is not in it."""
    entries = [entry_id for person in people for entry_id in person.entry_ids]
    days: dict[int, dict[date, int]] = {}
    for row in session.execute(_LATE, {"entries": entries, "zone": zone.key}):
        days.setdefault(row.packer_id, {})[row.day] = row.pieces
    kinds = _kinds(session, {day for found in days.values() for day in found}, run)
    employees = {person.person_id for person in people if person.is_employee}
    return {person_id: _late(found, kinds if person_id in employees else {}) for person_id, found in days.items()}


def _kinds(session: Session, days: set[date], run: PayRun) -> dict[date, str]:
    if not days:
        return {}
    special = {each.day: each.kind for each in minimum.calendar(session, min(days), max(days))}
    terms = minimum.terms_on(session, run.last_day)
    return {day: kind_of_day(day, special, terms.rest_weekdays if terms else "") for day in days}


def _late(days: Mapping[date, int], kinds: Mapping[date, str]) -> LatePay:
    """The factors of the law are for employees: for others no kind of day is known, and none is needed."""
    off = sum(pieces for day, pieces in days.items() if kinds.get(day, WORK) != WORK)
    return LatePay(sum(days.values()), off, min(days), max(days))
