"""Lists in every order that they offer: page by page there and back, each row once, and the file in the same order."""

import csv
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from html import unescape
from io import StringIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.console import (
    audit_queries,
    notices_queries,
    orders_queries,
    paging,
    people_queries,
    streams_queries,
    vouchers_views,
)
from app.console.notices_queries import MOST_COUNTED, WORDS_WITHIN, NoticeSearch
from app.console.orders_queries import OrderSearch
from app.console.paging import Place, Sorting
from app.insights import service as insights
from kernel.audit import SYSTEM, record_change
from kernel.db import Database
from kernel.notices.models import Notice
from kernel.people import service as people
from kernel.people.rules import PACKER
from shop.orders.models import Order
from shop.streams import service as streams
from shop.vouchers.models import Voucher
from tests.console.conftest import Desk
from tests.prosperity.test_figures import ZONE
from tests.streams.evening import make_evening
from tests.world import NOW, LiveOffer, make_live_offer

ROWS = 7


def leave(session: Session, number: int, **facts: object) -> Notice:
    usual = {
        "key": f"n-{number}",
        "subject": f"order:G261124-{number:08d}",
        "channel": "sms",
        "recipient": f"1380000{number:04d}",
        "title": "发货了",
        "body": f"您的包裹 {number} 发出了",
        "state": "waiting",
        "by": "system",
        "at": NOW - timedelta(hours=number // 2),
    }
    notice = Notice(**(usual | facts))
    session.add(notice)
    session.flush()
    return notice


# ---- any order, there and back ----


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(totals=st.lists(st.integers(0, 3), max_size=12), is_down=st.booleans(), most=st.integers(1, 4))
def test_there_and_back_every_row_is_shown_once_in_its_order(
    session: Session, totals: list[int], is_down: bool, most: int
) -> None:
    """Values repeat, so that the key must decide among equals."""
    savepoint = session.begin_nested()
    for number, hours in enumerate(totals):
        leave(session, 100 + number, at=NOW - timedelta(hours=hours))
    sorting = Sorting(notices_queries.ORDERS[""].said, Notice.at, is_down)
    rows = sorted(session.scalars(select(Notice)), key=lambda row: (row.at, row.id), reverse=is_down)
    there, back = walk(session, select(Notice), Notice.id, sorting, most)
    savepoint.rollback()
    assert there == [row.id for row in rows]
    assert back == there


def walk(
    session: Session, wanted: Select[Any], key: InstrumentedAttribute[Any], sorting: Sorting, most: int
) -> tuple[list[object], list[object]]:
    """Keys from the first page to the last, and from the last back to the first."""

    def page(place: Place[Any]) -> paging.Page[Any]:
        return paging.page_of(session, wanted, key, sorting, place, repr, most)

    def place_of(url: str) -> Place[Any]:
        name, value = re.findall(r"'([^']*)'", url)
        return Place(**{name: int(value)})

    def keys(found: paging.Page[Any]) -> list[object]:
        return [getattr(row, key.key) for row in found.rows]

    here = page(Place())
    there = keys(here)
    while here.next_url:
        here = page(place_of(here.next_url))
        there += keys(here)
    back = keys(here)
    while here.previous_url:
        here = page(place_of(here.previous_url))
        back = keys(here) + back
    return there, back


def test_a_row_that_left_the_search_still_shows_where_the_next_page_begins(desk: Desk, offer: LiveOffer) -> None:
    numbers = [desk.place(offer, quantity) for quantity in (1, 2, 3, 4)]
    with desk.database.transaction() as session:
        ids = {order.number: order.id for order in session.scalars(select(Order))}
    desk.pay(numbers[2])
    page = desk.look(f"/console/orders?state=held&order=dear&before={ids[numbers[2]]}")
    assert shown_orders(page) == [numbers[1], numbers[0]]


# ---- the pages, and their files ----


def shown_orders(page: str) -> list[str]:
    return [part.split('"')[0] for part in page.split('class="row-link number" href="/console/orders/')[1:]]


def shown_people(page: str) -> list[str]:
    return re.findall(r'href="/console/people/\d+"><bdi>([^<]+)</bdi>', page)


def shown_messages(page: str) -> list[str]:
    return re.findall(r"<bdi>(您的包裹 \d+ 发出了)</bdi>", page)


def shown_streams(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a class="stream-link" href="/console/streams/(\d+)"', page)


def shown_vouchers(page: str) -> list[str]:
    return re.findall(r'<th scope="row" class="number">(CODE\d+)', page)


def shown_entries(page: str) -> list[str]:
    return re.findall(r'<bdi class="number">(9\d+)</bdi>', page)


LISTS: dict[str, tuple[str, str, str, Callable[[str], list[str]], Sequence[str]]] = {
    "orders": ("/console/orders", "orders.csv", "Number", shown_orders, tuple(orders_queries.ORDERS)),
    "people": ("/console/people", "people.csv", "Name", shown_people, tuple(people_queries.ORDERS)),
    "messages": ("/console/notices", "notices.csv", "Words", shown_messages, tuple(notices_queries.ORDERS)),
    "streams": ("/console/streams", "streams.csv", "Number", shown_streams, tuple(streams_queries.ENDED_ORDERS)),
    "vouchers": ("/console/vouchers", "vouchers.csv", "Voucher", shown_vouchers, tuple(vouchers_views.ORDERS)),
    "record": ("/console/audit", "audit.csv", "Subject", shown_entries, tuple(audit_queries.ORDERS)),
}


def fill(desk: Desk, offer: LiveOffer) -> None:
    numbers = [desk.place(offer, 1 + number % 3) for number in range(ROWS)]
    for number in numbers[::2]:
        desk.pay(number)
    with desk.database.transaction() as session:
        for number in range(ROWS):
            leave(session, number)
            session.add(
                Voucher(
                    code=f"CODE{number * 5 % ROWS}",
                    kind="amount",
                    off_fen=100,
                    off_bps=0,
                    from_fen=0,
                    starts_at=NOW,
                    ends_at=NOW + timedelta(days=1 + number % 3),
                    used=number % 2,
                    per_buyer=1,
                    created_at=NOW,
                    created_by="system",
                )
            )
            name = f"{'吴叶王'[number % 3]}秀英{number}"
            at = NOW + timedelta(days=number % 4)
            people.add_person(session, name=name, shown_name=name, roles=[PACKER], now=at, by=SYSTEM)
            record_change(session, actor=SYSTEM, action="test.done", subject=f"test:9{number}", at=NOW)
            evening = make_evening(session, offers=0)
            streams.end_stream(session, evening.stream_id, now=NOW + timedelta(minutes=number % 3), by=SYSTEM)


@pytest.mark.parametrize("name", LISTS)
def test_every_order_of_a_list_is_paged_whole_and_is_the_order_of_its_file(
    desk: Desk, offer: LiveOffer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    fill(desk, offer)
    path, file, column, shown, orders = LISTS[name]
    whole: dict[str, list[str]] = {}
    search = {"record": "q=test", "messages": "q=您的包裹"}.get(name, "")
    for order in orders:
        whole[order] = shown(desk.look(f"{path}?{search}&order={order}&lang=zh"))
        assert whole[order], order
        rows = csv.DictReader(
            StringIO(desk.look(f"{path}/{file}?{search}&order={order}&lang=en").removeprefix("\ufeff"))
        )
        told = [row[column].removeprefix("test:") for row in rows]
        assert [each for each in told if each in whole[order]] == whole[order], order
        assert len(told) == len(whole[order]), order
    monkeypatch.setattr(paging.page_of, "__defaults__", (3,))
    monkeypatch.setattr("app.console.streams_views._ENDED_A_PAGE", 3)
    for order in orders:
        found, url = [], f"{path}?{search}&order={order}&lang=zh"
        while url:
            page = desk.look(url)
            found += shown(page)
            onward = re.search(r'rel="next" href="([^"]+)"', page)
            url = unescape(onward[1]) if onward else ""
        assert found == whole[order], order


@pytest.mark.parametrize("path", [path for path, *_ in LISTS.values()])
def test_an_order_that_is_none_is_named_or_left_out_and_an_odd_place_is_no_page(desk: Desk, path: str) -> None:
    answer = desk.browser.get(f"{path}?order=x&lang=zh")
    assert answer.status_code == (200 if path in ("/console/streams", "/console/vouchers") else 422)
    assert desk.browser.get(f"{path}?before=x&order=").status_code == 404
    page = desk.look(f"{path}?lang=zh")
    assert page.count("sort-head") <= 4


def test_heads_of_columns_say_and_turn_the_order(desk: Desk, offer: LiveOffer) -> None:
    desk.place(offer)
    usual = desk.look("/console/orders?state=held&lang=zh")
    assert 'aria-sort="descending"><a class="sort-head" href="/console/orders?state=held&amp;order=oldest"' in usual
    dear = desk.look("/console/orders?state=held&order=dear&lang=zh")
    assert 'aria-sort="descending"><a class="sort-head" href="/console/orders?state=held&amp;order=cheap"' in dear
    assert '<option value="dear" selected>' in dear
    assert dear.count("aria-sort") == 1


# ---- what ended, by what it brought ----


def test_streams_are_put_in_order_by_the_last_count_and_show_what_is_now(desk: Desk, database: Database) -> None:
    with database.transaction() as session:
        sold = [make_live_offer(session) for _ in range(3)]
    for offer, quantities in zip(sold, ((1,), (5,), (1, 1, 1)), strict=True):
        for quantity in quantities:
            desk.paid(offer, quantity)
    with database.transaction() as session:
        for offer in sold[:2]:
            streams.end_stream(session, offer.stream_id, now=desk.now, by=SYSTEM)
    insights.make_nightly(database, ZONE, desk.now)
    with database.transaction() as session:
        streams.end_stream(session, sold[2].stream_id, now=desk.now, by=SYSTEM)
    first, second, third = (str(offer.stream_id) for offer in sold)
    assert shown_streams(desk.look("/console/streams?order=paid")) == [third, second, first], "not counted comes first"
    insights.make_nightly(database, ZONE, desk.now + timedelta(days=1))
    assert shown_streams(desk.look("/console/streams?order=paid&lang=zh")) == [second, third, first]
    assert shown_streams(desk.look("/console/streams?order=paid-up")) == [first, third, second]
    assert shown_streams(desk.look("/console/streams?order=orders")) == [third, second, first]
    assert "按昨夜数过的排" in desk.look("/console/streams?order=orders&lang=zh")


# ---- messages, found ----


def test_messages_are_found_by_order_recipient_and_words(desk: Desk, database: Database) -> None:
    with database.transaction() as session:
        for number in range(4):
            leave(session, number)
        leave(session, 9, recipient="139******68", state="sent", done_at=NOW, body="退款 100% 到账", problem="")
        leave(session, 10, at=NOW - WORDS_WITHIN - timedelta(days=1), body="退款很久以前", title="旧的")

    def found(words: str) -> list[str]:
        return re.findall(r'data-label="说什么"><bdi>([^<]+)</bdi>', desk.look(f"/console/notices?q={words}&lang=zh"))

    assert found("G261124-00000002") == found("g261124-00000002") == ["您的包裹 2 发出了"]
    assert found("13800000003") == ["您的包裹 3 发出了"]
    assert found("13912345668") == ["退款 100% 到账"], "what was sent is found by what is left of the number"
    assert found("退款") == ["退款 100% 到账"], "words are looked for in the last days only"
    assert found("100%25") == ["退款 100% 到账"]
    assert found("_") == []
    assert "只在最近 30 天" in desk.look("/console/notices?q=退款&lang=zh")
    assert "只在最近" not in desk.look("/console/notices?q=13800000003&lang=zh")
    assert "没有找到" in desk.look("/console/notices?q=13800009999&lang=zh")


def test_a_file_of_messages_masks_whom_they_are_for(desk: Desk, database: Database) -> None:
    with database.transaction() as session:
        leave(session, 1, body="=1+1")
        leave(session, 2, state="failed", done_at=NOW, problem="没有信号", recipient="139******68")
    lines = desk.look("/console/notices/notices.csv?state=waiting&lang=en")
    assert "13800000001" not in lines
    assert "138******01" in lines
    assert "'=1+1" in lines
    assert "没有信号" not in lines


def test_what_waits_is_counted_up_to_a_thousand(desk: Desk, database: Database) -> None:
    with database.transaction() as session:
        leave(session, 1, state="failed", done_at=NOW)
        session.execute(
            text(
                "INSERT INTO notices (key, subject, channel, recipient, title, body, state, by, at) "
                "SELECT 'w-' || n, 'order:x', 'sms', '13800000000', 't', 'b', 'waiting', 'system', :now "
                "FROM generate_series(1, :most) n"
            ),
            {"now": NOW, "most": MOST_COUNTED + 7},
        )
    page = desk.look("/console/notices?lang=zh")
    assert "在等 1000+" in page
    assert "没发成 1<" in page


# ---- each order has its index ----

PLANS: dict[str, tuple[Select[Any], InstrumentedAttribute[Any], Sorting, str]] = {
    **{
        f"orders {name}": (
            orders_queries.find_orders(OrderSearch(order=name)).with_only_columns(Order.id),
            *(
                Order.id,
                sorting,
                {"": "pk_orders", "oldest": "pk_orders", "paid": "ix_orders_paid"}.get(name, "ix_orders_total"),
            ),
        )
        for name, sorting in orders_queries.ORDERS.items()
    },
    **{
        f"messages {name}": (select(Notice.id), Notice.id, sorting, "ix_notices_at")
        for name, sorting in notices_queries.ORDERS.items()
    },
    "messages that wait": (
        notices_queries.find_notices(NoticeSearch(state="waiting"), NOW).with_only_columns(Notice.id),
        *(Notice.id, notices_queries.ORDERS[""], "ix_notices_"),
    ),
    "messages to somebody": (
        notices_queries.find_notices(NoticeSearch(words="13800000001"), NOW).with_only_columns(Notice.id),
        *(Notice.id, notices_queries.ORDERS[""], "ix_notices_"),
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_an_order_of_a_long_list_is_read_from_an_index(session: Session, name: str) -> None:
    """With sequential scans and sorting made dear, the plan shows whether an index can serve."""
    wanted, key, sorting, index = PLANS[name]
    page = paging._beside(wanted, key, sorting, None, is_back=False).limit(51)
    for dear in ("enable_seqscan", "enable_sort"):
        session.execute(text(f"SET LOCAL {dear} = off"))
    statement = page.compile(session.get_bind(), compile_kwargs={"literal_binds": True})
    plan = "\n".join(session.execute(text(f"EXPLAIN {statement}")).scalars())
    assert index in plan
    assert "Seq Scan" not in plan
