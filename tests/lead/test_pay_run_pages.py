"""Pay runs on the pages of the lead and the owner: closed by two, sent to the bank, paid, reversed, on paper."""

import csv
import io
import re
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from fulfillment.piecework.corrections import service as corrections
from fulfillment.piecework.minimum import service as minimum
from fulfillment.piecework.minimum.models import PayFacts
from fulfillment.piecework.pay.models import Payout, PayRun
from kernel import once
from kernel.audit import SYSTEM, Actor, AuditEntry
from kernel.db import Database
from kernel.people.models import Person
from tests.lead.world import Bench, count, packed_parcel, wages
from tests.piecework.world import id_of
from tests.storefront.pages import assert_nothing_inline
from tests.world import NOW

TODAY = "2026-11-24"


@pytest.fixture
def run(lead: FlaskClient, database: Database, bench: Bench) -> str:
    """An open run of this month with one parcel packed by somebody whom the bank pays."""
    packed_parcel(database, bench)
    with database.transaction() as session:
        facts = PayFacts(person_id=id_of(bench.ann), method="bank", bank="农商银行", account_holder="吴秀英",
                         account_number="6230910299001234567", is_employee=False)  # fmt: skip
        minimum.set_facts(session, facts, now=NOW, by=SYSTEM)
    answer = lead.post("/bench/lead/pay", data={"first": "2026-11-01", "last": TODAY})
    assert answer.status_code == 303
    return str(answer.location)


def close(owner: FlaskClient, run: str) -> None:
    page = owner.get(run).text
    seen = dict(re.findall(r'name="(seen_\w+|form_key)" value="([^"]*)"', page))
    for _ in range(2):
        assert owner.post(f"{run}/close", data=seen).status_code == 303


def test_the_lead_hands_a_run_to_the_owner_who_closes_what_was_seen(
    lead: FlaskClient, owner: FlaskClient, database: Database, bench: Bench, run: str
) -> None:
    assert "¥0.80" in lead.get(run).text
    assert lead.post(f"{run}/close", data={}).status_code == 403
    assert lead.post("/bench/lead/pay", data={"first": "2026-11-01", "last": TODAY}).status_code == 409
    assert lead.post(f"{run}/propose").status_code == 303
    packed_parcel(database, bench)
    stale = {"seen_fen": "80", "seen_people": "1", "form_key": once.new_key()}
    answer = owner.post(f"{run}/close", data=stale)
    assert answer.status_code == 409
    assert "数字变了" in answer.text
    close(owner, run)
    page = owner.get(run).text
    assert "¥1.60" in page
    assert "6230910299001234567" not in page
    assert "1234567" not in lead.get("/bench/lead/terms/people").text


@pytest.mark.parametrize(
    ("days", "field"),
    [({"first": "2026-11-24", "last": "2026-11-01"}, "last"), ({"first": "x", "last": TODAY}, "first"),
     ({"first": "2026-11-01", "last": "2026-11-25"}, "last")],
)  # fmt: skip
def test_days_that_make_no_sense_open_no_run(
    lead: FlaskClient, database: Database, days: dict[str, str], field: str
) -> None:
    answer = lead.post("/bench/lead/pay", data=days)
    assert answer.status_code == 422
    assert f'id="error-{field}"' in answer.text
    assert count(database, PayRun) == 0


def test_the_banks_file_holds_whole_numbers_as_text_and_is_noted(
    owner: FlaskClient, database: Database, run: str
) -> None:
    close(owner, run)
    gbk = owner.post(f"{run}/bank", data={"file": "gbk"}).data.decode("gb18030")
    rows = list(csv.reader(io.StringIO(gbk)))
    assert rows[1] == ["1", "吴秀英", "\t6230910299001234567", "农商银行", "0.80", "计件工资"]
    book = owner.post(f"{run}/bank", data={"file": "xlsx"}).data
    sheet = CalamineWorkbook.from_filelike(BytesIO(book)).get_sheet_by_index(0).to_python()
    assert sheet[1][2] == "6230910299001234567"
    assert sheet[1][4] == 0.8
    assert owner.post(f"{run}/bank", data={"file": "doc"}).status_code == 422
    with database.transaction() as session:
        noted = session.scalars(select(AuditEntry).where(AuditEntry.action == "bank_file.made")).all()
        assert len(noted) == 2
        assert not any("6230" in str(entry.after) for entry in session.scalars(select(AuditEntry)))


def test_no_cell_of_a_file_can_run(
    owner: FlaskClient, lead: FlaskClient, database: Database, bench: Bench, run: str
) -> None:
    with database.transaction() as session:
        session.get_one(Person, id_of(bench.ann)).name = '=cmd|"/c calc"!A1'
        session.get_one(PayFacts, id_of(bench.ann)).account_holder = "+1+1"
    close(owner, run)
    bank = owner.post(f"{run}/bank", data={"file": "csv"}).data.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(bank)))[1][1] == "'+1+1"
    payroll = lead.get("/bench/lead/pay/payroll.csv").data.decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(payroll)))[1][:4] == ['\'=cmd|"/c calc"!A1', "2026-11", "1", "0.80"]
    book = CalamineWorkbook.from_filelike(BytesIO(lead.get("/bench/lead/pay/payroll.xlsx").data))
    assert book.get_sheet_by_index(0).to_python()[1][0] == '=cmd|"/c calc"!A1'
    assert lead.get("/bench/lead/pay/payroll.exe").status_code == 404


def test_money_in_parts_back_from_the_bank_and_a_run_reversed(
    owner: FlaskClient, database: Database, bench: Bench, run: str
) -> None:
    close(owner, run)
    person = f"{run}/people/{id_of(bench.ann)}"
    part = {"amount": "0.50", "method": "bank", "form_key": once.new_key()}
    for _ in range(2):
        assert owner.post(f"{person}/payouts", data=part).status_code == 303
    assert count(database, Payout) == 1
    more = {"amount": "0.31", "method": "cash", "form_key": once.new_key()}
    assert owner.post(f"{person}/payouts", data=more).status_code == 409
    assert owner.post(f"{run}/reverse", data={"reason": "错"}).status_code == 409
    assert owner.post(f"{person}/payouts/1/came-back", data={"back_note": "户名不符"}).status_code == 303
    assert "退回来了" in owner.get(person).text
    assert (
        owner.post(f"{run}/people/{id_of(bench.bea)}/payouts/1/came-back", data={"back_note": "x"}).status_code == 404
    )
    assert owner.post(f"{run}/reverse", data={"reason": "日子填错"}).status_code == 303
    assert "日子填错" in owner.get(run).text
    assert owner.get(f"{run}/people/{id_of(bench.bea)}").status_code == 404


def test_all_paid_and_the_papers(owner: FlaskClient, database: Database, bench: Bench, run: str) -> None:
    close(owner, run)
    slip = f"{run}/people/{id_of(bench.ann)}/slip"
    for paper, words in (("80", "sheet-roll-80"), ("a5", "sheet-a5"), ("a4", "sheet-a4"), ("odd", "sheet-a5")):
        page = owner.get(f"{slip}?paper={paper}")
        assert words in page.text
        assert "包裹 1 件，一件 ¥0.80" in page.text
        assert_nothing_inline(page)
    assert owner.post(f"{run}/all-paid", data={"method": "bank"}).status_code == 303
    assert "到手了" in owner.get(run).text
    assert "没有要发的现金" in owner.get(f"{run}/cash").text


def test_a_second_file_for_the_bank_says_that_there_was_a_first(owner: FlaskClient, run: str) -> None:
    close(owner, run)
    assert "不然会付两次" not in owner.get(run).text
    owner.post(f"{run}/bank", data={"file": "csv"})
    assert "吴老板 已经下载过" in owner.get(run).text


def test_nobody_is_paid_by_a_run_that_is_open_or_reversed(owner: FlaskClient, run: str) -> None:
    def answers() -> list[int]:
        return [owner.post(f"{run}/bank", data={"file": "csv"}).status_code, owner.get(f"{run}/cash").status_code]

    assert answers() == [409, 409]
    close(owner, run)
    assert answers() == [200, 200]
    assert owner.post(f"{run}/reverse", data={"reason": "日子填错"}).status_code == 303
    assert answers() == [409, 409]


def test_without_an_account_number_no_transfer_was_made(
    owner: FlaskClient, database: Database, bench: Bench, run: str
) -> None:
    close(owner, run)
    with database.transaction() as session:
        facts = session.get_one(PayFacts, id_of(bench.ann))
        facts.account_number = facts.account_holder = ""
    assert owner.post(f"{run}/all-paid", data={"method": "bank"}).status_code == 303
    assert count(database, Payout) == 0


def test_dropping_an_open_run_touches_nothing(lead: FlaskClient, database: Database, run: str) -> None:
    assert lead.post(f"{run}/drop").status_code == 303
    assert lead.get(run).status_code == 404
    assert wages(database) == [80]


def test_the_account_of_somebody_who_left_goes_once_all_is_paid(
    owner: FlaskClient, lead: FlaskClient, database: Database, bench: Bench, boss: Actor, kind_id: int
) -> None:
    ann = id_of(bench.ann)
    page, forget = "/bench/lead/terms/people", f"/bench/lead/terms/people/{ann}/forget"
    facts = PayFacts(person_id=ann, is_employee=False, method="bank", bank="农商银行", account_holder="吴秀英",
                     account_number="6230910299001234567")  # fmt: skip
    with database.transaction() as session:
        minimum.set_facts(session, facts, now=NOW, by=boss)
        more = corrections.propose(session, person_id=ann, amount_fen=150, reason="少记", now=NOW, by=bench.lead)
    assert owner.post(forget).status_code == 409, "who works here keeps the account"
    assert "走了的人" not in owner.get(page).text
    with database.transaction() as session:
        session.get_one(Person, ann).active = False
    assert "有更正等人定" in owner.get(page).text
    assert owner.post(forget).status_code == 409, "a correction waits"
    with database.transaction() as session:
        corrections.confirm(session, more.id, now=NOW, by=boss)
    shown = owner.get(page).text
    assert "还有 ¥1.50 没发" in shown
    assert "1234567" not in shown
    assert owner.post(forget).status_code == 409, "something is owed"
    with database.transaction() as session:
        back = corrections.propose(session, person_id=ann, amount_fen=-150, reason="多记", now=NOW, by=bench.lead)
        corrections.confirm(session, back.id, now=NOW, by=boss)
    assert "对，删掉" not in lead.get(page).text
    assert "对，删掉" in owner.get(page).text
    for _ in range(2):
        assert owner.post(forget).status_code == 303
    with database.transaction() as session:
        known = session.get_one(PayFacts, ann)
        assert (known.method, known.bank, known.account_holder, known.account_number) == ("cash", "", "", "")
        logged = select(func.count()).where(AuditEntry.action == "pay_facts.forgotten")
        assert session.scalar(logged) == 1
    assert "走了的人" not in owner.get(page).text
    assert owner.post("/bench/lead/terms/people/99999/forget").status_code == 404


def test_wage_pages_speak_english(
    lead: FlaskClient, owner: FlaskClient, database: Database, bench: Bench, run: str
) -> None:
    close(owner, run)
    person = f"people/{id_of(bench.ann)}"
    for path in ("work", "work/kinds", "corrections", f"corrections/new?person={id_of(bench.ann)}", "pay", "pay/1",
                 f"pay/1/{person}", f"pay/1/{person}/slip", "pay/1/cash", "terms/people", "rates"):  # fmt: skip
        mark = "&" if "?" in path else "?"
        page = owner.get(f"/bench/lead/{path}{mark}lang=en").text.partition("<main")[2].partition("</main>")[0]
        assert page
        for word in ("工资", "发薪", "更正", "单价", "名字", "包裹", "，"):
            assert word not in page, path
