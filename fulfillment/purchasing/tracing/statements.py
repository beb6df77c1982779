"""The statements that follow goods; each is one query, whatever lies between a lot and a box.

Every join goes along an index from few rows to few rows. The planner guesses badly how many lots a recursion finds, and
at a million parcels would rather read whole tables; ``OFFSET 0`` in each step keeps it on the way that the goods went.
"""

FORWARD_SQL = """
WITH RECURSIVE family (lot_id) AS (
    SELECT CAST(:lot_id AS bigint)
    UNION
    SELECT part.child_lot_id FROM family f JOIN lot_parts part ON part.parent_lot_id = f.lot_id
    WHERE NOT EXISTS (SELECT FROM lots_taken_back t WHERE t.lot_id = part.child_lot_id)
)
SELECT l.id AS lot_id, l.number AS lot_number, l.kind AS lot_kind, l.blocked AS lot_blocked, l.received_g, l.used_g,
       b.bagging_id, b.at AS filled_at, b.bags AS filled, b.taken, b.gone, b.blocked, b.sku, b.title_zh, b.title_en,
       b.spec_zh, b.spec_en,
       h.bags, h.parcel_id, h.number AS parcel_number, h.state, h.carrier, h.tracking_number, h.handed_over_at,
       h.order_number, h.channel, h.channel_number, h.buyer_name, h.phone, h.phone_ext, h.place
FROM family f
JOIN lots l ON l.id = f.lot_id
LEFT JOIN LATERAL (
    SELECT bp.bagging_id, b.at, b.bags, s.taken, s.gone, s.blocked, v.sku, v.spec_zh, v.spec_en, g.title_zh, g.title_en
    FROM bagging_parts bp JOIN baggings b ON b.id = bp.bagging_id JOIN bag_stocks s ON s.bagging_id = b.id
    JOIN variants v ON v.id = b.variant_id JOIN products g ON g.id = v.product_id
    WHERE bp.lot_id = f.lot_id AND NOT EXISTS (SELECT FROM baggings_taken_back t WHERE t.bagging_id = bp.bagging_id)
    OFFSET 0
) b ON true
LEFT JOIN LATERAL (
    SELECT h.bags, h.parcel_id, p.number, p.state, p.carrier, p.tracking_number, p.handed_over_at,
           o.number AS order_number, o.channel, o.channel_number, o.buyer_name, o.phone, o.phone_ext,
           concat_ws(' ', o.province, o.city, o.district, o.street, o.detail) AS place
    FROM parcel_bags h
    CROSS JOIN LATERAL (SELECT * FROM parcels WHERE id = h.parcel_id OFFSET 0) p
    CROSS JOIN LATERAL (SELECT * FROM orders WHERE id = p.order_id OFFSET 0) o
    WHERE h.bagging_id = b.bagging_id OFFSET 0
) h ON true
ORDER BY l.id, b.bagging_id, h.parcel_id
"""

# Who packed bags of a lot, as each chose to be shown; whoever is shown as nobody is left out. As many as a page has room for.
PACKED_BY_SQL = """
SELECT shown_name FROM (
    SELECT person.shown_name, count(*) AS parcels
    FROM bagging_parts bp
    CROSS JOIN LATERAL (SELECT parcel_id FROM parcel_bags WHERE bagging_id = bp.bagging_id OFFSET 0) h
    CROSS JOIN LATERAL (
        SELECT packer_id FROM packing_tasks WHERE parcel_id = h.parcel_id AND packed_at IS NOT NULL OFFSET 0
    ) task
    JOIN people person ON person.id = task.packer_id
    WHERE bp.lot_id = :lot_id AND person.shown_name <> ''
    GROUP BY person.shown_name
) packer ORDER BY parcels DESC, shown_name LIMIT :most
"""

# Where the goods of lots came from: each lot with itself and everything that was put into it.
_SOURCE_COLUMNS = """
       l.id AS lot_id, l.number AS lot_number, l.kind AS lot_kind, l.best_before, d.id AS delivery_id, d.day, d.grade,
       d.net_g, d.has_certificate, d.quote_fen_per_kg, d.quote_market, d.quote_day, d.promised_fen_per_kg, c.product,
       m.id AS farmer_id, m.name AS farmer_name, m.shown_name, m.consent_shown, m.village,
       ARRAY(SELECT k.number FROM certificate_lots i JOIN certificates k ON k.id = i.certificate_id
             WHERE i.lot_id = l.id ORDER BY k.id) AS certificates
"""
_SOURCE_JOINS = """
JOIN lots l ON l.id = f.lot_id
LEFT JOIN deliveries d ON d.id = l.delivery_id
LEFT JOIN contracts c ON c.id = d.contract_id
LEFT JOIN farmers m ON m.id = d.farmer_id
"""

BACK_SQL = f"""
WITH RECURSIVE held AS MATERIALIZED (
    SELECT h.parcel_id, h.variant_id, h.bagging_id, h.bags FROM parcel_bags h WHERE h.parcel_id = ANY(:parcel_ids)
), family (bagging_id, lot_id) AS (
    SELECT bp.bagging_id, bp.lot_id FROM (SELECT DISTINCT bagging_id FROM held) h
    CROSS JOIN LATERAL (SELECT * FROM bagging_parts WHERE bagging_id = h.bagging_id OFFSET 0) bp
    UNION
    SELECT f.bagging_id, part.parent_lot_id FROM family f
    CROSS JOIN LATERAL (SELECT * FROM lot_parts WHERE child_lot_id = f.lot_id OFFSET 0) part
), found AS (
    SELECT f.bagging_id AS of_bagging_id, {_SOURCE_COLUMNS}
    FROM family f {_SOURCE_JOINS}
)
SELECT p.number AS parcel_number, h.parcel_id, h.variant_id, h.bagging_id, h.bags, b.at AS filled_at, b.best_before AS bag_best_before,
       v.sku, g.title_zh, g.title_en, v.spec_zh, v.spec_en, found.*
FROM held h
JOIN parcels p ON p.id = h.parcel_id
JOIN variants v ON v.id = h.variant_id JOIN products g ON g.id = v.product_id
LEFT JOIN LATERAL (SELECT b.at, s.best_before FROM baggings b JOIN bag_stocks s ON s.bagging_id = b.id
                   WHERE b.id = h.bagging_id OFFSET 0) b ON true
LEFT JOIN found ON found.of_bagging_id = h.bagging_id
ORDER BY h.parcel_id, h.variant_id, h.bagging_id NULLS LAST, found.lot_id
"""  # noqa: S608 - our own words

SOURCES_SQL = f"""
WITH RECURSIVE family (lot_id) AS (
    SELECT CAST(:lot_id AS bigint)
    UNION
    SELECT part.parent_lot_id FROM family f
    CROSS JOIN LATERAL (SELECT * FROM lot_parts WHERE child_lot_id = f.lot_id OFFSET 0) part
)
SELECT {_SOURCE_COLUMNS}
FROM family f {_SOURCE_JOINS}
ORDER BY d.day, l.id
"""  # noqa: S608 - our own words

# Bags of the same goods that were packed after the first of these bags was filled, and of which nobody knows the lot.
UNKNOWN_SQL = """
SELECT COALESCE(sum(h.bags), 0) AS bags, count(DISTINCT h.parcel_id) AS parcels
FROM (SELECT b.variant_id, min(b.at) AS first FROM baggings b WHERE b.id = ANY(:bagging_ids) GROUP BY b.variant_id) f
JOIN parcel_bags h ON h.variant_id = f.variant_id AND h.bagging_id IS NULL AND h.at >= f.first
"""

CHOICES_SQL = """
SELECT s.bagging_id, s.best_before, s.bags - s.taken - s.gone AS left_over,
       (SELECT string_agg(l.number, ' ' ORDER BY l.id) FROM bagging_parts bp JOIN lots l ON l.id = bp.lot_id
        WHERE bp.bagging_id = s.bagging_id) AS lots
FROM bag_stocks s
WHERE s.variant_id = :variant_id AND s.taken + s.gone < s.bags AND (CAST(:number AS text) IS NULL OR EXISTS (
  SELECT FROM bagging_parts bp JOIN lots l ON l.id = bp.lot_id WHERE bp.bagging_id = s.bagging_id AND l.number = :number))
ORDER BY s.bagging_id DESC LIMIT :most
"""
