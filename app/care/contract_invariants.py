"""Invariants of what was promised to farmers: every version of a contract, and which one each delivery was made under."""

from app.care.invariants import Invariant

_TERMS = (
    "season_start, season_end, agreed_g, tolerance_bps, premium_bps, floor_fen_per_kg, quote_days, median_days, market, "
    "standard_moisture_bps, reject_above_bps, deductions, payment_days, over_rule"
)


def _row(alias: str, columns: str) -> str:
    return f"({', '.join(f'{alias}.{column.strip()}' for column in columns.split(','))})"


_PRICE = (
    "premium_bps, floor_fen_per_kg, standard_moisture_bps, quote_days, median_days, market, payment_days, deductions"
)

CONTRACTS = (
    Invariant(
        "contracts_keep_their_versions",
        "a contract's terms are its newest version, none is missing, and what it takes besides was agreed by two",
        "SELECT count(*) FROM contract_versions",
        f"""
        SELECT 'contract:' || c.id AS subject,
               format('version %s, %s kept, besides %s, agreed %s', c.version, v.kept, c.extra_g, e.grams) AS found
        FROM contracts c
        CROSS JOIN LATERAL (
            SELECT count(*) AS kept, max(version) AS newest FROM contract_versions WHERE contract_id = c.id) v
        CROSS JOIN LATERAL (
            SELECT COALESCE(sum(grams), 0) AS grams FROM contract_extras WHERE contract_id = c.id) e
        LEFT JOIN contract_versions n ON n.contract_id = c.id AND n.version = c.version
        WHERE v.kept <> c.version OR v.newest <> c.version OR c.extra_g <> e.grams
           OR {_row("n", _TERMS)} IS DISTINCT FROM {_row("c", _TERMS)}
        """,  # noqa: S608 - our own columns
    ),
    Invariant(
        "deliveries_keep_their_promise",
        "what was brought was priced by the terms that were in force on its day, and lost what its contract's own grade table takes off",
        "SELECT count(*) FROM deliveries",
        # Contracts from before there were versions have no signer of their terms, and the table of today.
        f"""
        SELECT 'delivery:' || d.id AS subject,
               format('version %s, in force %s, %s bps off', d.contract_version, f.version, d.grade_deduction_bps) AS found
        FROM deliveries d JOIN contract_versions v ON v.contract_id = d.contract_id AND v.version = d.contract_version
        CROSS JOIN LATERAL (
            SELECT * FROM contract_versions i WHERE i.contract_id = d.contract_id
            AND (i.version = 1 OR i.terms_from <= d.day) ORDER BY i.version DESC LIMIT 1) f
        WHERE NOT EXISTS (SELECT 1 FROM deliveries_taken_back b WHERE b.delivery_id = d.id)
          AND ({_row("v", _PRICE)} IS DISTINCT FROM {_row("f", _PRICE)}
            OR (v.by <> '' AND (v.deductions ->> d.grade)::integer IS DISTINCT FROM d.grade_deduction_bps))
        """,  # noqa: S608 - our own columns
    ),
)
