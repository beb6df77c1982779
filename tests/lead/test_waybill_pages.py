"""The lead's pages about couriers: asking, printing, sheets out and in, and what went wrong."""

import csv
import io
import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.test import TestResponse

from fulfillment.couriers.cases import service as cases
from fulfillment.couriers.providers import CourierRefuses, IssuedWaybill
from fulfillment.couriers.waybills import answers
from fulfillment.couriers.waybills.models import Waybill, WaybillPrint
from fulfillment.couriers.waybills.sheets import (
    DEFAULT_COLUMNS,
    LARGEST_BYTES,
    MOST_ROWS,
    read_numbers,
)
from fulfillment.labels.rules import REPRINT_REASONS
from fulfillment.packing.models import Parcel
from kernel.db import Database
from kernel.sheets import FileUnreadable
from tests.lead.world import Bench, browser_of, order_parcel, packed_parcel, take_all
from tests.world import NOW

WAYBILLS = "/bench/lead/waybills"


def parcel_id(database: Database, number: str) -> int:
    with database.transaction() as session:
        return session.scalars(select(Parcel.id).where(Parcel.number == number)).one()


def waybill_of(database: Database, number: str) -> Waybill:
    with database.transaction() as session:
        found = select(Waybill).join(Parcel).where(Parcel.number == number).order_by(Waybill.id.desc())
        return session.scalars(found).first() or pytest.fail("no waybill")


def ask(lead: FlaskClient, database: Database, *numbers: str, carrier: str = "ZTO") -> TestResponse:
    ids = [parcel_id(database, number) for number in numbers]
    return lead.post(f"{WAYBILLS}/ask", data={"parcel": ids, "carrier": carrier})


def issue(database: Database, number: str, tracking: str = "78000000010201") -> int:
    """The worker came back with a number; the waybill's id."""
    waybill = waybill_of(database, number)
    with database.transaction() as session:
        answers.begin_sending(session, waybill.id, NOW)
        answers.note_issued(session, waybill.id, IssuedWaybill(tracking, "512- D17- 05", "苏州中心"), NOW)
    return waybill.id


def form_key(page: str) -> str:
    found = re.search(r'name="form_key" value="([^"]+)"', page)
    assert found
    return found[1]


def test_boxes_without_a_waybill_are_asked_for_and_then_wait(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number = order_parcel(database, bench, name="欧阳娜娜")
    page = lead.get(WAYBILLS)
    assert number in page.text
    assert "欧阳娜娜" not in page.text
    answer = ask(lead, database, number)
    assert (answer.status_code, answer.location) == (303, f"{WAYBILLS}?tab=asked")
    assert waybill_of(database, number).provider == "kuaidi100"
    assert number in lead.get(f"{WAYBILLS}?tab=asked").text
    assert number not in lead.get(WAYBILLS).text
    assert ask(lead, database, number).status_code == 303
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM waybills")) == 1


def test_a_courier_without_an_account_waits_for_its_sheet(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    ask(lead, database, number, carrier="EMS")
    assert waybill_of(database, number).provider == "sheet"
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM jobs WHERE kind = 'send_waybill'")) == 0
    assert "/bench/lead/courier-sheets/EMS" in lead.get(WAYBILLS).text


def test_nothing_ticked_is_said_and_the_courier_that_was_chosen_stays(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    order_parcel(database, bench)
    answer = lead.post(f"{WAYBILLS}/ask", data={"carrier": "YTO"})
    assert answer.status_code == 422
    assert re.search(r'value="YTO" selected', answer.text)
    assert lead.post(f"{WAYBILLS}/ask", data={"carrier": "NO", "parcel": "1"}).status_code == 422
    assert lead.post(f"{WAYBILLS}/ask", data={"carrier": "", "parcel": "９"}).status_code == 422
    assert lead.post(f"{WAYBILLS}/ask", data={"carrier": "", "parcel": "999999"}).status_code == 404


def test_labels_are_printed_once_and_again_with_a_reason(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench, name="欧阳娜娜", phone="13912345678")
    ask(lead, database, number)
    waybill_id = issue(database, number)
    assert "78000000010201" in lead.get(f"{WAYBILLS}?tab=issued").text
    first = lead.post(f"{WAYBILLS}/print", data={"waybill": waybill_id})
    assert first.status_code == 303
    page = lead.get(first.location)
    assert "78000000010201" in page.text
    pdf = lead.get(f"{first.location}.pdf")
    assert (pdf.mimetype, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    again = lead.post(f"{WAYBILLS}/print", data={"waybill": waybill_id})
    assert again.status_code == 409
    assert "已经打印过" in again.text
    assert lead.post(f"{WAYBILLS}/print", data={"waybill": waybill_id, "reason": "torn"}).status_code == 303
    with database.transaction() as session:
        prints = session.scalars(select(WaybillPrint).order_by(WaybillPrint.copy)).all()
        assert [(one.copy, one.reason, one.by) for one in prints] == [(1, "", "范组长"), (2, "torn", "范组长")]
    log = lead.get("/bench/lead/prints/log?of=labels").text
    assert log.count('data-label="为什么"') == 1
    assert all(word in log for word in (number, "范组长", str(REPRINT_REASONS["torn"])))
    assert lead.get("/bench/lead/prints/log?of=labels&all=1").text.count('data-label="为什么"') == 2
    assert number not in lead.get("/bench/lead/prints/log?all=1").text


def test_an_unknown_batch_is_not_found(lead: FlaskClient) -> None:
    for address in (f"{WAYBILLS}/prints/9", f"{WAYBILLS}/prints/{2**70}", f"{WAYBILLS}/prints/{2**62}.pdf"):
        assert lead.get(address).status_code == 404


def test_a_packer_prints_the_label_of_what_is_in_hand_and_of_nothing_else(
    app: Flask, lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number = order_parcel(database, bench, name="欧阳娜娜")
    ask(lead, database, number)
    issue(database, number)
    ann, bea = browser_of(app, database, bench.ann, NOW), browser_of(app, database, bench.bea, NOW)
    assert ann.get(f"/bench/labels/{number}").status_code == 404
    assert number in take_all(database, bench.ann)
    page = ann.get(f"/bench/labels/{number}")
    assert page.status_code == 200
    assert "欧阳娜娜" not in page.text
    for answer in (bea.get(f"/bench/labels/{number}"), bea.post(f"/bench/labels/{number}/print")):
        assert answer.status_code == 404
    data = {"form_key": form_key(page.text)}
    for _ in range(2):
        assert ann.post(f"/bench/labels/{number}/print", data=data).status_code == 303
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM waybill_prints")) == 1
    assert "第 1 张记下了" in ann.get(f"/bench/labels/{number}").text
    assert ann.get(f"/bench/labels/{number}.pdf").data[:5] == b"%PDF-"
    again = ann.post(
        f"/bench/labels/{number}/print", data={"form_key": form_key(ann.get(f"/bench/labels/{number}").text)}
    )
    assert again.status_code == 409
    assert "要再打一张，请选原因" in again.text


def test_a_parcel_without_a_waybill_has_no_label(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    assert lead.get(f"/bench/labels/{number}").status_code == 404


def test_what_failed_can_be_asked_again_typed_or_given_up(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    ask(lead, database, number)
    waybill = waybill_of(database, number)
    with database.transaction() as session:
        answers.begin_sending(session, waybill.id, NOW)
        answers.note_refused(session, waybill.id, CourierRefuses("balance", "30001 面单余额不足"), NOW)
    page = lead.get(f"{WAYBILLS}?tab=failed").text
    assert "充值" in page
    assert "30001" in page
    assert "没有取到运单号" in lead.get("/bench/lead/courier-cases").text
    assert "快递的事" in lead.get("/bench/lead").text
    bad = lead.post(f"{WAYBILLS}/{waybill.id}/number", data={"number": "7.8E+13"})
    assert bad.status_code == 303
    assert "表格软件改坏了" in lead.get(bad.location).text
    assert lead.post(f"{WAYBILLS}/{waybill.id}/again").status_code == 303
    assert waybill_of(database, number).state == "asked"
    assert lead.post(f"{WAYBILLS}/{waybill.id}/number", data={"number": "78000000010201"}).status_code == 303
    assert waybill_of(database, number).state == "issued"
    assert "78000000010201" in lead.get(f"/bench/lead/parcels/{number}").text
    assert lead.post(f"{WAYBILLS}/{waybill.id}/drop").status_code == 303
    assert waybill_of(database, number).state == "cancelling"
    for path in (f"{WAYBILLS}/{2**70}/drop", f"{WAYBILLS}/99/again", f"{WAYBILLS}/99/number"):
        assert lead.post(path, data={"number": "78000000010201"}).status_code == 404


def rows_of(answer: TestResponse) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_a_sheet_goes_out_whole_and_no_cell_runs(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench, name='=HYPERLINK("http://x")', phone="13912345678")
    ask(lead, database, number, carrier="EMS")
    header, row = rows_of(lead.post("/bench/lead/courier-sheets/EMS/out"))
    told = dict(zip(header, row, strict=True))
    assert told["业务单号"] == f"{number}-1"
    assert told["联系电话"] == "13912345678"
    assert told["收件人"].startswith("'=")
    assert told["收件地址"] == "浙江省丽水市庆元县松源街道示例路8号示例花园3幢2单元501室"
    with database.transaction() as session:
        taken = session.execute(
            text("SELECT actor, after FROM audit_entries WHERE action = 'courier_sheet.taken'")
        ).one()
    assert taken == ("范组长", {"parcels": 1})


def test_a_sheet_has_the_columns_that_the_courier_wants(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    ask(lead, database, number, carrier="EMS")
    address = "/bench/lead/courier-sheets/EMS"
    for wrong in ("", "收件人 = name", "a = key\na = name", "客户单号 = key\n乱 = 什么", "= key"):
        assert lead.post(f"{address}/columns", data={"columns": wrong}).status_code == 422
    typed = "客户单号 = key\n寄达省 = province\n备用 = empty\n邮件号 = number"
    assert lead.post(f"{address}/columns", data={"columns": typed}).status_code == 303
    assert rows_of(lead.post(f"{address}/out")) == [
        ["客户单号", "寄达省", "备用", "邮件号"],
        [f"{number}-1", "浙江省", "", ""],
    ]
    assert "寄达省 = province" in unescape(lead.get(address).text)
    sent = send(lead, "EMS", f"客户单号,邮件号\n{number}-1,EA000000028CN\n")
    assert "新写 1 个单号" in sent.text


def send(lead: FlaskClient, carrier: str, words: str | bytes) -> TestResponse:
    raw = words if isinstance(words, bytes) else words.encode()
    data = {"file": (io.BytesIO(raw), "numbers.csv")}
    return lead.post(f"/bench/lead/courier-sheets/{carrier}/in", data=data, content_type="multipart/form-data")


def test_numbers_come_back_row_by_row_and_twice_is_once(lead: FlaskClient, database: Database, bench: Bench) -> None:
    one, two, three, four = (order_parcel(database, bench) for _ in range(4))
    ask(lead, database, one, two, three, carrier="YZ")
    ask(lead, database, four, carrier="EMS")
    sheet = "\n".join(
        [
            "收件人,业务单号,运单号",
            f'张三,{one}-1,="9800000000128"',
            f"李四,{two}-1,9.8E+12",
            f"王五,{three}-1,9800000000128",
            f"赵六,{four}-1,9800000000135",
            "钱七,没有这个,9800000000142",
            f"孙八,{three}-1,",
            ",,",
            f"张三,{one}-1,'9800000000128",
            f"张三,{one}-1,9800000000159",
            "李四,,9800000000159",
        ]
    )
    answer = send(lead, "YZ", sheet)
    assert answer.status_code == 200
    assert "新写 1 个单号" in answer.text
    refused = re.findall(r'<td class="is-number">(\d+)</td><td><bdi>([^<]*)</bdi></td>', answer.text)
    assert refused == [
        ("3", "运单号"),
        ("4", "运单号"),
        ("5", "业务单号"),
        ("6", "业务单号"),
        ("7", "运单号"),
        ("10", "运单号"),
        ("11", "业务单号"),
    ]
    assert (waybill_of(database, one).state, waybill_of(database, one).number) == ("issued", "9800000000128")
    assert [waybill_of(database, number).state for number in (two, three, four)] == ["asked"] * 3
    again = send(lead, "YZ", sheet.encode("gb18030"))
    assert "新写 0 个单号，1 个早就有了" in again.text


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"PK\x03\x04rest",
        "没有,那一列\n1,2\n".encode(),
        b"\xff\xfe\x00a" * 3,
        b'"x',
        b"\x00,\x00\n",
    ],
    ids=["empty", "zip", "other-columns", "utf-16", "open-quote", "nul"],
)
def test_a_file_that_is_none_is_refused_in_words(lead: FlaskClient, raw: bytes) -> None:
    answer = send(lead, "YZ", raw)
    assert answer.status_code == 422
    assert "field-file" in answer.text


def test_a_sheet_has_an_end() -> None:
    with pytest.raises(FileUnreadable, match="too large"):
        read_numbers(b"a" * (LARGEST_BYTES + 1), DEFAULT_COLUMNS)
    with pytest.raises(FileUnreadable, match="At most"):
        read_numbers(("业务单号,运单号\n" + "a,b\n" * (MOST_ROWS + 1)).encode(), DEFAULT_COLUMNS)


def test_an_unknown_courier_has_no_sheet(lead: FlaskClient) -> None:
    assert lead.get("/bench/lead/courier-sheets/XYZ").status_code == 404
    assert lead.post("/bench/lead/courier-sheets/XYZ/out").status_code == 404


def test_a_case_is_noted_once_and_settled_with_how_it_ended(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number = packed_parcel(database, bench, name="欧阳娜娜", phone="13912345678")
    with database.transaction() as session:
        cases.open_case(session, parcel_id(database, number), "returned", said="退回件已由寄件人签收", now=NOW)
        case_id = session.scalar(text("SELECT id FROM courier_cases"))
    page = lead.get("/bench/lead/courier-cases")
    assert "包裹退回来了" in page.text
    assert "欧阳娜娜" not in page.text
    assert "13912345678" not in page.text
    note = {"words": "买家说地址写错了", "form_key": form_key(page.text)}
    for _ in range(2):
        assert lead.post(f"/bench/lead/courier-cases/{case_id}/note", data=note).status_code == 303
    assert lead.get("/bench/lead/courier-cases").text.count("买家说地址写错了") == 1
    empty = lead.post(f"/bench/lead/courier-cases/{case_id}/settle", data={"words": "写了一半"})
    assert empty.status_code == 422
    assert "写了一半" in empty.text
    done = {"outcome": "refunded", "words": "已退款"}
    assert lead.post(f"/bench/lead/courier-cases/{case_id}/settle", data=done).status_code == 303
    assert lead.post(f"/bench/lead/courier-cases/{case_id}/settle", data={"outcome": "solved"}).status_code == 409
    assert "已退款" in lead.get("/bench/lead/courier-cases?settled=1").text
    with database.transaction() as session:
        kept = session.execute(
            text("SELECT actor, after FROM audit_entries WHERE action = 'courier_case.settled'")
        ).one()
    assert kept == ("范组长", {"outcome": "refunded"})
    for path in (f"/bench/lead/courier-cases/{2**70}/note", "/bench/lead/courier-cases/99/settle"):
        form = {"words": "x", "outcome": "solved", "form_key": form_key(page.text)}
        assert lead.post(path, data=form).status_code == 404


def test_the_lead_asks_the_courier_now(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": "78000000000128", "carrier": ""})
    assert "现在问快递" in lead.get(f"/bench/lead/parcels/{number}").text
    assert lead.post(f"{WAYBILLS}/parcels/{number}/track").status_code == 303
    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM jobs WHERE kind = 'track_parcels'")) == 1
        assert session.scalar(text("SELECT next_look_at FROM trackings")) == NOW
    assert "在问快递了" in lead.get(f"/bench/lead/parcels/{number}").text
    assert lead.post(f"{WAYBILLS}/parcels/NOBODY/track").status_code == 404


def test_the_wrong_label_is_named_at_the_number_on_hand_over(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number = packed_parcel(database, bench)
    ask(lead, database, number)
    issue(database, number)
    wrong = lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": "YT0000000000103", "carrier": ""})
    assert wrong.status_code == 409
    assert "面单是中通快递 78000000010201，扫到的是 YT0000000000103" in wrong.text
    right = lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": "78000000010201", "carrier": ""})
    assert right.status_code == 303
