"""The board: late first, who is here, what needs a decision; taking work back and stopping orders."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew
from fulfillment.packing import lead_queries, lead_service
from fulfillment.packing import service as packing
from fulfillment.packing.lead_rules import read_scan
from fulfillment.packing.models import Parcel
from kernel import once
from kernel.audit import SYSTEM, AuditEntry
from kernel.db import Database
from kernel.errors import NotFound
from shop.orders import service as orders
from shop.orders.models import Order
from shop.stock.models import StockLevel
from tests.lead.world import (
    Bench,
    channel_facts,
    order_of,
    order_parcel,
    packed_parcel,
    parcel_of,
    take_all,
    task_of,
)
from tests.packing.world import ZONE, id_of, make_paid_order, wages
from tests.storefront.pages import assert_nothing_inline, fields_of
from tests.world import NOW


def test_late_work_comes_first_and_then_hour_by_hour(database: Database, bench: Bench) -> None:
    for hours in (5, -3, -1, 2, 5.5):
        order_parcel(database, bench, due_in=timedelta(hours=hours))
    order_parcel(database, bench, due_in=timedelta(hours=-4))
    assert len(take_all(database, bench.ann)) == 3
    with database.transaction() as session:
        hours = lead_queries.backlog_by_hour(session, NOW, ZONE)
    assert [(hour.waiting, hour.in_hand) for hour in hours] == [(0, 3), (1, 0), (2, 0)]
    assert hours[0].starts_at is None
    assert hours[0].first_due == NOW - timedelta(hours=4)
    assert [hour.starts_at for hour in hours[1:]] == [NOW + timedelta(hours=2), NOW + timedelta(hours=5)]


def test_the_board_says_late_in_words_and_counts_everything(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    calm = lead.get("/bench/lead")
    assert "都不晚" in calm.text
    assert_nothing_inline(calm)
    packed_parcel(database, bench)
    order_parcel(database, bench, due_in=timedelta(hours=-1))
    page = lead.get("/bench/lead").text
    assert "晚了" in page
    assert "最早该 今天 19:00 好" in page
    assert "吴秀英" in page
    english = lead.get("/bench/lead?lang=en").text
    assert "the first was due today, 19:00" in english
    assert "晚" not in english


def test_who_is_here_since_when_and_what_the_day_brought(database: Database, bench: Bench) -> None:
    packed_parcel(database, bench)
    order_parcel(database, bench)
    take_all(database, bench.ann, NOW + timedelta(minutes=5))
    with database.transaction() as session:
        ann, bea = lead_queries.people_at_work(session, NOW, ZONE)
    assert (ann.name, ann.here_since, ann.in_hand, ann.packed, ann.earned_fen) == ("吴秀英", NOW, 1, 1, 80)
    assert (bea.name, bea.here_since, bea.in_hand) == ("叶根土", None, 0)


def test_yesterdays_arrival_does_not_count_today(database: Database, bench: Bench) -> None:
    with database.transaction() as session:
        lead_service.note_arrival(session, id_of(bench.ann), now=NOW, by=bench.lead)
        tomorrow = NOW + timedelta(days=1)
        assert lead_queries.people_at_work(session, NOW, ZONE)[0].here_since == NOW
        assert all(one.here_since is None for one in lead_queries.people_at_work(session, tomorrow, ZONE))
        lead_service.note_arrival(session, id_of(bench.ann), now=tomorrow, by=bench.lead)
        assert lead_queries.people_at_work(session, tomorrow, ZONE)[0].here_since == tomorrow


def presence(database: Database, bench: Bench) -> datetime | None:
    with database.transaction() as session:
        here = crew.presence_of(session, id_of(bench.ann), NOW)
        return here.here_since if here else None


def test_coming_and_going_are_noted_once(lead: FlaskClient, database: Database, bench: Bench) -> None:
    place = f"/bench/lead/people/{id_of(bench.ann)}"
    for minutes in (0, 10):
        lead.application.extensions["clock"] = lambda minutes=minutes: NOW + timedelta(minutes=minutes)
        assert lead.post(f"{place}/here").status_code == 303
    assert presence(database, bench) == NOW, "who is here already stays here since then"
    order_parcel(database, bench)
    (number,) = take_all(database, bench.ann, NOW + timedelta(minutes=20))
    assert lead.post(f"{place}/gone", data={"reason": "unwell"}).status_code == 303
    assert presence(database, bench) is None
    with database.transaction() as session:
        task = task_of(session, number)
        assert (task.state, task.packer_id, task.trouble) == ("waiting", None, "unwell")
        actions = list(session.scalars(select(AuditEntry.action).where(AuditEntry.action.like("packer.%"))))
    assert actions == ["packer.here", "packer.gone"]
    assert "1 件放回去了" in lead.get("/bench/lead/people").text


@pytest.mark.parametrize("person_id", ["0", "999999", str(2**62), str(2**70), "x", "-1"])
def test_people_who_do_not_pack_here_are_not_found(lead: FlaskClient, bench: Bench, person_id: str) -> None:
    for what in ("here", "gone"):
        assert lead.post(f"/bench/lead/people/{person_id}/{what}").status_code == 404
        assert lead.post(f"/bench/lead/people/{id_of(bench.lead)}/{what}").status_code == 404


def take_back(lead: FlaskClient, database: Database, number: str, packer: object, reason: str = "break") -> int:
    with database.transaction() as session:
        task_id = task_of(session, number).id
    sent = {"packer": packer, "reason": reason}
    return lead.post(f"/bench/lead/tasks/{task_id}/take-back", data=sent).status_code


def test_work_taken_back_can_be_had_by_somebody_else(lead: FlaskClient, database: Database, bench: Bench) -> None:
    order_parcel(database, bench)
    (number,) = take_all(database, bench.ann)
    for _ in range(2):
        assert take_back(lead, database, number, id_of(bench.ann)) == 303
    assert take_all(database, bench.bea) == [number]
    assert take_back(lead, database, number, id_of(bench.ann)) == 303, "an old page takes nothing from the next person"
    with database.transaction() as session:
        assert task_of(session, number).packer_id == bench.bea.person_id
    story = lead.get(f"/bench/lead/parcels/{number}").text
    assert "范组长" in story
    assert "歇一会" in story


def test_packed_work_is_not_taken_back(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    assert take_back(lead, database, number, id_of(bench.ann)) == 303
    assert "已经包好了" in lead.get(f"/bench/lead/parcels/{number}").text
    with database.transaction() as session:
        assert task_of(session, number).state == "packed"


def test_taking_back_needs_its_facts(lead: FlaskClient, database: Database, bench: Bench) -> None:
    order_parcel(database, bench)
    (number,) = take_all(database, bench.ann)
    assert take_back(lead, database, number, "x") == 422
    assert take_back(lead, database, number, id_of(bench.ann), "nonsense") == 422
    assert lead.post(f"/bench/lead/tasks/{2**63}/take-back", data={"packer": 1, "reason": "break"}).status_code == 404


def test_trouble_rests_until_the_lead_has_looked(lead: FlaskClient, database: Database, bench: Bench) -> None:
    order_parcel(database, bench)
    (number,) = take_all(database, bench.ann)
    with database.transaction() as session:
        task = task_of(session, number)
        packing.return_task(session, task.id, id_of(bench.ann), reason="spoiled", now=NOW, by=bench.ann)
    assert take_all(database, bench.bea) == []
    page = lead.get("/bench/lead").text
    assert "等您决定" in page
    assert "货坏了" in page
    assert lead.post(f"/bench/lead/tasks/{task.id}/settle").status_code == 303
    assert "没有事等您" in lead.get("/bench/lead").text
    assert take_all(database, bench.bea) == [number]


def stop(lead: FlaskClient, number: str, **typed: str) -> int:
    sent = {"form_key": once.new_key(), **typed}
    return lead.post(f"/bench/lead/orders/{number}/stop", data=sent).status_code


def test_a_stopped_order_frees_its_goods_and_pays_what_was_packed(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    number = packed_parcel(database, bench, quantity=2)
    with database.transaction() as session:
        order_number = order_of(session, number).number
    sent = {"form_key": once.new_key(), "reason": "no_goods"}
    for _ in range(2):
        answer = lead.post(f"/bench/lead/orders/{order_number}/stop", data=sent)
        assert answer.status_code == 303, "a double tap is told that it is done"
    with database.transaction() as session:
        assert order_of(session, number).state == "refunded"
        assert parcel_of(session, number).state == "cancelled"
        assert session.get_one(StockLevel, bench.variant_id).held == 0
        assert wages(session, bench.ann) == [80]
    assert "货不够或坏了" in lead.get(f"/bench/lead/parcels/{number}").text
    assert stop(lead, order_number, reason="no_goods") == 409


def test_stopping_says_why_or_is_refused_and_keeps_what_was_typed(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    with database.transaction() as session:
        order_number = order_of(session, order_parcel(database, bench)).number
    assert stop(lead, order_number) == 422
    assert stop(lead, order_number, reason="other") == 422
    long = {"form_key": once.new_key(), "reason": "other", "own_reason": "长" * 61}
    answer = lead.post(f"/bench/lead/orders/{order_number}/stop", data=long)
    assert answer.status_code == 422
    assert fields_of(answer)["own_reason"] == "长" * 61
    assert lead.post(f"/bench/lead/orders/{order_number}/stop", data={"reason": "no_goods"}).status_code == 400
    with database.transaction() as session:
        assert session.scalars(select(Order.state).where(Order.number == order_number)).one() == "paid"


def test_an_order_that_left_cannot_be_stopped(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": "78000000000128"})
    with database.transaction() as session:
        order_number = order_of(session, number).number
    assert stop(lead, order_number, reason="buyer_asked") == 409
    assert "停不了" in lead.get(f"/bench/lead/orders/{order_number}/stop").text


def test_a_paid_order_without_work_is_shown_and_its_work_opened(
    lead: FlaskClient, database: Database, bench: Bench
) -> None:
    assert "没有打包任务" not in lead.get("/bench/lead").text
    with database.transaction() as session:
        # Accepted below the roof: no code of ours does this alone.
        number = orders.accept_channel_order(session, channel_facts(session, bench), now=NOW, by=SYSTEM).number
    page = lead.get("/bench/lead").text
    assert "付了钱却没有打包任务" in page
    assert number in page
    for _ in range(2):
        assert lead.post(f"/bench/lead/orders/{number}/open").status_code == 303
    assert "没有打包任务" not in lead.get("/bench/lead").text
    with database.transaction() as session:
        assert len(session.scalars(select(Parcel)).all()) == 1
    assert len(take_all(database, bench.ann)) == 1


@pytest.mark.parametrize("number", ["P000000-AAAAAAAA", "x", "%00", "1" * 300])
def test_orders_that_do_not_exist_are_not_found(lead: FlaskClient, number: str) -> None:
    assert lead.get(f"/bench/lead/orders/{number}/stop").status_code == 404
    for what in ("stop", "open"):
        sent = {"reason": "no_goods", "form_key": once.new_key()}
        assert lead.post(f"/bench/lead/orders/{number}/{what}", data=sent).status_code == 404


def test_a_parcel_is_found_by_every_number_on_it(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = packed_parcel(database, bench)
    lead.post("/bench/lead/hand-over", data={"parcel": number, "tracking": "SF1400000000017"})
    with database.transaction() as session:
        order = order_of(session, number)
        names = [number, number.lower(), order.number, order.channel_number, "SF1400000000017", f" {number} "]
    for typed in names:
        answer = lead.get("/bench/lead/parcels", query_string={"q": typed})
        assert answer.status_code == 302, typed
        assert answer.location.endswith(number)
    for typed in ("x", "%", "'; DROP TABLE parcels", "没有", "9" * 300, "<script>"):
        page = lead.get("/bench/lead/parcels", query_string={"q": typed})
        assert page.status_code == 200
        assert "没有找到" in page.text
        assert "<script>" not in page.text


def test_scanners_and_people_write_one_number_in_many_ways() -> None:
    for typed in ("P26-1", " p26-1\t", "Ｐ２６－１", "https://x.example/a/p26-1/", "P 2 6-1"):
        assert read_scan(typed) == "P26-1"
    for typed in ("", "  ", "é", "a" * 41, "\x00", None, 5, "-26", "单子"):
        assert read_scan(typed) == ""


def test_an_address_names_its_parcel_exactly(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    with database.transaction() as session:
        order = order_of(session, number).number
    for address, exact in (
        ("/bench/lead/parcels/{}", number),
        ("/bench/lead/parcels/{}/sending", number),
        ("/bench/lead/orders/{}/stop", order),
        ("/bench/slips/{}", number),
    ):
        assert lead.get(address.format(exact)).status_code == 200, address
        for garbage in (
            f"{exact}１",
            f"{exact}{2**63}",
            f"{exact}{'9' * 400}",
            exact.lower(),
            f"x%2f{exact}",
            f"{exact}%20",
        ):
            assert lead.get(address.format(garbage)).status_code in (400, 404), (address, garbage)


def test_the_list_of_parcels_has_pages_and_states(lead: FlaskClient, database: Database, bench: Bench) -> None:
    with database.transaction() as session:
        for place in range(lead_queries.PAGE + 3):
            make_paid_order(session, due_at=NOW + timedelta(minutes=place))
    page = lead.get("/bench/lead/parcels?state=waiting")
    (older,) = re.findall(r'rel="next" href="([^"]+)"', page.text)
    first = set(re.findall(r'lead-number" href="([^"]+)"', page.text))
    second = set(re.findall(r'lead-number" href="([^"]+)"', lead.get(unescape(older)).text))
    assert len(first) == lead_queries.PAGE
    assert len(second) == 3
    assert not first & second
    for address in ("?state=nonsense", "?due=x&id=1", "?due=2026-01-01&id=1", "?due=2026-01-01T00:00:00Z&id=x"):
        assert lead.get(f"/bench/lead/parcels{address}").status_code == 200


def test_a_parcel_page_masks_the_receiver(lead: FlaskClient, database: Database, bench: Bench) -> None:
    number = order_parcel(database, bench)
    for address in (f"/bench/lead/parcels/{number}", "/bench/lead/parcels", "/bench/lead", "/bench/lead/prints"):
        page = lead.get(address).text
        assert "娜娜" not in page
        assert "13800008000" not in page
        assert "501室" not in page
    assert "欧***" in lead.get(f"/bench/lead/parcels/{number}").text


def test_departing_persons_cannot_be_marked(session: Session) -> None:
    with pytest.raises(NotFound):
        lead_service.note_arrival(session, 10**9, now=NOW, by=SYSTEM)
