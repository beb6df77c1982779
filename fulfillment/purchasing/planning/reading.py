"""Reading what planning is made from: grams sold a week, stock, contracts that run, what past contracts kept."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.planning.rules import Keeping, Promise, keeping_of, monday
from shop.catalog.models import Variant

_YEARS_BACK = 3
_KEPT_YEARS = 3

# Raw grams that a bag takes: as it was filled lately, else what is printed on it.
_BAG_GRAMS = """
bag_grams AS (
  SELECT v.id, v.product_id, COALESCE(
    (SELECT sum(b.used_g) / sum(b.bags) FROM baggings b
      WHERE b.variant_id = v.id AND b.at > CAST(:since AS timestamptz)
        AND NOT EXISTS (SELECT FROM baggings_taken_back t WHERE t.bagging_id = b.id)), v.net_g) AS grams
  FROM variants v WHERE v.unit = 'piece'
)
"""
# Paid orders of all channels, by the week they were paid in; what was called off or wholly refunded was not sold.
_SOLD = text(f"""
WITH {_BAG_GRAMS}
SELECT g.product_id, CAST(date_trunc('week', o.paid_at AT TIME ZONE :zone) AS date) AS week,
       CASE WHEN o.stream_id IS NOT NULL THEN 'stream' WHEN o.channel = 'own' THEN 'shop' ELSE 'channel' END AS way,
       CAST(sum(l.quantity * g.grams) AS bigint) AS grams
FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN bag_grams g ON g.id = l.variant_id
WHERE o.paid_at >= :first AND o.paid_at < :last AND o.state IN ('paid', 'shipped', 'delivered')
GROUP BY 1, 2, 3 ORDER BY 1, 2
""")  # noqa: S608 - both parts are our own words
# What a file told of the time before this program: it ends for each product where its first paid order here begins.
_SOLD_BEFORE = text("""
WITH own AS (
  SELECT v.product_id, CAST(min(o.paid_at) AT TIME ZONE :zone AS date) AS day
  FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN variants v ON v.id = l.variant_id
  WHERE o.paid_at >= :first AND o.paid_at < :last AND o.state IN ('paid', 'shipped', 'delivered') GROUP BY 1
)
SELECT p.product_id, CAST(date_trunc('week', p.day) AS date) AS week, p.way, CAST(sum(p.grams) AS bigint) AS grams
FROM past_sales p LEFT JOIN own ON own.product_id = p.product_id
WHERE p.day >= :first_day AND p.day < LEAST(COALESCE(own.day, :last_day), :last_day)
GROUP BY 1, 2, 3 ORDER BY 1, 2
""")
_STOCK = text(f"""
WITH {_BAG_GRAMS}
SELECT product_id, CAST(sum(raw_g) AS bigint), CAST(sum(bags_g) AS bigint) FROM (
  SELECT v.product_id, l.received_g - l.used_g AS raw_g, 0 AS bags_g FROM lots l JOIN variants v ON v.id = l.variant_id
    WHERE l.used_g < l.received_g AND NOT l.blocked AND l.best_before >= :today
  UNION ALL
  SELECT g.product_id, 0, (s.on_hand - s.held) * g.grams FROM stock_levels s JOIN bag_grams g ON g.id = s.variant_id
) parts GROUP BY product_id
""")  # noqa: S608
# Pieces that streams to come offer and that are not in the house: they are a presale already.
_OFFERED = text(f"""
WITH {_BAG_GRAMS}
SELECT g.product_id, g.id, CAST(g.grams AS bigint) AS grams,
       GREATEST(0, COALESCE(sum(o.allotment - o.taken) FILTER (WHERE s.id IS NOT NULL), 0)
         - COALESCE((SELECT on_hand - held FROM stock_levels x WHERE x.variant_id = g.id), 0)) AS beyond
FROM bag_grams g LEFT JOIN offers o ON o.variant_id = g.id AND o.state = 'open'
LEFT JOIN streams s ON s.id = o.stream_id AND s.state IN ('planned', 'live')
WHERE CAST(:product AS bigint) IS NULL OR g.product_id = :product
GROUP BY g.product_id, g.id, g.grams
""")  # noqa: S608


@dataclass(frozen=True)
class Sold:
    """Grams a week from the first week with a sale to the last whole one, and by the way they were sold."""

    first: date
    grams: list[int]
    ways: dict[str, list[int]]


def sold_by_week(session: Session, today: date, zone: ZoneInfo) -> dict[int, Sold]:
    """What each product sold in the whole weeks of the last three years; weeks without a sale count as none.

    Past sales from a file count until the day of the product's first order here: nothing is counted twice.
    """
    last = monday(today)
    first = last - timedelta(weeks=52 * _YEARS_BACK)
    asked = {"zone": str(zone), "first": _midnight(first, zone), "last": _midnight(last, zone)}
    own = session.execute(_SOLD, asked | {"since": _midnight(last - timedelta(weeks=26), zone)}).all()
    before = session.execute(_SOLD_BEFORE, asked | {"first_day": first, "last_day": last}).all()
    found: dict[int, Sold] = {}
    for product_id, week, way, grams in [*before, *own]:
        number = (last - week).days // 7
        sold = found.setdefault(product_id, Sold(week, [0] * number, {}))
        place = (week - sold.first).days // 7
        sold.grams[place] += grams
        sold.ways.setdefault(way, [0] * len(sold.grams))[place] += grams
    return found


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


@dataclass(frozen=True)
class Stock:
    """Grams in open lots and in bags that are free."""

    raw_g: int
    bags_g: int

    @property
    def grams(self) -> int:
        """Both together."""
        return self.raw_g + self.bags_g


def stock_by_product(session: Session, today: date) -> dict[int, Stock]:
    """What lies in the house: lots that may be used, bags that no order holds."""
    rows = session.execute(_STOCK, {"today": today, "since": today - timedelta(weeks=26)})
    return {product_id: Stock(raw_g or 0, bags_g or 0) for product_id, raw_g, bags_g in rows}


@dataclass(frozen=True)
class Bag:
    """A bag, the raw grams it takes, and how many are offered beyond what is in stock."""

    variant_id: int
    grams: int
    beyond: int


def bags_by_product(session: Session, today: date, product_id: int | None = None) -> dict[int, list[Bag]]:
    """Every product's bags."""
    found: dict[int, list[Bag]] = {}
    asked = {"product": product_id, "since": today - timedelta(weeks=26)}
    for product, variant_id, grams, beyond in session.execute(_OFFERED, asked):
        found.setdefault(product, []).append(Bag(variant_id, grams, int(beyond)))
    return found


def promises_by_product(session: Session, today: date) -> dict[int, list[tuple[Contract, Promise]]]:
    """Contracts that run or will, by the product that they bring."""
    rows = session.execute(
        select(Variant.product_id, Contract)
        .join(Variant, Variant.id == Contract.variant_id)
        .where(Contract.active, Contract.season_end >= today)
        .order_by(Contract.season_end, Contract.id)
    )
    found: dict[int, list[tuple[Contract, Promise]]] = {}
    for product_id, contract in rows:
        found.setdefault(product_id, []).append((contract, promise_of(contract)))
    return found


def promise_of(contract: Contract) -> Promise:
    """A contract as the rules see it; what was agreed on top counts as agreed."""
    agreed_g = contract.agreed_g + contract.extra_g
    return Promise(contract.id, contract.season_start, contract.season_end, agreed_g, contract.delivered_g)


def keeping(session: Session, today: date) -> Keeping:
    """What share of what was agreed contracts brought whose season ended in the last three years."""
    since = today - timedelta(days=365 * _KEPT_YEARS)
    shares = session.scalars(
        select(Contract.delivered_g * 10_000 / func.greatest(1, Contract.agreed_g + Contract.extra_g)).where(
            Contract.season_end < today, Contract.season_end >= since
        )
    )
    return keeping_of([int(share) for share in shares])
