"""Writing what the owner decides about the minimum, the calendar and people's pay, and the additions themselves."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.piecework.minimum.models import CalendarDay, MinWage, PayFacts, PayTerms, TopUp
from fulfillment.piecework.minimum.queries import facts_of
from fulfillment.piecework.minimum.rules import ToAdd
from fulfillment.piecework.models import WageEntry
from kernel.audit import Actor, differences, record_change
from kernel.clock import day_bounds
from kernel.errors import NotFound


def set_terms(
    session: Session, *, period: str, tier: int, rest_weekdays: str, valid_from: date, now: datetime, by: Actor
) -> PayTerms:
    """The owner's choice from a day on."""
    terms = PayTerms(period=period, tier=tier, rest_weekdays=rest_weekdays, valid_from=valid_from, at=now, by=by.name)
    session.add(terms)
    session.flush()
    facts = {"period": period, "tier": tier, "rest_weekdays": rest_weekdays, "valid_from": valid_from.isoformat()}
    record_change(session, actor=by, action="pay_terms.set", subject=f"pay_terms:{terms.id}", at=now, after=facts)
    return terms


def set_min_wage(
    session: Session, *, tier: int, month_fen: int, valid_from: date, source: str, now: datetime, by: Actor
) -> None:
    """The owner has read the notice: this is the minimum of a tier from a day on."""
    row = {"tier": tier, "month_fen": month_fen, "valid_from": valid_from, "source": source, "confirmed_at": now}
    session.execute(insert(MinWage).values(row).on_conflict_do_update(index_elements=["valid_from", "tier"], set_=row))
    facts = {"tier": tier, "month_fen": month_fen, "valid_from": valid_from.isoformat(), "source": source}
    record_change(session, actor=by, action="min_wage.set", subject=f"min_wage:{valid_from}", at=now, after=facts)


def set_day(session: Session, *, day: date, kind: str, name: str, now: datetime, by: Actor) -> None:
    """A day is a holiday, off, or worked, whatever its weekday."""
    row = {"day": day, "kind": kind, "name": name, "source": by.name}
    session.execute(insert(CalendarDay).values(row).on_conflict_do_update(index_elements=["day"], set_=row))
    facts = {"kind": kind, "name": name}
    record_change(session, actor=by, action="calendar.set", subject=f"calendar:{day}", at=now, after=facts)


def clear_day(session: Session, day: date, *, now: datetime, by: Actor) -> None:
    """A day is what its weekday says again."""
    known = session.get(CalendarDay, day)
    if known is not None:
        before = {"kind": known.kind, "name": known.name}
        session.delete(known)
        session.flush()
        record_change(session, actor=by, action="calendar.cleared", subject=f"calendar:{day}", at=now, before=before)


def set_facts(session: Session, facts: PayFacts, *, now: datetime, by: Actor) -> None:
    """How a person is paid and whether the minimum applies to them; the log holds no account number."""
    before = _in_the_log(facts_of(session, facts.person_id))
    number_changed = facts_of(session, facts.person_id).account_number != facts.account_number
    session.merge(facts)
    session.flush()
    was, is_now = differences(before, _in_the_log(facts))
    if number_changed:
        is_now["account_number"] = "changed"
    if is_now:
        subject = f"person:{facts.person_id}"
        record_change(session, actor=by, action="pay_facts.set", subject=subject, at=now, before=was, after=is_now)


def _in_the_log(facts: PayFacts) -> dict[str, object]:
    return {"is_employee": facts.is_employee, "method": facts.method, "bank": facts.bank}


def forget_account(session: Session, person_id: int, *, now: datetime, by: Actor) -> None:
    """The bank details go; the person is paid in cash.

    Raises:
        NotFound: there are none.
    """
    facts = session.get(PayFacts, person_id)
    if facts is None:
        raise NotFound
    facts.method, facts.bank, facts.account_holder, facts.account_number = "cash", "", "", ""
    session.flush()
    record_change(session, actor=by, action="pay_facts.forgotten", subject=f"person:{person_id}", at=now)


def add(session: Session, person_id: int, found: ToAdd, *, zone: ZoneInfo, now: datetime, by: Actor) -> list[WageEntry]:
    """Write what the law adds, with its working, as lines of the ledger that end the period."""
    entries = []
    for what, fen in (("factors", found.factors_fen), ("minimum", found.minimum_fen)):
        if fen == 0:
            continue
        top_up = TopUp(
            person_id=person_id,
            what=what,
            first_day=found.working.first_day,
            last_day=found.working.last_day,
            round=_next_round(session, person_id, what, found),
            amount_fen=fen,
            working=found.working.as_json(),
            at=now,
            by=by.name,
        )
        session.add(top_up)
        session.flush()
        entries.append(
            WageEntry(
                packer_id=person_id,
                top_up_id=top_up.id,
                kind="top_up",
                rate_fen=fen,
                amount_fen=fen,
                earned_at=_last_second(found.working.last_day, zone),
                by=by.name,
                by_id=by.person_id,
            )
        )
    session.add_all(entries)
    session.flush()
    return entries


def _last_second(day: date, zone: ZoneInfo) -> datetime:
    start, end = day_bounds(day, zone)
    return start + (end - start) * 86_399 // 86_400


def _next_round(session: Session, person_id: int, what: str, found: ToAdd) -> int:
    last = session.scalar(
        select(func.max(TopUp.round)).where(
            TopUp.person_id == person_id,
            TopUp.what == what,
            TopUp.first_day == found.working.first_day,
            TopUp.last_day == found.working.last_day,
        )
    )
    return (last or 0) + 1
