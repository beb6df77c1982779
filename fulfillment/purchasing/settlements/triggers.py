"""What the database itself checks when farmers are paid; the migration and ``create_all`` use the same words."""

from typing import Final

_PROMISE = """
CREATE OR REPLACE FUNCTION settled_as_promised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (
    SELECT 1 FROM payables p JOIN deliveries d ON d.id = p.delivery_id
    WHERE p.id = NEW.payable_id AND p.amount_fen = d.pay_fen
      AND d.promised_fen_per_kg >= d.floor_fen_per_kg
      AND d.promised_fen_per_kg >= (d.quote_fen_per_kg * (10000 + d.premium_bps) + 5000) / 10000
      AND d.unit_fen_per_kg >= (d.promised_fen_per_kg * (10000 - d.grade_deduction_bps) + 5000) / 10000
      AND d.pay_fen >= (d.unit_fen_per_kg * d.settle_g + 500) / 1000
      AND d.premium_bps >= 1000
  ) THEN
    RAISE EXCEPTION 'below_promise: payable %', NEW.payable_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""

# One row at a time, so that two who set off the same advance come one after the other.
_PART = """
CREATE OR REPLACE FUNCTION part_within_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  entry record;
  taken bigint;
BEGIN
  SELECT * INTO entry FROM farmer_entries WHERE id = NEW.entry_id FOR NO KEY UPDATE;
  SELECT sum(amount_fen) INTO taken FROM settlement_parts WHERE entry_id = NEW.entry_id;
  IF sign(NEW.amount_fen) <> sign(entry.amount_fen) OR abs(taken) > abs(entry.amount_fen) THEN
    RAISE EXCEPTION 'entry_is_used: more than entry % has', NEW.entry_id USING ERRCODE = 'check_violation';
  END IF;
  IF entry.kind = 'reversal' OR EXISTS (SELECT 1 FROM farmer_entries r WHERE r.reverses_id = NEW.entry_id) THEN
    RAISE EXCEPTION 'entry_is_used: % was undone', NEW.entry_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

# At commit: the sum is what its lines say, not more is kept than the cap, and a run that pays is closed.
_ADDS_UP = """
CREATE OR REPLACE FUNCTION settlement_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  paid record;
  id_ bigint := CASE TG_TABLE_NAME WHEN 'settlements' THEN (to_jsonb(NEW)->>'id')::bigint
                ELSE (to_jsonb(NEW)->>'settlement_id')::bigint END;
  gross bigint;
  kept bigint;
BEGIN
  SELECT * INTO paid FROM settlements WHERE id = id_;
  SELECT COALESCE(sum(amount_fen), 0) INTO gross FROM settlement_lines WHERE settlement_id = id_;
  SELECT gross + COALESCE(sum(amount_fen) FILTER (WHERE amount_fen > 0), 0),
         -COALESCE(sum(amount_fen) FILTER (WHERE amount_fen < 0), 0)
    INTO gross, kept FROM settlement_parts WHERE settlement_id = id_;
  IF paid.total_fen <> gross - kept OR kept * 10000 > gross * paid.set_off_cap_bps OR gross <= 0 THEN
    RAISE EXCEPTION 'settlement % does not add up: % of % less %', id_, paid.total_fen, gross, kept
      USING ERRCODE = 'check_violation';
  END IF;
  IF paid.run_id IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM settlement_runs r WHERE r.id = paid.run_id AND r.state = 'closed') THEN
    RAISE EXCEPTION 'run % is not closed', paid.run_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

_NOT_RETURNED = """
CREATE OR REPLACE FUNCTION payment_not_returned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Who pays and who takes back at once come one after the other.
  PERFORM 1 FROM settlements WHERE id = NEW.settlement_id FOR NO KEY UPDATE;
  IF TG_TABLE_NAME = 'settlement_payments'
     AND EXISTS (SELECT 1 FROM settlement_returns r WHERE r.settlement_id = NEW.settlement_id) THEN
    RAISE EXCEPTION 'settlement_is_returned: %', NEW.settlement_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$
"""

_CAME_BACK = """
CREATE OR REPLACE FUNCTION came_back_of_settlement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM settlement_returns r WHERE r.entry_id = NEW.id) THEN
    RAISE EXCEPTION 'entry % came back from no settlement', NEW.id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

_RUN_STAYS = """
CREATE OR REPLACE FUNCTION settlement_run_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR OLD.state <> 'draft' OR NEW.made_by_id <> OLD.made_by_id THEN
    RAISE EXCEPTION 'settlement run % does not change any more', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""

CHECKS_SQL: Final = (_PROMISE, _PART, _ADDS_UP, _NOT_RETURNED, _CAME_BACK, _RUN_STAYS)
FUNCTIONS: Final = (
    "settled_as_promised",
    "part_within_entry",
    "settlement_adds_up",
    "payment_not_returned",
    "came_back_of_settlement",
    "settlement_run_stays",
)


def _on(table: str, name: str, moment: str, function: str, when: str = "") -> tuple[str, str]:
    return table, f"CREATE TRIGGER {name} {moment} ON {table} FOR EACH ROW {when} EXECUTE FUNCTION {function}()"


def _at_commit(table: str, name: str, function: str, when: str = "") -> tuple[str, str]:
    words = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    made = f"CREATE CONSTRAINT TRIGGER {name} AFTER INSERT ON {table} {words} {when} EXECUTE FUNCTION {function}()"
    return table, made


_IN_A_SETTLEMENT: Final = "WHEN (NEW.settlement_id IS NOT NULL)"

TRIGGERS_SQL: Final = (
    _on("settlement_lines", "settlement_lines_as_promised", "BEFORE INSERT", "settled_as_promised", _IN_A_SETTLEMENT),
    _on("settlement_parts", "settlement_parts_within", "AFTER INSERT", "part_within_entry"),
    _at_commit("settlements", "settlements_add_up", "settlement_adds_up"),
    _at_commit("settlement_lines", "settlement_lines_add_up", "settlement_adds_up", _IN_A_SETTLEMENT),
    _at_commit("settlement_parts", "settlement_parts_add_up", "settlement_adds_up"),
    _on("settlement_payments", "settlement_payments_not_returned", "BEFORE INSERT", "payment_not_returned"),
    _on("settlement_returns", "settlement_returns_one_by_one", "BEFORE INSERT", "payment_not_returned"),
    _at_commit(
        "farmer_entries", "farmer_entries_came_back", "came_back_of_settlement", "WHEN (NEW.kind = 'came_back')"
    ),
    _on("settlement_runs", "settlement_runs_stay", "BEFORE UPDATE OR DELETE", "settlement_run_stays"),
)
