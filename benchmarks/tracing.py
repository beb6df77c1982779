"""One step forward and one back: a lot's buyers, a box's farmers, at ten thousand, a hundred thousand and a million parcels.

`python -m benchmarks tracing`: some minutes, most of them for writing a million parcels (in SQL, on a database of its own).
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median

from sqlalchemy import text

from benchmarks.measures import Figure
from benchmarks.own_database import own_database
from fulfillment.purchasing.tracing import queries
from kernel.clock import utc_now
from kernel.db import Database

SIZES = (10_000, 100_000, 1_000_000)
LONGEST_S, MOST_TIMES_SLOWER = 1.0, 2.0
ASKED = 40
# A group: three deliveries are mixed, the mixture is dried and filled into ten baggings of 100 bags; each of 500 parcels
# holds two bags of one bagging, every tenth one bag each of two.
PARCELS_A_GROUP, BAGGINGS_A_GROUP = 500, 10
_FIRST = 10_000_000


def tracing() -> Iterator[Figure]:
    """A row for each step at each size, with how much slower it is than at the smallest."""
    with own_database("tracing", utc_now() - timedelta(hours=1)) as database:
        yield from _at_all_sizes(database)


def _at_all_sizes(database: Database) -> Iterator[Figure]:
    first: dict[str, float] = {}
    written = 0
    for size in SIZES:
        _write_groups(database, written // PARCELS_A_GROUP, size // PARCELS_A_GROUP)
        written = size
        for what, step in (("forward: a lot's buyers", _forward), ("back: a box's farmers", _back)):
            seconds, found = _asked(database, step, size // PARCELS_A_GROUP)
            ratio = seconds / first.setdefault(what, seconds)
            told = f"{seconds * 1000:.1f} ms ({ratio:.2f} x)"
            is_right = found and seconds < LONGEST_S and ratio <= MOST_TIMES_SLOWER
            yield Figure(f"{size:>9,} parcels, {what}", told, f"under 1 s, at most {MOST_TIMES_SLOWER:.0f} x", is_right)


def _asked(database: Database, step: Callable[[Database, int], bool], groups: int) -> tuple[float, bool]:
    """The median of several, spread over all groups, and whether each found exactly what it must."""
    taken, is_right = [], step(database, 0)
    for one in range(ASKED):
        started = time.perf_counter()
        is_right &= step(database, one * groups // ASKED)
        taken.append(time.perf_counter() - started)
    return median(taken), is_right


def _forward(database: Database, group: int) -> bool:
    with database.transaction() as session:
        lot_id = queries.lot_id_of(session, f"BENCH-{group}-1")
        assert lot_id is not None
        found = queries.recall(session, lot_id)
        return (len(found.parcels), len(found.buyers), len(found.lots)) == (PARCELS_A_GROUP, PARCELS_A_GROUP, 3)


def _back(database: Database, group: int) -> bool:
    with database.transaction() as session:
        asked = {"number": f"BENCH{group * PARCELS_A_GROUP + 10}"}
        parcel_id = session.execute(text("SELECT id FROM parcels WHERE tracking_number = :number"), asked).scalar_one()
        contents = queries.contents_of(session, [parcel_id])
        farmers = [source for content in contents for source in content.sources if source.farmer_id]
        return (len(contents), len(farmers)) == (2, 6)


# Every number below is counted from the group: ids of lots, baggings and parcels say where they belong. The braces take
# whole numbers of our own.
_DELIVERIES = """
INSERT INTO deliveries SELECT (jsonb_populate_record(d, jsonb_build_object(
  'id', {first} + g * 10 + n, 'idempotency_key', 'bench-' || g || '-' || n))).*
FROM deliveries d, generate_series({low}, {high}) g, generate_series(1, 3) n WHERE d.id = (SELECT min(id) FROM deliveries)
"""
_LOTS = """
INSERT INTO lots SELECT (jsonb_populate_record(l, jsonb_build_object(
  'id', {first} + g * 10 + n, 'number', 'BENCH-' || g || '-' || n,
  'delivery_id', CASE WHEN n <= 3 THEN {first} + g * 10 + n END,
  'kind', CASE WHEN n <= 3 THEN 'delivery' WHEN n = 4 THEN 'mixed' ELSE 'dried' END))).*
FROM lots l, generate_series({low}, {high}) g, generate_series(1, 5) n WHERE l.id = (SELECT min(id) FROM lots)
"""
_LOT_PARTS = """
INSERT INTO lot_parts (child_lot_id, parent_lot_id, grams)
SELECT {first} + g * 10 + CASE WHEN n <= 3 THEN 4 ELSE 5 END, {first} + g * 10 + n, 1000
FROM generate_series({low}, {high}) g, generate_series(1, 4) n
"""
_BAGGINGS = """
INSERT INTO baggings SELECT (jsonb_populate_record(b, jsonb_build_object(
  'id', {first} + g * 10 + n, 'idempotency_key', 'bench-' || g || '-' || n, 'bags', 100, 'lot_id', {first} + g * 10 + 5))).*
FROM baggings b, generate_series({low}, {high}) g, generate_series(0, 9) n WHERE b.id = (SELECT min(id) FROM baggings)
"""
_BAGGING_PARTS = """
INSERT INTO bagging_parts (bagging_id, lot_id, grams) SELECT {first} + g * 10 + n, {first} + g * 10 + 5, 25000
FROM generate_series({low}, {high}) g, generate_series(0, 9) n
"""
_BAG_STOCKS = """
INSERT INTO bag_stocks (bagging_id, variant_id, best_before, bags, taken)
SELECT id, variant_id, '2027-06-01', 100, 100 FROM baggings WHERE id BETWEEN {first} + {low} * 10 AND {first} + {high} * 10 + 9
"""
_ORDERS = """
INSERT INTO orders (id, number, channel, state, buyer_name, phone, province, city, district, street, detail, note,
  locale, currency, goods_fen, shipping_fen, discount_fen, total_fen, refunded_fen, created_at, paid_at, ship_by)
SELECT gen_random_uuid(), 'BENCH' || p, 'own', 'shipped', '买家' || p, '139' || lpad((p % 100000000)::text, 8, '0'),
  '浙江省', '丽水市', '庆元县', '松源街道', '示例路' || p || '号', '',
  'zh', 'cny', 0, 0, 0, 0, 0, now(), now(), now()
FROM generate_series({low} * 500, {high} * 500 + 499) p
"""
_PARCELS = """
INSERT INTO parcels (id, number, order_id, sequence, weight_g, due_at, state, carrier, tracking_number, handed_over_at, created_at)
SELECT {first} + p, 'BENCH' || p || '01', o.id, 1, 550, now(), 'handed_over', 'ZTO', 'BENCH' || p, now(), now()
FROM generate_series({low} * 500, {high} * 500 + 499) p JOIN orders o ON o.number = 'BENCH' || p
"""
_LINES = """
INSERT INTO parcel_bags (parcel_id, variant_id, bagging_id, bags, at, by)
SELECT {first} + p, v.id, {first} + p / 500 * 10 + (p % 10 + n) % 10, CASE WHEN p % 10 = 0 THEN 1 ELSE 2 END, now(), 'bench'
FROM (SELECT variant_id AS id FROM baggings ORDER BY id LIMIT 1) v, generate_series({low} * 500, {high} * 500 + 499) p,
  generate_series(0, CASE WHEN p % 10 = 0 THEN 1 ELSE 0 END) n
"""


_STATEMENTS = (_DELIVERIES, _LOTS, _LOT_PARTS, _BAGGINGS, _BAGGING_PARTS, _BAG_STOCKS, _ORDERS, _PARCELS, _LINES)
_READ = "parcel_bags, parcels, orders, baggings, bag_stocks, bagging_parts, lots, lot_parts, deliveries"


def _write_groups(database: Database, low: int, high: int) -> None:
    """Groups from ``low`` up to below ``high``; triggers and foreign keys rest, since only reading is measured."""
    with database.transaction() as session:
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in _STATEMENTS:
            session.execute(text(statement.format(first=_FIRST, low=low, high=high - 1)))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"VACUUM (ANALYZE) {_READ}"))
