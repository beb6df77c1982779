"""Batches of slips: packing order, one PDF, one record for each, and a log of what was printed again."""

import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from sqlalchemy.orm import Session

from fulfillment.bench.slip_paper import PRINT_WITHIN
from fulfillment.packing import print_queries, print_service
from kernel import once
from kernel.audit import SYSTEM
from kernel.db import Database
from kernel.errors import Refused
from shop.stock import service as stock
from tests.labels.slips import codes_on, pages_at, words_on
from tests.lead.world import Bench, count_prints, order_parcel, packed_parcel, parcel_of, prints_of
from tests.packing.world import ZONE
from tests.storefront.pages import assert_nothing_inline
from tests.world import NOW, make_variant


def ids_of(database: Database, *numbers: str) -> list[str]:
    with database.transaction() as session:
        return [str(parcel_of(session, number).id) for number in numbers]


def print_them(lead: FlaskClient, ids: list[str], **typed: str) -> str:
    answer = lead.post("/bench/lead/prints", data={"parcel": ids, "form_key": once.new_key(), **typed})
    assert answer.status_code == 303, answer.text
    return answer.location


def second_variant(database: Database) -> int:
    with database.transaction() as session:
        variant = make_variant(session)
        stock.receive(session, variant.id, 50, source=f"test:{variant.id}", by=SYSTEM, at=NOW)
        return variant.id


def test_the_same_goods_of_a_day_lie_together_and_the_group_due_first_is_first(
    database: Database, bench: Bench
) -> None:
    other = second_variant(database)
    late_a = order_parcel(database, bench, due_in=timedelta(hours=3))
    early_b = order_parcel(database, bench, due_in=timedelta(hours=1), variant_id=other)
    early_a = order_parcel(database, bench, due_in=timedelta(hours=2))
    late_b = order_parcel(database, bench, due_in=timedelta(hours=3, minutes=30), variant_id=other)
    tomorrow_a = order_parcel(database, bench, due_in=timedelta(hours=20))
    with database.transaction() as session:
        parcels = print_queries.waiting_in_packing_order(session, ZONE, unprinted=False, most=10)
        assert [one.number for one in parcels] == [early_b, late_b, early_a, late_a, tomorrow_a]


def test_a_batch_is_one_pdf_in_the_order_of_the_page(lead: FlaskClient, database: Database, bench: Bench) -> None:
    numbers = [order_parcel(database, bench) for _ in range(3)]
    place = print_them(lead, ids_of(database, *reversed(numbers)))
    page = lead.get(place)
    assert "3 张单子" in page.text
    assert_nothing_inline(page)
    pdf = lead.get(f"{place}.pdf").data
    assert [codes_on(sheet)["Code128"] for sheet in pages_at(pdf, 203)] == numbers[::-1]
    assert not any("预览" in words for words in words_on(pdf))
    assert [prints_of(database, number) for number in numbers] == [[(1, "", "范组长")]] * 3


def test_looking_at_the_choice_and_the_batch_prints_nothing(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    place = print_them(lead, ids_of(database, order_parcel(database, bench)))
    for address in ("/bench/lead/prints", "/bench/lead/prints?all=1", place, f"{place}.pdf", "/bench/lead/prints/log"):
        assert lead.get(address).status_code == 200
    assert count_prints(database) == 1


def test_a_double_tap_is_one_batch(lead: FlaskClient, database: Database, bench: Bench) -> None:
    ids = ids_of(database, order_parcel(database, bench), order_parcel(database, bench))
    sent = {"parcel": ids, "form_key": once.new_key()}
    places = {lead.post("/bench/lead/prints", data=sent).location for _ in range(3)}
    assert len(places) == 1
    assert count_prints(database) == 2


def test_printed_slips_leave_the_list_and_need_a_reason_to_come_again(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    old, new = order_parcel(database, bench), order_parcel(database, bench)
    print_them(lead, ids_of(database, old))
    assert old not in lead.get("/bench/lead/prints").text
    everything = lead.get("/bench/lead/prints?all=1").text
    assert "打过 1 张" in everything
    (old_id, new_id) = ids_of(database, old, new)
    assert f'value="{new_id}" checked' in everything
    assert f'value="{old_id}" checked' not in everything

    refused = lead.post("/bench/lead/prints", data={"parcel": [old_id, new_id], "form_key": once.new_key(), "all": "1"})
    assert refused.status_code == 409
    assert old in refused.text
    assert f'value="{old_id}" checked' in refused.text, "what was ticked stays ticked"
    assert count_prints(database) == 1, "all or nothing"

    print_them(lead, [old_id, new_id], reason="lost", all="1")
    assert prints_of(database, old) == [(1, "", "范组长"), (2, "lost", "范组长")]
    assert prints_of(database, new) == [(1, "", "范组长")], "a first copy has no reason"


@pytest.mark.parametrize("chosen", [[], ["0"], ["x"], ["١"], ["9" * 30], ["-1"], [str(n) for n in range(1, 502)]])
def test_a_choice_that_is_none_is_refused_in_words(lead: FlaskClient, chosen: list[str]) -> None:
    answer = lead.post("/bench/lead/prints", data={"parcel": chosen, "form_key": once.new_key()})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


def test_a_parcel_that_is_not_there_or_has_left_stops_the_batch(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    gone = packed_parcel(database, bench)
    lead.post("/bench/lead/hand-over", data={"parcel": gone, "tracking": "78000000000128"})
    (gone_id, good_id) = ids_of(database, gone, order_parcel(database, bench))
    for wrong, status in ((gone_id, 409), ("999999", 404)):
        sent = {"parcel": [good_id, wrong], "form_key": once.new_key()}
        assert lead.post("/bench/lead/prints", data=sent).status_code == status
    assert count_prints(database) == 0


def test_a_batch_is_a_preview_again_after_half_an_hour(lead: FlaskClient, database: Database, bench: Bench) -> None:
    place = print_them(lead, ids_of(database, order_parcel(database, bench)))
    lead.application.extensions["clock"] = lambda: NOW + PRINT_WITHIN + timedelta(seconds=1)
    assert "只是预览" in lead.get(place).text
    assert "预览" in words_on(lead.get(f"{place}.pdf").data)[0]


def test_the_log_says_who_when_and_why(lead: FlaskClient, database: Database, bench: Bench) -> None:
    first, again = order_parcel(database, bench), order_parcel(database, bench)
    print_them(lead, ids_of(database, first, again))
    print_them(lead, ids_of(database, again), reason="other", own_reason="纸箱换了", all="1")
    page = lead.get("/bench/lead/prints/log").text
    assert again in page
    assert first not in page
    assert "纸箱换了" in page
    assert "范组长" in page
    everything = lead.get("/bench/lead/prints/log?all=1").text
    assert first in everything
    assert lead.get("/bench/lead/prints/log?before=x").status_code == 200


def test_the_log_has_pages(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    with database.transaction() as session:
        parcel_id = parcel_of(session, number).id
        for copy in range(print_queries.PAGE + 2):
            print_service.record_slip_print(session, parcel_id, now=NOW, by=bench.lead, reason="torn" if copy else "")
    page = lead.get("/bench/lead/prints/log").text
    (older,) = re.findall(r'rel="next" href="([^"]+)"', page)
    assert page.count('data-label="为什么"') == print_queries.PAGE
    assert lead.get(older).text.count('data-label="为什么"') == 1


def test_batches_that_do_not_exist_are_not_found(lead: FlaskClient) -> None:
    for address in ("/bench/lead/prints/1", "/bench/lead/prints/1.pdf", f"/bench/lead/prints/{2**63}"):
        assert lead.get(address).status_code == 404


def press_at_once(database: Database, bench: Bench, number: str, presses: int = 6) -> list[str]:
    """Several people print the same slip at one instant."""
    start, got = Barrier(presses), []

    def press() -> None:
        with database.transaction() as session:
            parcel_id = parcel_of(session, number).id
        start.wait()
        try:
            with database.transaction() as session:
                print_service.print_slips(session, [parcel_id], reason="", now=NOW, by=bench.lead)
            got.append("printed")
        except Refused as refusal:
            got.append(refusal.code)

    threads = [Thread(target=press) for _ in range(presses)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(got)


def test_one_first_copy_when_everybody_presses_at_once(database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    assert press_at_once(database, bench, number) == ["printed", *["printed_already"] * 5]
    assert prints_of(database, number) == [(1, "", "范组长")]


def test_two_first_copies_without_the_guard(database: Database, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the row lock and the unique copy number the same race prints more than one."""
    number = order_parcel(database, bench)
    with database.transaction() as session:
        session.execute(text("ALTER TABLE slip_prints DROP CONSTRAINT uq_slip_prints_parcel_id_copy"))
    everybody = Barrier(6)
    copies_of = print_queries.copies_of

    def read_together(session: Session, ids: list[int]) -> dict[int, int]:
        copies = copies_of(session, ids)
        everybody.wait(10)
        return copies

    monkeypatch.setattr(print_queries, "copies_of", read_together)
    monkeypatch.setattr(print_service, "_lock", lambda session, ids: print_queries.parcels_in_order(session, list(ids)))
    assert press_at_once(database, bench, number).count("printed") > 1
