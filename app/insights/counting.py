"""Counting the figures over time from the orders, in one look; plain JSON values, money in fen, days as ISO dates.

Buyers are those of the shop itself, told by their phone number (shop/buyers/counting.py).
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.buyers.counting import BOUGHT
from shop.buyers.queries import segments

YEAR: Final = timedelta(days=365)
TURNS_OVER: Final = timedelta(days=90)
_MOST_PAIRS, _MOST_COHORTS, _MOST_WEEKS = 50, 24, 104

_REPURCHASE = text(f"""
    SELECT count(*) AS buyers, count(*) FILTER (WHERE days > 1) AS again
    FROM (SELECT buyer, count(DISTINCT day) AS days FROM ({BOUGHT}) bought WHERE day > :year_ago AND day <= :today GROUP BY buyer) b
""")  # noqa: S608 - our own words
# A buyer's cohort is the month of the first purchase; in how many months later something was bought again.
_COHORTS = text(f"""
    WITH bought AS ({BOUGHT}), first AS (SELECT buyer, date_trunc('month', min(day)) AS month FROM bought GROUP BY buyer),
    months AS (
        SELECT first.month, bought.buyer, bought.kept_fen,
               CAST((extract(year FROM bought.day) - extract(year FROM first.month)) * 12
                    + extract(month FROM bought.day) - extract(month FROM first.month) AS int) AS later
        FROM bought JOIN first USING (buyer)
    )
    SELECT CAST(month AS date) AS month, later, count(DISTINCT buyer) AS buyers, count(*) AS orders, sum(kept_fen) AS kept_fen
    FROM months GROUP BY month, later ORDER BY month DESC, later
""")  # noqa: S608 - our own words
# Products that the same buyer bought within the year, each pair once; with how many bought each of the two.
_TOGETHER = text(f"""
    WITH had AS (
        SELECT DISTINCT bought.buyer, v.product_id FROM ({BOUGHT}) bought
        JOIN order_lines line ON line.order_id = bought.id JOIN variants v ON v.id = line.variant_id
        WHERE bought.day > :year_ago AND bought.day <= :today
    ), each AS (SELECT product_id, count(*) AS buyers FROM had GROUP BY product_id)
    SELECT a.product_id AS one, b.product_id AS other, count(*) AS had_both, max(ea.buyers) AS had_one, max(eb.buyers) AS had_other
    FROM had a JOIN had b ON b.buyer = a.buyer AND b.product_id > a.product_id
    JOIN each ea ON ea.product_id = a.product_id JOIN each eb ON eb.product_id = b.product_id
    GROUP BY a.product_id, b.product_id ORDER BY had_both DESC, one, other LIMIT :most
""")  # noqa: S608 - our own words
# Where parcels go: every channel, since the province is always known.
_REGIONS = text("""
    SELECT province, count(*) AS orders, sum(total_fen - refunded_fen) AS kept_fen FROM orders
    WHERE paid_at IS NOT NULL AND state <> 'refunded'
      AND CAST(paid_at AT TIME ZONE :zone AS date) > :year_ago AND CAST(paid_at AT TIME ZONE :zone AS date) <= :today
    GROUP BY province ORDER BY kept_fen DESC, province
""")
_WEEKS = text("""
    SELECT CAST(date_trunc('week', paid_at AT TIME ZONE :zone) AS date) AS week, count(*) AS orders,
           sum(total_fen) AS paid_fen, sum(refunded_fen) AS refunded_fen
    FROM orders WHERE paid_at IS NOT NULL AND paid_at > CAST(:first_week AS timestamp) AT TIME ZONE :zone
    GROUP BY week ORDER BY week
""")
# What left with couriers in the span, over what lay there on average of its first and last day.
_TURNS = text("""
    SELECT l.variant_id, l.on_hand AS now_on_hand,
           l.on_hand - COALESCE(sum(m.on_hand_change) FILTER (WHERE m.at > CAST(:turns_from AS timestamp) AT TIME ZONE :zone), 0) AS then_on_hand,
           COALESCE(-sum(m.on_hand_change) FILTER (
               WHERE m.kind = 'shipped' AND m.at > CAST(:turns_from AS timestamp) AT TIME ZONE :zone), 0) AS left_g
    FROM stock_levels l JOIN variants v ON v.id = l.variant_id AND v.sellable
    LEFT JOIN stock_movements m ON m.variant_id = l.variant_id
    GROUP BY l.variant_id, l.on_hand ORDER BY l.variant_id
""")
_STREAMS = text("""
    INSERT INTO stream_sums (stream_id, orders, paid_fen)
    SELECT s.id, count(o.id), COALESCE(sum(o.total_fen) FILTER (WHERE o.paid_at IS NOT NULL), 0)
    FROM streams s LEFT JOIN orders o ON o.stream_id = s.id AND o.replaced_by IS NULL
    WHERE s.state = 'ended' GROUP BY s.id
    ON CONFLICT (stream_id) DO UPDATE SET orders = EXCLUDED.orders, paid_fen = EXCLUDED.paid_fen
""")


def count_streams(session: Session) -> None:
    """What each stream that is over has brought by now."""
    session.execute(_STREAMS)


def count_all(session: Session, today: date, zone: ZoneInfo) -> dict[str, Any]:
    """Every figure over time as of a day, seen at one moment; the caller's transaction decides which.

    Buyers are counted before (shop/buyers/counting.py).
    """
    asked = {
        "zone": zone.key,
        "today": today,
        "year_ago": today - YEAR,
        "most": _MOST_PAIRS,
        "first_week": today - timedelta(weeks=_MOST_WEEKS),
        "turns_from": today - TURNS_OVER,
    }
    repurchase = session.execute(_REPURCHASE, asked).one()
    return {
        "day": today.isoformat(),
        "repurchase": {"buyers": repurchase.buyers, "again": repurchase.again},
        "segments": [asdict(segment) for segment in segments(session)],
        "cohorts": _cohorts(session, asked),
        "together": [_plain(row) for row in session.execute(_TOGETHER, asked).mappings()],
        "regions": [_plain(row) for row in session.execute(_REGIONS, asked).mappings()],
        "weeks": [_plain(row) for row in session.execute(_WEEKS, asked).mappings()],
        "turns": [_plain(row) for row in session.execute(_TURNS, asked).mappings()],
    }


def _cohorts(session: Session, asked: Mapping[str, object]) -> list[dict[str, Any]]:
    found: dict[date, dict[str, Any]] = {}
    for row in session.execute(_COHORTS, asked):
        cohort = found.setdefault(
            row.month, {"month": row.month.isoformat()[:7], "again": {}, "orders": 0, "kept_fen": 0}
        )
        cohort["again"][str(row.later)] = row.buyers
        cohort["orders"] += row.orders
        cohort["kept_fen"] += int(row.kept_fen)
    newest = sorted(found.values(), key=lambda cohort: str(cohort["month"]), reverse=True)
    return newest[:_MOST_COHORTS]


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value if isinstance(value, str) else int(value)
        for name, value in row.items()
    }
