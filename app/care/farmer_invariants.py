"""Invariants of what farmers are paid: accounts, settlements, runs; each counted again from the rows themselves."""

from app.care.invariants import Invariant

FARMER_MONEY = (
    Invariant(
        "settlements_add_up",
        "a settlement is the sum of its payables and entries, never negative, keeps no more than its cap, and pays each once",
        "SELECT count(*) FROM settlements",
        """
        SELECT 'settlement:' || s.id AS subject,
               format('total %s, lines %s, added %s, kept %s', s.total_fen, l.fen, p.added, p.kept) AS found
        FROM settlements s
        CROSS JOIN LATERAL (
            SELECT COALESCE(sum(p.amount_fen), 0) AS fen FROM settlement_lines l
            JOIN payables p ON p.id = l.payable_id AND p.amount_fen = l.amount_fen AND p.farmer_id = s.farmer_id
            WHERE l.settlement_id = s.id) l
        CROSS JOIN LATERAL (
            SELECT COALESCE(sum(amount_fen) FILTER (WHERE amount_fen > 0), 0) AS added,
                   -COALESCE(sum(amount_fen) FILTER (WHERE amount_fen < 0), 0) AS kept
            FROM settlement_parts WHERE settlement_id = s.id AND farmer_id = s.farmer_id) p
        WHERE s.total_fen <> l.fen + p.added - p.kept OR s.total_fen < 0
           OR p.kept * 10000 > (l.fen + p.added) * s.set_off_cap_bps
        UNION ALL
        SELECT 'payable:' || payable_id, format('settled %s times', count(*))
        FROM settlement_lines GROUP BY payable_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "settled_lines_keep_the_promise",
        "nothing was settled for less than its promised price for its settled weight",
        "SELECT count(*) FROM settlement_lines WHERE settlement_id IS NOT NULL",
        """
        SELECT 'payable:' || l.payable_id AS subject, format('settled %s, promised %s', l.amount_fen, w.fen) AS found
        FROM settlement_lines l JOIN payables p ON p.id = l.payable_id JOIN deliveries d ON d.id = p.delivery_id
        CROSS JOIN LATERAL (SELECT (((GREATEST(d.floor_fen_per_kg, (d.quote_fen_per_kg * (10000 + d.premium_bps) + 5000) / 10000)
            * (10000 - d.grade_deduction_bps) + 5000) / 10000) * d.settle_g + 500) / 1000 AS fen) w
        WHERE l.settlement_id IS NOT NULL AND l.amount_fen < w.fen
        """,
    ),
    Invariant(
        "entries_are_used_within",
        "no settlement took more of an advance, deduction or supplement than there is of it, or any of an undone one",
        "SELECT count(*) FROM settlement_parts",
        """
        SELECT 'farmer_entry:' || e.id AS subject, format('is %s, taken %s', e.amount_fen, sum(p.amount_fen)) AS found
        FROM farmer_entries e JOIN settlement_parts p ON p.entry_id = e.id
        GROUP BY e.id, e.amount_fen, e.kind
        HAVING abs(sum(p.amount_fen)) > abs(e.amount_fen) OR bool_or(sign(p.amount_fen) <> sign(e.amount_fen))
            OR e.kind = 'reversal' OR EXISTS (SELECT 1 FROM farmer_entries r WHERE r.reverses_id = e.id)
        """,
    ),
    Invariant(
        "farmer_balances_do_not_drift",
        "what a farmer earned, had and was paid leaves exactly the open payables and the open rest of the entries",
        "SELECT count(*) FROM farmers",
        """
        SELECT 'farmer:' || f.id AS subject, format('ledger %s, open %s', b.ledger, b.open) AS found
        FROM farmers f CROSS JOIN LATERAL (SELECT
            (SELECT COALESCE(sum(p.amount_fen), 0) FROM payables p WHERE p.farmer_id = f.id
               AND NOT EXISTS (SELECT 1 FROM deliveries_taken_back t WHERE t.delivery_id = p.delivery_id))
            + (SELECT COALESCE(sum(amount_fen), 0) FROM farmer_entries WHERE farmer_id = f.id)
            - (SELECT COALESCE(sum(total_fen), 0) FROM settlements WHERE farmer_id = f.id) AS ledger,
            (SELECT COALESCE(sum(p.amount_fen), 0) FROM payables p WHERE p.farmer_id = f.id
               AND NOT EXISTS (SELECT 1 FROM settlement_lines l WHERE l.payable_id = p.id))
            + (SELECT COALESCE(sum(e.amount_fen - COALESCE((SELECT sum(q.amount_fen) FROM settlement_parts q
                                                            WHERE q.entry_id = e.id), 0)), 0)
               FROM farmer_entries e WHERE e.farmer_id = f.id) AS open
        ) b WHERE b.ledger <> b.open
        """,
    ),
    Invariant(
        "runs_took_two",
        "a closed settlement run was closed by another person than who drafted it, and is the sum of its settlements",
        "SELECT count(*) FROM settlement_runs WHERE state = 'closed'",
        """
        SELECT 'settlement_run:' || r.id AS subject,
               format('drafted by %s, closed by %s, total %s, settled %s', r.made_by_id, r.closed_by_id, r.total_fen, s.fen) AS found
        FROM settlement_runs r
        CROSS JOIN LATERAL (SELECT COALESCE(sum(total_fen), 0) AS fen FROM settlements WHERE run_id = r.id) s
        WHERE (r.state = 'closed' AND (r.closed_by_id = r.made_by_id OR r.total_fen <> s.fen))
           OR (r.state <> 'closed' AND s.fen <> 0)
        """,
    ),
    Invariant(
        "returned_money_is_owed_again",
        "a settlement is handed out whole, and what came back is owed again by one line of the same sum",
        "SELECT count(*) FROM settlement_payments",
        """
        SELECT 'settlement:' || s.id AS subject,
               format('total %s, handed out %s, came back %s, owed again %s', s.total_fen, p.fen, r.fen, e.amount_fen) AS found
        FROM settlements s LEFT JOIN settlement_payments p ON p.settlement_id = s.id
        LEFT JOIN settlement_returns r ON r.settlement_id = s.id
        LEFT JOIN farmer_entries e ON e.id = r.entry_id AND e.kind = 'came_back' AND e.farmer_id = s.farmer_id
        WHERE p.fen <> s.total_fen OR r.fen <> s.total_fen
           OR (r.settlement_id IS NOT NULL AND e.amount_fen IS DISTINCT FROM s.total_fen)
        UNION ALL
        SELECT 'farmer_entry:' || e.id, 'came back from no settlement' FROM farmer_entries e
        WHERE e.kind = 'came_back' AND NOT EXISTS (SELECT 1 FROM settlement_returns r WHERE r.entry_id = e.id)
        """,
    ),
    Invariant(
        "corrections_are_paid_once",
        "a corrected price added exactly its difference, as a supplement of that delivery, on top of what was added before",
        "SELECT count(*) FROM quote_corrections",
        """
        SELECT 'delivery:' || c.delivery_id AS subject,
               format('difference %s, line %s, before %s, added %s', c.difference_fen, e.amount_fen, c.before_fen, b.fen) AS found
        FROM quote_corrections c
        LEFT JOIN farmer_entries e ON e.id = c.entry_id
        CROSS JOIN LATERAL (SELECT COALESCE(sum(o.difference_fen), 0) AS fen FROM quote_corrections o
            WHERE o.delivery_id = c.delivery_id AND o.decision = 'paid' AND o.at < c.at) b
        WHERE b.fen <> c.before_fen OR (c.decision = 'paid' AND (e.id IS NULL OR e.kind <> 'supplement'
            OR e.amount_fen <> c.difference_fen OR e.delivery_id IS DISTINCT FROM c.delivery_id))
        """,
    ),
)
