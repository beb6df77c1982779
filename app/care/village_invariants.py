"""Invariants of what the village does and is owed: packing work, piece wages, what farmers get."""

from app.care.invariants import Invariant

WORK = (
    Invariant(
        "paid_orders_have_their_work",
        "every piece of a paid order is in one parcel, or its money goes back",
        """
        SELECT count(*) FROM order_lines i JOIN orders o ON o.id = i.order_id WHERE o.state IN ('paid', 'shipped', 'delivered')
        """,
        """
        SELECT 'order:' || o.number AS subject, format('%s of %s in parcels', COALESCE(sum(p.quantity), 0), i.quantity) AS found
        FROM orders o JOIN order_lines i ON i.order_id = o.id
        LEFT JOIN (
            SELECT l.order_line_id, l.quantity FROM parcel_lines l JOIN parcels p ON p.id = l.parcel_id
            WHERE p.state <> 'cancelled' OR p.id IN (SELECT parcel_id FROM stopped_parts)
        ) p ON p.order_line_id = i.id
        WHERE o.state IN ('paid', 'shipped', 'delivered')
        GROUP BY o.number, i.id, i.quantity HAVING COALESCE(sum(p.quantity), 0) <> i.quantity
        """,
    ),
    Invariant(
        "one_task_a_parcel",
        "each parcel has exactly one packing task",
        "SELECT count(*) FROM parcels",
        """
        SELECT 'parcel:' || p.number AS subject, format('%s tasks', count(t.id)) AS found
        FROM parcels p LEFT JOIN packing_tasks t ON t.parcel_id = p.id GROUP BY p.number HAVING count(t.id) <> 1
        """,
    ),
    Invariant(
        "parcels_and_tasks_agree",
        "a parcel is packed when its work is, stopped when its work is",
        "SELECT count(*) FROM packing_tasks",
        """
        SELECT 'parcel:' || p.number AS subject, format('parcel %s, task %s', p.state, t.state) AS found
        FROM parcels p JOIN packing_tasks t ON t.parcel_id = p.id
        WHERE (p.state, t.state) NOT IN (('open', 'waiting'), ('open', 'taken'), ('packed', 'packed'),
            ('handed_over', 'packed'), ('cancelled', 'stopped'))
        """,
    ),
    Invariant(
        "shipped_orders_have_left",
        "an order is shipped when every parcel of it has left, and not before",
        "SELECT count(*) FROM orders WHERE state IN ('paid', 'shipped', 'delivered')",
        """
        SELECT 'order:' || o.number AS subject,
               format('is %s, %s of %s parcels left', o.state, count(*) FILTER (WHERE p.state = 'handed_over'), count(*)) AS found
        FROM orders o JOIN parcels p ON p.order_id = o.id AND p.state <> 'cancelled'
        WHERE o.state IN ('paid', 'shipped', 'delivered')
        GROUP BY o.number, o.state
        HAVING (o.state <> 'paid') <> (count(*) = count(*) FILTER (WHERE p.state = 'handed_over'))
        """,
    ),
    Invariant(
        "wages_are_what_was_packed",
        "what is owed for a task is its frozen rate when it is done, else nothing",
        "SELECT count(*) FROM wage_entries",
        """
        SELECT 'packing_task:' || t.id AS subject,
               format('%s, rate %s, owed %s', t.state, t.rate_fen, COALESCE(w.owed, 0)) AS found
        FROM packing_tasks t LEFT JOIN (
            SELECT task_id, packer_id, sum(amount_fen) AS owed FROM wage_entries GROUP BY task_id, packer_id
            HAVING sum(amount_fen) <> 0
        ) w ON w.task_id = t.id
        WHERE COALESCE(w.owed, 0) <> CASE WHEN t.packed_at IS NULL THEN 0 ELSE t.rate_fen END
           OR (w.packer_id IS NOT NULL AND w.packer_id IS DISTINCT FROM t.packer_id)
        """,
    ),
    Invariant(
        "late_news_counts_once",
        'each "done" that came from a device\'s queue and counted has a wage line of its own, each undo a reversal',
        "SELECT count(*) FROM bench_actions",
        """
        SELECT 'packing_task:' || a.task_id AS subject,
               format('%s counted, %s paid, %s undone, %s reversed', a.counted, COALESCE(w.paid, 0), a.undone,
                      COALESCE(w.reversed, 0)) AS found
        FROM (
            SELECT task_id, person_id, count(*) FILTER (WHERE kind IN ('done', 'scan')) AS counted,
                   count(*) FILTER (WHERE kind = 'undo') AS undone
            FROM bench_actions WHERE state = 'done' GROUP BY task_id, person_id
        ) a LEFT JOIN (
            SELECT task_id, packer_id, count(*) FILTER (WHERE kind = 'piece') AS paid,
                   count(*) FILTER (WHERE kind = 'reversal') AS reversed
            FROM wage_entries WHERE task_id IS NOT NULL GROUP BY task_id, packer_id
        ) w ON w.task_id = a.task_id AND w.packer_id = a.person_id
        WHERE a.counted > COALESCE(w.paid, 0) OR a.undone > COALESCE(w.reversed, 0)
        """,
    ),
    Invariant(
        "reversals_match",
        "a reversal takes back exactly one entry, once",
        "SELECT count(*) FROM wage_entries WHERE kind = 'reversal'",
        """
        SELECT 'wage_entry:' || r.id AS subject, format('%s against %s', r.amount_fen, e.amount_fen) AS found
        FROM wage_entries r LEFT JOIN wage_entries e ON e.id = r.reverses_id
        WHERE r.kind = 'reversal' AND (e.id IS NULL OR e.kind NOT IN ('piece', 'work') OR e.amount_fen <> -r.amount_fen
              OR e.packer_id <> r.packer_id OR (e.task_id, e.share_id) IS DISTINCT FROM (r.task_id, r.share_id))
        UNION ALL
        SELECT 'wage_entry:' || reverses_id, format('taken back %s times', count(*))
        FROM wage_entries WHERE reverses_id IS NOT NULL GROUP BY reverses_id HAVING count(*) > 1
        """,
    ),
)

CREW = (
    Invariant(
        "shifts_are_one_at_a_time",
        "a person is here once at a time, and breaks lie within their shift and not in each other",
        "SELECT count(*) FROM shifts",
        """
        SELECT 'person:' || a.person_id AS subject, format('shifts %s and %s overlap', a.id, b.id) AS found
        FROM shifts a JOIN shifts b ON a.person_id = b.person_id AND a.id < b.id
         AND tstzrange(a.began_at, a.ended_at) && tstzrange(b.began_at, b.ended_at)
        UNION ALL
        SELECT 'shift:' || s.id, format('break %s is outside', r.id)
        FROM shift_breaks r JOIN shifts s ON s.id = r.shift_id
        WHERE NOT tstzrange(r.began_at, r.ended_at, '[]') <@ tstzrange(s.began_at, s.ended_at, '[]')
        UNION ALL
        SELECT 'shift:' || a.shift_id, format('breaks %s and %s overlap', a.id, b.id)
        FROM shift_breaks a JOIN shift_breaks b ON a.shift_id = b.shift_id AND a.id < b.id
         AND tstzrange(a.began_at, a.ended_at) && tstzrange(b.began_at, b.ended_at)
        """,
    ),
)

FARMERS = (
    Invariant(
        "farmers_get_the_promise",
        "no delivery is priced below market plus premium, or below the floor, and its sum adds up",
        "SELECT count(*) FROM deliveries",
        """
        SELECT 'delivery:' || d.id AS subject,
               format('promised %s, quote %s + %s bps, floor %s, pay %s', promised_fen_per_kg, quote_fen_per_kg, premium_bps,
                      floor_fen_per_kg, pay_fen) AS found
        FROM deliveries d
        WHERE promised_fen_per_kg < floor_fen_per_kg
           OR promised_fen_per_kg < (quote_fen_per_kg * (10000 + premium_bps) + 5000) / 10000
           OR unit_fen_per_kg <> (promised_fen_per_kg * (10000 - grade_deduction_bps) + 5000) / 10000
           OR pay_fen <> (unit_fen_per_kg * settle_g + 500) / 1000
           OR premium_bps NOT BETWEEN 1000 AND 1500
        """,
    ),
    Invariant(
        "quotes_were_real",
        "the quote a delivery was priced by is in the book, as it was copied",
        "SELECT count(*) FROM deliveries",
        """
        SELECT 'delivery:' || d.id AS subject, format('copied %s, in the book %s', d.quote_fen_per_kg, q.fen_per_kg) AS found
        FROM deliveries d LEFT JOIN market_quotes q ON q.id = d.quote_id
        WHERE q.id IS NULL OR q.fen_per_kg <> d.quote_fen_per_kg OR q.day <> d.quote_day OR q.day > d.day
        """,
    ),
    Invariant(
        "deliveries_are_owed",
        "what is owed to a farmer is the pay of the deliveries, each once",
        "SELECT count(*) FROM payables",
        """
        SELECT 'delivery:' || COALESCE(d.id, p.delivery_id) AS subject, format('pay %s, owed %s', d.pay_fen, p.owed) AS found
        FROM deliveries d FULL JOIN (
            SELECT delivery_id, min(farmer_id) AS farmer_id, sum(amount_fen) AS owed FROM payables GROUP BY delivery_id
        ) p ON p.delivery_id = d.id
        WHERE COALESCE(d.pay_fen, 0) <> COALESCE(p.owed, 0) OR (p.farmer_id IS NOT NULL AND p.farmer_id <> d.farmer_id)
        """,
    ),
    Invariant(
        "contracts_count_deliveries",
        "a contract's count is what was delivered under it and not taken back, and within what it takes",
        "SELECT count(*) FROM contracts",
        """
        SELECT 'contract:' || c.id AS subject, format('counted %s, delivered %s', c.delivered_g, COALESCE(d.net_g, 0)) AS found
        FROM contracts c LEFT JOIN (
            SELECT contract_id, sum(net_g) AS net_g FROM deliveries d
            WHERE NOT EXISTS (SELECT 1 FROM deliveries_taken_back b WHERE b.delivery_id = d.id) GROUP BY contract_id
        ) d ON d.contract_id = c.id
        WHERE c.delivered_g <> COALESCE(d.net_g, 0) OR c.delivered_g * 10000 > c.agreed_g * (10000 + c.tolerance_bps) + c.extra_g * 10000
        """,
    ),
    Invariant(
        "taken_back_is_not_paid",
        "what is owed for a delivery ends without a payment exactly when the delivery was taken back",
        "SELECT count(*) FROM payables",
        """
        SELECT 'payable:' || p.id AS subject,
               format('ended unpaid %s, taken back %s', l.payable_id IS NOT NULL AND l.settlement_id IS NULL, b.delivery_id IS NOT NULL)
               AS found
        FROM payables p
        LEFT JOIN settlement_lines l ON l.payable_id = p.id
        LEFT JOIN deliveries_taken_back b ON b.delivery_id = p.delivery_id
        WHERE (l.payable_id IS NOT NULL AND l.settlement_id IS NULL) <> (b.delivery_id IS NOT NULL)
        """,
    ),
    Invariant(
        "batches_are_in_one_persons_hands",
        "tasks that were handed out together are in the hands of one person",
        "SELECT count(*) FROM packing_tasks WHERE batch IS NOT NULL",
        """
        SELECT 'batch:' || batch AS subject, format('%s people', count(DISTINCT packer_id)) AS found
        FROM packing_tasks WHERE batch IS NOT NULL GROUP BY batch HAVING count(DISTINCT packer_id) > 1
        """,
    ),
    Invariant(
        "planned_work_exists",
        "what is planned is a task that exists, for somebody who packs",
        "SELECT count(*) FROM planned_tasks",
        """
        SELECT 'task:' || n.task_id AS subject, format('planned for person %s', n.person_id) AS found
        FROM planned_tasks n LEFT JOIN packing_tasks t ON t.id = n.task_id LEFT JOIN people e ON e.id = n.person_id
        WHERE t.id IS NULL OR e.id IS NULL
        """,
    ),
    Invariant(
        "waybills_fit_their_parcels",
        "a parcel has at most one live waybill, a number is on one parcel, and a box left with the number issued for it",
        "SELECT count(*) FROM waybills",
        """
        SELECT 'parcel:' || parcel_id AS subject, format('%s live waybills', count(*)) AS found
        FROM waybills WHERE state IN ('asked', 'issued') GROUP BY parcel_id HAVING count(*) > 1
        UNION ALL
        SELECT 'parcel:' || p.number, format('left with %s, issued %s', p.tracking_number, w.number)
        FROM waybills w JOIN parcels p ON p.id = w.parcel_id
        WHERE w.state = 'issued' AND p.state = 'handed_over' AND p.sent_with_id IS NULL
          AND w.number <> p.tracking_number
          -- A number that somebody put right after the box had left is kept in the record of changes.
          AND NOT EXISTS (
              SELECT 1 FROM audit_entries a WHERE a.subject = 'parcel:' || p.number AND a.action = 'parcel.waybill_corrected'
          )
        UNION ALL
        SELECT 'waybill:' || w.id, format('%s is on parcel %s too', w.number, p.number)
        FROM waybills w JOIN parcels o ON o.id = w.parcel_id
        JOIN parcels p ON p.tracking_number = w.number AND COALESCE(p.sent_with_id, p.id) <> COALESCE(o.sent_with_id, o.id)
        """,
    ),
    Invariant(
        "delivered_orders_arrived",
        "an order that tracking called delivered has every followed parcel at the door",
        "SELECT count(*) FROM trackings",
        """
        SELECT 'order:' || o.number AS subject, format('parcel %s ended %s', p.number, COALESCE(t.how_ended, 'not')) AS found
        FROM orders o JOIN parcels p ON p.order_id = o.id AND p.state = 'handed_over'
        JOIN trackings t ON t.parcel_id = COALESCE(p.sent_with_id, p.id)
        WHERE o.state = 'delivered' AND t.how_ended IS DISTINCT FROM 'delivered'
        """,
    ),
)
