"""The home: figures that are apart and of today only, what is live, what needs a decision, and the first steps."""

import re
from datetime import UTC, datetime, time

import pytest
from flask import Flask
from sqlalchemy import select, text

from app.demo import load_demo
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import service as packing
from fulfillment.purchasing.quotes.models import MarketQuote
from kernel import outbox
from kernel.db import Database
from kernel.money import yuan
from kernel.people.rules import OWNER, PACKER, STREAMER
from shop.payments import notes
from shop.payments.models import Payment
from shop.streams import service as streams
from tests.console.conftest import Desk, sit_down
from tests.packing.world import ZONE, id_of, make_packer, make_rate
from tests.world import NOW, LiveOffer


def figures(desk: Desk) -> list[tuple[str, str]]:
    """The five numbers and the line beneath each, as read on the page."""
    page = desk.look("/console?lang=zh")
    found = re.findall(r'<span class="stat-value">(.*?)</span>(?:<span class="stat-note">(.*?)</span>)?</div>', page)
    return [(re.sub(r"<[^>]+>", "", value), re.sub(r"<[^>]+>", "", note)) for value, note in found]


def test_ordered_and_paid_are_counted_apart_and_only_of_today(desk: Desk, offer: LiveOffer) -> None:
    desk.wait(days=-1)
    desk.paid(offer)
    desk.wait(days=1)
    desk.place(offer)
    desk.paid(offer, 2)
    (ordered, ordered_note), (paid, paid_note), *_ = figures(desk)
    assert (ordered, ordered_note) == ("¥131.40", "2 单")
    assert (paid, paid_note) == ("¥85.60", "1 单")


def test_a_day_ends_where_the_workshop_stands(desk: Desk, offer: LiveOffer) -> None:
    """NOW is 20:00 in Qingyuan; four hours later it is tomorrow there, though not in Greenwich."""
    desk.paid(offer)
    desk.wait(hours=3, minutes=59)
    assert figures(desk)[0] == ("¥45.80", "1 单")
    desk.wait(minutes=2)
    assert figures(desk)[0] == ("¥0.00", "0 单")


def test_refunds_of_today_stand_beside_what_was_paid(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    page = f"/console/orders/{number}"
    desk.send(f"{page}/refund", desk.typed(page, f"{page}/refund", refund_amount="5", refund_reason="asked"))
    assert figures(desk)[1] == ("¥45.80", "1 单，退款 ¥5.00")


def test_what_waits_to_be_packed_is_marked_when_it_is_late(desk: Desk, offer: LiveOffer) -> None:
    desk.paid(offer)
    desk.paid(offer)
    assert figures(desk)[2] == ("2", "没有迟的")
    desk.wait(hours=49)
    assert figures(desk)[2] == ("2", "2 件已经迟了")
    assert 'class="stat is-worst"><span class="stat-label">待打包' in desk.look("/console")


def test_wages_of_today_are_what_was_earned_today(desk: Desk, offer: LiveOffer) -> None:
    desk.paid(offer)
    with desk.database.transaction() as session:
        make_rate(session)
        packer = make_packer(session)
    with desk.database.transaction() as session:
        task = hand_out.take_work(session, id_of(packer), now=desk.now, zone=ZONE, by=packer)[0]
        packing.finish_task(session, task.id, id_of(packer), now=desk.now, by=packer)
    assert figures(desk)[3] == ("¥0.80", "1 个人挣的")
    desk.wait(days=1)
    assert figures(desk)[3] == ("¥0.00", "0 个人挣的")


def test_what_farmers_are_owed_is_what_is_not_settled(app: Flask, database: Database) -> None:
    load_demo(database, NOW)
    desk = sit_down(app, database, OWNER)
    not_settled = text("""
        SELECT sum(amount_fen), sum(amount_fen) FILTER (WHERE due_on <= :today), max(due_on) FROM payables
        WHERE id NOT IN (SELECT payable_id FROM settlement_lines)
    """)
    # Supplements and money that came back, as far as no settlement took them; all of it is due.
    given = text("""
        SELECT sum(left_fen) FROM (
            SELECT e.amount_fen - coalesce(sum(p.amount_fen), 0) AS left_fen
            FROM farmer_entries e LEFT JOIN settlement_parts p ON p.entry_id = e.id
            WHERE e.kind IN ('supplement', 'came_back') AND e.id NOT IN (
                SELECT reverses_id FROM farmer_entries WHERE reverses_id IS NOT NULL)
            GROUP BY e.id) AS lefts
    """)
    with database.transaction() as session:
        total, due, last_due = session.execute(not_settled, {"today": NOW.date()}).one()
        extra = session.execute(given).scalar_one()
    assert total > due > 0
    assert extra > 0
    total, due = total + extra, due + extra
    assert figures(desk)[4] == (f"¥{yuan(int(total))}", f"¥{yuan(int(due))} 到期了")
    desk.now = datetime.combine(last_due, time(12), UTC)
    desk.wait()
    assert figures(desk)[4] == (f"¥{yuan(int(total))}", f"¥{yuan(int(total))} 到期了")


def test_what_is_live_leads_to_its_control_page_and_its_board(desk: Desk, offer: LiveOffer) -> None:
    page = desk.look("/console")
    assert f'href="/console/streams/{offer.stream_id}/control"' in page
    assert f'href="/console/board/{offer.stream_id}"' in page
    with desk.database.transaction() as session:
        streams.end_stream(session, offer.stream_id, now=desk.now, by=desk.person)
    assert f'href="/console/board/{offer.stream_id}"' not in desk.look("/console")


def test_a_paid_order_without_packing_work_needs_a_decision(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    assert "没有打包任务" not in desk.look("/console")
    with desk.database.transaction() as session:
        session.execute(text("ALTER TABLE parcel_lines DISABLE TRIGGER USER"))
        session.execute(text("ALTER TABLE task_log DISABLE TRIGGER USER"))
        for table in ("task_log", "packing_tasks", "parcel_lines", "parcels"):
            session.execute(text(f"DELETE FROM {table}"))
    page = desk.look("/console")
    assert f"订单 {number} 付了款，没有打包任务" in page
    assert f'href="/console/orders/{number}"' in page


def test_notes_about_payments_wait_until_somebody_has_dealt_with_them(desk: Desk, offer: LiveOffer) -> None:
    number = desk.paid(offer)
    with desk.database.transaction() as session:
        payment = session.scalars(select(Payment)).one()
        for kind in ("refund_failed", "wrong_amount", "dispute", "late_no_stock", "something_new"):
            notes.note(session, payment, kind, 3980, desk.now)
    page = desk.look("/console")
    for words in ("退款没有成功", "付款金额不对", "银行来争议", "付款晚到，货没了", "something_new"):
        assert words in page
    assert page.index("银行来争议") < page.index("something_new") < page.index("付款晚到"), "the most urgent first"
    for note_id in {int(found) for found in re.findall(r"/console/notes/(\d+)/close", page)}:
        desk.send(f"/console/notes/{note_id}/close", {})
        desk.send(f"/console/notes/{note_id}/close", {})
    assert "没有要拿主意的事" in desk.look("/console")
    closed = desk.audit("payment.note_closed")
    assert [entry.subject for entry in closed] == [f"order:{number}"] * 5
    assert "付款金额不对" not in desk.look(f"/console/orders/{number}")


def test_quotes_that_are_held_and_jobs_that_were_given_up_wait_for_a_person(desk: Desk) -> None:
    with desk.database.transaction() as session:
        session.add(
            MarketQuote(
                source="manual",
                source_key="x",
                market="m",
                name="香菇",
                product="huagu",
                form="dry",
                grade="一级",
                day=NOW.date(),
                low_fen=1,
                high_fen=1,
                fen_per_kg=1,
                unit="kg",
                comparable=True,
                state="held",
                entered_at=NOW,
                entered_by="x",
            )
        )
        outbox.enqueue(session, "send_refund", {"refund": "x"}, now=NOW)
        session.execute(text("UPDATE jobs SET given_up_at = now()"))
    page = desk.look("/console")
    assert "1 条行情等人看" in page
    assert "后台有 1 件事没做成（send_refund）" in page


def test_an_empty_installation_shows_five_steps_until_each_is_done(app: Flask, database: Database) -> None:
    desk = sit_down(app, database, OWNER)
    page = desk.look("/console")
    assert "五步就能开张" in page
    for href in (
        "/console/workshop",
        "/console/products/new",
        "/console/people/new",
        "/bench/lead/rates",
        "/console/streams",
    ):
        assert f'href="{href}"' in page
    for path in ("/console/orders", "/console/products", "/console/stock", "/console/stock/count", "/console/audit"):
        desk.look(path)


def test_the_steps_go_away_when_the_shop_can_open(desk: Desk, offer: LiveOffer) -> None:
    assert "五步就能开张" in desk.look("/console"), "there is nobody to pack yet"
    sit_down(desk.app, desk.database, PACKER)
    assert "五步就能开张" in desk.look("/console"), "nobody can get work without a piece rate"
    with desk.database.transaction() as session:
        make_rate(session)
    assert "五步就能开张" not in desk.look("/console")


@pytest.mark.parametrize("role", [OWNER, STREAMER])
def test_every_door_on_the_home_page_opens(app: Flask, database: Database, role: str) -> None:
    desk = sit_down(app, database, role)
    doors = set(re.findall(r'<a [^>]*href="(/[^"#?]*)', desk.look("/console")))
    assert len(doors) >= 10
    for door in sorted(doors - {"/console"}):
        assert desk.browser.get(door).status_code == 200, door


@pytest.mark.parametrize(
    ("home", "doors"),
    [("/bench/lead", {"/console", "/console/imports", "/bench/weigh/lots"}), ("/bench/weigh", {"/console"})],
)
def test_an_owner_finds_the_way_back_from_the_bench(desk: Desk, home: str, doors: set[str]) -> None:
    assert doors <= set(re.findall(r'href="([^"]+)"', desk.look(home)))


def test_the_chart_can_be_read_as_a_table(desk: Desk, offer: LiveOffer) -> None:
    assert "今天还没有订单" in desk.look("/console")
    desk.wait(hours=-3)
    desk.place(offer)
    desk.wait(hours=3)
    desk.paid(offer)
    page = desk.look("/console")
    rows = re.findall(r'class="number">(\d\d:00)</th><td class="is-number">(\d+)</td><td class="is-number">(\d+)', page)
    assert rows == [("17:00", "1", "0"), ("18:00", "0", "0"), ("19:00", "0", "0"), ("20:00", "1", "1")]
    assert page.count('<rect class="bar-shape" x=') == 4
