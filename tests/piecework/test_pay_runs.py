"""Pay runs: each line is taken once, money is handed out once, a run is reversed by new lines; races with controls."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.piecework.corrections import service as corrections
from fulfillment.piecework.minimum import service as minimum
from fulfillment.piecework.minimum.models import PayFacts
from fulfillment.piecework.models import WageEntry
from fulfillment.piecework.pay import queries
from fulfillment.piecework.pay import service as pay
from fulfillment.piecework.pay.models import PayRun, PayRunEntry
from kernel.audit import SYSTEM, Actor
from kernel.db import Database
from kernel.errors import NotFound, Refused
from tests.packing.races import PATIENCE_S, all_at_once
from tests.piecework.test_minimum import choose, shift
from tests.piecework.world import ZONE, book, id_of, make_kind, make_lead, make_owner, make_packer, owed
from tests.world import NOW

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
MONTH_IS_OVER = datetime(2026, 12, 1, 9, tzinfo=ZONE)


@pytest.fixture
def lead(session: Session) -> Actor:
    return make_lead(session)


@pytest.fixture
def owner(session: Session) -> Actor:
    return make_owner(session)


@pytest.fixture
def ann(session: Session) -> Actor:
    return make_packer(session, "吴秀英")


@pytest.fixture
def bea(session: Session) -> Actor:
    return make_packer(session, "叶根土")


def open_run(session: Session, by: Actor, first: date = FIRST, last: date = LAST) -> PayRun:
    return pay.open_run(session, first_day=first, last_day=last, now=NOW, by=by)


def close(session: Session, run: PayRun, by: Actor, now: datetime = NOW) -> PayRun:
    """Close what stands on the screen now."""
    paid = [person for person in queries.review(session, run, now=now, zone=ZONE) if person.is_paid]
    return pay.close(
        session, run.id, seen_fen=sum(each.total_fen for each in paid), seen_people=len(paid), zone=ZONE, now=now, by=by
    )


def employ(session: Session, person: Actor) -> None:
    """The owner says that the legal minimum holds for a person."""
    facts = PayFacts(
        person_id=id_of(person), is_employee=True, method="cash", bank="", account_holder="", account_number=""
    )
    minimum.set_facts(session, facts, now=NOW, by=SYSTEM)


def taken(session: Session) -> int:
    """Lines that stand in a closed run."""
    kinds = func.sum(text("CASE kind WHEN 'taken' THEN 1 ELSE -1 END"))
    return int(session.scalar(select(kinds).select_from(PayRunEntry)) or 0)


def test_a_run_takes_each_line_once_and_later_ones_go_into_the_next(
    session: Session, lead: Actor, owner: Actor, ann: Actor, bea: Actor
) -> None:
    kind = make_kind(session)
    book(session, lead, kind, 100, ann, bea)
    run = open_run(session, lead)
    with pytest.raises(Refused, match="open already"):
        open_run(session, owner)
    pay.propose(session, run.id, now=NOW, by=lead)
    close(session, run, owner)
    assert [(each.name, each.due_fen) for each in queries.people_of(session, run.id)] == [
        ("叶根土", 1_500),
        ("吴秀英", 1_500),
    ]
    book(session, lead, kind, 10, ann)
    late = open_run(session, owner)
    close(session, late, owner)
    assert [(each.name, each.due_fen) for each in queries.people_of(session, late.id)] == [("吴秀英", 300)]
    assert taken(session) == 3
    with pytest.raises(Refused, match="changed meanwhile"):
        pay.close(session, run.id, seen_fen=0, seen_people=0, zone=ZONE, now=NOW, by=owner)


def test_figures_that_changed_since_the_look_are_not_closed(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    kind = make_kind(session)
    book(session, lead, kind, 100, ann)
    run = open_run(session, owner)
    with pytest.raises(Refused, match="changed since you looked"):
        pay.close(session, run.id, seen_fen=2_999, seen_people=1, zone=ZONE, now=NOW, by=owner)
    pay.drop(session, run.id, now=NOW, by=lead)
    early = open_run(session, owner, date(2026, 1, 1), date(2026, 1, 31))
    with pytest.raises(Refused, match="nothing to pay"):
        pay.close(session, early.id, seen_fen=0, seen_people=0, zone=ZONE, now=NOW, by=owner)
    assert taken(session) == 0


def test_who_would_owe_is_left_for_the_next_run_and_never_charged(
    session: Session, lead: Actor, owner: Actor, ann: Actor, bea: Actor
) -> None:
    kind = make_kind(session)
    book(session, lead, kind, 10, ann, bea)
    less = corrections.propose(session, person_id=id_of(ann), amount_fen=-900, reason="多记了", now=NOW, by=lead)
    corrections.confirm(session, less.id, now=NOW, by=owner)
    run = open_run(session, lead)
    reviewed = {each.name: each for each in queries.review(session, run, now=NOW, zone=ZONE)}
    assert reviewed["吴秀英"].warnings == ("negative",)
    close(session, run, owner)
    assert [each.name for each in queries.people_of(session, run.id)] == ["叶根土"]
    book(session, lead, kind, 40, ann)
    later = open_run(session, owner)
    close(session, later, owner)
    assert queries.people_of(session, later.id)[0].due_fen == 150 - 900 + 1_200


def test_the_review_warns_of_what_needs_a_person(session: Session, lead: Actor, ann: Actor) -> None:
    book(session, lead, make_kind(session), 10, ann)
    facts = PayFacts(
        person_id=id_of(ann), is_employee=True, method="bank", bank="", account_holder="", account_number=""
    )
    minimum.set_facts(session, facts, now=NOW, by=SYSTEM)
    corrections.complain(session, entry_id=None, kind="missing", words="", now=NOW, by=ann)
    corrections.propose(session, person_id=id_of(ann), amount_fen=10, reason="x", now=NOW, by=lead)
    (person,) = queries.review(session, open_run(session, lead), now=NOW, zone=ZONE)
    assert person.warnings == ("no_bank", "complaint", "no_hours", "undecided")


def test_closing_adds_what_the_law_adds_once(session: Session, lead: Actor, owner: Actor, ann: Actor) -> None:
    employ(session, ann)
    shift(session, ann, 23, 8, 16)
    book(session, lead, make_kind(session, rate_fen=100), 50, ann, at=NOW - timedelta(days=1))
    choose(session, "month")
    run = close(session, open_run(session, lead), owner, MONTH_IS_OVER)
    (person,) = queries.people_of(session, run.id)
    assert (person.due_fen, person.sums.top_up_fen) == (9_241, 4_241)
    assert owed(session, ann) == 9_241
    assert [row.kind for row in queries.payslip(session, run.id, id_of(ann))] == ["work", "minimum"]
    assert queries.workings(session, run.id, id_of(ann))[0]["floor_fen"] == 9_241
    pay.reverse(session, run.id, reason="日子填错", now=NOW, by=owner)
    again = close(session, open_run(session, owner), owner, MONTH_IS_OVER)
    assert queries.people_of(session, again.id)[0].due_fen == 9_241, "the addition is owed once, also after a reversal"


def test_a_period_that_ended_between_two_runs_is_tested_with_the_next(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    employ(session, ann)
    choose(session, "day")
    kind = make_kind(session, rate_fen=100)
    book(session, lead, kind, 500, ann, at=NOW - timedelta(days=10))
    close(session, open_run(session, lead, FIRST, date(2026, 11, 20)), owner)
    shift(session, ann, 23, 8, 16)
    book(session, lead, kind, 50, ann, at=NOW - timedelta(days=1))
    run = close(session, open_run(session, lead, date(2026, 11, 24), date(2026, 11, 24)), owner)
    assert queries.people_of(session, run.id)[0].due_fen == 9_241


def test_work_after_a_run_was_closed_on_its_last_day_is_tested_with_the_next(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    employ(session, ann)
    choose(session, "day")
    kind = make_kind(session, rate_fen=100)
    shift(session, ann, 24, 8, 18)
    noon, evening = (datetime(2026, 11, 24, hour, tzinfo=ZONE) for hour in (12, 17))
    book(session, lead, kind, 300, ann, at=noon)
    today = close(session, open_run(session, lead, FIRST, date(2026, 11, 24)), owner, noon)
    assert queries.people_of(session, today.id)[0].due_fen == 30_000, "the day is not over: nothing is tested yet"
    book(session, lead, kind, 20, ann, at=evening)
    run = close(session, open_run(session, lead, date(2026, 11, 25), LAST), owner, MONTH_IS_OVER)
    assert queries.people_of(session, run.id)[0].due_fen == 2_000 + 1_000, "overtime pays half as much again"


def test_what_the_law_adds_is_owed_also_to_who_gets_nothing_this_time(
    session: Session, lead: Actor, owner: Actor, ann: Actor, bea: Actor
) -> None:
    employ(session, ann)
    choose(session, "month")
    kind = make_kind(session, rate_fen=100)
    shift(session, ann, 23, 8, 16)
    book(session, lead, kind, 50, ann, bea, at=NOW - timedelta(days=1))
    less = corrections.propose(session, person_id=id_of(ann), amount_fen=-50_000, reason="多记了", now=NOW, by=lead)
    corrections.confirm(session, less.id, now=NOW, by=owner)
    run = close(session, open_run(session, lead), owner, MONTH_IS_OVER)
    assert [each.name for each in queries.people_of(session, run.id)] == ["叶根土"]
    assert owed(session, ann) == 9_241 - 50_000
    book(session, lead, kind, 500, ann, at=MONTH_IS_OVER)
    next_run = open_run(session, lead, date(2026, 12, 1), date(2026, 12, 1))
    assert [each.total_fen for each in queries.review(session, next_run, now=MONTH_IS_OVER, zone=ZONE)] == [9_241]


def test_money_is_handed_out_in_parts_comes_back_and_is_never_too_much(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    book(session, lead, make_kind(session), 100, ann)
    run = close(session, open_run(session, lead), owner)
    first = pay.pay_out(session, run.id, id_of(ann), fen=1_000, method="cash", note="", now=NOW, by=owner)
    with pytest.raises(Refused, match="more than is left"):
        pay.pay_out(session, run.id, id_of(ann), fen=2_001, method="bank", note="", now=NOW, by=owner)
    with pytest.raises(Refused, match="come back first"):
        pay.reverse(session, run.id, reason="x", now=NOW, by=owner)
    for _ in range(2):
        pay.came_back(session, first.id, note="户名不符", now=NOW, by=owner)
    assert pay.pay_all_left(session, run.id, "cash", now=NOW, by=owner) == 1
    assert pay.pay_all_left(session, run.id, "cash", now=NOW, by=owner) == 0
    (person,) = queries.people_of(session, run.id)
    assert (person.paid_fen, person.left_fen) == (3_000, 0)
    with pytest.raises(NotFound):
        pay.came_back(session, first.id + 99, note="", now=NOW, by=owner)
    with pytest.raises(NotFound):
        pay.pay_out(session, run.id, id_of(owner), fen=1, method="cash", note="", now=NOW, by=owner)


def test_a_run_is_reversed_by_new_lines_and_the_next_takes_them_again(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    book(session, lead, make_kind(session), 100, ann)
    run = close(session, open_run(session, lead), owner)
    for _ in range(2):
        pay.reverse(session, run.id, reason="日子填错了", now=NOW, by=owner)
    assert taken(session) == 0
    assert owed(session, ann) == 3_000, "what is owed does not change"
    assert queries.runs_of(session, id_of(ann)) == []
    again = close(session, open_run(session, owner), owner)
    assert queries.people_of(session, again.id)[0].due_fen == 3_000
    assert taken(session) == 1


def test_the_payroll_is_by_person_and_month(session: Session, lead: Actor, ann: Actor) -> None:
    kind = make_kind(session)
    book(session, lead, kind, 10, ann, at=NOW - timedelta(days=30))
    book(session, lead, kind, 20, ann)
    rows = queries.payroll(session, date(2026, 10, 1), LAST, ZONE)
    assert [(row.month.month, row.sums.work_fen) for row in rows] == [(10, 300), (11, 600)]


# ---- what the database holds ----


def test_a_line_stands_in_one_run_and_only_with_its_own_sum(
    session: Session, lead: Actor, owner: Actor, ann: Actor
) -> None:
    book(session, lead, make_kind(session), 100, ann)
    run = close(session, open_run(session, lead), owner)
    entry_id = session.scalars(select(WageEntry.id)).one()
    row = {"run_id": run.id, "entry_id": entry_id, "person_id": id_of(ann), "amount_fen": 3_000, "kind": "taken"}
    for change in ({"round": 1}, {"round": 2, "amount_fen": 2_999}, {"round": 2, "kind": "given_back"}):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(insert(PayRunEntry).values(**{**row, **change}))
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    with pytest.raises(IntegrityError, match="in two pay runs"), session.begin_nested():
        session.execute(insert(PayRunEntry).values(**row, round=2))
    payout = {"run": run.id, "person": id_of(ann)}
    with pytest.raises(IntegrityError, match="more was paid out"), session.begin_nested():
        session.execute(
            text(
                "INSERT INTO payouts (run_id, person_id, kind, method, fen, note, at, by) "
                "VALUES (:run, :person, 'paid', 'cash', 3001, '', now(), 'x')"
            ),
            payout,
        )


# ---- two owners close at once ----


def a_run_to_close(database: Database) -> tuple[int, list[Actor]]:
    with database.transaction() as session:
        lead, owner, other, ann = make_lead(session), make_owner(session), make_owner(session), make_packer(session)
        book(session, lead, make_kind(session), 100, ann)
        return open_run(session, lead).id, [owner, other]


def closing(run_id: int, by: Actor) -> Callable[[Session], str]:
    def act(session: Session) -> str:
        try:
            pay.close(session, run_id, seen_fen=3_000, seen_people=1, zone=ZONE, now=NOW, by=by)
        except Refused as refused:
            return refused.code
        return "closed"

    return act


def test_two_owners_close_at_once_and_one_does(database: Database) -> None:
    run_id, owners = a_run_to_close(database)
    answers = all_at_once(database, *[closing(run_id, owner) for owner in owners])
    assert sorted(answers) == ["closed", "wrong_state"]
    with database.transaction() as session:
        assert taken(session) == 1


def without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    both_have_read = Barrier(2)

    def unlocked(session: Session, run_id: int) -> PayRun:
        run = session.get_one(PayRun, run_id)
        both_have_read.wait(PATIENCE_S)
        return run

    monkeypatch.setattr(pay, "_lock", unlocked)


def test_without_the_lock_the_database_lets_one_close(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id, owners = a_run_to_close(database)
    without_the_lock(monkeypatch)
    with pytest.raises(IntegrityError, match="pk_pay_run_people"):
        all_at_once(database, *[closing(run_id, owner) for owner in owners])
    with database.transaction() as session:
        assert taken(session) == 1


def test_without_the_lock_and_the_keys_lines_are_paid_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, owners = a_run_to_close(database)
    without_the_lock(monkeypatch)
    with database.transaction() as session:
        for statement in (
            "ALTER TABLE pay_run_entries DROP CONSTRAINT fk_pay_run_entries_run_id",
            "ALTER TABLE payouts DROP CONSTRAINT fk_payouts_run_id",
            "ALTER TABLE pay_run_people DROP CONSTRAINT pk_pay_run_people",
            "DROP INDEX uq_pay_run_entries_taken",
        ):
            session.execute(text(statement))
    assert all_at_once(database, *[closing(run_id, owner) for owner in owners]) == ["closed", "closed"]
    with database.transaction() as session:
        assert taken(session) == 2
