"""Reading what the legal minimum is worked out from, and working it out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew
from fulfillment.crew.rules import Span as ShiftSpan
from fulfillment.crew.rules import Worked, worked_seconds
from fulfillment.piecework.minimum import rules
from fulfillment.piecework.minimum.models import CalendarDay, MinWage, PayFacts, PayTerms, TopUp
from fulfillment.piecework.minimum.rules import Days, Line, ToAdd, Working
from kernel.clock import day_bounds, local_day


def terms_on(session: Session, day: date) -> PayTerms | None:
    """What the owner chose, as it holds on a day."""
    return session.scalar(
        select(PayTerms)
        .where(PayTerms.valid_from <= day)
        .order_by(PayTerms.valid_from.desc(), PayTerms.id.desc())
        .limit(1)
    )


def all_terms(session: Session) -> Sequence[PayTerms]:
    """Every choice, newest first."""
    return session.scalars(select(PayTerms).order_by(PayTerms.valid_from.desc(), PayTerms.id.desc())).all()


def min_wages(session: Session) -> Sequence[MinWage]:
    """Every minimum, newest first."""
    return session.scalars(select(MinWage).order_by(MinWage.valid_from.desc(), MinWage.tier)).all()


def min_wage_on(session: Session, day: date, tier: int) -> MinWage | None:
    """The newest confirmed minimum of a tier that holds on a day."""
    return session.scalar(
        select(MinWage)
        .where(MinWage.tier == tier, MinWage.valid_from <= day, MinWage.confirmed_at.is_not(None))
        .order_by(MinWage.valid_from.desc())
        .limit(1)
    )


def calendar(session: Session, first: date, last: date) -> Sequence[CalendarDay]:
    """The days that are not what their weekday says."""
    return session.scalars(
        select(CalendarDay).where(CalendarDay.day.between(first, last)).order_by(CalendarDay.day)
    ).all()


def facts_of(session: Session, person_id: int) -> PayFacts:
    """How a person is paid; who has said nothing gets cash and is no employee."""
    return session.get(PayFacts, person_id) or PayFacts(
        person_id=person_id, is_employee=False, method="cash", bank="", account_holder="", account_number=""
    )


def all_facts(session: Session) -> dict[int, PayFacts]:
    """How people are paid, by person; who has said nothing is not in it."""
    return {facts.person_id: facts for facts in session.scalars(select(PayFacts))}


# Corrections stand apart: what two people agreed on is neither multiplied nor set off against the minimum.
_EARNED = text("""
    SELECT w.packer_id, COALESCE(o.earned_at, w.earned_at) AS at, w.amount_fen
    FROM wage_entries w LEFT JOIN wage_entries o ON o.id = w.reverses_id
    WHERE w.packer_id = ANY(:people) AND w.top_up_id IS NULL AND w.correction_id IS NULL
      AND COALESCE(o.earned_at, w.earned_at) >= :start AND COALESCE(o.earned_at, w.earned_at) < :end
""")


@dataclass(frozen=True)
class _Span:
    """Everything that the periods of a run are worked out from."""

    shifts: Mapping[tuple[int, date], Sequence[Worked]]
    earned: Mapping[int, Sequence[tuple[date, datetime, int]]]
    kinds: Mapping[date, str]
    now: datetime
    zone: ZoneInfo


def to_add(
    session: Session, people: Sequence[int], first: date, last: date, *, now: datetime, zone: ZoneInfo
) -> dict[int, list[ToAdd]]:
    """What the law adds to these people's pieces for the periods that end in some days, each with its working.

    A period that is not over by now is left for a later run. Who earned nothing and was not here in a period has no working for it.
    """
    terms = terms_on(session, last)
    over = min(last, local_day(now, zone) - timedelta(days=1))
    periods = rules.periods_ending(terms.period, first, over) if terms else []
    if terms is None or not periods or not people:
        return {}
    span = _read_span(session, people, periods[0].first, last, terms, now, zone)
    added = _added_before(session, people)
    found: dict[int, list[ToAdd]] = {}
    for period in periods:
        minimum = min_wage_on(session, period.last, terms.tier)
        for person_id in people:
            days = rules.untested(period, {Days(*key[2:]) for key in added if key[0] == person_id})
            working = _working(span, person_id, days, minimum.month_fen if minimum else 0) if days else None
            if working is not None:
                found.setdefault(person_id, []).append(_less_what_was_added(working, person_id, added))
    return found


def _read_span(
    session: Session, people: Sequence[int], first: date, last: date, terms: PayTerms, now: datetime, zone: ZoneInfo
) -> _Span:
    start, end = day_bounds(first, zone)[0], day_bounds(last, zone)[1]
    shifts: dict[tuple[int, date], list[Worked]] = {}
    for shift in crew.shifts_between(session, start, min(now, end)):
        for day in _days_of(shift.span, now, zone):
            shifts.setdefault((shift.person_id, day), []).append(crew.as_worked(shift))
    earned: dict[int, list[tuple[date, datetime, int]]] = {}
    for row in session.execute(_EARNED, {"people": list(people), "start": start, "end": end}):
        earned.setdefault(row.packer_id, []).append((local_day(row.at, zone), row.at, row.amount_fen))
    special = {each.day: each.kind for each in calendar(session, first, last)}
    days = [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]
    kinds = {day: rules.kind_of_day(day, special, terms.rest_weekdays) for day in days}
    return _Span(shifts, earned, kinds, now, zone)


def _days_of(span: ShiftSpan, now: datetime, zone: ZoneInfo) -> list[date]:
    """The days on which a shift may have work: nobody looks through a month of shifts for each parcel."""
    first, last = (local_day(moment, zone).toordinal() for moment in (span.began_at, span.ended_at or now))
    return [date.fromordinal(number) for number in range(first, last + 1)]


def _working(span: _Span, person_id: int, period: Days, month_min_fen: int) -> Working | None:
    lines = [
        Line(day, worked_seconds(span.shifts.get((person_id, day), ()), day_bounds(day, span.zone)[0], at), fen)
        for day, at, fen in span.earned.get(person_id, ())
        if period.first <= day <= period.last
    ]
    worked = {}
    for number in range(period.first.toordinal(), period.last.toordinal() + 1):
        day = date.fromordinal(number)
        start, end = day_bounds(day, span.zone)
        if seconds := worked_seconds(span.shifts.get((person_id, day), ()), start, max(start, min(end, span.now))):
            worked[day] = seconds
    return rules.work_out(period, lines, worked, span.kinds, month_min_fen) if lines or worked else None


def _added_before(session: Session, people: Sequence[int]) -> dict[tuple[int, str, date, date], int]:
    rows = session.execute(
        select(TopUp.person_id, TopUp.what, TopUp.first_day, TopUp.last_day, func.sum(TopUp.amount_fen))
        .where(TopUp.person_id.in_(people))
        .group_by(TopUp.person_id, TopUp.what, TopUp.first_day, TopUp.last_day)
    )
    return {(row[0], row[1], row[2], row[3]): int(row[4]) for row in rows}


def _less_what_was_added(working: Working, person_id: int, added: Mapping[tuple[int, str, date, date], int]) -> ToAdd:
    """What is still to add; what was added too much stays (nothing is taken back by the program)."""

    def left(what: str, fen: int) -> int:
        return max(0, fen - added.get((person_id, what, working.first_day, working.last_day), 0))

    return ToAdd(working, left("factors", working.factors_fen), left("minimum", working.minimum_fen))
