"""The console's pages at ten thousand, a hundred thousand and a million orders: each must stay within a factor of two.

`python -m benchmarks console`: some minutes, most of them for writing a million orders (in SQL, on a database of its own).
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.console import home_queries, notices_queries, orders_queries
from app.console.board import count_figures
from app.console.insights.shown import shown
from app.console.notices_queries import NoticeSearch
from app.console.orders_queries import OrderSearch, find_orders
from app.console.paging import Place, Sortings, page_of
from app.console.prosperity.figures import prosperity_of
from app.console.prosperity.rules import Period
from app.console.reports.stream_figures import report_of
from app.console.streams_queries import ENDED_ORDERS, with_money
from app.insights import service as insights
from benchmarks.measures import Figure
from benchmarks.own_database import own_database
from kernel.clock import utc_now
from kernel.db import Database
from kernel.notices.models import Notice
from shop.buyers.queries import ORDERS, buyers_of, who_want_news
from shop.orders.models import Order
from shop.streams.models import Stream
from shop.streams.queries import find_ended

SIZES = (10_000, 100_000, 1_000_000)
MOST_TIMES_SLOWER = 2.0
# A look this short is lost in the noise of a busy machine, whatever its ratio.
SHORT_S = 0.020
ASKED = 9
ORDERS_A_STREAM = 500
_FIRST = 1_000_000
ZONE = ZoneInfo("Asia/Shanghai")


def console() -> Iterator[Figure]:
    """A row for each page at each size, with how much slower it is than at the smallest."""
    now = utc_now()
    with own_database("console", now - timedelta(hours=1)) as database:
        yield from _at_all_sizes(database, now)


def _at_all_sizes(database: Database, now: datetime) -> Iterator[Figure]:
    first: dict[str, float] = {}
    written = 0
    for size in SIZES:
        _write_streams(database, written // ORDERS_A_STREAM, size // ORDERS_A_STREAM, now)
        written = size
        started = time.perf_counter()
        insights.make_nightly(database, ZONE, now + timedelta(days=SIZES.index(size)))
        yield Figure(
            f"{size:>9,} orders, counted by the worker", f"{time.perf_counter() - started:.1f} s", "in the night", None
        )
        for what, step in PAGES.items():
            seconds = _asked(database, step, now)
            ratio = seconds / first.setdefault(what, seconds)
            is_flat = ratio <= MOST_TIMES_SLOWER or seconds < SHORT_S
            told = f"{seconds * 1000:.1f} ms ({ratio:.2f} x)"
            yield Figure(f"{size:>9,} orders, {what}", told, f"at most {MOST_TIMES_SLOWER:.0f} x", is_flat)


def _asked(database: Database, step: Callable[[Session, datetime], object], now: datetime) -> float:
    taken = []
    for _ in range(ASKED):
        with database.transaction() as session:
            started = time.perf_counter()
            step(session, now)
            taken.append(time.perf_counter() - started)
    return median(taken)


def _newest(session: Session) -> Stream:
    wanted = select(Stream).where(Stream.id >= _FIRST).order_by(Stream.id)
    return session.scalars(wanted.limit(1)).one()


def _board(session: Session, now: datetime) -> object:
    return count_figures(session, _FIRST, now, ZONE)


def _report(session: Session, now: datetime) -> object:
    return report_of(session, _newest(session), now, 340)


def _home(session: Session, now: datetime) -> object:
    return home_queries.day_figures(session, now, ZONE), home_queries.hours_of_day(session, now, ZONE)


def _orders(session: Session, _: datetime) -> object:
    wanted = find_orders(OrderSearch(stream_id=_FIRST)).order_by(Order.id.desc())
    return session.scalars(wanted.limit(51)).all()


def _find_order(session: Session, _: datetime) -> object:
    wanted = find_orders(OrderSearch(words="BENCH77")).order_by(Order.id.desc())
    return session.scalars(wanted.limit(51)).all()


def _insights(session: Session, _: datetime) -> object:
    count = insights.newest(session)
    assert count is not None
    assert count.figures is not None
    return shown(session, count.figures)


def _segment(session: Session, _: datetime) -> object:
    return [
        (
            [buyers_of(session, name, most=51, order=order) for order in ORDERS],
            buyers_of(session, name, most=51, tail="0042"),
            who_want_news(session, name, 51),
        )
        for name in ("new", "returning")
    ]


def _prosperity(session: Session, now: datetime) -> object:
    period = Period.read(f"{now.astimezone(ZONE):%Y-%m}")
    assert period is not None
    return prosperity_of(session, "bench", period, now, ZONE)


def _list(
    session: Session, wanted: Select[Any], key: InstrumentedAttribute[Any], sortings: Sortings, place: Place[Any]
) -> list[object]:
    return [page_of(session, wanted, key, sorting, place, str).rows for sorting in sortings.values()]


def _every_order(session: Session, _: datetime) -> object:
    """The list of all orders in each of its orders: from the top, and from somewhere within."""
    within = session.scalars(select(Order.id).where(Order.number == "BENCH777")).one()
    wanted = {name: find_orders(OrderSearch(order=name)) for name in orders_queries.ORDERS}
    return [
        page_of(session, wanted[name], Order.id, sorting, place, str).rows
        for name, sorting in orders_queries.ORDERS.items()
        for place in (Place(), Place(before=within))
        if name != "paid" or place.before is None
    ]


def _narrowed(session: Session, _: datetime) -> object:
    """One stream's orders, and those that ran out, in each order."""
    searches = [
        OrderSearch(order=name, **narrow)
        for name in orders_queries.ORDERS
        for narrow in ({"stream_id": _FIRST}, {"state": "expired"})
        if name != "paid" or "state" not in narrow
    ]
    return [
        _list(session, find_orders(search), Order.id, {"": orders_queries.ORDERS[search.order]}, Place())
        for search in searches
    ]


def _explained(session: Session, now: datetime) -> object:
    """The orders behind a figure, and what they add up to: of a week, of a province of a year, of a stream, of a day."""
    today = now.astimezone(ZONE).date()
    week = {"since": today - timedelta(days=9), "until": today - timedelta(days=3), "by": orders_queries.PAYING}
    searches = [
        OrderSearch(zone=ZONE, **week),
        OrderSearch(
            zone=ZONE, since=today - timedelta(days=365), until=today, by=orders_queries.PAYING, province="上海市"
        ),
        OrderSearch(zone=ZONE, province="西藏自治区"),
        OrderSearch(zone=ZONE, stream_id=_FIRST, province="浙江省"),
        OrderSearch(zone=ZONE, since=today, until=today),
    ]
    return [
        (
            _list(session, find_orders(each), Order.id, {"": orders_queries.ORDERS[""]}, Place()),
            orders_queries.sums_of(session, each),
        )
        for each in searches
    ]


def _messages(session: Session, now: datetime) -> object:
    """All messages, those that failed, and those found by an order, a recipient and a word."""
    searches = [NoticeSearch(), *(NoticeSearch(words=words) for words in ("13900000042", "nothing like it"))]
    searches += [NoticeSearch(state="failed"), NoticeSearch(state="waiting")]
    found = [
        _list(session, notices_queries.find_notices(search, now), Notice.id, notices_queries.ORDERS, Place())
        for search in searches
    ]
    return found, notices_queries.open_counts(session)


def _ended(session: Session, _: datetime) -> object:
    found = [
        page_of(session, find_ended(), Stream.id, sorting, Place(), str, 20).rows for sorting in ENDED_ORDERS.values()
    ]
    return with_money(session, found[0])


PAGES: dict[str, Callable[[Session, datetime], object]] = {
    "the board": _board,
    "a stream's report": _report,
    "the day at a glance": _home,
    "a stream's orders": _orders,
    "one order, found": _find_order,
    "all orders in every order": _every_order,
    "some orders in every order": _narrowed,
    "orders behind figures": _explained,
    "messages": _messages,
    "ended streams in every order": _ended,
    "figures over time": _insights,
    "buyers of a segment": _segment,
    "the common-prosperity report": _prosperity,
}

# A stream of 500 orders every forty hours back in time, so that what is recent is the same at every size. Every fourth
# buyer comes back; four in five orders are paid, packed by one of the demo's people, and delivered.
_STREAMS = """
INSERT INTO streams (id, title_zh, title_en, state, starts_at, started_at, ended_at, hold_minutes, revision)
SELECT {first} + g, '夜市', 'Evening', 'ended', at, at, at + interval '2 hours', 10, 0
FROM generate_series({low}, {high}) g, LATERAL (SELECT CAST(:now AS timestamptz) - interval '3 hours' - g * interval '40 hours' AS at) a
"""
_OFFERS = """
INSERT INTO offers (id, stream_id, variant_id, position, price_fen, list_price_fen, allotment, taken, state, revision, terms_revision)
SELECT {first} + g * 3 + n, {first} + g, v.id, n, 3980, 3980, 500, 170, 'open', 0, 0
FROM generate_series({low}, {high}) g, (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM variants WHERE sellable LIMIT 3) v
"""
_ORDERS = """
INSERT INTO orders (id, number, channel, stream_id, state, buyer_name, phone, province, city, district, street, detail, note, email,
  locale, currency, goods_fen, shipping_fen, discount_fen, total_fen, refunded_fen, created_at, paid_at, ship_by)
SELECT gen_random_uuid(), 'BENCH' || p, 'own', {first} + p / 500, CASE WHEN p % 5 = 0 THEN 'expired' ELSE 'delivered' END, '买家',
  '139' || lpad((CASE WHEN p % 4 = 0 THEN p % 5000 ELSE p END)::text, 8, '0'),
  (ARRAY['浙江省', '上海市', '江苏省', '广东省'])[1 + p % 4], '某市', '某区', '某街', '某号', '', '',
  'zh', 'cny', 3980, (p % 97) * 10, 0, 3980 + (p % 97) * 10, 0, at, CASE WHEN p % 5 = 0 THEN NULL ELSE at + interval '2 minutes' END, CASE WHEN p % 5 = 0 THEN NULL ELSE at + interval '2 days' END
FROM generate_series({low} * 500, {high} * 500 + 499) p,
  LATERAL (SELECT CAST(:now AS timestamptz) - interval '3 hours' - (p / 500) * interval '40 hours' + (p % 500) * interval '14 seconds' AS at) a
"""
_LINES = """
INSERT INTO order_lines (order_id, position, variant_id, offer_id, quantity, unit_price_fen, line_total_fen, sku, title, spec)
SELECT o.id, 1, f.variant_id, f.id, 1, 3980, 3980, 'x', '花菇', '250g'
FROM generate_series({low} * 500, {high} * 500 + 499) p JOIN orders o ON o.number = 'BENCH' || p JOIN offers f ON f.id = {first} + (p / 500) * 3 + p % 3
"""
_PARCELS = """
INSERT INTO parcels (id, number, order_id, sequence, weight_g, due_at, state, carrier, tracking_number, handed_over_at, created_at)
SELECT {first} + p, 'BENCH' || p || '01', o.id, 1, 550, o.ship_by, 'handed_over', 'ZTO', 'BENCH' || p, o.paid_at, o.paid_at
FROM generate_series({low} * 500, {high} * 500 + 499) p JOIN orders o ON o.number = 'BENCH' || p WHERE o.paid_at IS NOT NULL
"""
_PARCEL_LINES = """
INSERT INTO parcel_lines (parcel_id, order_line_id, variant_id, quantity, sku, title, spec, photo)
SELECT {first} + p, l.id, l.variant_id, 1, 'x', '花菇', '250g', ''
FROM generate_series({low} * 500, {high} * 500 + 499) p JOIN orders o ON o.number = 'BENCH' || p JOIN order_lines l ON l.order_id = o.id WHERE o.paid_at IS NOT NULL
"""
_TASKS = """
INSERT INTO packing_tasks SELECT (jsonb_populate_record(t, jsonb_build_object(
  'id', {first} + p, 'parcel_id', {first} + p, 'state', 'packed', 'packer_id', (SELECT min(person_id) FROM packers) + p % 8,
  'taken_at', o.paid_at, 'packed_at', o.paid_at, 'rate_fen', 60, 'due_at', o.ship_by, 'batch', NULL, 'batch_place', NULL, 'trouble', NULL,
  'rests_until', NULL, 'put_back_at', NULL))).*
FROM packing_tasks t, generate_series({low} * 500, {high} * 500 + 499) p JOIN orders o ON o.number = 'BENCH' || p
WHERE o.paid_at IS NOT NULL AND t.id = (SELECT min(id) FROM packing_tasks)
"""
_WAGES = """
INSERT INTO wage_entries (packer_id, task_id, round, kind, rate_fen, amount_fen, earned_at, reason, by)
SELECT packer_id, id, 1, 'piece', 60, 60, packed_at, '', 'bench' FROM packing_tasks WHERE id BETWEEN {first} + {low} * 500 AND {first} + {high} * 500 + 499
"""
_PAYMENTS = """
INSERT INTO payments (id, order_id, amount_fen, currency, state, duplicate, created_at, expires_at, succeeded_at, refunded_fen)
SELECT gen_random_uuid(), o.id, o.total_fen, 'cny', 'succeeded', false, o.paid_at, o.paid_at, o.paid_at, 0
FROM generate_series({low} * 500, {high} * 500 + 499) p JOIN orders o ON o.number = 'BENCH' || p WHERE o.paid_at IS NOT NULL
"""
_NOTICES = """
INSERT INTO notices (key, subject, channel, recipient, title, body, state, attempts, problem, reference, by, at, done_at)
SELECT 'bench:' || o.number || n, 'order:' || o.number, 'sms', left(o.phone, 3) || '******' || right(o.phone, 2), o.number, '您的包裹发出了',
  CASE WHEN p % 500 = 7 THEN 'failed' ELSE 'sent' END, 1, '', '', 'bench', o.paid_at + n * interval '1 hour', o.paid_at + n * interval '1 hour'
FROM generate_series({low} * 500, {high} * 500 + 499) p JOIN orders o ON o.number = 'BENCH' || p, generate_series(1, 2) n
WHERE o.paid_at IS NOT NULL
"""
_STATEMENTS = (_STREAMS, _OFFERS, _ORDERS, _LINES, _PARCELS, _PARCEL_LINES, _TASKS, _WAGES, _PAYMENTS, _NOTICES)
_READ = "streams, offers, orders, order_lines, parcels, parcel_lines, packing_tasks, wage_entries, payments, notices"


def _write_streams(database: Database, low: int, high: int, now: datetime) -> None:
    """Streams from ``low`` up to below ``high``; triggers and foreign keys rest, since only reading is measured."""
    with database.transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in _STATEMENTS:
            words = statement.format(first=_FIRST, low=low, high=high - 1)
            session.execute(text(words), {"now": now} if ":now" in words else {})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM ANALYZE {_READ}"))
