"""Every figure over time against a recount in plain Python, over random histories; the recount notices planted errors."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from itertools import combinations
from sys import modules
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.insights import counting
from app.insights.counting import count_all
from kernel.db import Database
from shop.buyers import counting as buyers
from shop.buyers.models import BuyerSum
from shop.buyers.queries import ORDERS, buyers_of, segments
from shop.buyers.rules import LAPSED, NEW, ONCE, RETURNING, SEGMENTS, segment_of
from shop.catalog.models import Variant
from shop.orders.models import Order, OrderLine
from shop.stock.models import StockLevel, StockMovement
from tests.planting import plant
from tests.world import make_variant

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 24)
# Days ago, buyer, who gives it (or nobody), product, channel, state, fen, refunded share.
PURCHASE = st.tuples(
    st.integers(-2, 800),
    st.integers(0, 4),
    st.one_of(st.none(), st.integers(0, 4)),
    st.integers(0, 2),
    st.sampled_from(["own", "own", "own", "douyin"]),
    st.sampled_from(["paid", "shipped", "delivered", "refunded", "expired", "held"]),
    st.integers(100, 90_000),
    st.integers(0, 2),
)
PURCHASES = st.lists(PURCHASE, max_size=25)
SOME = [
    (1, 0, None, 0, "own", "paid", 5_000, 0),
    (1, 0, None, 1, "own", "paid", 7_000, 1),
    (40, 0, None, 1, "own", "delivered", 4_000, 0),
    (200, 0, 2, 0, "own", "delivered", 4_500, 0),
    (364, 1, None, 0, "own", "delivered", 6_000, 0),
    (365, 1, None, 1, "own", "delivered", 6_000, 0),
    (9, 2, None, 2, "own", "refunded", 6_000, 2),
    (70, 2, None, 2, "own", "shipped", 6_000, 0),
    (3, 3, None, 2, "douyin", "paid", 9_000, 0),
    (2, 4, None, 2, "own", "expired", 9_000, 0),
    # The first half hour of a month here is still the month before in UTC.
    (23, 3, None, 1, "own", "paid", 1_000, 0),
    (100, 4, None, 0, "own", "delivered", 3_300, 0),
    (100, 4, None, 2, "own", "delivered", 3_300, 0),
]


def phone(number: int) -> str:
    return f"1380000000{number}"


def put(session: Session, purchases: list[tuple[Any, ...]]) -> list[Variant]:
    variants = [make_variant(session) for _ in range(3)]
    for place, (ago, buyer, giver, product, channel, state, fen, back) in enumerate(purchases):
        # Late in the evening, so that the day in the workshop's zone is not the day in UTC.
        at = datetime(TODAY.year, TODAY.month, TODAY.day, 0, 30, tzinfo=ZONE) - timedelta(days=ago)
        is_paid = state not in ("expired", "held")
        order = {
            "id": uuid4(),
            "number": f"T{place:06d}",
            "channel": channel,
            "channel_number": f"{place}" if channel != "own" else None,
            "state": state,
            "buyer_name": "张三",
            "phone": phone(buyer),
            "giver_phone": phone(giver) if giver is not None and channel == "own" else None,
            "gift_from": "李四" if giver is not None and channel == "own" else None,
            "gift_words": "好" if giver is not None and channel == "own" else None,
            "province": ("浙江省", "上海市", "广西壮族自治区")[buyer % 3],
            **dict.fromkeys(("city", "district", "street", "detail"), "某"),
            "goods_fen": fen,
            "shipping_fen": 0,
            "total_fen": fen,
            "refunded_fen": (0, fen // 3, fen)[back] if is_paid and state != "refunded" else fen if is_paid else 0,
            "hold_until": at + timedelta(minutes=10) if state == "held" else None,
            "created_at": at,
            "paid_at": at if is_paid else None,
            "ship_by": at if is_paid else None,
        }
        session.execute(insert(Order), order)
        line = {"order_id": order["id"], "position": 1, "variant_id": variants[product].id, "quantity": 1}
        words = {"sku": "x", "title": "x", "spec": "x", "unit_price_fen": fen, "line_total_fen": fen}
        session.execute(insert(OrderLine), {**line, **words})
    return variants


def day_of(order: Order) -> date:
    assert order.paid_at is not None
    return order.paid_at.astimezone(ZONE).date()


def recount(session: Session, variants: list[Variant]) -> dict[str, Any]:
    """What the figures must be, order by order."""
    orders = list(session.scalars(select(Order)))
    paid = [order for order in orders if order.paid_at and order.state != "refunded"]
    own = [order for order in paid if order.channel == "own"]
    by_buyer: dict[str, list[Order]] = defaultdict(list)
    for order in own:
        by_buyer[order.giver_phone or order.phone].append(order)
    since = TODAY - timedelta(days=365)
    recent = {buyer: [order for order in had if since < day_of(order) <= TODAY] for buyer, had in by_buyer.items()}
    product_of = {variant.id: variant.product_id for variant in variants}
    had = {
        buyer: {product_of[line.variant_id] for order in bought for line in order.lines}
        for buyer, bought in recent.items()
        if bought
    }
    pairs = Counter(pair for products in had.values() for pair in combinations(sorted(products), 2))
    cohorts: dict[str, dict[str, Any]] = {}
    for bought in by_buyer.values():
        first = min(map(day_of, bought))
        cohort = cohorts.setdefault(f"{first:%Y-%m}", {"again": Counter(), "orders": 0, "kept_fen": 0})
        months = {(day_of(one).year - first.year) * 12 + day_of(one).month - first.month for one in bought}
        cohort["again"].update(str(month) for month in months)
        cohort["orders"] += len(bought)
        cohort["kept_fen"] += sum(one.total_fen - one.refunded_fen for one in bought)
    regions: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for order in paid:
        if since < day_of(order) <= TODAY:
            regions[order.province][0] += 1
            regions[order.province][1] += order.total_fen - order.refunded_fen
    weeks: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    first_week = datetime.combine(TODAY - timedelta(weeks=104), datetime.min.time(), ZONE)
    for order in orders:
        if order.paid_at and order.paid_at > first_week:
            week = weeks[(day_of(order) - timedelta(days=day_of(order).weekday())).isoformat()]
            for place, number in enumerate((1, order.total_fen, order.refunded_fen)):
                week[place] += number
    return {
        "repurchase": {
            "buyers": sum(bool(bought) for bought in recent.values()),
            "again": sum(len(set(map(day_of, bought))) > 1 for bought in recent.values()),
        },
        "together": {
            pair: (both, *(sum(p in products for products in had.values()) for p in pair))
            for pair, both in pairs.items()
        },
        "cohorts": {month: {**each, "again": dict(each["again"])} for month, each in cohorts.items()},
        "regions": {name: tuple(sums) for name, sums in regions.items()},
        "weeks": {name: tuple(sums) for name, sums in weeks.items()},
    }


def told(figures: dict[str, Any]) -> dict[str, Any]:
    return {
        "repurchase": figures["repurchase"],
        "together": {
            (each["one"], each["other"]): (each["had_both"], each["had_one"], each["had_other"])
            for each in figures["together"]
        },
        "cohorts": {
            each["month"]: {name: each[name] for name in ("again", "orders", "kept_fen")} for each in figures["cohorts"]
        },
        "regions": {each["province"]: (each["orders"], each["kept_fen"]) for each in figures["regions"]},
        "weeks": {each["week"]: (each["orders"], each["paid_fen"], each["refunded_fen"]) for each in figures["weeks"]},
    }


def live_through(database: Database, purchases: list[tuple[Any, ...]]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is counted and what must be; nothing stays."""
    with database.engine.connect() as connection, Session(connection) as session:
        variants = put(session, purchases)
        buyers.count_buyers(session, TODAY, ZONE)
        check_sums(session)
        found = told(count_all(session, TODAY, ZONE)), recount(session, variants)
        session.rollback()
        return found


def check_sums(session: Session) -> None:
    """Each buyer's sum, and that each is in exactly the segment that the rule says."""
    expected: dict[str, list[Order]] = defaultdict(list)
    for order in session.scalars(select(Order)):
        if order.paid_at and order.state != "refunded" and order.channel == "own":
            expected[order.giver_phone or order.phone].append(order)
    sums = {each.phone: each for each in session.scalars(select(BuyerSum))}
    assert set(sums) == set(expected)
    for number, bought in expected.items():
        each = sums[number]
        days = sorted(set(map(day_of, bought)))
        assert (each.first_day, each.last_day, each.days, each.orders) == (days[0], days[-1], len(days), len(bought))
        assert each.kept_fen == sum(order.total_fen - order.refunded_fen for order in bought)
    by_segment = Counter(segment_of(each.days, each.last_day, TODAY) for each in sums.values())
    for segment in segments(session):
        assert segment.buyers == by_segment[segment.name]
        listed = buyers_of(session, segment.name, most=99)
        assert [segment_of(each.days, each.last_day, TODAY) for each in listed] == [segment.name] * segment.buyers
        assert [each.kept_fen for each in listed] == sorted((each.kept_fen for each in listed), reverse=True)
        for order, by in ORDERS.items():
            found = buyers_of(session, segment.name, most=99, order=order)
            assert {each.phone for each in found} == {each.phone for each in listed}
            values = [getattr(each, by.column.key) for each in found]
            assert values == sorted(values, reverse=by.is_down)
            # A page at a time it is the same list.
            paged = [
                buyers_of(session, segment.name, most=1, skip=place, order=order)[0] for place in range(len(found))
            ]
            assert paged == list(found)
            last = found[0] if found else None
            assert list(buyers_of(session, segment.name, most=99, order=order, after=last)) == list(found[1:])
            assert [e.phone for e in buyers_of(session, segment.name, most=99, order=order, tail="0001")] == [
                e.phone for e in found if e.phone.endswith("0001")
            ]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(purchases=PURCHASES)
def test_any_history_is_counted_as_its_orders_say(database: Database, purchases: list[tuple[Any, ...]]) -> None:
    found, expected = live_through(database, purchases)
    assert found == expected


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Apia"])
def test_the_known_history_is_counted_as_its_orders_say(
    database: Database, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    """Also where days have 23 or 25 hours: the workshop's clock is turned twice in that year."""
    monkeypatch.setattr(modules[__name__], "ZONE", ZoneInfo(zone))
    found, expected = live_through(database, SOME)
    assert found == expected
    assert found["repurchase"] == {"buyers": 5, "again": 2}


@pytest.mark.parametrize(
    ("statement", "good", "planted"),
    [
        ("_REPURCHASE", "count(DISTINCT day)", "count(*)"),
        ("_REPURCHASE", "day > :year_ago", "day >= :year_ago"),
        ("_REPURCHASE", "COALESCE(giver_phone, phone)", "phone"),
        ("_COHORTS", "AND state <> 'refunded'", ""),
        ("_COHORTS", "AT TIME ZONE :zone", ""),
        ("_TOGETHER", "SELECT DISTINCT bought.buyer", "SELECT bought.buyer"),
        ("_REGIONS", "total_fen - refunded_fen", "total_fen"),
        ("_WEEKS", "AT TIME ZONE :zone) AS date) AS week", ") AS date) AS week"),
    ],
)
def test_the_recount_notices_a_count_that_is_wrong(
    database: Database, monkeypatch: pytest.MonkeyPatch, statement: str, good: str, planted: str
) -> None:
    plant(monkeypatch, counting, statement, good, planted)
    found, expected = live_through(database, SOME)
    assert found != expected


def test_stock_turns_by_what_left_over_what_lay_there(session: Session) -> None:
    variant = make_variant(session)
    session.add(StockLevel(variant_id=variant.id, on_hand=40, held=0))
    old, new = (datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=ZONE) - timedelta(days=days) for days in (91, 10))
    for place, (kind, change, at) in enumerate(
        (("received", 100, old), ("shipped", -30, old), ("shipped", -50, new), ("received", 20, new))
    ):
        held = change if kind == "shipped" else 0
        facts = {"source": f"t:{place}", "by": "t", "at": at, "reason": ""}
        session.add(StockMovement(variant_id=variant.id, kind=kind, on_hand_change=change, held_change=held, **facts))
    session.flush()
    turns = {each["variant_id"]: each for each in count_all(session, TODAY, ZONE)["turns"]}
    assert turns[variant.id] == {"variant_id": variant.id, "now_on_hand": 40, "then_on_hand": 70, "left_g": 50}


@pytest.mark.parametrize(
    ("days", "ago", "segment"),
    [(1, 0, NEW), (1, 30, NEW), (1, 31, ONCE), (2, 90, RETURNING), (9, 91, LAPSED), (2, 0, RETURNING)],
)
def test_a_buyer_is_in_one_segment(days: int, ago: int, segment: str) -> None:
    assert segment_of(days, TODAY - timedelta(days=ago), TODAY) == segment
    assert segment in SEGMENTS
