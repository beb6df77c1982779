"""Reading pay runs: the review of an open one, the people and payments of a closed one, the payroll."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew
from fulfillment.piecework.corrections import queries as corrections
from fulfillment.piecework.minimum import queries as minimum
from fulfillment.piecework.models import WageEntry
from fulfillment.piecework.pay import rules
from fulfillment.piecework.pay.models import Payout, PayRun, PayRunPerson
from fulfillment.piecework.pay.rules import PersonPay, Sums
from kernel.audit import AuditEntry
from kernel.clock import day_bounds, local_day
from kernel.people.models import Person
from kernel.text import Text

BANK_FILE_MADE: Final = "bank_file.made"


def runs(session: Session, most: int = 50) -> Sequence[PayRun]:
    """Pay runs, newest first."""
    return session.scalars(select(PayRun).order_by(PayRun.id.desc()).limit(most)).all()


def open_run(session: Session) -> PayRun | None:
    """The run that is being looked at."""
    return session.scalar(select(PayRun).where(PayRun.state == rules.OPEN))


_SUMS = """
    count(*) FILTER (WHERE w.kind = 'piece') - count(*) FILTER (WHERE w.kind = 'reversal' AND w.task_id IS NOT NULL) AS pieces,
    COALESCE(sum(w.amount_fen) FILTER (WHERE w.task_id IS NOT NULL), 0)::bigint AS piece_fen,
    COALESCE(sum(w.amount_fen) FILTER (WHERE w.share_id IS NOT NULL), 0)::bigint AS work_fen,
    COALESCE(sum(w.amount_fen) FILTER (WHERE w.correction_id IS NOT NULL), 0)::bigint AS correction_fen,
    COALESCE(sum(w.amount_fen) FILTER (WHERE w.top_up_id IS NOT NULL), 0)::bigint AS top_up_fen
"""
_UNPAID = text(f"""
    SELECT w.packer_id, p.name, {_SUMS}, array_agg(w.id ORDER BY w.id) AS ids
    FROM wage_entries w JOIN people p ON p.id = w.packer_id
    WHERE w.earned_at < :end AND NOT EXISTS (
        SELECT 1 FROM pay_run_entries e JOIN pay_runs r ON r.id = e.run_id
        WHERE e.entry_id = w.id AND e.kind = 'taken' AND r.state = 'closed')
    GROUP BY w.packer_id, p.name ORDER BY p.name, w.packer_id
""")  # noqa: S608 - our own words


@dataclass(frozen=True)
class _Unpaid:
    name: str
    sums: Sums
    entry_ids: Sequence[int]


def review(session: Session, run: PayRun, *, now: datetime, zone: ZoneInfo) -> list[PersonPay]:
    """Everybody who would be paid: the lines up to the run's last day that no run has taken, what the law adds, warnings."""
    start, end = day_bounds(run.first_day, zone)[0], day_bounds(run.last_day, zone)[1]
    unpaid = {
        row.packer_id: _Unpaid(
            row.name,
            Sums(row.pieces, row.piece_fen, row.work_fen, row.correction_fen, row.top_up_fen),
            row.ids,
        )
        for row in session.execute(_UNPAID, {"end": end})
    }
    facts = minimum.all_facts(session)
    employees = sorted(person_id for person_id, fact in facts.items() if fact.is_employee)
    additions = minimum.to_add(session, employees, _tested_from(session, run, zone), run.last_day, now=now, zone=zone)
    for person_id in sorted(set(additions) - set(unpaid)):
        if any(each.factors_fen or each.minimum_fen for each in additions[person_id]):
            unpaid[person_id] = _Unpaid(session.get_one(Person, person_id).name, Sums(0, 0, 0, 0, 0), [])
    hours = crew.worked_seconds_by_person(session, start, min(now, end))
    complaints = corrections.people_with_open_complaints(session)
    undecided = {each.person_id for each in corrections.waiting(session)}
    people = []
    for person_id, found in unpaid.items():
        fact = facts.get(person_id) or minimum.facts_of(session, person_id)
        person = PersonPay(
            person_id=person_id,
            name=found.name,
            sums=found.sums,
            entry_ids=found.entry_ids,
            method=fact.method,
            is_employee=fact.is_employee,
            additions=additions.get(person_id, ()),
        )
        marks = {
            rules.NEGATIVE: person.total_fen < 0,
            rules.NO_BANK: fact.method == rules.BANK and not fact.account_number,
            rules.COMPLAINT: person_id in complaints,
            rules.NO_HOURS: fact.is_employee and not hours.get(person_id),
            rules.UNDECIDED: person_id in undecided,
        }
        warnings = tuple(name for name, is_so in marks.items() if is_so)
        people.append(replace(person, warnings=warnings))
    return people


def _tested_from(session: Session, run: PayRun, zone: ZoneInfo) -> date:
    """From which day on periods are tested for the minimum: none that ends between two runs is left out.

    The last run tested what was over when it was closed, which may have been on its own last day.
    """
    last = last_closed(session)
    if last is None or last.closed_at is None:
        return run.first_day
    return min(run.first_day, last.last_day + timedelta(days=1), local_day(last.closed_at, zone))


@dataclass(frozen=True)
class PaidPerson:
    """One person of a closed run: what is due, what was handed out less what came back, in fen."""

    person_id: int
    name: str
    method: str
    due_fen: int
    paid_fen: int
    sums: Sums

    @property
    def left_fen(self) -> int:
        """What is still to be handed out."""
        return self.due_fen - self.paid_fen


_PAID = text(f"""
    SELECT g.person_id, p.name, g.method, g.amount_fen AS due_fen,
           COALESCE((SELECT sum(CASE kind WHEN 'paid' THEN fen ELSE -fen END) FROM payouts o
                     WHERE o.run_id = g.run_id AND o.person_id = g.person_id), 0)::bigint AS paid_fen, {_SUMS}
    FROM pay_run_people g JOIN people p ON p.id = g.person_id
    LEFT JOIN pay_run_entries e ON e.run_id = g.run_id AND e.person_id = g.person_id AND e.kind = 'taken'
    LEFT JOIN wage_entries w ON w.id = e.entry_id
    WHERE g.run_id = :run AND (CAST(:person AS bigint) IS NULL OR g.person_id = :person)
    GROUP BY g.run_id, g.person_id, p.name, g.method, g.amount_fen ORDER BY p.name, g.person_id
""")  # noqa: S608 - our own words


def people_of(session: Session, run_id: int, person_id: int | None = None) -> list[PaidPerson]:
    """The people of a closed run, or one of them."""
    return [
        PaidPerson(
            row.person_id,
            row.name,
            row.method,
            row.due_fen,
            row.paid_fen,
            Sums(row.pieces, row.piece_fen, row.work_fen, row.correction_fen, row.top_up_fen),
        )
        for row in session.execute(_PAID, {"run": run_id, "person": person_id})
    ]


def payouts_of(session: Session, run_id: int, person_id: int | None = None) -> Sequence[Payout]:
    """What was handed out and came back, oldest first."""
    chosen = select(Payout).where(Payout.run_id == run_id).order_by(Payout.id)
    return session.scalars(chosen if person_id is None else chosen.where(Payout.person_id == person_id)).all()


def last_bank_file(session: Session, run_id: int) -> AuditEntry | None:
    """When a file for the bank was last made of a run, and by whom: sent twice it is paid twice."""
    made = select(AuditEntry).where(AuditEntry.subject == f"pay_run:{run_id}", AuditEntry.action == BANK_FILE_MADE)
    return session.scalar(made.order_by(AuditEntry.id.desc()).limit(1))


def runs_of(session: Session, person_id: int) -> Sequence[PayRunPerson]:
    """The closed runs in which a person was paid, newest first."""
    return session.scalars(
        select(PayRunPerson)
        .join(PayRun, PayRun.id == PayRunPerson.run_id)
        .where(PayRunPerson.person_id == person_id, PayRun.state == rules.CLOSED)
        .order_by(PayRunPerson.run_id.desc())
    ).all()


@dataclass(frozen=True)
class PayslipRow:
    """Lines of one kind taken together: parcels at one rate, a kind of work, one correction, one addition by law.

    ``quantity`` of other work in pieces or grams (``unit``), all that a team did together where it was ``shared``.
    """

    kind: str
    work_zh: str
    work_en: str
    count: int
    rate_fen: int | None
    fen: int
    note: str
    quantity: int | None
    unit: str | None
    shared: bool | None
    first_day: date | None
    last_day: date | None

    @property
    def work(self) -> Text:
        """The kind of other work."""
        return Text(self.work_zh, self.work_en)


_SLIP = text("""
    SELECT 'piece' AS kind, '' AS zh, '' AS en, sum(CASE w.kind WHEN 'piece' THEN 1 ELSE -1 END)::int AS count,
           w.rate_fen AS rate_fen, sum(w.amount_fen)::bigint AS fen, '' AS note, NULL::bigint AS quantity, NULL AS unit,
           NULL::boolean AS shared, NULL::date AS first_day, NULL::date AS last_day, 1 AS place
    FROM wage_entries w JOIN pay_run_entries e ON e.entry_id = w.id AND e.kind = 'taken'
    WHERE e.run_id = :run AND e.person_id = :person AND w.task_id IS NOT NULL
    GROUP BY w.rate_fen HAVING sum(CASE w.kind WHEN 'piece' THEN 1 ELSE -1 END) <> 0
    UNION ALL
    SELECT 'work', k.name_zh, k.name_en, count(*)::int, NULL, sum(w.amount_fen)::bigint, '', sum(b.quantity)::bigint,
           min(b.unit), team.size > 1, NULL, NULL, 2
    FROM wage_entries w JOIN pay_run_entries e ON e.entry_id = w.id AND e.kind = 'taken'
    JOIN work_shares s ON s.id = w.share_id JOIN work_bookings b ON b.id = s.booking_id JOIN work_kinds k ON k.id = b.kind_id
    CROSS JOIN LATERAL (SELECT count(*) AS size FROM work_shares o WHERE o.booking_id = b.id) team
    WHERE e.run_id = :run AND e.person_id = :person
      AND NOT EXISTS (SELECT 1 FROM wage_entries back WHERE back.share_id = s.id AND back.kind = 'reversal')
    GROUP BY k.id, k.name_zh, k.name_en, team.size > 1
    UNION ALL
    SELECT 'correction', '', '', 1, NULL, w.amount_fen, w.reason, NULL, NULL, NULL, NULL, NULL, 3
    FROM wage_entries w JOIN pay_run_entries e ON e.entry_id = w.id AND e.kind = 'taken'
    WHERE e.run_id = :run AND e.person_id = :person AND w.correction_id IS NOT NULL
    UNION ALL
    SELECT u.what, '', '', 1, NULL, w.amount_fen, '', NULL, NULL, NULL, u.first_day, u.last_day, 4
    FROM wage_entries w JOIN pay_run_entries e ON e.entry_id = w.id AND e.kind = 'taken'
    JOIN top_ups u ON u.id = w.top_up_id
    WHERE e.run_id = :run AND e.person_id = :person
    ORDER BY place, rate_fen, zh, shared, first_day
""")


def payslip(session: Session, run_id: int, person_id: int) -> list[PayslipRow]:
    """What a person's pay is made of, in few lines that each say what they are."""
    return [PayslipRow(*row[:12]) for row in session.execute(_SLIP, {"run": run_id, "person": person_id})]


def workings(session: Session, run_id: int, person_id: int) -> list[Mapping[str, object]]:
    """The working of what the law added for a person in a run, as it was kept."""
    return [row[0] for row in session.execute(_WORKINGS, {"run": run_id, "person": person_id})]


_WORKINGS = text("""
    SELECT DISTINCT ON (u.first_day, u.last_day) u.working FROM wage_entries w
    JOIN pay_run_entries e ON e.entry_id = w.id AND e.kind = 'taken' JOIN top_ups u ON u.id = w.top_up_id
    WHERE e.run_id = :run AND e.person_id = :person ORDER BY u.first_day, u.last_day, u.id DESC
""")


@dataclass(frozen=True)
class PayrollRow:
    """What one person earned in one month by where it comes from, in fen."""

    person_id: int
    name: str
    month: date
    sums: Sums


_PAYROLL = text(f"""
    SELECT w.packer_id, p.name, date_trunc('month', w.earned_at AT TIME ZONE :zone)::date AS month, {_SUMS}
    FROM wage_entries w JOIN people p ON p.id = w.packer_id
    WHERE w.earned_at >= :start AND w.earned_at < :end
    GROUP BY 1, 2, 3 ORDER BY 3, 2, 1
""")  # noqa: S608 - our own words


def payroll(session: Session, first: date, last: date, zone: ZoneInfo) -> list[PayrollRow]:
    """Everybody's months between two days, for the accountant and the county."""
    facts = {"zone": zone.key, "start": day_bounds(first, zone)[0], "end": day_bounds(last, zone)[1]}
    return [
        PayrollRow(
            row.packer_id,
            row.name,
            row.month,
            Sums(row.pieces, row.piece_fen, row.work_fen, row.correction_fen, row.top_up_fen),
        )
        for row in session.execute(_PAYROLL, facts)
    ]


def amounts_of(session: Session, entry_ids: Sequence[int]) -> dict[int, int]:
    """The sums of some wage lines in fen, by id."""
    rows = session.execute(select(WageEntry.id, WageEntry.amount_fen).where(WageEntry.id.in_(entry_ids)))
    return {row[0]: row[1] for row in rows}


def last_closed(session: Session) -> PayRun | None:
    """The newest closed run: the next one begins after it."""
    return session.scalar(
        select(PayRun).where(PayRun.state == rules.CLOSED).order_by(PayRun.last_day.desc(), PayRun.id.desc()).limit(1)
    )


def first_unpaid_day(session: Session, zone: ZoneInfo) -> date | None:
    """The day of the oldest line that no run has taken."""
    moment = session.scalar(_FIRST_UNPAID)
    return moment.astimezone(zone).date() if moment else None


_FIRST_UNPAID = text("""
    SELECT min(w.earned_at) FROM wage_entries w WHERE NOT EXISTS (
        SELECT 1 FROM pay_run_entries e JOIN pay_runs r ON r.id = e.run_id
        WHERE e.entry_id = w.id AND e.kind = 'taken' AND r.state = 'closed')
""")
