"""Bag labels and conformity certificates: what must be known, what is noted, what is printed, and nothing twice by accident."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select, text

from fulfillment.bench.slip_paper import PRINT_WITHIN
from fulfillment.labels.papers import CERTIFICATE
from fulfillment.labels.printers.queries import chosen_printer
from fulfillment.purchasing.repacking import certificate_service as service
from fulfillment.purchasing.repacking.certificate_service import CertificateFacts
from fulfillment.purchasing.repacking.models import BagLabelPrint, CertificatePrint
from kernel import once
from kernel.db import Database
from kernel.errors import Refused
from kernel.people.rules import PACKER
from shop.catalog.models import Product
from tests.labels.slips import all_codes_on, pages_at, squeezed, words_on
from tests.purchasing.world import TODAY, WEIGHER, make_contract, make_farmer, make_goods, make_quote, weigh_in, weighed
from tests.storefront.pages import fields_of
from tests.weigh.conftest import Desk, desk_of
from tests.world import NOW

LABEL = {
    "产品名称": "庆元花菇",
    "产地": "浙江省丽水市庆元县",
    "质量等级": "花菇一级",
    "贮存条件": "阴凉干燥处密封保存",
    "生产者": "庆元县示例食用菌专业合作社",
    "地址": "浙江省丽水市庆元县松源街道示例路 8 号",
    "联系方式": "0578-6120000",
    "产品标准代号": "GH/T 1013",
}


@dataclass
class Heap:
    """A lot of 42.5 kg, its number, and the bag that it is filled into."""

    lot_id: int
    number: str
    bag_id: int
    product_id: int


def heap_of(database: Database, label: dict[str, str] | None = None) -> Heap:
    with database.transaction() as session:
        bag, raw = make_goods(session)
        session.get_one(Product, bag.product_id).label = LABEL if label is None else label
        contract = make_contract(session, make_farmer(session), raw)
        make_quote(session, contract)
        lot = weigh_in(session, weighed(contract)).lot
        return Heap(lot.id, lot.number, bag.id, bag.product_id)


@pytest.fixture
def heap(database: Database) -> Heap:
    return heap_of(database)


def wish_for(heap: Heap, labels: int = 4, **typed: object) -> dict[str, object]:
    return {
        "variant": heap.bag_id,
        "labels": labels,
        "packed_on": TODAY.isoformat(),
        "form_key": once.new_key(),
        **typed,
    }


def print_labels(desk: Desk, heap: Heap, labels: int = 4, **typed: object) -> str:
    place = f"/bench/weigh/lots/{heap.lot_id}/labels"
    location: str = desk.send(place, **wish_for(heap, labels, step="confirm", **typed)).location
    return location


def prints_of(database: Database) -> list[BagLabelPrint]:
    with database.transaction() as session:
        return list(session.scalars(select(BagLabelPrint).order_by(BagLabelPrint.id)))


def test_a_label_is_shown_first_then_noted_and_printed_with_all_the_law_asks(
    scale: Desk, database: Database, heap: Heap
) -> None:
    place = f"/bench/weigh/lots/{heap.lot_id}/labels"
    assert place in scale.look(f"/bench/weigh/lots/{heap.lot_id}").text
    shown = scale.send(place, 200, **wish_for(heap))
    assert "打 4 张，对吗" in shown.text
    assert "保质期至 2028-05-17" in shown.text
    assert prints_of(database) == []
    location = print_labels(scale, heap)
    scale.look(location)
    (words,) = set(words_on(scale.browser.get(f"{location}.pdf").data)[:1])
    paper = squeezed([words])
    for said in (*LABEL.values(), "净含量250g", "包装日期2026-11-24", "保质期至2028-05-17", f"批号{heap.number}"):
        assert squeezed([said]) in paper
    (noted,) = prints_of(database)
    assert (noted.labels, noted.packed_on, noted.best_before) == (4, TODAY, TODAY + timedelta(days=540))
    assert heap.number in scale.look("/bench/weigh/labels").text


def test_every_label_leads_to_the_story_of_its_lot(scale: Desk, heap: Heap) -> None:
    location = print_labels(scale, heap, 4)
    sheets = pages_at(scale.browser.get(f"{location}.pdf").data, 203)
    codes = [code for sheet in sheets for code in all_codes_on(sheet)]
    assert len(codes) == 4
    assert {kind for kind, _ in codes} == {"QRCode"}
    (address,) = {text for _, text in codes}
    assert address.endswith(f"/trace/{heap.number}")
    assert heap.number in scale.look(address[address.index("/trace") :]).text


@pytest.mark.parametrize("name", ["生产者", "地址", "联系方式", "产品标准代号", "贮存条件", "产地"])
def test_a_label_without_its_data_is_refused_in_a_clear_word(scale: Desk, database: Database, name: str) -> None:
    heap = heap_of(database, {key: value for key, value in LABEL.items() if key != name})
    page = scale.send(f"/bench/weigh/lots/{heap.lot_id}/labels", 409, **wish_for(heap))
    assert f"没有{'生产者地址' if name == '地址' else name}" in page.text
    assert "控制台" in page.text
    assert prints_of(database) == []


def test_a_licence_that_is_none_and_processed_food_without_ingredients_are_refused(
    scale: Desk, database: Database
) -> None:
    for licence, word in (("SC123", "SC 加 14 位数字"), ("SC10433112600001", "配料")):
        label = {**LABEL, "食品生产许可证编号": licence, **({"配料": "香菇"} if licence == "SC123" else {})}
        heap = heap_of(database, label)
        assert word in scale.send(f"/bench/weigh/lots/{heap.lot_id}/labels", 409, **wish_for(heap)).text


def test_a_label_that_is_too_full_for_the_paper_is_refused(scale: Desk, database: Database) -> None:
    heap = heap_of(database, {**LABEL, "贮存条件": "阴凉" * 200})
    page = scale.send(f"/bench/weigh/lots/{heap.lot_id}/labels", 409, **wish_for(heap))
    assert "1.8 毫米" in page.text


@pytest.mark.parametrize("day", [TODAY - timedelta(days=1), TODAY + timedelta(days=1)])
def test_packing_comes_after_the_delivery_and_not_tomorrow(
    scale: Desk, database: Database, heap: Heap, day: date
) -> None:
    scale.send(f"/bench/weigh/lots/{heap.lot_id}/labels", 422, **wish_for(heap, packed_on=day.isoformat()))


def test_a_lot_has_as_many_labels_as_bags_and_reprints_do_not_count(
    scale: Desk, database: Database, heap: Heap
) -> None:
    place = f"/bench/weigh/lots/{heap.lot_id}/labels"
    assert "还能打 170 张" in scale.send(place, 409, **wish_for(heap, 171)).text
    location = print_labels(scale, heap, 170)
    assert "还能打 0 张" in scale.send(place, 409, **wish_for(heap, 1)).text
    key = once.new_key()
    scale.send(f"{location}/again", 422, labels=3, form_key=key)
    again = {"labels": 3, "reason": "torn", "form_key": key}
    places = {scale.send(f"{location}/again", **again).location for _ in range(2)}
    assert len(places) == 1
    first, second = prints_of(database)
    assert (second.again_of_id, second.labels, second.reason, second.words) == (first.id, 3, "torn", first.words)
    scale.send(f"{location}/again", 422, labels=171, reason="torn", form_key=once.new_key())


def test_a_double_tap_is_one_print_and_an_old_pdf_prints_nothing(
    app: Flask, scale: Desk, database: Database, heap: Heap
) -> None:
    sent = wish_for(heap, step="confirm")
    places = {scale.send(f"/bench/weigh/lots/{heap.lot_id}/labels", **sent).location for _ in range(3)}
    assert len(places) == 1
    assert len(prints_of(database)) == 1
    app.extensions["clock"] = lambda: NOW + PRINT_WITHIN + timedelta(seconds=1)
    assert scale.browser.get(f"{places.pop()}.pdf").status_code == 409


def test_a_reprint_says_what_the_first_print_said_although_the_product_changed(
    scale: Desk, database: Database, heap: Heap
) -> None:
    location = print_labels(scale, heap)
    with database.transaction() as session:
        session.get_one(Product, heap.product_id).label = {**LABEL, "生产者": "另一家"}
    again = scale.send(f"{location}/again", labels=1, reason="lost", form_key=once.new_key()).location
    assert "庆元县示例食用菌专业合作社" in squeezed(words_on(scale.browser.get(f"{again}.pdf").data))


# ---- certificates ----


def certificate_form(desk: Desk, heap: Heap) -> dict[str, object]:
    form = fields_of(desk.look(f"/bench/weigh/lots/{heap.lot_id}/certificate"))
    return {**form, "basis": "controlled"}


def issue(desk: Desk, heap: Heap, **typed: object) -> str:
    place = f"/bench/weigh/lots/{heap.lot_id}/certificate"
    location: str = desk.send(place, **{**certificate_form(desk, heap), **typed}).location
    return location


def test_a_certificate_gets_a_number_and_says_everything(scale: Desk, database: Database, heap: Heap) -> None:
    location = issue(scale, heap, quantity="42.5")
    assert "HGZ261124-001" in scale.look(location).text
    scale.send(f"{location}/print", copies=2, form_key=once.new_key())
    pdf = scale.browser.get(f"{location}.pdf").data
    paper = squeezed(words_on(pdf))
    for said in (
        "承诺达标合格证", "HGZ261124-001", "庆元花菇", "42.5kg", "浙江省丽水市庆元县", "2026-11-24",
        "庆元县示例食用菌专业合作社", "0578-6120000", heap.number, "■内部质量控制", "□自我承诺",
        "不使用禁用农药兽药、停用兽药和非法添加物", "常规农药兽药残留不超标", "对承诺的真实性负责",
    ):  # fmt: skip
        assert said in paper
    codes = [code for sheet in pages_at(pdf, 203) for code in all_codes_on(sheet)]
    assert [text.rpartition("/")[2] for _, text in codes] == [heap.number] * 2
    assert "HGZ261124-001" in scale.look("/bench/weigh/certificates").text
    assert "HGZ261124-001" in scale.look(f"/trace/{heap.number}").text, "buyers see it too"


def test_a_certificate_promises_no_more_than_came(scale: Desk, database: Database, heap: Heap) -> None:
    place = f"/bench/weigh/lots/{heap.lot_id}/certificate"
    assert scale.send(place, 409, **{**certificate_form(scale, heap), "quantity": "42.6"}).status_code == 409
    issue(scale, heap, quantity="40")
    page = scale.send(place, 409, **{**certificate_form(scale, heap), "quantity": "3"})
    assert "还能开 2.5 公斤" in page.text


def test_mixed_lots_of_one_product_share_a_certificate_and_others_do_not(scale: Desk, database: Database) -> None:
    with database.transaction() as session:
        bag, raw = make_goods(session)
        session.get_one(Product, bag.product_id).label = LABEL
        contract = make_contract(session, make_farmer(session), raw)
        make_quote(session, contract)
        lots = [weigh_in(session, weighed(contract)).lot for _ in range(2)]
        ids, numbers = [lot.id for lot in lots], [lot.number for lot in lots]
    heap = Heap(ids[0], numbers[0], bag.id, bag.product_id)
    page = scale.look(issue(scale, heap, quantity="80", lot=ids[1])).text
    assert numbers[0] in page
    assert numbers[1] in page
    stranger = heap_of(database)
    place = f"/bench/weigh/lots/{heap.lot_id}/certificate"
    for wrong, status in ((stranger.lot_id, 409), (999_999, 404), ("x", 404)):
        scale.send(place, status, **{**certificate_form(scale, heap), "quantity": "1", "lot": wrong})


def test_a_certificate_is_printed_again_only_with_a_reason_and_once_a_tap(
    app: Flask, scale: Desk, database: Database, heap: Heap
) -> None:
    location = issue(scale, heap)
    sent = {"copies": 3, "form_key": once.new_key()}
    for _ in range(2):
        scale.send(f"{location}/print", **sent)
    scale.send(f"{location}/print", 409, copies=1, form_key=once.new_key())
    scale.send(f"{location}/print", copies=1, reason="torn", form_key=once.new_key())
    with database.transaction() as session:
        rows = session.scalars(select(CertificatePrint).order_by(CertificatePrint.round)).all()
        assert [(row.round, row.copies, row.reason) for row in rows] == [(1, 3, ""), (2, 1, "torn")]
    app.extensions["clock"] = lambda: NOW + PRINT_WITHIN + timedelta(seconds=1)
    assert scale.browser.get(f"{location}.pdf").status_code == 409


def issue_at_once(database: Database, heap: Heap, most: int = 4) -> list[str]:
    """Several people issue a certificate for the same lot at one instant."""
    start, got = Barrier(most), []
    facts = CertificateFacts(20_000, "庆元", "示例合作社", "0578-6120000", "promised")

    def press(number: int) -> None:
        start.wait()
        try:
            with database.transaction() as session:
                one = service.issue_certificate(
                    session, [heap.lot_id], facts, key=f"k{number}", now=NOW, today=TODAY, by=WEIGHER
                )
                got.append(one.number)
        except Refused as refusal:
            got.append(refusal.code)

    threads = [Thread(target=press, args=(number,)) for number in range(most)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(got)


def test_no_more_is_certified_than_came_when_everybody_presses_at_once(database: Database, heap: Heap) -> None:
    assert issue_at_once(database, heap) == ["HGZ261124-001", "HGZ261124-002", "lot_too_small", "lot_too_small"]


def test_more_is_certified_than_came_without_the_guard(
    database: Database, heap: Heap, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without one at a time, four read before the first writes."""
    everybody = Barrier(4)
    certified_g = service.queries.certified_g

    def read_together(session: object, ids: list[int]) -> int:
        found = certified_g(session, ids)
        everybody.wait(10)
        return found

    monkeypatch.setattr(service, "_NUMBERS_ONE_BY_ONE", text("SELECT 1"))
    monkeypatch.setattr(service.queries, "certified_g", read_together)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE certificates DROP CONSTRAINT uq_certificates_number"))
    assert issue_at_once(database, heap).count("lot_too_small") == 0


def test_a_packer_has_no_business_here(app: Flask, database: Database, heap: Heap) -> None:
    packer = desk_of(app, database, PACKER, "王翠兰")
    for place in (f"lots/{heap.lot_id}/labels", f"lots/{heap.lot_id}/certificate", "labels", "certificates"):
        assert packer.browser.get(f"/bench/weigh/{place}").status_code == 403


def test_certificates_are_printed_on_the_usual_printer_or_on_one_that_suits(database: Database) -> None:
    with database.transaction() as session:
        assert chosen_printer(session, CERTIFICATE).paper == "100x150"
        session.execute(text("UPDATE printers SET paper = '70x50'"))
        session.expire_all()
        assert chosen_printer(session, CERTIFICATE).sheet.takes(CERTIFICATE)


def test_numbers_that_are_none_are_not_found(scale: Desk) -> None:
    for place in ("lots/{}/labels", "lots/{}/certificate", "labels/{}", "labels/{}.pdf", "certificates/{}"):
        for number in (999_999, 2**63):
            assert scale.browser.get(f"/bench/weigh/{place.format(number)}").status_code == 404
    assert re.search("没有", scale.browser.get("/bench/weigh/certificates/999999").text)
