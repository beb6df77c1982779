"""Invariants of wages beside packing: other work, corrections, what the law adds, pay runs and payments."""

from app.care.invariants import Invariant

WAGES = (
    Invariant(
        "other_work_adds_up",
        "a booking is its rate times its quantity, its parts are its sum, and they are owed exactly when it was confirmed",
        "SELECT count(*) FROM work_bookings",
        """
        SELECT 'work:' || b.id AS subject,
               format('total %s, parts %s, lines %s', b.total_fen, sum(s.amount_fen), count(w.id)) AS found
        FROM work_bookings b LEFT JOIN work_shares s ON s.booking_id = b.id
        LEFT JOIN wage_entries w ON w.share_id = s.id AND w.kind = 'work' AND w.amount_fen = s.amount_fen
              AND w.packer_id = s.person_id
        GROUP BY b.id
        HAVING b.total_fen <> (2 * b.rate_fen * b.quantity + b.per) / (2 * b.per) OR b.total_fen <> COALESCE(sum(s.amount_fen), 0)
            OR count(w.id) <> CASE WHEN b.confirmed THEN count(s.id) ELSE 0 END
        """,
    ),
    Invariant(
        "corrections_took_two",
        "a correction is owed exactly when a second person agreed, neither who proposed it nor whom it is for",
        "SELECT count(*) FROM wage_corrections",
        """
        SELECT 'wage_correction:' || c.id AS subject,
               format('granted %s, owed %s', c.granted_fen, COALESCE(w.amount_fen, 0)) AS found
        FROM wage_corrections c LEFT JOIN wage_entries w ON w.correction_id = c.id AND w.packer_id = c.person_id
        WHERE COALESCE(c.granted_fen, 0) <> COALESCE(w.amount_fen, 0)
           OR (c.granted_fen <> 0 AND c.decided_by_id IN (c.proposed_by_id, c.person_id))
        """,
    ),
    Invariant(
        "late_work_is_decided_once",
        "late work that did not count has one decision; a correction answers one piece of it, and is owed once when agreed",
        "SELECT count(*) FROM late_decisions",
        """
        SELECT 'packing_task:' || a.task_id AS subject,
               format('%s decisions, %s corrections, %s agreed, %s lines', count(DISTINCT (d.outcome, d.correction_id)),
                      count(DISTINCT c.id), count(DISTINCT c.id) FILTER (WHERE c.granted_fen <> 0), count(DISTINCT w.id)) AS found
        FROM late_decisions d JOIN bench_actions a ON a.key = d.action_key
        LEFT JOIN wage_corrections c ON c.id = d.correction_id AND c.person_id = a.person_id
        LEFT JOIN wage_entries w ON w.correction_id = c.id AND w.packer_id = a.person_id AND w.amount_fen = c.granted_fen
        GROUP BY a.person_id, a.task_id
        HAVING count(DISTINCT (d.outcome, d.correction_id)) <> 1 OR bool_or(a.state <> 'refused' OR a.task_id IS NULL)
            OR bool_or(d.correction_id IS NOT NULL AND c.id IS NULL)
            OR count(DISTINCT w.id) <> count(DISTINCT c.id) FILTER (WHERE c.granted_fen <> 0)
        UNION ALL
        SELECT 'wage_correction:' || d.correction_id, format('answers %s pieces of work', count(DISTINCT (a.person_id, a.task_id)))
        FROM late_decisions d JOIN bench_actions a ON a.key = d.action_key WHERE d.correction_id IS NOT NULL
        GROUP BY d.correction_id HAVING count(DISTINCT (a.person_id, a.task_id)) <> 1
        """,
    ),
    Invariant(
        "the_law_is_added_once",
        "what the law adds is owed once, to the person it was worked out for, and no more than its working says",
        "SELECT count(*) FROM top_ups",
        """
        SELECT 'top_up:' || u.id AS subject, format('%s, owed %s', u.amount_fen, COALESCE(w.amount_fen, 0)) AS found
        FROM top_ups u LEFT JOIN wage_entries w ON w.top_up_id = u.id AND w.packer_id = u.person_id
        WHERE w.amount_fen IS DISTINCT FROM u.amount_fen
           OR u.amount_fen > CASE u.what WHEN 'minimum' THEN (u.working ->> 'minimum_fen')::bigint
                                         ELSE (u.working ->> 'factors_fen')::bigint END
        """,
    ),
    Invariant(
        "pay_runs_take_once",
        "a wage line is in one pay run at most, with its own sum, and a run is the sum of its lines",
        "SELECT count(*) FROM pay_run_entries",
        """
        SELECT 'wage_entry:' || e.entry_id AS subject,
               format('in %s runs', sum(CASE e.kind WHEN 'taken' THEN 1 ELSE -1 END)) AS found
        FROM pay_run_entries e LEFT JOIN wage_entries w ON w.id = e.entry_id AND w.packer_id = e.person_id AND w.amount_fen = e.amount_fen
        GROUP BY e.entry_id
        HAVING sum(CASE e.kind WHEN 'taken' THEN 1 ELSE -1 END) NOT IN (0, 1) OR count(*) <> count(w.id)
        UNION ALL
        SELECT 'pay_run:' || r.id, format('total %s, people %s, lines %s', r.total_fen, p.fen, l.fen)
        FROM pay_runs r
        LEFT JOIN (SELECT run_id, sum(amount_fen) AS fen FROM pay_run_people GROUP BY 1) p ON p.run_id = r.id
        LEFT JOIN (
            SELECT run_id, sum(amount_fen) FILTER (WHERE kind = 'taken') AS fen, sum(CASE kind WHEN 'taken' THEN 1 ELSE -1 END) AS held
            FROM pay_run_entries GROUP BY 1
        ) l ON l.run_id = r.id
        WHERE r.state <> 'open' AND (r.total_fen IS DISTINCT FROM p.fen OR r.total_fen IS DISTINCT FROM l.fen
              OR (r.state = 'reversed') <> (l.held = 0))
        """,
    ),
    Invariant(
        "paid_out_is_due",
        "nobody was handed more than a run owes, and what came back is a payment that was made",
        "SELECT count(*) FROM payouts",
        """
        SELECT 'pay_run:' || g.run_id AS subject, format('due %s, handed out %s', g.amount_fen, o.fen) AS found
        FROM pay_run_people g JOIN (
            SELECT run_id, person_id, sum(CASE kind WHEN 'paid' THEN fen ELSE -fen END) AS fen FROM payouts GROUP BY 1, 2
        ) o ON o.run_id = g.run_id AND o.person_id = g.person_id
        WHERE o.fen NOT BETWEEN 0 AND g.amount_fen
        UNION ALL
        SELECT 'payout:' || b.id, 'comes back from nothing'
        FROM payouts b LEFT JOIN payouts p ON p.id = b.reverses_id AND p.kind = 'paid' AND p.fen = b.fen AND p.run_id = b.run_id
        WHERE b.kind = 'came_back' AND p.id IS NULL
        """,
    ),
)
