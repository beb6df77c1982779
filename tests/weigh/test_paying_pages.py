"""Paying many farmers through the pages: draft, look, close by another, file, signature, what came back; accounts; invoices."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from fulfillment.purchasing.accounts.models import FarmerEntry, FarmerPayFacts
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.runs import queries
from fulfillment.purchasing.settlements import queries as settlements
from fulfillment.purchasing.settlements.models import Settlement, SettlementRun
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.people.rules import LEAD
from tests.purchasing.world import TODAY, weigh_in, weighed
from tests.weigh.conftest import Desk, desk_of

PAY = "/bench/weigh/pay"
SIGNED = "M10 10" + "".join(f"L{x} {x % 90 + 20}" for x in range(20, 200, 9))
IDENTITY, ACCOUNT = "11010519491231002X", "6228480000000000017"


@pytest.fixture
def lead(app: Flask, database: Database) -> Desk:
    """The lead's browser."""
    return desk_of(app, database, LEAD, "范建国")


@pytest.fixture
def farmer(database: Database, contract: Contract) -> int:
    """吴长根, who brought 10 and 20 kg that are due in a week."""
    with database.transaction() as session:
        for load in (10_000, 20_000):
            weigh_in(session, weighed(contract, gross_g=load + 1_200))
    return contract.farmer_id


def key_of(page: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page)
    assert found
    return found[1]


def drafted(lead: Desk, farmer_id: int, **typed: object) -> str:
    """The address of a draft that the lead made of everything due within a month."""
    due_by = (TODAY + timedelta(days=30)).isoformat()
    page = lead.look(f"{PAY}/runs/new?due_by={due_by}").text
    sent = {"key": key_of(page), "due_by": due_by, "farmer": str(farmer_id)} | typed
    first = lead.send(f"{PAY}/runs/new", **sent).location
    assert lead.send(f"{PAY}/runs/new", **sent).location == first, "pressed twice it is one draft"
    return first


def closed(owner: Desk, place: str) -> str:
    page = owner.look(place).text
    seen = {name: re.search(rf'name="{name}" value="(\d+)"', page) for name in ("seen_fen", "seen_farmers")}
    owner.send(f"{place}/close", **{name: match[1] for name, match in seen.items() if match})
    return owner.look(place).text


def test_one_drafts_another_closes_and_the_farmer_signs(
    lead: Desk, owner: Desk, scale: Desk, farmer: int, database: Database
) -> None:
    place = drafted(lead, farmer)
    review = lead.look(place).text
    assert "第一次付" in review
    assert "请另一位来核对" in review
    assert lead.send(f"{place}/close", 409, seen_fen="268800", seen_farmers="1").text.count("做草稿的人不能自己定") == 1
    assert "定下来" in owner.look(place).text
    assert "还没付" in closed(owner, place)
    assert "吴长根" in owner.look(f"{place}/cash").text
    with database.transaction() as session:
        settlement = session.scalars(select(Settlement)).one()
    paper = f"{PAY}/settlements/{settlement.id}"
    assert "请农户签名" in owner.send(f"{paper}/hand-out", 422, method="cash").text
    owner.send(f"{paper}/hand-out", method="cash", signature=SIGNED)
    assert SIGNED in scale.look(paper).text
    owner.send(f"{paper}/back", reason="数错了钱")
    assert "退回来了" in owner.look(place).text
    assert "数错了钱" in scale.look(f"{PAY}/{farmer}/account").text
    assert "¥2,688.00" in scale.look(f"{PAY}/{farmer}").text, "it is owed again"


def test_an_advance_is_written_with_its_proof_and_set_off_as_said(
    lead: Desk, owner: Desk, farmer: int, database: Database
) -> None:
    account = f"{PAY}/{farmer}/account"
    typed = {"kind": "advance", "amount": "1000", "day": TODAY.isoformat(), "what": "spawn"}
    assert "写收条编号，或拍一张照片" in lead.send(account, 422, **typed).text
    picture = BytesIO()
    Image.new("RGB", (40, 30), "white").save(picture, "PNG")
    key = key_of(lead.look(account).text)
    for _ in range(2):
        picture.seek(0)
        lead.send(account, **typed, key=key, photo=(BytesIO(picture.getvalue()), "paper.png"))
    with database.transaction() as session:
        entry = session.scalars(select(FarmerEntry)).one()
    assert lead.browser.get(f"{PAY}/entries/{entry.id}/photo.jpg").data.startswith(b"\xff\xd8")
    assert "扣款要写农户签过字的" in lead.send(account, 422, **typed | {"kind": "deduction"}).text
    place = drafted(lead, farmer, set_off="1")
    assert "¥806.40" in lead.look(place).text, "30 % of 2,688"
    assert "最多抵扣" in lead.send(f"{place}/set-off", 422, farmer=str(farmer), set_off="900").text
    lead.send(f"{place}/set-off", farmer=str(farmer), set_off="500")
    closed(owner, place)
    with database.transaction() as session:
        assert session.scalars(select(SettlementRun)).one().total_fen == 268_800 - 50_000
        assert [each.left_fen for each in settlements.open_entries(session)] == [-50_000]
    assert "还剩 ¥500.00" in lead.look(account).text


def test_the_counter_sets_off_only_what_was_typed(scale: Desk, lead: Desk, farmer: int, database: Database) -> None:
    typed = {"kind": "advance", "amount": "1000", "day": TODAY.isoformat(), "what": "bags", "paper_ref": "收条 8"}
    lead.send(f"{PAY}/{farmer}/account", **typed)
    place = f"{PAY}/{farmer}"
    page = scale.look(place).text
    ticked = re.findall(r'name="payable" value="(\d+)"', page)
    sent = {"payable": ticked, "method": "cash", "key": key_of(page)}
    assert "最多抵扣 ¥806.40" in scale.send(place, 422, **sent, step="review", set_off="900").text
    assert "¥2,188.00" in re.sub("<[^>]+>", "", scale.send(place, 200, **sent, step="review", set_off="500").text)
    scale.send(place, **sent, step="confirm", set_off="500")
    with database.transaction() as session:
        assert session.scalars(select(Settlement)).one().total_fen == 218_800


def test_the_banks_file_holds_the_number_the_pages_and_the_log_do_not(
    lead: Desk, owner: Desk, farmer: int, database: Database
) -> None:
    facts = {"method": "bank", "bank": "=cmd|示例农商行", "account_holder": "吴长根", "account": ACCOUNT}
    assert "不对" in lead.send(f"{PAY}/{farmer}/facts", 422, **facts, identity="110105194912310021").text
    lead.send(f"{PAY}/{farmer}/facts", **facts, identity=IDENTITY, address="松源街道 1 号")
    place = drafted(lead, farmer)
    page = closed(owner, place)
    for shown in (page, lead.look(f"{PAY}/{farmer}/account").text, lead.look(f"{PAY}/{farmer}/facts").text):
        assert ACCOUNT not in shown
        assert IDENTITY not in shown
    file = owner.browser.post(f"{place}/bank", data={"file": "csv"})
    assert f"\t{ACCOUNT}" in file.text
    assert "'=cmd" in file.text
    with database.transaction() as session:
        log = "".join(f"{each.action}{each.after}" for each in session.scalars(select(AuditEntry)))
        kept = session.scalars(select(FarmerPayFacts)).one()
        assert IDENTITY.encode() not in (kept.identity_sealed or b"")
    assert "bank_file.made" in log
    assert ACCOUNT not in log
    assert IDENTITY not in log
    assert ACCOUNT not in owner.browser.get(f"{place}/lines.csv").text
    owner.send(f"{place}/all-paid", method="bank", reference="批次 7")
    assert "批次 7" in owner.browser.get(f"{place}/lines.csv").text


def test_invoice_data_says_what_is_missing_and_takes_the_rest(lead: Desk, scale: Desk, farmer: int) -> None:
    page = scale.look(f"{PAY}/{farmer}").text
    sent = {"payable": re.findall(r'name="payable" value="(\d+)"', page), "method": "cash", "key": key_of(page)}
    scale.send(f"{PAY}/{farmer}", **sent, step="confirm", reference="收据 3")
    days = {"from": TODAY.replace(day=1).isoformat(), "to": (TODAY + timedelta(days=2)).isoformat()}
    place = f"{PAY}/invoices?from={days['from']}&to={days['to']}"
    missing = lead.look(place).text
    for word in ("身份证号", "自产自销证明", "统一社会信用代码"):
        assert word in missing
    lead.send(
        f"{PAY}/{farmer}/facts",
        method="cash",
        account_holder="",
        identity=IDENTITY,
        address="松源街道 1 号",
        own_growth_proof="村证 12",
    )
    assert IDENTITY not in lead.look(place).text
    for kind, start in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")):
        file = lead.browser.post(f"{PAY}/invoices/file", data=days | {"file": kind})
        assert file.data.startswith(start)
        assert kind == "xlsx" or (IDENTITY in file.text and "免税" in file.text and "收据 3" in file.text)


def test_a_statement_shows_the_season_and_the_premium(scale: Desk, lead: Desk, farmer: int) -> None:
    typed = {"kind": "advance", "amount": "1000", "day": TODAY.isoformat(), "what": "fuel", "paper_ref": "=收条 8"}
    lead.send(f"{PAY}/{farmer}/account", **typed)
    page = re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", scale.look(f"{PAY}/{farmer}/statement").text))
    for words in ("¥2,688.00", "¥2,400.00", "¥288.00", "(12%)", "−¥1,000.00", "¥1,688.00"):
        assert words in page, words
    assert "'=收条 8" in scale.browser.get(f"{PAY}/{farmer}/statement/lines.csv").text


def test_a_line_under_question_is_marked_and_left_out_until_it_is_answered(
    scale: Desk, lead: Desk, farmer: int, database: Database
) -> None:
    with database.transaction() as session:
        payable = settlements.open_payables(session)[0]
    empty = lead.browser.post(f"{PAY}/payables/{payable.id}/question", data={"farmer": str(farmer), "reason": " "})
    assert (empty.status_code, 'id="error-reason"' in empty.text) == (422, True)
    long = scale.browser.post(
        f"{PAY}/payables/{payable.id}/question", data={"farmer": str(farmer), "reason": "毛" * 101}
    )
    assert (long.status_code, "毛" * 101 in long.text) == (422, True), "what was typed is kept"
    scale.send(f"{PAY}/payables/{payable.id}/question", farmer=str(farmer), reason="毛重不对")
    assert "待核实：毛重不对" in scale.look(f"{PAY}/{farmer}").text
    with database.transaction() as session:
        assert len(queries.due(session, TODAY + timedelta(days=30))[0].payables) == 1
        question = queries.open_questions(session)[payable.id]
    scale.browser.post(f"{PAY}/questions/{question.id}/answer", data={"farmer": str(farmer), "answer": "复称过"})
    assert "待核实" in scale.look(f"{PAY}/{farmer}").text, "a weigher does not clear it"
    page = lead.browser.post(
        f"{PAY}/questions/{question.id}/answer",
        data={"farmer": str(farmer), "answer": "复称过"},
        follow_redirects=True,
    )
    assert (page.status_code, "弄清楚了" in page.text) == (200, True), "a lead comes to a page of a lead"
    assert "待核实" not in scale.look(f"{PAY}/{farmer}").text
