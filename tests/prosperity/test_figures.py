"""The report's figures against a recount in plain Python, over the demo's evening; the fund; the pages and the commands."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from json import loads
from pathlib import Path
from zoneinfo import ZoneInfo

import pypdfium2
import pytest
from click.testing import CliRunner
from flask import Flask
from python_calamine import CalamineWorkbook
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.commands.prosperity import prosperity_merge, prosperity_report
from app.console.prosperity import figures
from app.console.prosperity.figures import prosperity_of
from app.console.prosperity.rules import Period, Prosperity
from fulfillment.crew.households.models import Household
from fulfillment.crew.households.service import say_kind
from fulfillment.crew.models import Shift
from fulfillment.fund import queries, service
from fulfillment.fund.models import PAID_IN, SPENT, FundLine
from fulfillment.fund.service import FundFacts
from fulfillment.piecework.models import WageEntry
from fulfillment.purchasing.models import Delivery, Payable
from fulfillment.purchasing.settlements.models import SettlementLine, SettlementPayment, SettlementReturn
from kernel.audit import SYSTEM, AuditEntry
from kernel.clock import utc_now
from kernel.db import Database
from kernel.errors import Problem, Refused
from kernel.people.models import Person
from kernel.people.rules import OWNER, STREAMER
from tests.console.conftest import Desk, sit_down
from tests.evenings import evening, house
from tests.packing.races import told_at_once
from tests.planting import plant

__all__ = ["evening", "house"]
ZONE = ZoneInfo("Asia/Shanghai")


def period_of(day: date, form: str = "%Y-%m") -> Period:
    found = Period.read(day.strftime(form))
    assert found is not None
    return found


def recount(session: Session, period: Period, now: datetime) -> dict[str, object]:
    """Line by line, without the database's sums."""
    start = datetime.combine(period.first, datetime.min.time(), ZONE)
    end = datetime.combine(period.last + timedelta(days=1), datetime.min.time(), ZONE)
    lines = [line for line in session.scalars(select(WageEntry)) if start <= line.earned_at < end]
    earned: dict[int, int] = {}
    for line in lines:
        earned[line.packer_id] = earned.get(line.packer_id, 0) + line.amount_fen
    earned = {person: fen for person, fen in earned.items() if fen}
    pieces = sum({"piece": 1, "reversal": -1}.get(line.kind, 0) for line in lines if line.task_id)
    seconds: dict[int, float] = {}
    for shift in session.scalars(select(Shift)):
        spans = [
            (shift.began_at, shift.ended_at or now),
            *((rest.began_at, rest.ended_at or now) for rest in shift.breaks),
        ]
        clipped = [max(0.0, (min(until, end, now) - max(since, start)).total_seconds()) for since, until in spans]
        seconds[shift.person_id] = seconds.get(shift.person_id, 0) + clipped[0] - sum(clipped[1:])
    timed = [person for person in earned if seconds.get(person, 0) >= 1]
    gone = set(session.scalars(text("SELECT delivery_id FROM deliveries_taken_back")))
    brought = [
        each
        for each in session.scalars(select(Delivery))
        if period.first <= each.day <= period.last and each.id not in gone
    ]
    payables = [
        each
        for each in session.scalars(select(Payable))
        if period.first <= each.due_on <= min(period.last, now.astimezone(ZONE).date() - timedelta(days=1))
        and each.delivery_id not in gone
    ]
    back = set(session.scalars(select(SettlementReturn.settlement_id)))
    paid_on = {
        each.settlement_id: each.at.astimezone(ZONE).date() for each in session.scalars(select(SettlementPayment))
    }
    settled = {
        line.payable_id: line.settlement_id for line in session.scalars(select(SettlementLine)) if line.settlement_id
    }
    on_time = [
        each
        for each in payables
        if (paid := settled.get(each.id)) in paid_on and paid not in back and paid_on[paid] <= each.due_on
    ]
    return {
        "people": (len(earned), sum(earned.values()), pieces, len(timed), sum(earned[person] for person in timed)),
        "seconds": round(sum(seconds[person] for person in timed)),
        "brought": (
            *(len({each.farmer_id for each in brought}), len(brought), sum(each.net_g for each in brought)),
            *(sum(each.pay_fen for each in brought), sum(each.market_pay_fen for each in brought)),
        ),
        "due": (len(payables), len(on_time)),
        "kept": sum(1 for each in brought if is_as_promised(each)),
        "handed_out": sum(each.fen for each in session.scalars(select(SettlementPayment)) if start <= each.at < end)
        - sum(each.fen for each in session.scalars(select(SettlementReturn)) if start <= each.at < end),
    }


def is_as_promised(delivery: Delivery) -> bool:
    """10 % to 15 % above the market of the day, to the nearest fen, and never below the floor."""
    above = (delivery.quote_fen_per_kg * (10_000 + delivery.premium_bps) + 5_000) // 10_000
    promised = delivery.promised_fen_per_kg
    return 1_000 <= delivery.premium_bps <= 1_500 and promised >= max(above, delivery.floor_fen_per_kg)


def told(report: Prosperity) -> dict[str, object]:
    people, growers = report.people, report.growers
    return {
        "people": (people.people, people.earned_fen, people.pieces, people.timed_people, people.timed_fen),
        "seconds": people.timed_s,
        "brought": (growers.growers, growers.deliveries, growers.net_g, growers.pay_fen, growers.market_fen),
        "due": (growers.due, growers.on_time),
        "kept": growers.kept,
        "handed_out": growers.handed_out_fen,
    }


def in_each_period(database: Database) -> list[tuple[Prosperity, dict[str, object]]]:
    now = utc_now()
    today = now.astimezone(ZONE).date()
    last = today.replace(day=1) - timedelta(days=1)
    asked = [period_of(today), period_of(last), period_of(today, "%Y"), period_of(today + timedelta(days=400))]
    with database.transaction() as session:
        return [(prosperity_of(session, "工坊", period, now, ZONE), recount(session, period, now)) for period in asked]


def close(one: dict[str, object], other: dict[str, object]) -> bool:
    """The same, but for a second lost in rounding for each person."""
    seconds = (one.pop("seconds"), other.pop("seconds"))
    assert all(isinstance(each, int) for each in seconds)
    return one == other and abs(seconds[0] - seconds[1]) <= 10  # type: ignore[operator]


def test_every_figure_equals_a_recount_line_by_line(evening: Database) -> None:
    found = in_each_period(evening)
    assert found[0][0].people.people > 3
    assert found[0][0].growers.kept == found[0][0].growers.deliveries > 3
    for report, expected in found:
        assert close(told(report), expected), report.period.name


@pytest.mark.parametrize(
    ("statement", "good", "planted"),
    [
        ("_EARNED", "- count(*) FILTER (WHERE w.task_id IS NOT NULL AND w.kind = 'reversal')", ""),
        ("_EARNED", "w.earned_at < :end", "w.earned_at < :end + interval '40 days'"),
        ("_BROUGHT", "d.day BETWEEN :first AND :last", "d.day >= :first - 20"),
        ("_DUE", "<= p.due_on\n", "<= p.due_on - 400\n"),
    ],
)
def test_the_recount_notices_a_figure_that_is_wrong(
    evening: Database, monkeypatch: pytest.MonkeyPatch, statement: str, good: str, planted: str
) -> None:
    plant(monkeypatch, figures, statement, good, planted)
    assert not all(close(told(report), expected) for report, expected in in_each_period(evening))


# ---- households ----


def test_a_household_is_counted_as_said_and_leaves_no_trace_when_taken_out(database: Database) -> None:
    with database.transaction() as session:
        person = Person(name="吴秀英", shown_name="吴阿姨", created_at=utc_now())
        session.add(person)
        session.flush()
        for kind in ("disabled", "disabled", "elderly", ""):
            say_kind(session, person.id, kind, now=utc_now(), by=SYSTEM)
        assert session.get(Household, person.id) is None
        said = session.scalars(select(AuditEntry.after).where(AuditEntry.action == "person.household")).all()
        assert said == [{"said": True}, {"said": True}, {"said": False}]
        with pytest.raises(ValueError, match="cat"):
            say_kind(session, person.id, "cat", now=utc_now(), by=SYSTEM)


# ---- the fund ----

DAY = date(2026, 11, 3)


def write(session: Session, kind: str, fen: int, day: date = DAY) -> FundLine:
    return service.add_line(session, FundFacts(kind, fen, day, "村里老人"), now=utc_now(), by=SYSTEM)


def test_the_fund_adds_up_and_a_line_is_taken_back_once(session: Session) -> None:
    write(session, PAID_IN, 50_000)
    write(session, PAID_IN, 700, date(2026, 10, 31))
    wrong = write(session, SPENT, 20_000)
    for _ in range(2):
        service.take_back(session, wrong.id, "记错了", now=utc_now(), by=SYSTEM)
    write(session, SPENT, 12_000)
    month = queries.sums(session, date(2026, 11, 1), date(2026, 11, 30))
    assert (month.paid_in_fen, month.spent_fen, month.left_fen) == (50_000, 12_000, 38_000)
    assert queries.sums(session, None, date(2026, 11, 30)).left_fen == 38_700
    lines = queries.lines_of(session, date(2026, 11, 1), date(2026, 11, 30), 9)
    assert [(line.kind, line.amount_fen, is_back) for line, is_back in lines] == [
        ("spent", 12_000, False),
        ("spent", 20_000, True),
        ("paid_in", 50_000, False),
    ]
    back = session.scalars(select(FundLine).where(FundLine.takes_back_id == wrong.id)).one()
    with pytest.raises(Refused):
        service.take_back(session, back.id, "x", now=utc_now(), by=SYSTEM)


def test_many_take_one_line_back_and_it_is_gone_once(database: Database) -> None:
    with database.transaction() as session:
        line = write(session, PAID_IN, 900).id

    def take_back(session: Session) -> None:
        service.take_back(session, line, "记错了", now=utc_now(), by=SYSTEM)

    assert told_at_once(database, take_back, take_back, take_back) == ["written"] * 3
    with database.transaction() as session:
        assert queries.sums(session, None, DAY).left_fen == 0
        # The database itself would refuse a second one.
        twice = "INSERT INTO fund_lines (kind, amount_fen, day, what, takes_back_id, at, by) SELECT kind, amount_fen, day, 'x', takes_back_id, at, by FROM fund_lines WHERE takes_back_id IS NOT NULL"
        with pytest.raises(Exception, match="uq_fund_lines_takes_back_id"):
            session.execute(text(twice))


# ---- pages and files ----


@pytest.fixture
def owner(app: Flask, database: Database) -> Desk:
    return sit_down(app, database, OWNER)


def test_the_owner_writes_a_line_sees_it_and_takes_it_back(owner: Desk) -> None:
    today = owner.now.astimezone(ZONE).date()
    page = "/console/prosperity"
    action = f"{page}/fund?period={today:%Y-%m}"
    typed = {
        **owner.typed(page, action),
        "kind": "paid_in",
        "amount": "120.50",
        "day": today.isoformat(),
        "what": "端午 𠮷 =1+1",
    }
    owner.send(action, typed)
    owner.send(action, typed)
    shown = owner.look(f"{page}?lang=zh")
    assert shown.count("端午 𠮷 =1+1") == 1
    assert "¥120.50" in shown
    late = {**typed, "form_key": "another-key-000001", "day": (today + timedelta(days=1)).isoformat()}
    refused = owner.browser.post(action, data=late)
    assert refused.status_code == 422
    assert "端午 𠮷 =1+1" in refused.get_data(as_text=True)
    with owner.database.transaction() as session:
        line = session.scalars(select(FundLine.id)).one()
    owner.send(f"{page}/fund/{line}/take-back?period={today:%Y-%m}", {"reason": ""})
    assert "撤回了" in owner.look(f"{page}?lang=zh")
    for wrong in (999_999, 2**70):
        assert owner.browser.post(f"{page}/fund/{wrong}/take-back", data={"reason": "x"}).status_code == 404


@pytest.mark.parametrize("period", ["", "2026-13", "1999", "2999-01", "x" * 900])
def test_a_period_that_is_none_shows_this_month(owner: Desk, period: str) -> None:
    today = owner.now.astimezone(ZONE).date()
    assert f"{today:%Y-%m}" in owner.look(f"/console/prosperity?period={period}&lang=zh")


def test_page_paper_workbook_and_file_say_the_same(house: Flask, evening: Database) -> None:
    desk = sit_down(house, evening, OWNER, name="本店主人")
    today = utc_now().astimezone(ZONE).date()
    page = desk.look(f"/console/prosperity?period={today:%Y}&lang=zh")
    file = loads(desk.browser.get(f"/console/prosperity/report.json?period={today:%Y}").data)
    earned = f"{file['people']['earned_fen'] / 100:,.2f}"
    assert earned in page
    paper = pypdfium2.PdfDocument(desk.browser.get(f"/console/prosperity/report.pdf?period={today:%Y}&lang=zh").data)
    words = "\n".join(each.get_textpage().get_text_range() for each in paper)
    assert f"¥{earned}" in words
    assert "怎么算" not in words or "工资账" in words
    book = CalamineWorkbook.from_filelike(
        BytesIO(desk.browser.get(f"/console/prosperity/report.xlsx?period={today:%Y}&lang=en").data)
    )
    assert book.sheet_names[:4] == ["What people earned", "By household", "Growers", "Charity fund"]
    rows = dict(row[:2] for row in book.get_sheet_by_name("What people earned").to_python()[1:])
    assert f"{rows['Pay, yuan']:,.2f}" == earned
    everything = page + words + str(file)
    with evening.transaction() as session:
        assert not [name for name in session.scalars(select(Person.name)) if name in str(file) + words]
    assert "138000" not in everything


def test_nobody_but_the_owner_sees_it(app: Flask, database: Database) -> None:
    streamer = sit_down(app, database, STREAMER)
    assert streamer.browser.get("/console/prosperity").status_code == 403


def run(command: object, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(command, arguments)  # type: ignore[arg-type]
    if isinstance(done.exception, Problem):
        return 1, done.exception.text.en
    return done.exit_code, done.output


def test_the_commands_count_write_and_merge(evening: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", evening.url)
    month = datetime.now(UTC).astimezone(ZONE).strftime("%Y-%m")
    code, out = run(prosperity_report, month)
    assert code == 0
    one = tmp_path / "一.json"
    other = tmp_path / "二.json"
    one.write_text(out, "utf-8")
    other.write_text(out.replace("庆元工坊", "荷地工坊"), "utf-8-sig")
    county = tmp_path / "县.json"
    assert run(prosperity_merge, str(one), str(other), "--to", str(county))[0] == 0
    whole, half = loads(county.read_text("utf-8")), loads(out)
    assert whole["people"]["earned_fen"] == 2 * half["people"]["earned_fen"]
    assert whole["workshops"] == ["庆元工坊", "荷地工坊"]
    assert run(prosperity_merge, str(county), "--to", str(tmp_path / "县.pdf"), "--lang", "en")[0] == 0
    words = pypdfium2.PdfDocument(tmp_path / "县.pdf")[0].get_textpage().get_text_range()
    assert f"Common-prosperity report {month}" in words
    assert run(prosperity_merge, str(county), "--to", str(tmp_path / "县.xlsx"))[0] == 0
    assert "工坊" in CalamineWorkbook.from_path(tmp_path / "县.xlsx").sheet_names
    for arguments, said in (
        ((str(one), str(one)), "already"),
        ((str(one), "--to", str(tmp_path / "x.doc")), ".json"),
        ((str(tmp_path / "县.pdf"),), "JSON"),
    ):
        code, out = run(prosperity_merge, *arguments)
        assert code == 1
        assert said in out
    assert run(prosperity_report, "2026-13")[0] == 2
