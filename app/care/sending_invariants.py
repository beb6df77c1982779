"""Invariants of how boxes go: what shares one, what was signed for, what was stopped in part."""

from app.care.invariants import Invariant

SENDING = (
    Invariant(
        "boxes_go_to_one_door",
        "parcels that share a box go to one door, leave together under one number, and none of them is cancelled",
        "SELECT count(*) FROM parcels WHERE sent_with_id IS NOT NULL",
        """
        SELECT 'parcel:' || p.number AS subject,
               format('%s, leads: %s, same door: %s', p.state, lead.state,
                      o.phone = ol.phone) AS found
        FROM parcels p JOIN parcels lead ON lead.id = p.sent_with_id
        JOIN orders o ON o.id = p.order_id JOIN orders ol ON ol.id = lead.order_id
        WHERE 'cancelled' IN (p.state, lead.state)
           OR (p.state = 'handed_over') <> (lead.state = 'handed_over')
           OR (p.carrier, p.tracking_number) IS DISTINCT FROM (lead.carrier, lead.tracking_number)
           -- Who was erased has no phone any more.
           OR (o.phone <> ol.phone AND o.phone <> '' AND ol.phone <> '')
        """,
    ),
    Invariant(
        "signed_lists_add_up",
        "a signed list is the sum of its lines, and each of them left with that courier",
        "SELECT count(*) FROM hand_over_lines",
        """
        SELECT 'hand_over_list:' || s.number AS subject,
               format('says %s parcels, %s g; lines %s, %s g; not left: %s', s.parcels, s.weight_g, count(l.id),
                      COALESCE(sum(l.weight_g), 0), count(*) FILTER (WHERE p.state <> 'handed_over')) AS found
        FROM hand_over_lists s LEFT JOIN hand_over_lines l ON l.list_id = s.id LEFT JOIN parcels p ON p.id = l.parcel_id
        GROUP BY s.id
        HAVING s.parcels <> count(l.id) OR s.weight_g <> COALESCE(sum(l.weight_g), 0)
            OR s.boxes <> count(*) FILTER (WHERE l.weight_g > 0) OR count(*) FILTER (WHERE p.state <> 'handed_over') > 0
        """,
    ),
    Invariant(
        "stopped_parts_stay_here",
        "what was stopped out of an order is cancelled, its goods are free, and no more money went back than was paid",
        "SELECT count(*) FROM stopped_parts",
        """
        SELECT 'parcel:' || p.number AS subject, format('%s, pieces %s, given back %s', p.state, l.pieces, COALESCE(m.given, 0)) AS found
        FROM stopped_parts s JOIN parcels p ON p.id = s.parcel_id
        JOIN (SELECT parcel_id, sum(quantity) AS pieces FROM parcel_lines GROUP BY parcel_id) l ON l.parcel_id = p.id
        LEFT JOIN (
            SELECT source, -sum(held_change) AS given FROM stock_movements WHERE kind = 'released' GROUP BY source
        ) m ON m.source = 'order:' || p.order_id || ':parcel:' || p.id
        WHERE p.state <> 'cancelled' OR p.order_id <> s.order_id OR COALESCE(m.given, 0) <> l.pieces
        """,
    ),
    Invariant(
        "split_parcels_keep_their_goods",
        "what a parcel held that was split is in its parts, piece by piece",
        "SELECT count(*) FROM parcels WHERE split_from_id IS NOT NULL",
        """
        SELECT 'parcel:' || o.number AS subject, format('held %s, parts hold %s', w.pieces, t.pieces) AS found
        FROM (
            SELECT p.split_from_id AS parcel_id, l.order_line_id, sum(l.quantity) AS pieces
            FROM parcels p JOIN parcel_lines l ON l.parcel_id = p.id WHERE p.split_from_id IS NOT NULL
            GROUP BY p.split_from_id, l.order_line_id
        ) t
        FULL JOIN (
            SELECT l.parcel_id, l.order_line_id, l.quantity AS pieces FROM parcel_lines l
            WHERE l.parcel_id IN (SELECT split_from_id FROM parcels)
        ) w USING (parcel_id, order_line_id)
        JOIN parcels o ON o.id = parcel_id
        WHERE COALESCE(w.pieces, 0) <> COALESCE(t.pieces, 0) OR o.state <> 'cancelled'
        """,
    ),
)
