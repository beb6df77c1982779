"""Invariants of what is printed: slips in their jobs, bag labels and certificates within what their lots brought."""

from app.care.invariants import Invariant

LABELS = (
    Invariant(
        "slips_come_from_jobs",
        "copies of a slip are counted without a gap, and a job has a paper for each of its places",
        "SELECT count(*) FROM slip_prints",
        """
        SELECT 'parcel:' || p.number AS subject, format('%s prints, last copy %s', count(*), max(s.copy)) AS found
        FROM slip_prints s JOIN parcels p ON p.id = s.parcel_id GROUP BY p.number HAVING count(*) <> max(s.copy)
        UNION ALL
        SELECT 'print_job:' || j.id, format('%s papers, last place %s', count(s.id), COALESCE(max(s.place), 0))
        FROM print_jobs j LEFT JOIN slip_prints s ON s.job_id = j.id
        GROUP BY j.id HAVING count(s.id) <> COALESCE(max(s.place), 0) OR count(s.id) = 0
        """,
    ),
    Invariant(
        "labels_within_their_lot",
        "bags with labels hold no more than their lot brought; a reprint is of the same lot and bag",
        "SELECT count(*) FROM bag_label_prints",
        """
        SELECT 'lot:' || l.number AS subject, format('brought %s g, labels for %s g', l.received_g, sum(b.labels * b.net_g)) AS found
        FROM bag_label_prints b JOIN lots l ON l.id = b.lot_id
        WHERE b.again_of_id IS NULL GROUP BY l.id, l.number, l.received_g HAVING sum(b.labels * b.net_g) > l.received_g
        UNION ALL
        SELECT 'bag_label_print:' || b.id, 'a reprint of another lot, bag or day'
        FROM bag_label_prints b JOIN bag_label_prints f ON f.id = b.again_of_id
        WHERE (b.lot_id, b.variant_id, b.net_g, b.packed_on, b.best_before) <> (f.lot_id, f.variant_id, f.net_g, f.packed_on, f.best_before)
        """,
    ),
    Invariant(
        "certificates_within_their_lots",
        "a certificate speaks of at least one lot, and promises no more than its lots brought",
        "SELECT count(*) FROM certificates",
        """
        SELECT 'certificate:' || c.number AS subject, format('promises %s g, lots brought %s g', c.quantity_g, COALESCE(sum(l.received_g), 0)) AS found
        FROM certificates c LEFT JOIN certificate_lots x ON x.certificate_id = c.id LEFT JOIN lots l ON l.id = x.lot_id
        GROUP BY c.id, c.number, c.quantity_g HAVING c.quantity_g > COALESCE(sum(l.received_g), 0)
        """,
    ),
)
