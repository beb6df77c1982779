"""Invariants of what is sold: stock, orders, money."""

from app.care.invariants import Invariant

# Orders that stand for goods of an offer: those whose stock is held or gone, also when they came back later.
_COUNTS_AS_TAKEN = """
    (o.state IN ('held', 'paid', 'shipped', 'delivered') OR (o.state = 'refunded' AND EXISTS (
        SELECT 1 FROM order_log g WHERE g.order_id = o.id AND g.to_state = 'refunded' AND g.from_state IN ('shipped', 'delivered'))))
"""

STOCK = (
    Invariant(
        "stock_adds_up",
        "sold and left are what was received: each level is the sum of its movements",
        "SELECT count(*) FROM stock_movements",
        """
        SELECT 'variant:' || variant_id AS subject,
               format('level %s/%s, movements %s/%s', l.on_hand, l.held, m.on_hand, m.held) AS found
        FROM stock_levels l FULL JOIN (
            SELECT variant_id, sum(on_hand_change) AS on_hand, sum(held_change) AS held FROM stock_movements GROUP BY variant_id
        ) m USING (variant_id)
        WHERE COALESCE(l.on_hand, 0) <> COALESCE(m.on_hand, 0) OR COALESCE(l.held, 0) <> COALESCE(m.held, 0)
        """,
    ),
    Invariant(
        "nothing_oversold",
        "what is held for orders is in the house",
        "SELECT count(*) FROM stock_levels",
        """
        SELECT 'variant:' || variant_id AS subject, format('held %s of %s', held, on_hand) AS found
        FROM stock_levels WHERE held > on_hand OR held < 0
        """,
    ),
    Invariant(
        "holds_belong_to_orders",
        "what is held is what unshipped orders ask for",
        "SELECT count(*) FROM order_lines",
        """
        SELECT 'variant:' || l.variant_id AS subject,
               format('held %s, orders ask for %s', l.held, COALESCE(a.asked, 0) - COALESCE(g.gone, 0)) AS found
        FROM stock_levels l
        LEFT JOIN (
            SELECT i.variant_id, sum(i.quantity) AS asked FROM order_lines i JOIN orders o ON o.id = i.order_id
            WHERE o.state IN ('held', 'paid') GROUP BY i.variant_id
        ) a USING (variant_id)
        LEFT JOIN (
            SELECT i.variant_id, sum(i.quantity) AS gone
            FROM parcel_lines i JOIN parcels p ON p.id = i.parcel_id JOIN orders o ON o.id = p.order_id
            WHERE o.state = 'paid' AND p.state = 'handed_over' GROUP BY i.variant_id
        ) g USING (variant_id)
        WHERE l.held <> COALESCE(a.asked, 0) - COALESCE(g.gone, 0)
        """,
    ),
    Invariant(
        "lines_are_counted",
        "an offer counts the pieces that people stand in line for",
        "SELECT count(*) FROM offers",
        """
        SELECT 'offer:' || f.id AS subject, format('counts %s, the line has %s', f.waiting, COALESCE(w.pieces, 0)) AS found
        FROM offers f LEFT JOIN (
            SELECT offer_id, sum(quantity) AS pieces FROM waits WHERE state = 'waiting' GROUP BY offer_id
        ) w ON w.offer_id = f.id
        WHERE f.waiting <> COALESCE(w.pieces, 0)
        """,
    ),
    Invariant(
        "offers_not_oversold",
        "an offer's count is what its orders took, and within its allotment",
        "SELECT count(*) FROM offers",
        f"""
        SELECT 'offer:' || f.id AS subject,
               format('taken %s, orders have %s, allotment %s', f.taken, COALESCE(s.sold, 0), f.allotment) AS found
        FROM offers f LEFT JOIN (
            SELECT i.offer_id, sum(i.quantity) AS sold FROM order_lines i JOIN orders o ON o.id = i.order_id
            WHERE {_COUNTS_AS_TAKEN} GROUP BY i.offer_id
        ) s ON s.offer_id = f.id
        WHERE f.taken <> COALESCE(s.sold, 0) OR f.taken > f.allotment
        """,  # noqa: S608 - our own words
    ),
)

ORDERS = (
    Invariant(
        "orders_are_whole",
        "every order has its lines, and its money is their sum",
        "SELECT count(*) FROM orders",
        """
        SELECT 'order:' || o.number AS subject, format('goods %s, lines %s', o.goods_fen, COALESCE(l.sum, 0)) AS found
        FROM orders o LEFT JOIN (
            SELECT order_id, sum(line_total_fen) AS sum FROM order_lines GROUP BY order_id
        ) l ON l.order_id = o.id
        WHERE o.goods_fen <> COALESCE(l.sum, -1) OR o.total_fen <> o.goods_fen + o.shipping_fen - o.discount_fen
        """,
    ),
    Invariant(
        "acknowledged_orders_exist",
        "an order whose stock was once held is there",
        "SELECT count(*) FROM stock_movements WHERE kind = 'held'",
        """
        SELECT source AS subject, 'stock was held for it' AS found
        FROM stock_movements m
        WHERE kind = 'held' AND source LIKE 'order:%' AND NOT EXISTS (
            SELECT 1 FROM orders o WHERE o.id::text = split_part(m.source, ':', 2))
        """,
    ),
    Invariant(
        "order_log_tells_the_state",
        "every move of an order is logged, each from where the last one ended",
        "SELECT count(*) FROM order_log",
        """
        SELECT 'order:' || o.number AS subject, format('is %s, log ends with %s', o.state, last.to_state) AS found
        FROM orders o LEFT JOIN LATERAL (
            SELECT to_state FROM order_log g WHERE g.order_id = o.id ORDER BY g.id DESC LIMIT 1
        ) last ON true
        WHERE last.to_state IS DISTINCT FROM o.state
        UNION ALL
        SELECT 'order:' || o.number, format('log jumps from %s to %s', g.before, g.from_state)
        FROM (
            SELECT order_id, from_state, lag(to_state) OVER (PARTITION BY order_id ORDER BY id) AS before FROM order_log
        ) g JOIN orders o ON o.id = g.order_id
        WHERE g.from_state IS DISTINCT FROM g.before
        """,
    ),
    Invariant(
        "vouchers_count_their_orders",
        "a voucher's uses are the orders held or paid with it; one that a late payment brought back does not count",
        "SELECT count(*) FROM vouchers",
        """
        SELECT 'voucher:' || v.code AS subject, format('used %s, orders %s', v.used, o.count) AS found
        FROM vouchers v CROSS JOIN LATERAL (
            SELECT count(*) FROM orders o WHERE o.voucher_id = v.id AND NOT EXISTS (
                SELECT 1 FROM order_log g
                WHERE g.order_id = o.id AND g.from_state = 'held' AND g.to_state IN ('cancelled', 'expired'))
        ) o
        WHERE v.used <> o.count
        """,
    ),
    Invariant(
        "paid_once",
        "an order becomes paid at most once",
        "SELECT count(*) FROM order_log WHERE to_state = 'paid'",
        """
        SELECT 'order:' || o.number AS subject, format('paid %s times', count(*)) AS found
        FROM order_log g JOIN orders o ON o.id = g.order_id
        WHERE g.to_state = 'paid' GROUP BY o.number HAVING count(*) > 1
        """,
    ),
)

MONEY = (
    Invariant(
        "paid_orders_have_their_money",
        "an own order that is paid has one payment of its total",
        "SELECT count(*) FROM orders WHERE channel = 'own' AND state IN ('paid', 'shipped', 'delivered')",
        """
        SELECT 'order:' || o.number AS subject, format('total %s, paid %s', o.total_fen, COALESCE(p.paid, 0)) AS found
        FROM orders o LEFT JOIN (
            SELECT order_id, sum(amount_fen) AS paid FROM payments WHERE state = 'succeeded' AND NOT duplicate GROUP BY order_id
        ) p ON p.order_id = o.id
        WHERE o.channel = 'own' AND o.state IN ('paid', 'shipped', 'delivered') AND o.total_fen <> COALESCE(p.paid, 0)
        """,
    ),
    Invariant(
        "money_never_lies_idle",
        "money that arrived belongs to a paid order or goes back",
        "SELECT count(*) FROM payments WHERE state = 'succeeded'",
        """
        SELECT 'order:' || o.number AS subject,
               format('is %s, payment %s of %s, refunds %s', o.state, p.id, p.amount_fen, p.refunded_fen) AS found
        FROM payments p JOIN orders o ON o.id = p.order_id
        WHERE p.state = 'succeeded' AND (p.duplicate OR o.state NOT IN ('paid', 'shipped', 'delivered'))
          AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id)
        """,
    ),
    Invariant(
        "refunds_within_paid",
        "what goes back is written down, and never more than was paid",
        "SELECT count(*) FROM payments",
        """
        SELECT 'payment:' || p.id AS subject,
               format('paid %s, counted %s, refunds %s', p.amount_fen, p.refunded_fen, COALESCE(r.sum, 0)) AS found
        FROM payments p LEFT JOIN (
            SELECT payment_id, sum(amount_fen) AS sum FROM refunds WHERE state <> 'failed' GROUP BY payment_id
        ) r ON r.payment_id = p.id
        WHERE p.refunded_fen <> COALESCE(r.sum, 0) OR p.refunded_fen > p.amount_fen
        """,
    ),
    Invariant(
        "orders_know_their_refunds",
        "an order counts what went back of its payment",
        "SELECT count(*) FROM orders WHERE refunded_fen > 0",
        """
        SELECT 'order:' || o.number AS subject, format('counts %s, payment %s', o.refunded_fen, COALESCE(p.sum, 0)) AS found
        FROM orders o LEFT JOIN (
            SELECT order_id, sum(refunded_fen) AS sum FROM payments WHERE NOT duplicate GROUP BY order_id
        ) p ON p.order_id = o.id
        WHERE o.channel = 'own' AND o.refunded_fen <> COALESCE(p.sum, 0)
        """,
    ),
    Invariant(
        "refunds_are_under_way",
        "a refund that was asked for has a job that sends it",
        "SELECT count(*) FROM refunds WHERE state = 'requested'",
        """
        SELECT 'refund:' || r.id AS subject, format('%s asked for, no open job', r.amount_fen) AS found
        FROM refunds r WHERE r.state = 'requested' AND NOT EXISTS (
            SELECT 1 FROM jobs j WHERE j.done_at IS NULL AND j.given_up_at IS NULL AND j.key = 'refund:' || r.id)
        """,
    ),
    Invariant(
        "events_applied_once",
        "an applied event about a paid page has paid exactly one payment",
        "SELECT count(*) FROM payment_events WHERE applied_at IS NOT NULL",
        """
        SELECT 'event:' || e.event_id AS subject, format('outcome %s, payments %s', e.outcome, count(p.id)) AS found
        FROM payment_events e LEFT JOIN payments p ON p.session_id = e.object_id AND p.state = 'succeeded'
        WHERE e.applied_at IS NOT NULL AND e.outcome = 'pay'
        GROUP BY e.event_id, e.outcome HAVING count(p.id) <> 1
        """,
    ),
)
