"""Invariants of weighing in: what the bags weigh, what took two people, and what went home again."""

from app.care.invariants import Invariant

ASKING = (
    Invariant(
        "weighed_bags_make_the_delivery",
        "the bags on the scale together weigh what their delivery says",
        "SELECT count(*) FROM delivery_bags",
        """
        SELECT 'delivery:' || d.id AS subject, format('bags %s and %s, delivery %s and %s', b.gross_g, b.tare_g, d.gross_g, d.tare_g) AS found
        FROM (SELECT delivery_id, sum(gross_g) AS gross_g, sum(tare_g) AS tare_g FROM delivery_bags GROUP BY delivery_id) b
        JOIN deliveries d ON d.id = b.delivery_id
        WHERE (b.gross_g, b.tare_g) <> (d.gross_g, d.tare_g)
        """,
    ),
    Invariant(
        "asked_weigh_ins_took_two",
        "a weigh-in that waited was decided by another person, and is written exactly as it was typed, or not at all",
        "SELECT count(*) FROM weigh_in_requests WHERE state = 'approved'",
        """
        SELECT 'weigh_in_request:' || r.id AS subject,
               format('%s, asked by %s, decided by %s, delivery %s', r.state, r.asked_by_id, r.decided_by_id, d.id) AS found
        FROM weigh_in_requests r LEFT JOIN deliveries d ON d.idempotency_key = r.key
        WHERE (r.state IN ('approved', 'refused') AND r.decided_by_id = r.asked_by_id)
           OR (r.state = 'approved') <> (d.id IS NOT NULL)
           OR r.delivery_id IS DISTINCT FROM d.id
           OR (d.id IS NOT NULL AND
               (r.contract_id, r.day, r.gross_g, r.tare_g, r.refused_g, r.refused_reason, r.moisture_bps, r.foreign_bps, r.grade,
                r.has_certificate, r.certificate_reason, r.note)
               <> (d.contract_id, d.day, d.gross_g, d.tare_g, d.refused_g, d.refused_reason, d.moisture_bps, d.foreign_bps, d.grade,
                d.has_certificate, d.certificate_reason, d.note))
        """,
    ),
    Invariant(
        "old_prices_took_two",
        "a price that is older than its contract allows was let count by a second person",
        "SELECT count(*) FROM deliveries",
        """
        SELECT 'delivery:' || d.id AS subject, format('priced of %s on %s', d.quote_day, d.day) AS found
        FROM deliveries d
        JOIN contract_versions v ON v.contract_id = d.contract_id AND v.version = d.contract_version
        WHERE d.day - d.quote_day > v.quote_days AND NOT EXISTS (
            SELECT 1 FROM weigh_in_requests r
            WHERE r.delivery_id = d.id AND r.state = 'approved' AND r.reasons ? 'quote' AND r.decided_by_id <> r.asked_by_id)
        """,
    ),
    Invariant(
        "what_went_home_is_not_owed",
        "what was refused is neither paid nor in a lot, says why, and a visit that was turned away left nothing",
        "SELECT count(*) FROM deliveries WHERE refused_g > 0",
        """
        SELECT 'delivery:' || d.id AS subject,
               format('gross %s, tare %s, home %s, net %s, in the lot %s', d.gross_g, d.tare_g, d.refused_g, d.net_g, l.received_g)
               AS found
        FROM deliveries d LEFT JOIN lots l ON l.delivery_id = d.id
        WHERE d.net_g <> d.gross_g - d.tare_g - d.refused_g OR l.received_g IS DISTINCT FROM d.net_g
           OR (d.refused_g > 0) <> (d.refused_reason <> '')
        UNION ALL
        SELECT 'turned_away:' || a.id, 'was written as well' FROM turned_away a
        WHERE EXISTS (SELECT 1 FROM deliveries d WHERE d.idempotency_key = a.key)
           OR EXISTS (SELECT 1 FROM weigh_in_requests r WHERE r.key = a.key)
        """,
    ),
    Invariant(
        "prices_were_looked_at",
        "the price of a delivery is one of those that were looked at, and none of them is of a later day",
        "SELECT count(*) FROM delivery_quotes",
        """
        SELECT 'delivery:' || d.id AS subject, format('used %s', d.quote_id) AS found
        FROM deliveries d JOIN delivery_quotes k ON k.delivery_id = d.id JOIN market_quotes q ON q.id = k.quote_id
        GROUP BY d.id HAVING NOT bool_or(k.quote_id = d.quote_id) OR max(q.day) > d.day
        """,
    ),
)
