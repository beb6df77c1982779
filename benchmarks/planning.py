"""A plan of a hundred farmers and three years of weekly sales: the forecast of the night, and reading the page.

`python -m benchmarks planning`: under a minute, on a database of its own.
"""

import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import text

from benchmarks.measures import Figure
from benchmarks.own_database import own_database
from fulfillment.purchasing.planning import calls, queries, service
from kernel.clock import local_day, utc_now
from kernel.db import Database

_ZONE = ZoneInfo("Asia/Shanghai")
FARMERS, WEEKS, ORDERS_A_WEEK = 100, 156, 200
LONGEST_NIGHT_S, LONGEST_PAGE_S = 60.0, 0.5
_FARMERS_SQL = """
INSERT INTO farmers (name, shown_name, phone, village, initials, consent_shown, active, created_at)
SELECT '农户' || n, '农户' || n, '1380000' || lpad(n::text, 4, '0'), '村', '', false, true, now()
FROM generate_series(1, :farmers) n
"""
_CONTRACTS_SQL = """
INSERT INTO contracts (farmer_id, variant_id, product, form, grade, season_start, season_end, agreed_g, delivered_g,
  tolerance_bps, premium_bps, floor_fen_per_kg, quote_days, market, standard_moisture_bps, reject_above_bps, deductions,
  payment_days, active, created_at, terms_from, terms_at)
SELECT f.id, c.variant_id, c.product, c.form, c.grade, CURRENT_DATE - (20 + f.id % 90)::int, CURRENT_DATE + (10 + f.id % 120)::int,
  500000 + f.id % 7 * 100000, 0, c.tolerance_bps, c.premium_bps, c.floor_fen_per_kg, c.quote_days, c.market,
  c.standard_moisture_bps, c.reject_above_bps, c.deductions, c.payment_days, true, now(), CURRENT_DATE, now()
FROM farmers f JOIN LATERAL (SELECT * FROM contracts x ORDER BY id OFFSET f.id % 5 LIMIT 1) c ON true WHERE f.name LIKE '农户%'
"""
_ORDERS_SQL = """
INSERT INTO orders (id, number, channel, state, buyer_name, phone, province, city, district, street, detail, note, locale,
  currency, goods_fen, shipping_fen, discount_fen, total_fen, refunded_fen, created_at, paid_at, ship_by)
SELECT gen_random_uuid(), 'B-' || w || '-' || n, 'own', 'delivered', 'x', 'x', 'x', 'x', 'x', 'x', 'x', '', 'zh', 'cny',
  1000, 0, 0, 1000, 0, a.at, a.at, a.at
FROM generate_series(1, :weeks) w, generate_series(1, :orders) n,
  LATERAL (SELECT now() - w * interval '7 days' - n * interval '20 minutes' AS at) a
WHERE n <= :orders * (0.7 + 0.3 * sin(2 * pi() * w / 52.18))
"""
_LINES_SQL = """
INSERT INTO order_lines (order_id, position, variant_id, quantity, unit_price_fen, line_total_fen, sku, title, spec)
SELECT o.id, 1, b.ids[1 + abs(hashtext(o.number)) % cardinality(b.ids)], 1, 1000, 1000, 'x', 'x', 'x'
FROM orders o, (SELECT array_agg(id) AS ids FROM variants WHERE unit = 'piece') b WHERE o.number LIKE 'B-%'
"""


def planning() -> Iterator[Figure]:
    """The night's forecast and the pages that read it."""
    with own_database("planning", utc_now()) as database:
        _fill(database)
        yield from _measure(database)


def _fill(database: Database) -> None:
    sizes = {"farmers": FARMERS, "weeks": WEEKS, "orders": ORDERS_A_WEEK}
    for statement in (_FARMERS_SQL, _CONTRACTS_SQL, _ORDERS_SQL, _LINES_SQL):
        with database.transaction() as session:
            session.execute(text(statement), {key: value for key, value in sizes.items() if f":{key}" in statement})
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _measure(database: Database) -> Iterator[Figure]:
    now = utc_now()
    began = time.perf_counter()
    service.make_nightly(database, _ZONE, now + timedelta(seconds=1))
    took = time.perf_counter() - began
    with database.transaction() as session:
        forecast = queries.newest_forecast(session)
        products = forecast.total if forecast else 0
    yield Figure(
        f"forecast of {products} products, three years",
        f"{took:.1f} s",
        f"at most {LONGEST_NIGHT_S:.0f} s",
        took <= LONGEST_NIGHT_S,
    )
    pages = []
    for _ in range(10):
        began = time.perf_counter()
        with database.transaction() as session:
            calls.to_call(session, local_day(now, _ZONE))
        pages.append(time.perf_counter() - began)
    page = median(pages)
    yield Figure(
        f"plan and calls of {FARMERS} farmers",
        f"{page * 1000:.0f} ms",
        f"at most {LONGEST_PAGE_S * 1000:.0f} ms",
        page <= LONGEST_PAGE_S,
    )
