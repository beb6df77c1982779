"""The books of the house, counted again in SQL: each check gives the rows that contradict it."""

from sqlalchemy import text
from sqlalchemy.orm import Session

# Orders whose goods are set aside or gone. A refunded order has given them back, unless they had left already.
_TAKES = "o.state IN ('held', 'paid', 'shipped', 'delivered')"
_LEFT = "EXISTS (SELECT 1 FROM order_log g WHERE g.order_id = o.id AND g.to_state = 'shipped')"

CHECKS = {
    "a level is the sum of its ledger": """
        SELECT l.variant_id, l.on_hand, l.held FROM stock_levels l
        LEFT JOIN (SELECT variant_id, sum(on_hand_change) AS on_hand, sum(held_change) AS held
                   FROM stock_movements GROUP BY variant_id) m USING (variant_id)
        WHERE (l.on_hand, l.held) IS DISTINCT FROM (coalesce(m.on_hand, 0), coalesce(m.held, 0))
           OR l.held < 0 OR l.held > l.on_hand""",
    "what is held is what open orders wait for": f"""
        SELECT l.variant_id, l.held, coalesce(w.waits, 0) FROM stock_levels l
        LEFT JOIN (
            SELECT x.variant_id, sum(x.quantity - coalesce(gone.quantity, 0)) AS waits
            FROM order_lines x JOIN orders o ON o.id = x.order_id
            LEFT JOIN (SELECT pl.order_line_id, sum(pl.quantity) AS quantity FROM parcel_lines pl
                       JOIN parcels p ON p.id = pl.parcel_id WHERE p.state = 'handed_over' GROUP BY 1) gone
                   ON gone.order_line_id = x.id
            WHERE {_TAKES} GROUP BY x.variant_id) w USING (variant_id)
        WHERE l.held <> coalesce(w.waits, 0)""",
    "an offer has taken what its orders have, and no more than its allotment": f"""
        SELECT f.id, f.taken, coalesce(x.quantity, 0) FROM offers f
        LEFT JOIN (SELECT y.offer_id, sum(y.quantity) AS quantity FROM order_lines y JOIN orders o ON o.id = y.order_id
                   WHERE {_TAKES} OR {_LEFT} GROUP BY 1) x ON x.offer_id = f.id
        WHERE f.taken <> coalesce(x.quantity, 0) OR f.taken > f.allotment""",
    "stock received is what is here and what has left": """
        SELECT l.variant_id FROM stock_levels l
        WHERE l.on_hand <> (SELECT coalesce(sum(m.on_hand_change), 0) FROM stock_movements m
                            WHERE m.variant_id = l.variant_id AND m.kind IN ('received', 'adjusted', 'consumed'))
            - (SELECT coalesce(sum(pl.quantity), 0) FROM parcel_lines pl JOIN parcels p ON p.id = pl.parcel_id
               WHERE pl.variant_id = l.variant_id AND p.state = 'handed_over')""",
    "a paid order has one payment of its money": """
        SELECT o.number, o.state FROM orders o
        WHERE o.channel = 'own' AND o.state IN ('paid', 'shipped', 'delivered')
          AND 1 <> (SELECT count(*) FROM payments p WHERE p.order_id = o.id AND p.state = 'succeeded'
                    AND NOT p.duplicate AND p.amount_fen = o.total_fen)""",
    "money that came has paid its order or goes back": """
        SELECT p.id, o.state FROM payments p JOIN orders o ON o.id = p.order_id
        WHERE p.state = 'succeeded' AND (p.duplicate OR o.state NOT IN ('paid', 'shipped', 'delivered'))
          AND p.refunded_fen < p.amount_fen
          AND NOT EXISTS (SELECT 1 FROM payment_notes n WHERE n.payment_id = p.id AND n.kind = 'refund_failed')""",
    "refunds are never more than was paid, and counted once": """
        SELECT p.id, p.refunded_fen, r.fen FROM payments p
        LEFT JOIN (SELECT payment_id, sum(amount_fen) AS fen FROM refunds WHERE state <> 'failed' GROUP BY 1) r
               ON r.payment_id = p.id
        WHERE p.refunded_fen <> coalesce(r.fen, 0) OR p.refunded_fen > p.amount_fen""",
    "an order's refunds are those of its payment": """
        SELECT o.number FROM orders o
        LEFT JOIN payments p ON p.order_id = o.id AND p.state = 'succeeded' AND NOT p.duplicate
        WHERE o.channel = 'own' AND o.refunded_fen <> coalesce(p.refunded_fen, 0)""",
    "a paid order has its packing work": """
        SELECT o.number FROM orders o JOIN order_lines x ON x.order_id = o.id
        LEFT JOIN (SELECT pl.order_line_id, sum(pl.quantity) AS quantity FROM parcel_lines pl
                   JOIN parcels p ON p.id = pl.parcel_id JOIN packing_tasks t ON t.parcel_id = p.id
                   WHERE p.state <> 'cancelled' AND t.state <> 'stopped' GROUP BY 1) w ON w.order_line_id = x.id
        WHERE o.state IN ('paid', 'shipped', 'delivered') AND x.quantity <> coalesce(w.quantity, 0)""",
    "nobody packs for an order that is over": """
        SELECT o.number, o.state, t.state FROM orders o
        JOIN parcels p ON p.order_id = o.id JOIN packing_tasks t ON t.parcel_id = p.id
        WHERE o.state IN ('held', 'expired', 'cancelled', 'refunded') AND t.state IN ('waiting', 'taken')""",
    "an order has left when all its parcels have": """
        SELECT o.number, o.state FROM orders o
        WHERE (o.state IN ('shipped', 'delivered')) <> (
            o.state IN ('paid', 'shipped', 'delivered') AND EXISTS (SELECT 1 FROM parcels p WHERE p.order_id = o.id)
            AND NOT EXISTS (SELECT 1 FROM parcels p WHERE p.order_id = o.id AND p.state IN ('open', 'packed')))""",
    "a finished task is owed its frozen rate, once": """
        SELECT t.id, t.state, coalesce(w.fen, 0) FROM packing_tasks t
        LEFT JOIN (SELECT task_id, sum(amount_fen) AS fen FROM wage_entries GROUP BY 1) w ON w.task_id = t.id
        WHERE coalesce(w.fen, 0) <> CASE WHEN t.packed_at IS NOT NULL THEN t.rate_fen ELSE 0 END""",
    "each move of an order is in its log": """
        SELECT o.number, o.state FROM orders o
        WHERE o.state <> (SELECT g.to_state FROM order_log g WHERE g.order_id = o.id ORDER BY g.id DESC LIMIT 1)
           OR 1 < (SELECT count(*) FROM order_log g WHERE g.order_id = o.id AND g.to_state = 'paid')""",
}


# One statement, so that a drill of many thousand steps can afford to count after each.
_ALL = text(
    " UNION ALL ".join(
        f"SELECT '{name.replace(chr(39), chr(39) * 2)}' AS name, row_of::text AS row FROM ({query}) row_of"
        for name, query in CHECKS.items()
    )
)


def contradictions(session: Session) -> list[str]:
    """What does not add up, in words; empty when all is well."""
    return [f"{found.name}: {found.row}" for found in session.execute(_ALL)]
