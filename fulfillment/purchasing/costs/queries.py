"""Reading what bags cost: of those that went into parcels, and usually."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from fractions import Fraction

from sqlalchemy import text
from sqlalchemy.orm import Session

from fulfillment.purchasing.costs.rules import Cost, Part, Source, bag_cost, cost_per_gram, together

_FILLED = text("""
    SELECT b.id, b.bags, part.lot_id, part.grams FROM baggings b JOIN bagging_parts part ON part.bagging_id = b.id
    WHERE b.id = ANY(:baggings)
""")
# Every lot that something of these came from, however often it was mixed, dried or sorted on the way.
_FAMILY = """
    WITH RECURSIVE family (lot_id) AS (
        SELECT unnest(CAST(:lots AS bigint[]))
        UNION SELECT part.parent_lot_id FROM family JOIN lot_parts part ON part.child_lot_id = family.lot_id
    )
"""
_LOTS = text(f"""
    {_FAMILY} SELECT l.id, l.received_g, d.pay_fen, d.market_pay_fen
    FROM family JOIN lots l ON l.id = family.lot_id LEFT JOIN deliveries d ON d.id = l.delivery_id
""")  # noqa: S608 - our own words
_PARTS = text(f"""
    {_FAMILY} SELECT part.child_lot_id, part.parent_lot_id, part.grams
    FROM family JOIN lot_parts part ON part.child_lot_id = family.lot_id
""")  # noqa: S608 - our own words
_RECENT = text("""
    SELECT b.variant_id, b.id, b.bags FROM unnest(CAST(:variants AS bigint[])) wanted (variant_id)
    CROSS JOIN LATERAL (
        SELECT id, bags, variant_id FROM baggings
        WHERE variant_id = wanted.variant_id AND at <= :until
          AND NOT EXISTS (SELECT FROM baggings_taken_back t WHERE t.bagging_id = baggings.id)
        ORDER BY id DESC LIMIT :most
    ) b
""")
_RECENT_BAGGINGS = 20


def bag_costs(session: Session, bagging_ids: Collection[int]) -> dict[int, Cost]:
    """What one bag of each of these baggings cost; a bagging whose lots are not known is left out."""
    rows = session.execute(_FILLED, {"baggings": list(bagging_ids)}).all()
    per_gram = _per_gram(session, {row.lot_id for row in rows})
    bags: dict[int, int] = {}
    grams: dict[int, dict[int, int]] = defaultdict(dict)
    for row in rows:
        bags[row.id] = row.bags
        grams[row.id][row.lot_id] = row.grams
    return {bagging_id: bag_cost(bags[bagging_id], of_lots, per_gram) for bagging_id, of_lots in grams.items()}


def usual_bag_costs(session: Session, variant_ids: Iterable[int], until: datetime) -> dict[int, Cost]:
    """What a bag of each variant cost on average in its last baggings up to a moment; never filled, never here."""
    asked = {"variants": list(variant_ids), "until": until, "most": _RECENT_BAGGINGS}
    recent = session.execute(_RECENT, asked).all()
    costs = bag_costs(session, [row.id for row in recent])
    by_variant: dict[int, list[tuple[int, Cost]]] = defaultdict(list)
    for row in recent:
        if row.id in costs:
            by_variant[row.variant_id].append((row.bags, costs[row.id]))
    return {
        variant_id: together(cost * bags for bags, cost in found) * Fraction(1, sum(bags for bags, _ in found))
        for variant_id, found in by_variant.items()
    }


def _per_gram(session: Session, lot_ids: Collection[int]) -> dict[int, Cost]:
    asked = {"lots": list(lot_ids)}
    lots = [Source(row.id, row.received_g, row.pay_fen, row.market_pay_fen) for row in session.execute(_LOTS, asked)]
    parts = [Part(*row) for row in session.execute(_PARTS, asked)]
    return cost_per_gram(lots, parts)
