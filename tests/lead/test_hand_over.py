"""Handing over: stock leaves once, the buyer sees it, and every refusal stands at its field."""

import csv
import io
from threading import Barrier, Thread

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import workflows
from fulfillment.couriers import service as couriers
from fulfillment.couriers.fees import service as fees
from fulfillment.packing import queries as packing_queries
from fulfillment.packing import service as packing
from fulfillment.packing.boxes import service as boxes
from fulfillment.packing.models import Parcel
from fulfillment.packing.states import HANDED_OVER
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.errors import Problem
from shop.orders import service as orders
from shop.stock import service as stock
from shop.stock.models import StockLevel, StockMovement
from tests.lead.world import (
    Bench,
    order_of,
    order_parcel,
    order_parcels,
    pack,
    packed_parcel,
    parcel_of,
    take_all,
    task_of,
)
from tests.packing.world import id_of
from tests.storefront.pages import assert_nothing_inline, fields_of
from tests.world import NOW

ZTO, SF, YTO, EMS = "78000000000128", "SF1400000000017", "YT0000000000103", "EA123456785CN"


def hand_over(lead: FlaskClient, number: str, tracking: str, carrier: str = "") -> tuple[int, str]:
    answer = lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": tracking, "carrier": carrier})
    return answer.status_code, answer.text


def levels(database: Database, bench: Bench) -> tuple[int, int, int]:
    """On hand, held, and how many shipping lines the ledger has."""
    with database.transaction() as session:
        level = session.get_one(StockLevel, bench.variant_id)
        shipped = session.scalar(
            select(func.count()).where(StockMovement.variant_id == bench.variant_id, StockMovement.kind == "shipped")
        )
        return level.on_hand, level.held, shipped or 0


def test_stock_leaves_and_the_buyer_sees_the_number(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench, quantity=3)
    assert levels(database, bench) == (100, 3, 0)
    status, _ = hand_over(lead, number, ZTO)
    assert status == 303
    assert f"{number} · 中通快递 {ZTO}" in lead.get("/bench/lead/hand-over").text
    assert levels(database, bench) == (97, 0, 1)
    with database.transaction() as session:
        order = order_of(session, number)
        assert order.state == "shipped"
        (seen,) = workflows.order_progress(session, order)["parcels"]
        assert (seen["state"], seen["tracking_number"]) == (HANDED_OVER, ZTO)
        assert (seen["carrier"], seen["carrier_name"]) == ("ZTO", "中通快递")


def test_the_same_number_again_changes_nothing(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    for _ in range(3):
        assert hand_over(lead, number, ZTO)[0] == 303
    assert levels(database, bench) == (99, 0, 1)


def test_an_order_is_shipped_with_its_last_parcel(lead: FlaskClient, database: Database, bench: Bench) -> None:
    with database.transaction() as session:
        numbers = [parcel.number for parcel in order_parcels(session, bench, quantity=60)]
    assert len(numbers) == 2
    for number in numbers:
        assert number in take_all(database, bench.ann)
        pack(database, bench.ann, number)
    hand_over(lead, numbers[0], ZTO)
    with database.transaction() as session:
        assert order_of(session, numbers[0]).state == "paid"
    hand_over(lead, numbers[1], SF)
    with database.transaction() as session:
        assert order_of(session, numbers[0]).state == "shipped"
    assert levels(database, bench)[:2] == (40, 0)


@pytest.mark.parametrize(
    ("tracking", "carrier", "status", "words"),
    [
        ("", "", 422, "8 到 24 位"),
        ("7.80000E+13", "", 422, "表格软件"),
        ("EA123456786CN", "", 422, "校验位"),
        ("SF140000000001", "", 422, "顺丰单号"),
        ("140000000017", "", 422, "请选一家"),
        ("\x00" * 9, "", 422, "8 到 24 位"),
        ("单" * 5_000, "", 422, "8 到 24 位"),
    ],
)
def test_a_wrong_number_is_refused_at_its_field_and_stays(
    lead: FlaskClient, database: Database, bench: Bench, tracking: str, carrier: str, status: int, words: str
) -> None:
    number = packed_parcel(database, bench)
    answer = lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": tracking, "carrier": carrier})
    assert answer.status_code == status
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert fields_of(answer)["parcel"] == number
    if "\x00" not in tracking:
        assert fields_of(answer)["tracking"] == tracking
    assert levels(database, bench) == (100, 1, 0)


def test_a_number_on_another_parcel_is_refused_whatever_courier_is_named(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    first, second = packed_parcel(database, bench), packed_parcel(database, bench)
    hand_over(lead, first, ZTO)
    for carrier in ("", "YTO"):
        status, page = hand_over(lead, second, ZTO, carrier)
        assert status == 409
        assert f"已经在包裹 {first} 上" in page
    assert levels(database, bench) == (99, 1, 1)


def test_a_person_may_name_the_courier(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    hand_over(lead, number, "140000000017", "SF")
    with database.transaction() as session:
        assert parcel_of(session, number).carrier == "SF"


def test_what_is_not_packed_stays(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    status, page = hand_over(lead, number, ZTO)
    assert status == 409
    assert "还没有包好" in page
    assert ZTO in page, "the number that was scanned is not lost"


def test_what_left_with_another_number_is_told_which(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    hand_over(lead, number, ZTO)
    status, page = hand_over(lead, number, SF)
    assert status == 409
    assert f"已经用 {ZTO} 交出去了" in page


def test_a_cancelled_parcel_does_not_leave(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    with database.transaction() as session:
        workflows.cancel_order(session, order_of(session, number).id, by=bench.lead, reason="buyer_asked", now=NOW)
    status, page = hand_over(lead, number, ZTO)
    assert status == 409
    assert "不要交出去" in page
    assert levels(database, bench) == (100, 0, 0)


@pytest.mark.parametrize("typed", ["P000000AAAAAAAA01", "x", "%", "单号", "9" * 400, "\x00"])
def test_an_unknown_parcel_is_told_at_its_field(lead: FlaskClient, typed: str) -> None:
    asked = lead.get("/bench/lead/hand-over", query_string={"parcel": typed})
    sent = lead.post("/bench/lead/hand-over", data={"parcel": typed, "tracking": ZTO})
    for answer in (asked, sent):
        assert answer.status_code == 404
        assert "没有找到这个包裹" in answer.text


def test_a_scanned_slip_shows_the_parcel_before_it_leaves(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    with database.transaction() as session:
        order_number = order_of(session, number).number
    full_width = "".join(chr(ord(c) + 0xFEE0) if c.isascii() else c for c in number)
    for typed in (number, number.lower(), f" {number}\t", full_width, f"https://shop.example/p/{number}", order_number):
        page = lead.get("/bench/lead/hand-over", query_string={"parcel": typed})
        assert page.status_code == 200
        assert fields_of(page)["parcel"] == number
        assert "欧***" in page.text
        assert "娜娜" not in page.text
        assert_nothing_inline(page)


def test_a_wrong_waybill_can_be_put_right_and_what_it_was_is_kept(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number, other = packed_parcel(database, bench), packed_parcel(database, bench)
    hand_over(lead, number, ZTO)
    hand_over(lead, other, YTO)
    place = f"/bench/lead/parcels/{number}"
    assert lead.post(f"{place}/waybill", data={"carrier": "SF", "tracking": SF}).status_code == 303
    with database.transaction() as session:
        assert (parcel_of(session, number).carrier, parcel_of(session, number).tracking_number) == ("SF", SF)
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "parcel.waybill_corrected")).one()
        assert entry.before == {"carrier": "ZTO", "tracking": ZTO}
    refused = lead.post(f"{place}/waybill", data={"carrier": "YTO", "tracking": YTO})
    assert refused.status_code == 409
    assert other in refused.text
    wrong = lead.post(f"{place}/waybill", data={"carrier": "EMS", "tracking": "EA123456786CN"})
    assert wrong.status_code == 422
    assert fields_of(wrong)["tracking"] == "EA123456786CN"
    assert "改快递单号" in lead.get(place).text
    assert levels(database, bench)[2] == 2, "stock left once for each parcel"


def test_a_parcel_that_has_not_left_has_no_waybill_to_correct(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number = packed_parcel(database, bench)
    sent = {"carrier": "SF", "tracking": SF}
    assert lead.post(f"/bench/lead/parcels/{number}/waybill", data=sent).status_code == 409


def test_the_list_of_the_day_counts_by_courier(lead: FlaskClient, database: Database, bench: Bench) -> None:
    for tracking in (ZTO, "78000000000129", SF):
        hand_over(lead, packed_parcel(database, bench), tracking)
    page = lead.get("/bench/lead/hand-over/list").text
    assert "中通快递 2 件" in page
    assert "顺丰速运 1 件" in page
    paper = lead.get("/bench/lead/hand-over/list/paper").text
    assert paper.count("快递员签字") == 2, "each courier signs for the own parcels"
    assert ZTO in paper
    assert "欧阳" not in paper
    assert ZTO not in lead.get("/bench/lead/hand-over/list?day=2026-11-23").text
    for day in ("x", "0001-01-01", "9999-12-31", "2026-02-30"):
        assert ZTO in lead.get(f"/bench/lead/hand-over/list?day={day}").text, "a broken day is today"


def test_no_cell_of_the_file_can_run_and_numbers_stay_whole(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number = packed_parcel(database, bench)
    hand_over(lead, number, ZTO)
    with database.transaction() as session:
        order_of(session, number).province = '=HYPERLINK("http://x")'
    answer = lead.get("/bench/lead/hand-over/list.csv")
    assert answer.mimetype == "text/csv"
    assert "attachment" in answer.headers["Content-Disposition"]
    assert answer.data.startswith("\ufeff".encode())
    header, row = csv.reader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert header == ["包裹号", "快递", "快递单号", "省份", "交出时间"]
    assert row[0] == number
    assert row[2] == f"'{ZTO}"
    assert row[3].startswith("'=")


def all_at_once(database: Database, bench: Bench, wishes: list[tuple[str, str]]) -> list[str]:
    """Several desks hand parcels over at one instant; what each was told."""
    start, got = Barrier(len(wishes)), []

    def press(number: str, tracking: str) -> None:
        with database.transaction() as session:
            parcel_id = parcel_of(session, number).id
        start.wait()
        try:
            with database.transaction() as session:
                workflows.hand_over(session, parcel_id, carrier="", tracking=tracking, by=bench.lead, now=NOW)
            got.append("gone")
        except Problem as problem:
            got.append(problem.code)

    threads = [Thread(target=press, args=wish) for wish in wishes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(got)


def test_one_parcel_at_eight_desks_ships_its_stock_once(database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench, quantity=2)
    assert all_at_once(database, bench, [(number, ZTO)] * 8) == ["gone"] * 8
    assert levels(database, bench) == (98, 0, 1)


def test_one_parcel_ships_its_stock_twice_without_the_guard(
    database: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the order's lock and the unique ledger source, the same race ships more than once."""
    number = packed_parcel(database, bench, quantity=2)
    packed_parcel(database, bench, quantity=20)  # Held goods of somebody else, which the race would take.
    everybody = Barrier(4)

    def hand_over_unguarded(session: Session, box: list[Parcel], **_: object) -> bool:
        is_new = box[0].state != HANDED_OVER
        everybody.wait(10)
        return is_new

    def ship_from_a_source_of_its_own(session: Session, order: object, goods: dict[int, int], **facts: object) -> None:
        for variant_id, quantity in goods.items():
            source = f"unguarded:{id(session)}"
            stock.ship(session, variant_id, quantity, source=source, by=bench.lead, at=NOW)

    monkeypatch.setattr(boxes, "lock_box", lambda session, parcel_id: [session.get_one(Parcel, parcel_id)])
    monkeypatch.setattr(fees, "note_departure", lambda *_, **__: None)
    monkeypatch.setattr(couriers, "hand_over_box", hand_over_unguarded)
    monkeypatch.setattr(orders, "ship_lines", ship_from_a_source_of_its_own)
    monkeypatch.setattr(packing_queries, "all_handed_over", lambda *_: False)
    assert all_at_once(database, bench, [(number, ZTO)] * 4) == ["gone"] * 4
    assert levels(database, bench)[2] > 1


def test_one_label_scanned_for_two_parcels_at_once_is_on_one_of_them(database: Database, bench: Bench) -> None:
    first, second = packed_parcel(database, bench), packed_parcel(database, bench)
    assert all_at_once(database, bench, [(first, ZTO), (second, ZTO)]) == ["gone", "tracking_used"]
    assert levels(database, bench) == (99, 1, 1)


def test_handing_over_and_cancelling_at_once_ends_in_one_of_the_two(database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    start, got = Barrier(2), []

    def cancel() -> None:
        with database.transaction() as session:
            order_id = order_of(session, number).id
        start.wait()
        try:
            with database.transaction() as session:
                workflows.cancel_order(session, order_id, by=bench.lead, reason="buyer_asked", now=NOW)
            got.append("cancelled")
        except Problem:
            got.append("too late")

    def leave() -> None:
        with database.transaction() as session:
            parcel_id = parcel_of(session, number).id
        start.wait()
        try:
            with database.transaction() as session:
                workflows.hand_over(session, parcel_id, carrier="", tracking=ZTO, by=bench.lead, now=NOW)
            got.append("gone")
        except Problem:
            got.append("stopped")

    threads = [Thread(target=cancel), Thread(target=leave)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(got) in (["cancelled", "stopped"], ["gone", "too late"])
    on_hand, held, shipped = levels(database, bench)
    assert (on_hand + shipped, held) == (100, 0)


def test_undoing_a_packed_parcel_after_it_left_changes_nothing(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number = packed_parcel(database, bench)
    hand_over(lead, number, ZTO)
    with database.transaction() as session:
        task_id = task_of(session, number).id
        assert not packing.undo_finish(session, task_id, id_of(bench.ann), now=NOW, by=bench.ann)


def test_the_hand_over_page_speaks_english(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    page = lead.get(f"/bench/lead/hand-over?parcel={number}&lang=en").text
    assert "Now scan the tracking number" in page
    refused = lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": EMS[:-1]}).text
    assert "tracking" in refused
    assert "请" not in refused
