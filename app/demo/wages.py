"""Demo wages: other work alone and in teams, last month paid, this month being looked at, something for a second person."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew.models import Shift
from fulfillment.packing.models import Packer
from fulfillment.piecework import service as piecework
from fulfillment.piecework.corrections import service as corrections
from fulfillment.piecework.minimum import service as minimum
from fulfillment.piecework.minimum.models import PayFacts
from fulfillment.piecework.models import WageEntry
from fulfillment.piecework.pay import queries as pay_queries
from fulfillment.piecework.pay import rules as pay_rules
from fulfillment.piecework.pay import service as pay
from fulfillment.piecework.pay.models import PayRun
from fulfillment.piecework.work import service as work
from fulfillment.piecework.work.models import WorkKind
from fulfillment.piecework.work.rules import ANY_SIZE_G
from kernel.audit import Actor

_ZONE = ZoneInfo("Asia/Shanghai")

# Code, names, what is counted, for how many a rate is, the company that sends the materials in, fen.
_KINDS = (
    ("bagging", "装袋封口", "Bagging", "piece", 1, "", 12),
    ("pencils", "装铅笔", "Packing pencils", "piece", 100, "丽水示例铅笔厂", 180),
    ("picking", "摘甜桔柚", "Picking fruit", "g", 1000, "", 120),
)

# Day of last month, kind, how much, who (places in the list of packers) and their minutes; none: equal parts.
_LAST_MONTH: tuple[tuple[int, str, int, Mapping[int, int]], ...] = (
    (3, "bagging", 640, {0: 0}),
    (4, "pencils", 5_400, {1: 0, 3: 0, 4: 0}),
    (5, "picking", 186_500, {2: 0, 7: 0}),
    (6, "bagging", 300, {5: 0}),
    (10, "pencils", 7_250, {0: 240, 1: 180, 5: 240}),
    (12, "picking", 94_250, {7: 0}),
)
_EMPLOYEE = 5
_ON_SHIFT = (6, 10, 11)


def load(session: Session, actors: Mapping[str, Actor], now: datetime) -> None:
    """Add the work, the runs and what waits."""
    today = now.astimezone(_ZONE).date()
    month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    packers = _packers(session)
    kinds = _kinds(session, month, now, actors["lead"])
    _terms(session, packers, month, now, actors["owner"])
    for day, code, quantity, team in _LAST_MONTH:
        _book(session, kinds[code], quantity, {packers[n]: minutes for n, minutes in team.items()},
              month.replace(day=day), actors["lead"])  # fmt: skip
    _shifts(session, packers[_EMPLOYEE], month)
    _pay_last_month(session, packers, month, now, actors)
    _this_month(session, packers, kinds, today, now, actors)


def _packers(session: Session) -> Sequence[Actor]:
    found = session.scalars(select(Packer).order_by(Packer.person_id)).all()
    return [Actor(packer.person_id, packer.person.name) for packer in found]


def _kinds(session: Session, month: date, now: datetime, lead: Actor) -> dict[str, WorkKind]:
    kinds = {}
    for code, name_zh, name_en, unit, per, customer, rate_fen in _KINDS:
        kinds[code] = work.add_kind(
            session,
            code=code,
            name_zh=name_zh,
            name_en=name_en,
            unit=unit,
            per=per,
            customer=customer,
            now=now,
            by=lead,
        )
        piecework.set_rate(
            session, operation=code, up_to_g=ANY_SIZE_G, rate_fen=rate_fen, valid_from=month, now=now, by=lead
        )
    return kinds


def _terms(session: Session, packers: Sequence[Actor], month: date, now: datetime, owner: Actor) -> None:
    minimum.set_terms(session, period="month", tier=3, rest_weekdays="67", valid_from=month, now=now, by=owner)
    for place, (is_employee, method, number) in {
        _EMPLOYEE: (True, "bank", "6230910299001234567"),
        0: (False, "bank", "6230910299007654321"),
    }.items():
        facts = PayFacts(
            person_id=packers[place].person_id,
            is_employee=is_employee,
            method=method,
            bank="庆元农商银行",
            account_holder=packers[place].name,
            account_number=number,
        )
        minimum.set_facts(session, facts, now=now, by=owner)


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), _ZONE)


def _book(
    session: Session,
    kind: WorkKind,
    quantity: int,
    team: Mapping[Actor, int],
    day: date,
    lead: Actor,
    *,
    not_after: datetime | None = None,
) -> None:
    at = min(_noon(day), not_after) if not_after else _noon(day)
    split = "minutes" if any(team.values()) else "equal"
    parts = {person.person_id: minutes or 1 for person, minutes in team.items() if person.person_id}
    note = work.Note(kind.id, None, quantity, at, split, parts)
    work.book(session, note, zone=_ZONE, now=at, by=lead)


def _shifts(session: Session, person: Actor, month: date) -> None:
    """Three days of last month, so that the working of the minimum has hours to show."""
    for day in _ON_SHIFT:
        start = datetime.combine(month.replace(day=day), time(8), _ZONE)
        session.add(
            Shift(
                person_id=person.person_id,
                began_at=start,
                ended_at=start + timedelta(hours=8),
                began_how="lead",
                ended_how="lead",
            )
        )
    session.flush()


def _pay_last_month(
    session: Session, packers: Sequence[Actor], month: date, now: datetime, actors: Mapping[str, Actor]
) -> None:
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    at = min(_noon(last + timedelta(days=1)), now)
    run = pay.open_run(session, first_day=month, last_day=last, now=at, by=actors["lead"])
    pay.propose(session, run.id, now=at, by=actors["lead"])
    _close(session, run, at, actors["owner"])
    pay.pay_all_left(session, run.id, pay_rules.CASH, now=at, by=actors["owner"])
    person_id = packers[0].person_id or 0
    due_fen = pay_queries.people_of(session, run.id, person_id)[0].due_fen
    sent = pay.pay_out(session, run.id, person_id, fen=due_fen, method="bank", note="", now=at, by=actors["owner"])
    pay.came_back(session, sent.id, note="户名和账号对不上", now=at, by=actors["owner"])


def _close(session: Session, run: PayRun, at: datetime, owner: Actor) -> None:
    paid = [person for person in pay_queries.review(session, run, now=at, zone=_ZONE) if person.is_paid]
    total_fen = sum(person.total_fen for person in paid)
    pay.close(session, run.id, seen_fen=total_fen, seen_people=len(paid), zone=_ZONE, now=at, by=owner)


def _this_month(
    session: Session,
    packers: Sequence[Actor],
    kinds: Mapping[str, WorkKind],
    today: date,
    now: datetime,
    actors: Mapping[str, Actor],
) -> None:
    """An evening's work, an open run, a correction and a question for somebody, a packer's own note."""
    first = today.replace(day=1)
    for quantity, team in ((420, (0, 3)), (2_600, (1, 4, 6))):
        kind = kinds["bagging" if len(team) == 2 else "pencils"]
        _book(session, kind, quantity, {packers[n]: 0 for n in team}, first, actors["lead"], not_after=now)
    line = session.scalars(
        select(WageEntry.id).where(WageEntry.packer_id == packers[4].person_id).order_by(WageEntry.id.desc())
    ).first()
    corrections.complain(session, entry_id=line, kind="too_little", words="那天我也做了两箱", now=now, by=packers[4])
    agreed = corrections.propose(
        session, person_id=packers[3].person_id or 0, amount_fen=600, reason="漏记一箱装袋", now=now, by=actors["lead"]
    )
    corrections.confirm(session, agreed.id, now=now, by=actors["owner"])
    corrections.propose(
        session, person_id=packers[1].person_id or 0, amount_fen=-240, reason="多数了一百支", now=now, by=actors["lead"]
    )
    own = work.Note(kinds["picking"].id, None, 23_400, now, "equal", {packers[7].person_id or 0: 1})
    work.propose(session, own, zone=_ZONE, now=now, by=packers[7])
    last = max(first, today - timedelta(days=1))
    pay.open_run(session, first_day=first, last_day=last, now=now, by=actors["lead"])
