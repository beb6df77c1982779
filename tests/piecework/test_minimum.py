"""The legal minimum and the factors: by the period that was chosen, with hours from shifts, and never taken back."""

import csv
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew.models import Shift, ShiftBreak
from fulfillment.piecework.corrections import service as corrections
from fulfillment.piecework.minimum import queries
from fulfillment.piecework.minimum import service as minimum
from fulfillment.piecework.minimum.models import MinWage, PayFacts
from fulfillment.piecework.minimum.rules import (
    Days,
    Line,
    ToAdd,
    Working,
    kind_of_day,
    periods_ending,
    untested,
    work_out,
)
from fulfillment.piecework.rules import Pieces, piece_pay
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from tests.piecework.world import ZONE, book, id_of, make_kind, make_lead, make_packer
from tests.world import NOW

TABLE = Path(__file__).parent.parent / "data/rules/zhejiang_min_wage.csv"
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
AFTER = datetime(2026, 12, 1, 9, tzinfo=ZONE)


def test_the_table_of_the_notices_is_there_and_what_was_not_confirmed_is_not_used(session: Session) -> None:
    with TABLE.open(encoding="utf-8-sig") as file:
        wanted = {
            (date.fromisoformat(row["valid_from"]), int(row["tier"]), int(row["month_yuan"]) * 100, "high" in row["confidence"])
            for row in csv.DictReader(file)
            if row["valid_from"] != "note"
        }  # fmt: skip
    rows = session.scalars(select(MinWage)).all()
    assert {(row.valid_from, row.tier, row.month_fen, row.confirmed_at is not None) for row in rows} == wanted
    used = queries.min_wage_on(session, date(2026, 11, 30), 3)
    assert used is not None
    assert (used.valid_from, used.month_fen) == (date(2024, 1, 1), 201_000)
    minimum.set_min_wage(
        session, tier=3, month_fen=218_000, valid_from=date(2026, 1, 1), source="通知", now=NOW, by=SYSTEM
    )
    session.expire_all()
    used = queries.min_wage_on(session, date(2026, 11, 30), 3)
    assert used is not None
    assert used.month_fen == 218_000


def test_thirteen_statutory_holidays_a_year_stand_in_the_calendar(session: Session) -> None:
    for year in (2026, 2027):
        days = queries.calendar(session, date(year, 1, 1), date(year, 12, 31))
        assert sum(day.kind == "holiday" for day in days) == 13


@pytest.mark.parametrize(
    ("day", "kind"),
    [("2026-11-27", "work"), ("2026-11-28", "rest"), ("2026-10-01", "holiday"), ("2026-10-10", "work")],
)
def test_a_day_is_what_the_calendar_says_else_its_weekday(day: str, kind: str) -> None:
    calendar = {date(2026, 10, 1): "holiday", date(2026, 10, 10): "work"}
    assert kind_of_day(date.fromisoformat(day), calendar, "67") == kind


def test_a_period_is_tested_when_it_is_over() -> None:
    assert periods_ending("month", date(2026, 11, 1), date(2026, 11, 29)) == []
    assert periods_ending("month", date(2026, 11, 16), date(2026, 12, 15)) == [
        Days(date(2026, 11, 1), date(2026, 11, 30))
    ]
    assert periods_ending("week", date(2026, 11, 25), date(2026, 12, 2)) == [
        Days(date(2026, 11, 23), date(2026, 11, 29))
    ]
    assert len(periods_ending("day", FIRST, LAST)) == 30
    assert periods_ending("none", FIRST, LAST) == []


@pytest.mark.parametrize(
    ("added", "left"),
    [
        ([], (1, 30)),
        ([(1, 30)], (1, 30)),
        ([(2, 8), (9, 15)], (16, 30)),
        ([(2, 8), (7, 30)], None),
        ([(9, 15), (16, 30)], (16, 30)),
        ([(30, 30)], None),
    ],
)
def test_no_day_is_tested_by_two_choices_of_period(added: list[tuple[int, int]], left: tuple[int, int] | None) -> None:
    def days(span: tuple[int, int]) -> Days:
        return Days(*(FIRST + timedelta(days=day - 1) for day in span))

    assert untested(days((1, 30)), [days(one) for one in added]) == (days(left) if left else None)


CASES = [
    # Worked cases 3 and 4 of piece_rate_cases.json, in fen: normal, overtime, rest, hours, factors, top-up.
    (150_000, 15_000, 10_000, 174, 7_500 + 10_000, 51_000),
    (32_400, 0, 0, 40, 0, 13_807),
]


@pytest.mark.parametrize(("normal", "overtime", "rest", "hours", "factors", "top_up"), CASES)
def test_it_is_worked_out_by_the_rule_of_the_worked_cases(
    normal: int, overtime: int, rest: int, hours: int, factors: int, top_up: int
) -> None:
    days = [FIRST + timedelta(days=n) for n in range(30)]
    kinds = dict.fromkeys(days, "work") | {days[29]: "rest"}
    worked = dict.fromkeys(days[: hours // 6], 6 * 3600)
    if hours % 6:
        worked[days[hours // 6]] = hours % 6 * 3600
    lines = [Line(days[0], 0, normal), Line(days[0], 9 * 3600, overtime), Line(days[29], 0, rest)]
    found = work_out(Days(FIRST, LAST), lines, worked, kinds, 201_000)
    assert (found.normal_s, found.factors_fen, found.minimum_fen) == (hours * 3600, factors, top_up)


@given(
    normal=st.integers(0, 500_000),
    overtime=st.integers(0, 100_000),
    holiday=st.integers(0, 100_000),
    seconds=st.integers(0, 8 * 3600),
    month_min=st.integers(100_000, 400_000),
)
def test_pay_is_never_below_what_was_earned_nor_below_the_floor(
    normal: int, overtime: int, holiday: int, seconds: int, month_min: int
) -> None:
    first, second = FIRST, FIRST + timedelta(days=1)
    lines = [Line(first, 0, normal), Line(first, 9 * 3600, overtime), Line(second, 0, holiday)]
    found = work_out(Days(first, second), lines, {first: seconds}, {first: "work", second: "holiday"}, month_min)
    assert normal + found.minimum_fen >= found.floor_fen
    assert found.minimum_fen == 0 or normal + found.minimum_fen == found.floor_fen
    assert abs(2 * found.factors_fen - overtime - 4 * holiday) <= 1
    pieces = [Pieces(1, 0, 0, 0, Decimal(normal) / 100), Pieces(0, 1, 0, 0, Decimal(overtime) / 100),
              Pieces(0, 0, 0, 1, Decimal(holiday) / 100)]  # fmt: skip
    pay = piece_pay(pieces, Decimal(seconds) / 3600, Decimal(month_min) / 100)
    assert normal + overtime + holiday + found.factors_fen + found.minimum_fen == int(pay.pay * 100)
    assert Working.from_json(found.as_json()) == found


# ---- from shifts and the ledger ----


@pytest.fixture
def lead(session: Session) -> Actor:
    return make_lead(session)


@pytest.fixture
def ann(session: Session) -> Actor:
    ann = make_packer(session, "吴秀英")
    minimum.set_facts(session, PayFacts(person_id=id_of(ann), is_employee=True, method="cash", bank="",
                                        account_holder="", account_number=""), now=NOW, by=SYSTEM)  # fmt: skip
    return ann


def at(day: int, hour: int, zone: ZoneInfo = ZONE) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=zone)


def shift(
    session: Session, person: Actor, day: int, first: int, last: int, rest: tuple[int, int] | None = None
) -> None:
    row = Shift(
        person_id=id_of(person), began_at=at(day, first), ended_at=at(day, last), began_how="lead", ended_how="lead"
    )
    if rest:
        row.breaks = [ShiftBreak(began_at=at(day, rest[0]), ended_at=at(day, rest[1]))]
    session.add(row)
    session.flush()


def choose(session: Session, period: str, rest_weekdays: str = "67") -> None:
    minimum.set_terms(session, period=period, tier=3, rest_weekdays=rest_weekdays, valid_from=FIRST, now=NOW, by=SYSTEM)


def additions(session: Session, person: Actor) -> list[ToAdd]:
    return queries.to_add(session, [id_of(person)], FIRST, LAST, now=AFTER, zone=ZONE).get(id_of(person), [])


def test_the_period_chosen_decides_and_the_working_says_so(session: Session, lead: Actor, ann: Actor) -> None:
    """Ten hours at 50 yuan on one day and 300 yuan in ten hours on another: together enough, the first alone not."""
    kind = make_kind(session, rate_fen=100)
    for day, pieces in ((24, 50), (25, 300)):
        shift(session, ann, day, 8, 17, (12, 13))
        book(session, lead, kind, pieces, ann, at=at(day, 10))
    choose(session, "month")
    (month,) = additions(session, ann)
    assert (month.working.hours, month.working.floor_fen, month.minimum_fen) == ("16.00", 18_483, 0)
    choose(session, "day")
    by_day = additions(session, ann)
    assert [(each.working.first_day.day, each.minimum_fen) for each in by_day] == [(24, 9_241 - 5_000), (25, 0)]
    choose(session, "none")
    assert additions(session, ann) == []


def test_overtime_rest_days_and_holidays_pay_their_factors(session: Session, lead: Actor, ann: Actor) -> None:
    kind = make_kind(session, rate_fen=100)
    shift(session, ann, 25, 8, 18)
    book(session, lead, kind, 80, ann, at=at(25, 12))
    book(session, lead, kind, 30, ann, at=at(25, 17))
    shift(session, ann, 28, 8, 10)
    book(session, lead, kind, 20, ann, at=at(28, 9))
    minimum.set_day(session, day=date(2026, 11, 27), kind="holiday", name="县庆", now=NOW, by=SYSTEM)
    shift(session, ann, 27, 8, 10)
    book(session, lead, kind, 10, ann, at=at(27, 9))
    choose(session, "month")
    (found,) = additions(session, ann)
    working = found.working
    assert (working.normal_fen, working.overtime_fen, working.rest_fen, working.holiday_fen) == (
        8_000,
        3_000,
        2_000,
        1_000,
    )
    assert (working.normal_s, working.overtime_s) == (8 * 3600, 2 * 3600)
    assert found.factors_fen == 1_500 + 2_000 + 2_000
    minimum.clear_day(session, date(2026, 11, 27), now=NOW, by=SYSTEM)
    assert additions(session, ann)[0].factors_fen == 1_500 + 2_000


def test_what_was_added_is_not_added_again_and_not_taken_back(session: Session, lead: Actor, ann: Actor) -> None:
    kind = make_kind(session, rate_fen=100)
    shift(session, ann, 25, 8, 16)
    book(session, lead, kind, 50, ann, at=at(25, 12))
    choose(session, "month")
    (found,) = additions(session, ann)
    assert found.minimum_fen == 4_241
    (line,) = minimum.add(session, id_of(ann), found, zone=ZONE, now=AFTER, by=lead)
    assert line.earned_at.astimezone(ZONE).date() == LAST
    assert additions(session, ann)[0].minimum_fen == 0
    shift(session, ann, 26, 8, 16)
    (more,) = additions(session, ann)
    assert more.minimum_fen == 18_483 - 9_241
    minimum.add(session, id_of(ann), more, zone=ZONE, now=AFTER, by=lead)
    book(session, lead, kind, 500, ann, at=at(26, 12))
    assert additions(session, ann)[0].minimum_fen == 0


def test_another_period_is_chosen_and_overtime_is_not_paid_twice(session: Session, lead: Actor, ann: Actor) -> None:
    kind = make_kind(session, rate_fen=100)
    for day in (18, 25):
        shift(session, ann, day, 8, 18)
        book(session, lead, kind, 200, ann, at=at(day, 12))
        book(session, lead, kind, 20, ann, at=at(day, 17))
    choose(session, "week")
    for found in additions(session, ann)[:1]:
        assert (found.working.first_day.day, found.factors_fen) == (16, 1_000)
        minimum.add(session, id_of(ann), found, zone=ZONE, now=AFTER, by=lead)
    choose(session, "month")
    (month,) = additions(session, ann)
    assert (month.working.first_day.day, month.factors_fen) == (23, 1_000)
    minimum.add(session, id_of(ann), month, zone=ZONE, now=AFTER, by=lead)
    (month,) = additions(session, ann)
    assert month.factors_fen == 0
    choose(session, "day")
    assert sum(each.factors_fen for each in additions(session, ann)) == 0


@pytest.mark.parametrize("amount_fen", [5_000, -1_000])
def test_a_correction_is_neither_multiplied_nor_set_off_against_the_minimum(
    session: Session, lead: Actor, ann: Actor, amount_fen: int
) -> None:
    """Agreed upon on a Saturday, it would pay twice; in a month below the floor it would change nothing."""
    shift(session, ann, 25, 8, 16)
    book(session, lead, make_kind(session, rate_fen=100), 50, ann, at=at(25, 12))
    choose(session, "month")
    before = additions(session, ann)
    for day in (25, 28):
        more = corrections.propose(
            session, person_id=id_of(ann), amount_fen=amount_fen, reason="少记了", now=at(day, 12), by=lead
        )
        corrections.confirm(session, more.id, now=at(day, 12), by=make_lead(session))
    assert additions(session, ann) == before


def test_an_account_number_is_in_no_log(session: Session, ann: Actor, database: Database) -> None:
    from kernel.audit import AuditEntry

    facts = PayFacts(person_id=id_of(ann), is_employee=True, method="bank", bank="农商银行", account_holder="吴秀英",
                     account_number="6222020200012345678")  # fmt: skip
    minimum.set_facts(session, facts, now=NOW, by=SYSTEM)
    logged = [entry.after for entry in session.scalars(select(AuditEntry).where(AuditEntry.action == "pay_facts.set"))]
    assert logged[-1] == {"method": "bank", "bank": "农商银行", "account_number": "changed"}
    assert queries.facts_of(session, id_of(ann)).account_number.endswith("5678")
    minimum.forget_account(session, id_of(ann), now=NOW, by=SYSTEM)
    assert queries.facts_of(session, id_of(ann)).account_number == ""
