"""The report of a stream: every figure equals a recount from the ledgers, the workbook says the same, and odd streams have one too."""

from collections import Counter, defaultdict
from datetime import timedelta
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from python_calamine import CalamineWorkbook
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.console.reports import stream_figures
from app.console.reports.stream_figures import StreamReport, report_of
from kernel.db import Database
from shop.catalog.models import Product, Variant
from shop.orders.models import Order, OrderLine, OrderLog
from shop.orders.states import PAID, REFUNDED
from shop.payments.models import Payment, Refund
from shop.streams.models import Stream
from tests.console.conftest import Desk
from tests.console_streams.conftest import offer_of
from tests.console_streams.history import History
from tests.console_streams.test_figures import A_FULL_EVENING, STEPS, TAKEN_OVER
from tests.planting import plant
from tests.streams.evening import Evening, make_evening, terms_of


def compare(session: Session, history: History, report: StreamReport) -> None:
    """Add up in plain Python what the log, the lines, the payments and the refunds say."""
    orders = {order.id: order for order in session.scalars(select(Order))}
    mine = {order_id for order_id, order in orders.items() if order.stream_id == history.evening.stream_id}
    log = list(session.scalars(select(OrderLog).order_by(OrderLog.id)))
    last = {line.order_id: line.to_state for line in log}
    taken_over = {line.order_id for line in log if line.reason.startswith(TAKEN_OVER)}
    paid_at = {line.order_id: line.at for line in log if line.to_state == PAID}
    net: dict[object, int] = defaultdict(int)
    for payment in session.scalars(select(Payment)):
        if payment.order_id in paid_at:
            net[payment.order_id] += payment.amount_fen
            refunds = session.scalars(select(Refund).where(Refund.payment_id == payment.id, Refund.state != "failed"))
            net[payment.order_id] -= sum(refund.amount_fen for refund in refunds)
    lines = list(session.scalars(select(OrderLine)))
    for place, offer_id in enumerate(history.evening.offer_ids):
        of_offer = [line for line in lines if line.offer_id == offer_id]
        seen = report.offers[place]
        assert seen.sku == terms_of(session, offer_id).variant.sku
        assert seen.ordered == sum(line.quantity for line in of_offer if line.order_id not in taken_over)
        assert seen.paid == sum(line.quantity for line in of_offer if line.order_id in paid_at)
        assert seen.paid_fen == sum(line.line_total_fen for line in of_offer if line.order_id in paid_at)
        back = [line for line in of_offer if line.order_id in paid_at and last[line.order_id] == REFUNDED]
        assert seen.given_back == sum(line.quantity for line in back)
    paid_here = mine & set(paid_at)
    assert report.net_fen == sum(net[order_id] for order_id in paid_here)
    by_province: Counter[str] = Counter()
    for order_id in paid_here:
        by_province[orders[order_id].province] += net[order_id]
    assert {each.name: each.kept_fen for each in report.provinces} == dict(by_province)
    start = session.get_one(Stream, history.evening.stream_id).started_at
    assert start is not None
    known = {orders[order_id].phone for order_id, at in paid_at.items() if at < start}
    buyers = {orders[order_id].phone for order_id in paid_here}
    counted = {name: each.count for name, each in report.buyers.items()}
    assert counted == {
        name: count for name, count in (("returning", len(buyers & known)), ("new", len(buyers - known))) if count
    }
    assert sum(each.kept_fen for each in report.buyers.values()) == report.net_fen
    unpaid = Counter(
        "replaced" if order_id in taken_over else "late" if last[order_id] == REFUNDED else last[order_id]
        for order_id in mine - set(paid_at)
    )
    assert {name: each.count for name, each in report.unpaid.items()} == dict(unpaid)


def live_through(database: Database, steps: list[tuple[str, int, int]]) -> StreamReport:
    """Live the steps and compare; some of the buyers had bought before the stream began. Nothing stays."""
    with database.engine.connect() as connection, Session(connection, expire_on_commit=False) as session:
        history = History(session)
        for place, (name, which, number) in enumerate(steps):
            history.live(name, which, number)
            if place == 8:
                # What was paid so far counts as before: the stream begins now.
                stream = session.get_one(Stream, history.evening.stream_id)
                stream.started_at = history.now + timedelta(seconds=1)
        session.flush()
        session.expire_all()
        report = report_of(session, session.get_one(Stream, history.evening.stream_id), history.now, 340)
        compare(session, history, report)
        session.rollback()
        return report


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_stream_is_reported_as_the_ledgers_say(database: Database, steps: list[tuple[str, int, int]]) -> None:
    live_through(database, steps)


def test_a_full_evening_is_reported_as_the_ledgers_say(database: Database) -> None:
    report = live_through(database, A_FULL_EVENING)
    assert report.money.paid > 1
    assert report.unpaid.keys() & {"replaced", "expired", "late"}


@pytest.mark.parametrize(
    ("statement", "good", "planted"),
    [
        ("_OFFERS", "orders.replaced_by IS NULL", "true"),
        ("_OFFERS", "orders.paid_at IS NOT NULL", "orders.id IS NOT NULL"),
        ("_PROVINCES", "total_fen - refunded_fen", "total_fen"),
        ("_UNPAID", "replaced_by IS NOT NULL", "false"),
    ],
)
def test_the_recount_notices_a_report_that_counts_wrongly(
    database: Database, monkeypatch: pytest.MonkeyPatch, statement: str, good: str, planted: str
) -> None:
    plant(monkeypatch, stream_figures, statement, good, planted)
    with pytest.raises(AssertionError):
        live_through(database, A_FULL_EVENING)


# ---- the page and the workbook ----


def test_the_page_and_the_workbook_say_the_same(desk: Desk, evening: Evening) -> None:
    offer = offer_of(desk, evening)
    with desk.database.transaction() as session:
        product = session.get_one(Variant, offer.variant_id).product_id
        session.get_one(Product, product).title_zh = "=1+1 𠮷菇"
    desk.pay(desk.place(offer, 2))
    desk.place(offer, 1)
    address = f"/console/streams/{evening.stream_id}/report"
    assert address in desk.look(f"/console/streams/{evening.stream_id}")
    page = desk.look(f"{address}?lang=zh")
    answer = desk.browser.get(f"{address}.xlsx?lang=zh")
    book = CalamineWorkbook.from_filelike(BytesIO(answer.data))
    assert book.sheet_names == ["总数", "成本", "商品", "渠道", "时间", "省份", "买家", "没付成"]
    summary = dict(book.get_sheet_by_name("总数").to_python()[1:])
    assert (summary["下单（单）"], summary["付款（单）"]) == (2, 1)
    assert f"{summary['付款金额（元）']:.2f}"[:-3] in page
    first = book.get_sheet_by_name("商品").to_python()[1]
    assert first[2] == "=1+1 𠮷菇"
    assert first[4:7] == [3, 2, 0]
    assert book.get_sheet_by_name("没付成").to_python()[1][:2] == ["还留着货，能付", 1]
    assert "新买家" in page


def test_a_stream_without_orders_and_one_that_has_not_begun(desk: Desk, evening: Evening) -> None:
    address = f"/console/streams/{evening.stream_id}/report"
    assert "这一场没有订单" in desk.look(f"{address}?lang=zh")
    assert desk.browser.get(f"{address}.xlsx").status_code == 200
    with desk.database.transaction() as session:
        planned = make_evening(session, is_live=False)
    for number in (planned.stream_id, 999_999, 2**70):
        for ending in ("", ".xlsx"):
            assert desk.browser.get(f"/console/streams/{number}/report{ending}").status_code == 404
