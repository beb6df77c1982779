"""Invariants of tracing: every bag in a parcel came from somewhere or is known to be unknown, and what is held stays."""

from app.care.invariants import Invariant

TRACING = (
    Invariant(
        "bags_within_their_bagging",
        "no more bags of a bagging are in parcels than it filled, each one in a parcel is counted once, and each one gone has its reason",
        "SELECT count(*) FROM baggings",
        """
        SELECT 'bagging:' || b.id AS subject,
               format('filled %s, counted %s, in parcels %s, gone %s', b.bags, s.taken, h.bags, s.gone) AS found
        FROM baggings b LEFT JOIN bag_stocks s ON s.bagging_id = b.id
        CROSS JOIN LATERAL (SELECT COALESCE(sum(bags), 0) AS bags FROM parcel_bags WHERE bagging_id = b.id) h
        WHERE s.bagging_id IS NULL OR s.bags <> b.bags OR s.variant_id <> b.variant_id OR s.taken <> h.bags
           OR h.bags + s.gone > b.bags
           OR s.gone <> COALESCE((SELECT sum(g.bags) FROM bags_gone g WHERE g.bagging_id = b.id),
                                 (SELECT b.bags FROM baggings_taken_back t WHERE t.bagging_id = b.id), 0)
           OR (h.bags > 0 AND EXISTS (SELECT FROM baggings_taken_back t WHERE t.bagging_id = b.id))
        """,
    ),
    Invariant(
        "packed_parcels_are_traced",
        "of every packed parcel each bag is written down, with its bagging or as of unknown lot; of others none",
        "SELECT count(*) FROM parcels WHERE state IN ('packed', 'handed_over')",
        """
        SELECT 'parcel:' || p.number AS subject, format('%s, goods %s, bags %s', p.state, x.goods, x.bags) AS found
        FROM parcels p JOIN (
            SELECT parcel_id, variant_id, sum(goods) AS goods, sum(bags) AS bags FROM (
                SELECT parcel_id, variant_id, quantity AS goods, 0 AS bags FROM parcel_lines
                UNION ALL SELECT parcel_id, variant_id, 0, bags FROM parcel_bags) lines
            GROUP BY parcel_id, variant_id) x ON x.parcel_id = p.id
        WHERE x.bags <> CASE WHEN p.state IN ('packed', 'handed_over') THEN x.goods ELSE 0 END
        """,
    ),
    Invariant(
        "held_parcels_stay",
        "no parcel has left while it was held back",
        "SELECT count(*) FROM parcels WHERE state = 'handed_over'",
        """
        SELECT 'parcel:' || p.number AS subject, 'left although it is held' AS found
        FROM parcel_holds h JOIN parcels p ON p.id = h.parcel_id
        WHERE p.state = 'handed_over' AND (h.freed_at IS NULL OR p.handed_over_at BETWEEN h.at AND h.freed_at)
        """,
    ),
    Invariant(
        "blocked_lots_keep_their_bags",
        "bags go into no parcel while a lot in them is blocked, and only then",
        "SELECT count(*) FROM bag_stocks",
        """
        WITH RECURSIVE origin (bagging_id, lot_id) AS (
            SELECT bagging_id, lot_id FROM bagging_parts
            UNION SELECT o.bagging_id, x.parent_lot_id FROM origin o JOIN lot_parts x ON x.child_lot_id = o.lot_id
        )
        SELECT 'bagging:' || s.bagging_id AS subject, format('bags blocked: %s, a lot blocked: %s', s.blocked, o.blocked) AS found
        FROM bag_stocks s JOIN (SELECT o.bagging_id, bool_or(l.blocked) AS blocked FROM origin o
                                JOIN lots l ON l.id = o.lot_id GROUP BY o.bagging_id) o ON o.bagging_id = s.bagging_id
        WHERE s.blocked <> o.blocked
        """,
    ),
)
