"""What the database itself keeps of contracts; the migration and ``create_all`` use the same words."""

from typing import Final

_IDENTITY = ("farmer_id", "variant_id", "product", "form", "grade")
# What a price or its payment is worked out from, and the rest of what was signed.
_PRICE_TERMS = (
    "premium_bps",
    "floor_fen_per_kg",
    "quote_days",
    "median_days",
    "market",
    "standard_moisture_bps",
    "reject_above_bps",
    "deductions",
    "payment_days",
)
_OTHER_TERMS = ("season_start", "season_end", "agreed_g", "tolerance_bps", "over_rule")


def _row(alias: str, columns: tuple[str, ...]) -> str:
    return f"({', '.join(f'{alias}.{column}' for column in columns)})"


_TERMS = _PRICE_TERMS + _OTHER_TERMS
_WATCHED = ", ".join((*_IDENTITY, *_TERMS, "version", "terms_from", "terms_reason", "terms_by", "terms_at"))
_COPIED = ", ".join(("farmer_id", "variant_id", "terms_from", *_TERMS))
_NEW_COPIED = _COPIED.replace(", ", ", NEW.")

# Who writes a contract without its own grade table (the release before) gets the table as it is.
_NUMBER = f"""
CREATE OR REPLACE FUNCTION number_contract_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.version := 1;
    NEW.terms_from := NEW.season_start;
    NEW.terms_at := COALESCE(NEW.terms_at, NEW.created_at);
    NEW.deductions := COALESCE(NEW.deductions, (
      SELECT jsonb_object_agg(g.name, g.deduction_bps) FROM grades g
      WHERE g.product = NEW.product AND g.form = NEW.form), '{{}}');
  ELSIF {_row("NEW", _IDENTITY)} IS DISTINCT FROM {_row("OLD", _IDENTITY)} THEN
    RAISE EXCEPTION 'contract_is_of_one: who and what a contract is for stays' USING ERRCODE = 'restrict_violation';
  ELSIF {_row("NEW", _TERMS)} IS DISTINCT FROM {_row("OLD", _TERMS)} THEN
    NEW.version := OLD.version + 1;
    NEW.terms_from := GREATEST(NEW.terms_from, OLD.terms_from);
  ELSE
    NEW.version := OLD.version;
    NEW.terms_from := OLD.terms_from;
    NEW.terms_reason := OLD.terms_reason;
    NEW.terms_by := OLD.terms_by;
    NEW.terms_at := OLD.terms_at;
  END IF;
  RETURN NEW;
END $$
"""  # noqa: S608 - our own columns

# The row is locked by its own UPDATE, and a weigh-in locks it too, so none can slip in between.
_WRITE = f"""
CREATE OR REPLACE FUNCTION write_contract_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  came record;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.version = OLD.version THEN
      RETURN NULL;
    END IF;
    SELECT min(d.day) AS first, max(d.day) AS last INTO came FROM deliveries d
    WHERE d.contract_id = NEW.id AND NOT EXISTS (SELECT 1 FROM deliveries_taken_back b WHERE b.delivery_id = d.id);
    IF {_row("NEW", _PRICE_TERMS)} IS DISTINCT FROM {_row("OLD", _PRICE_TERMS)} AND came.last >= NEW.terms_from THEN
      RAISE EXCEPTION 'terms_after_deliveries: goods came under the old terms on or after that day'
        USING ERRCODE = 'restrict_violation', DETAIL = came.last;
    END IF;
    IF came.first < NEW.season_start THEN
      RAISE EXCEPTION 'season_start_leaves_out: goods came before' USING ERRCODE = 'restrict_violation', DETAIL = came.first;
    END IF;
    IF came.last > NEW.season_end THEN
      RAISE EXCEPTION 'season_end_leaves_out: goods came after' USING ERRCODE = 'restrict_violation', DETAIL = came.last;
    END IF;
  END IF;
  INSERT INTO contract_versions (contract_id, version, {_COPIED}, reason, by, at)
  VALUES (NEW.id, NEW.version, NEW.{_NEW_COPIED}, NEW.terms_reason, NEW.terms_by, NEW.terms_at);
  RETURN NULL;
END $$
"""  # noqa: S608 - our own columns

_NO_OTHER_VERSION = f"""
CREATE OR REPLACE FUNCTION version_is_the_contract() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM contracts c WHERE c.id = NEW.contract_id AND c.version = NEW.version
      AND {_row("c", ("farmer_id", "variant_id", "terms_from", *_TERMS))}
        IS NOT DISTINCT FROM {_row("NEW", ("farmer_id", "variant_id", "terms_from", *_TERMS))}
  ) THEN
    RAISE EXCEPTION 'version_is_the_contract: a version is written by its contract' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""  # noqa: S608 - our own columns

_EXTRA = """
CREATE OR REPLACE FUNCTION add_contract_extra() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE contracts SET extra_g = extra_g + NEW.grams WHERE id = NEW.contract_id AND active AND over_rule = 'same_terms';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'extra_is_allowed: the contract takes no more' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

# The contract is locked, so that an amendment that is just being written is waited for.
_UNDER = """
CREATE OR REPLACE FUNCTION delivered_under_promise() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  promised record;
BEGIN
  PERFORM 1 FROM contracts WHERE id = NEW.contract_id FOR NO KEY UPDATE;
  SELECT v.version, v.deductions INTO promised FROM contract_versions v
  WHERE v.contract_id = NEW.contract_id AND (v.version = 1 OR v.terms_from <= NEW.day)
  ORDER BY v.version DESC LIMIT 1;
  IF promised.version IS DISTINCT FROM NEW.contract_version THEN
    RAISE EXCEPTION 'delivered_under_promise: version % was in force on that day', promised.version
      USING ERRCODE = 'check_violation';
  END IF;
  IF (promised.deductions ->> NEW.grade)::integer IS DISTINCT FROM NEW.grade_deduction_bps THEN
    RAISE EXCEPTION 'deduction_as_agreed: the contract takes % off for that grade', promised.deductions ->> NEW.grade
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

# By table, in the order in which they are made.
CONTRACT_TRIGGERS: Final[dict[str, tuple[str, ...]]] = {
    "contracts": (
        _NUMBER,
        _WRITE,
        (
            f"CREATE TRIGGER contracts_number_terms BEFORE INSERT OR UPDATE OF {_WATCHED} ON contracts "
            "FOR EACH ROW EXECUTE FUNCTION number_contract_terms()"
        ),
        (
            f"CREATE TRIGGER contracts_write_version AFTER INSERT OR UPDATE OF {_WATCHED} ON contracts "
            "FOR EACH ROW EXECUTE FUNCTION write_contract_version()"
        ),
    ),
    "contract_versions": (
        _NO_OTHER_VERSION,
        (
            "CREATE TRIGGER contract_versions_are_the_contract BEFORE INSERT ON contract_versions "
            "FOR EACH ROW EXECUTE FUNCTION version_is_the_contract()"
        ),
    ),
    "contract_extras": (
        _EXTRA,
        (
            "CREATE TRIGGER contract_extras_count AFTER INSERT ON contract_extras "
            "FOR EACH ROW EXECUTE FUNCTION add_contract_extra()"
        ),
    ),
    "deliveries": (
        _UNDER,
        (
            "CREATE TRIGGER deliveries_under_promise AFTER INSERT ON deliveries "
            "FOR EACH ROW EXECUTE FUNCTION delivered_under_promise()"
        ),
    ),
}
