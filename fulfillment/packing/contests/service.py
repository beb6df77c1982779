"""Calling a contest, joining and leaving it, and settling it once it is over."""

from dataclasses import asdict
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.packing import service as packing
from fulfillment.packing.contests import queries
from fulfillment.packing.contests.models import Contest, ContestEntry, ContestResult
from fulfillment.packing.contests.rules import honours
from kernel.audit import Actor, record_change
from kernel.clock import local_day
from kernel.errors import Invalid, NotFound, Refused
from kernel.people.models import Person
from kernel.text import Text

_LONGEST_DAYS = 92


def call_contest(
    session: Session,
    *,
    title: str,
    measure: str,
    begins_on: date,
    ends_on: date,
    prize: str,
    today: date,
    now: datetime,
    by: Actor,
) -> Contest:
    """Call a contest. Nobody is in it until they join.

    Raises:
        Invalid: the days are in no order, too many, or over already.
    """
    if not begins_on <= ends_on or (ends_on - begins_on).days > _LONGEST_DAYS:
        raise _wrong(
            "ends_on", "结束的日子要在开始以后，最多三个月。", "The end follows the start, within three months."
        )
    if ends_on < today:
        raise _wrong("ends_on", "这一天已经过了。", "That day has passed.")
    contest = Contest(
        title=title,
        measure=measure,
        begins_on=begins_on,
        ends_on=ends_on,
        prize=prize,
        created_at=now,
        created_by=by.name,
    )
    session.add(contest)
    session.flush()
    record_change(
        session, actor=by, action="contest.called", subject=f"contest:{contest.id}", at=now, after={"title": title}
    )
    return contest


def _wrong(field: str, zh: str, en: str) -> Invalid:
    return Invalid(zh, en, fields={field: Text(zh, en)})


def _lock(session: Session, contest_id: int) -> Contest:
    contest = session.scalar(
        select(Contest).where(Contest.id == contest_id).with_for_update().execution_options(populate_existing=True)
    )
    if contest is None:
        raise NotFound("没有这个比赛。", "There is no such contest.")
    return contest


def join(session: Session, contest_id: int, person_id: int, *, today: date, now: datetime, by: Actor) -> None:
    """Somebody takes part, because they said so; joined already, nothing changes.

    Raises:
        NotFound: no such contest, or nobody who packs here. Refused: it is over.
    """
    contest = _lock(session, contest_id)
    packing.require_packer(session, person_id)
    if contest.settled_at is not None or contest.ends_on < today:
        raise Refused("这个比赛已经结束了。", "This contest is over.", code="over")
    session.execute(
        insert(ContestEntry)
        .values(contest_id=contest_id, person_id=person_id, joined_at=now)
        .on_conflict_do_update(index_elements=["contest_id", "person_id"], set_={"left_at": None})
    )
    record_change(
        session,
        actor=by,
        action="contest.joined",
        subject=f"person:{person_id}",
        at=now,
        after={"title": contest.title},
    )


def leave(session: Session, contest_id: int, person_id: int, *, now: datetime, by: Actor) -> None:
    """Somebody would rather not take part any more; nothing of it stays to be seen. Possible until it is settled."""
    contest = _lock(session, contest_id)
    entry = session.get(ContestEntry, (contest_id, person_id), populate_existing=True)
    if entry is None or entry.left_at is not None or contest.settled_at is not None:
        return
    entry.left_at = now
    session.flush()
    record_change(
        session, actor=by, action="contest.left", subject=f"person:{person_id}", at=now, after={"title": contest.title}
    )


def settle(session: Session, contest_id: int, *, now: datetime, zone: ZoneInfo, by: Actor) -> Contest:
    """The contest is over: its honours and the figures they rest on are kept. A second time changes nothing.

    Raises:
        NotFound: there is no such contest. Refused: its last day has not passed.
    """
    contest = _lock(session, contest_id)
    if contest.settled_at is not None:
        return contest
    if local_day(now, zone) <= contest.ends_on:
        raise Refused("最后一天还没过完。", "Its last day has not passed.", code="not_over")
    figures = {each.person_id: each for each in queries.figures_of(session, contest, now, zone)}
    for honour in honours(contest.measure, list(figures.values())):
        facts = {name: value for name, value in asdict(figures[honour.person_id]).items() if name != "person_id"}
        session.add(
            ContestResult(
                contest_id=contest.id,
                person_id=honour.person_id,
                place=honour.place,
                # As the person chose to be shown, on the day of the honour.
                shown_name=session.get_one(Person, honour.person_id).shown_name,
                figures=facts,
                at=now,
            )
        )
    contest.settled_at = now
    session.flush()
    record_change(session, actor=by, action="contest.settled", subject=f"contest:{contest.id}", at=now)
    return contest
