"""Counting every buyer anew from the orders."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from shop.buyers.rules import LAPSED, LAPSED_AFTER, NEW, NEW_FOR, ONCE, RETURNING

# Orders of the shop itself: platforms hide the numbers of theirs. Whoever gives a present is the buyer. What was wholly
# given back was no purchase.
BOUGHT: str = """
    SELECT COALESCE(giver_phone, phone) AS buyer, CAST(paid_at AT TIME ZONE :zone AS date) AS day, id, province,
           total_fen - refunded_fen AS kept_fen
    FROM orders
    WHERE channel = 'own' AND paid_at IS NOT NULL AND state <> 'refunded' AND COALESCE(giver_phone, phone) <> ''
"""
_LOCK = text("LOCK TABLE buyer_sums IN SHARE ROW EXCLUSIVE MODE")
_EMPTY = text("DELETE FROM buyer_sums")
_FILL = text(f"""
    INSERT INTO buyer_sums (phone, first_day, last_day, days, orders, kept_fen, segment)
    SELECT buyer, first_day, last_day, days, orders, kept_fen,
           CASE WHEN days > 1 AND last_day >= :lapsed THEN '{RETURNING}' WHEN days > 1 THEN '{LAPSED}'
                WHEN last_day >= :new THEN '{NEW}' ELSE '{ONCE}' END
    FROM (SELECT buyer, min(day) AS first_day, max(day) AS last_day, count(DISTINCT day) AS days, count(*) AS orders,
                 sum(kept_fen) AS kept_fen FROM ({BOUGHT}) bought GROUP BY buyer) sums
""")  # noqa: S608 - our own words


def hold_still(session: Session) -> None:
    """Let nobody else change the sums until the commit. Must come first, before the transaction has looked at anything.

    Two counts go one after the other. Whoever is forgotten meanwhile waits here and then takes the row away that the count
    has just written; a look taken before would still know a number that is gone.
    """
    session.execute(_LOCK)


def count_buyers(session: Session, today: date, zone: ZoneInfo) -> None:
    """Replace all sums by those of now, in the segments of today (rules.segment_of); pages see the old ones until the commit."""
    session.execute(_EMPTY)
    session.execute(_FILL, {"zone": zone.key, "new": today - NEW_FOR, "lapsed": today - LAPSED_AFTER})
