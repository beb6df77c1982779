"""Invariants of lots: every gram that came in is somewhere, counted again from the lines; what is blocked stays."""

from app.care.invariants import Invariant

LOTS = (
    Invariant(
        "lots_add_up",
        "what was used of a lot is in other lots, in bags, wasted or missed at a count, and never more than there was",
        "SELECT count(*) FROM lots",
        """
        SELECT 'lot:' || l.number AS subject,
               format('received %s, used %s, in lots %s, in bags %s, wasted and counted %s, taken back %s', l.received_g, l.used_g,
                      p.grams, b.grams, c.grams, t.grams) AS found
        FROM lots l
        CROSS JOIN LATERAL (SELECT COALESCE(sum(x.grams), 0) AS grams FROM lot_parts x WHERE x.parent_lot_id = l.id
            AND x.child_lot_id NOT IN (SELECT lot_id FROM lots_taken_back)) p
        CROSS JOIN LATERAL (SELECT COALESCE(sum(x.grams), 0) AS grams FROM bagging_parts x WHERE x.lot_id = l.id
            AND x.bagging_id NOT IN (SELECT bagging_id FROM baggings_taken_back)) b
        CROSS JOIN LATERAL (SELECT COALESCE(sum(grams), 0) AS grams FROM lot_changes WHERE lot_id = l.id) c
        CROSS JOIN LATERAL (SELECT count(*) * l.received_g AS grams FROM lots_taken_back WHERE lot_id = l.id) t
        WHERE l.used_g <> p.grams + b.grams + c.grams + t.grams OR l.used_g NOT BETWEEN 0 AND l.received_g
        """,
    ),
    Invariant(
        "made_lots_come_from_lots",
        "what is in a mixed, dried or sorted lot, and what was lost, came out of other lots, and it is not called good for longer",
        "SELECT count(*) FROM lots WHERE kind <> 'delivery'",
        """
        SELECT 'lot:' || l.number AS subject,
               format('received %s, lost %s, from others %s, good until %s, the first part until %s', l.received_g, l.loss_g,
                      p.grams, l.best_before, p.first) AS found
        FROM lots l
        CROSS JOIN LATERAL (
            SELECT COALESCE(sum(x.grams), 0) AS grams, min(o.best_before) AS first, min(o.variant_id) AS variant_id
            FROM lot_parts x JOIN lots o ON o.id = x.parent_lot_id WHERE x.child_lot_id = l.id) p
        WHERE p.grams <> CASE l.kind WHEN 'delivery' THEN 0 ELSE l.received_g + l.loss_g END
           OR (l.kind <> 'delivery' AND l.variant_id = p.variant_id AND l.best_before > p.first)
        """,
    ),
    Invariant(
        "sortings_add_up",
        "what was taken to be sorted is in its grades or fell off, and a sorting is undone as a whole",
        "SELECT count(*) FROM sortings",
        """
        SELECT 'sorting:' || s.id AS subject,
               format('taken %s, lost %s, in grades %s, lost by them %s, %s of %s taken back', s.taken_g, s.loss_g,
                      g.grams, g.lost, g.undone, g.lots) AS found
        FROM sortings s
        CROSS JOIN LATERAL (
            SELECT count(*) AS lots, COALESCE(sum(c.received_g), 0) AS grams, COALESCE(sum(c.loss_g), 0) AS lost,
                   count(t.lot_id) AS undone, COALESCE(bool_and(x.parent_lot_id = s.lot_id), false) AS from_one
            FROM lot_parts x JOIN lots c ON c.id = x.child_lot_id LEFT JOIN lots_taken_back t ON t.lot_id = c.id
            WHERE x.sorting_id = s.id) g
        WHERE s.taken_g <> g.grams + s.loss_g OR s.loss_g <> g.lost OR NOT g.from_one OR g.undone NOT IN (0, g.lots)
        """,
    ),
    Invariant(
        "baggings_add_up",
        "a bagging used the grams of its lots, and its bags hold exactly them",
        "SELECT count(*) FROM baggings",
        """
        SELECT 'bagging:' || b.id AS subject,
               format('used %s, of lots %s, %s bags of %s', b.used_g, p.grams, b.bags, v.net_g) AS found
        FROM baggings b JOIN variants v ON v.id = b.variant_id
        CROSS JOIN LATERAL (SELECT COALESCE(sum(grams), 0) AS grams FROM bagging_parts WHERE bagging_id = b.id) p
        WHERE b.used_g <> p.grams
        """,
    ),
    Invariant(
        "lots_are_in_the_stock_book",
        "what happened to lots stands in the book of raw goods, gram by gram",
        "SELECT count(*) FROM lots",
        """
        WITH book AS (SELECT source, variant_id, sum(on_hand_change) AS grams FROM stock_movements GROUP BY source, variant_id),
        should AS (
            SELECT 'delivery:' || delivery_id AS source, variant_id, received_g AS grams FROM lots WHERE kind = 'delivery'
            UNION ALL
            SELECT 'bagging:' || x.bagging_id, l.variant_id, -sum(x.grams)
            FROM bagging_parts x JOIN lots l ON l.id = x.lot_id GROUP BY x.bagging_id, l.variant_id
            UNION ALL
            SELECT 'bagging-back:' || x.bagging_id, l.variant_id, sum(x.grams)
            FROM bagging_parts x JOIN lots l ON l.id = x.lot_id JOIN baggings_taken_back t ON t.bagging_id = x.bagging_id
            GROUP BY x.bagging_id, l.variant_id
            UNION ALL
            SELECT 'lot:' || id, variant_id, sum(grams) FROM (
                SELECT id, variant_id, received_g AS grams FROM lots WHERE kind IN ('dried', 'sorted')
                UNION ALL SELECT x.child_lot_id, o.variant_id, -x.grams FROM lot_parts x
                JOIN lots o ON o.id = x.parent_lot_id JOIN lots l ON l.id = x.child_lot_id
                WHERE l.kind IN ('dried', 'sorted')) d
            GROUP BY id, variant_id HAVING sum(grams) <> 0
            UNION ALL
            SELECT 'lot-change:' || c.id, l.variant_id, -c.grams FROM lot_changes c JOIN lots l ON l.id = c.lot_id
            WHERE c.key NOT LIKE 'written-off:%')
        SELECT s.source AS subject, format('should move %s of variant %s, moved %s', s.grams, s.variant_id, b.grams) AS found
        FROM should s LEFT JOIN book b USING (source, variant_id) WHERE b.grams IS DISTINCT FROM s.grams
        """,
    ),
    Invariant(
        "blocked_lots_give_nothing",
        "a lot is blocked when its last line says so, and nothing left it or its family for bags since",
        "SELECT count(*) FROM lot_blocks",
        """
        SELECT 'lot:' || l.number AS subject, format('blocked %s, its last line says %s', l.blocked, b.blocked) AS found
        FROM lots l LEFT JOIN LATERAL (SELECT blocked FROM lot_blocks WHERE lot_id = l.id ORDER BY id DESC LIMIT 1) b ON true
        WHERE l.blocked <> COALESCE(b.blocked, false)
        UNION ALL
        SELECT 'lot:' || l.number, format('bagging %s after it was blocked', g.id)
        FROM lots l JOIN LATERAL (SELECT at FROM lot_blocks WHERE lot_id = l.id ORDER BY id DESC LIMIT 1) b ON true
        JOIN bagging_parts x ON x.lot_id = l.id JOIN baggings g ON g.id = x.bagging_id AND g.at > b.at
        WHERE l.blocked
        """,
    ),
)
