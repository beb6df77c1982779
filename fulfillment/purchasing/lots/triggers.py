"""What the database itself keeps about lots: no gram is used twice, none appears, nothing leaves a blocked family.

The migration and ``create_all`` use the same words.
"""

from typing import Final

# The day, the grade and the shelf life of what came from a farmer are copies, and copies must be true.
_DATES = """
CREATE OR REPLACE FUNCTION date_lot() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.kind = 'delivery' THEN
    SELECT d.day, d.grade, d.day + p.shelf_life_days INTO NEW.day, NEW.grade, NEW.best_before
    FROM deliveries d JOIN variants v ON v.id = d.variant_id JOIN products p ON p.id = v.product_id
    WHERE d.id = NEW.delivery_id;
  END IF;
  RETURN NEW;
END $$
"""

# Whoever writes down what left a lot takes it in the same statement; the check on lots refuses the gram that is not there.
_TAKE = """
CREATE OR REPLACE FUNCTION take_from_lot() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  from_id bigint := CASE TG_TABLE_NAME WHEN 'lot_parts' THEN (to_jsonb(NEW)->>'parent_lot_id')::bigint
                    ELSE (to_jsonb(NEW)->>'lot_id')::bigint END;
BEGIN
  UPDATE lots SET used_g = used_g + NEW.grams WHERE id = from_id;
  IF TG_TABLE_NAME <> 'lot_changes' AND EXISTS (
    WITH RECURSIVE family AS (
      SELECT from_id AS id UNION SELECT x.parent_lot_id FROM lot_parts x JOIN family f ON x.child_lot_id = f.id)
    SELECT FROM family f JOIN lots l ON l.id = f.id WHERE l.blocked
  ) THEN
    RAISE EXCEPTION 'lot_is_blocked: lot % or one that it came from', from_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

_GIVE_BACK = """
CREATE OR REPLACE FUNCTION give_back_to_lots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_TABLE_NAME = 'baggings_taken_back' THEN
    UPDATE lots l SET used_g = l.used_g - x.grams FROM bagging_parts x
    WHERE x.bagging_id = (to_jsonb(NEW)->>'bagging_id')::bigint AND l.id = x.lot_id;
    RETURN NULL;
  END IF;
  -- Nothing may have left it, and from now on nothing is in it.
  UPDATE lots SET used_g = received_g
  WHERE id = (to_jsonb(NEW)->>'lot_id')::bigint AND used_g = 0 AND kind <> 'delivery';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'lot_is_used: %', to_jsonb(NEW)->>'lot_id' USING ERRCODE = 'check_violation';
  END IF;
  UPDATE lots l SET used_g = l.used_g - x.grams FROM lot_parts x
  WHERE x.child_lot_id = (to_jsonb(NEW)->>'lot_id')::bigint AND l.id = x.parent_lot_id;
  RETURN NULL;
END $$
"""

# At commit: what left a lot is what its lines say, and what is in a made lot is what came out of others less the loss.
_ADDS_UP = """
CREATE OR REPLACE FUNCTION lot_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  lot_ bigint := CASE TG_TABLE_NAME WHEN 'lots' THEN (to_jsonb(NEW)->>'id')::bigint
                 ELSE (to_jsonb(NEW)->>'child_lot_id')::bigint END;
  kept record;
  went bigint;
  came bigint;
BEGIN
  SELECT * INTO kept FROM lots WHERE id = lot_;
  SELECT (SELECT COALESCE(sum(x.grams), 0) FROM lot_parts x WHERE x.parent_lot_id = lot_
            AND NOT EXISTS (SELECT FROM lots_taken_back t WHERE t.lot_id = x.child_lot_id))
       + (SELECT COALESCE(sum(x.grams), 0) FROM bagging_parts x WHERE x.lot_id = lot_
            AND NOT EXISTS (SELECT FROM baggings_taken_back t WHERE t.bagging_id = x.bagging_id))
       + (SELECT COALESCE(sum(grams), 0) FROM lot_changes WHERE lot_id = lot_)
       + CASE WHEN EXISTS (SELECT FROM lots_taken_back WHERE lot_id = lot_) THEN kept.received_g ELSE 0 END INTO went;
  SELECT COALESCE(sum(grams), 0) INTO came FROM lot_parts WHERE child_lot_id = lot_;
  IF kept.used_g <> went OR came <> (CASE kept.kind WHEN 'delivery' THEN 0 ELSE kept.received_g + kept.loss_g END) THEN
    RAISE EXCEPTION 'lot % does not add up: used %, lines %, received %, lost %, from others %',
      lot_, kept.used_g, went, kept.received_g, kept.loss_g, came USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

_BAGGING_ADDS_UP = """
CREATE OR REPLACE FUNCTION bagging_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  bagging_ bigint := CASE TG_TABLE_NAME WHEN 'baggings' THEN (to_jsonb(NEW)->>'id')::bigint
                     ELSE (to_jsonb(NEW)->>'bagging_id')::bigint END;
BEGIN
  IF EXISTS (SELECT FROM baggings b WHERE b.id = bagging_ AND (
      b.used_g <> (SELECT COALESCE(sum(x.grams), 0) FROM bagging_parts x WHERE x.bagging_id = b.id)
      OR b.used_g <> b.bags * (SELECT v.net_g FROM variants v WHERE v.id = b.variant_id)
      OR NOT EXISTS (SELECT FROM bagging_parts x WHERE x.bagging_id = b.id AND x.lot_id = b.lot_id))) THEN
    RAISE EXCEPTION 'bagging % does not add up', bagging_ USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

# At commit: what was taken from the one lot is in its grades or fell off; all of a sorting is undone, or nothing.
_SORTING_ADDS_UP = """
CREATE OR REPLACE FUNCTION sorting_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  new_row jsonb := to_jsonb(NEW);
  lot_ bigint := CASE TG_TABLE_NAME WHEN 'lots' THEN (new_row->>'id')::bigint WHEN 'lot_parts' THEN (new_row->>'child_lot_id')::bigint
                 WHEN 'lots_taken_back' THEN (new_row->>'lot_id')::bigint END;
  sorting_ bigint := CASE TG_TABLE_NAME WHEN 'sortings' THEN (new_row->>'id')::bigint
                     ELSE (SELECT max(x.sorting_id) FROM lot_parts x WHERE x.child_lot_id = lot_) END;
BEGIN
  IF EXISTS (SELECT FROM lots l WHERE l.id = lot_ AND (l.kind = 'sorted') <> (sorting_ IS NOT NULL)) THEN
    RAISE EXCEPTION 'lot % is sorted without a sorting, or the other way round', lot_ USING ERRCODE = 'check_violation';
  END IF;
  IF sorting_ IS NOT NULL AND NOT (
    SELECT count(*) >= 2 AND count(*) = count(DISTINCT c.grade) AND sum(x.grams) = s.taken_g AND sum(c.loss_g) = s.loss_g
       AND bool_and(x.parent_lot_id = s.lot_id AND x.grams = c.received_g + c.loss_g AND c.kind = 'sorted'
                    AND c.variant_id = m.variant_id AND c.best_before <= m.best_before)
       AND count(t.lot_id) IN (0, count(*))
    FROM sortings s JOIN lots m ON m.id = s.lot_id
    LEFT JOIN lot_parts x ON x.sorting_id = s.id LEFT JOIN lots c ON c.id = x.child_lot_id
    LEFT JOIN lots_taken_back t ON t.lot_id = c.id
    WHERE s.id = sorting_ GROUP BY s.id, m.id
  ) THEN
    RAISE EXCEPTION 'sorting % does not add up', sorting_ USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""

CHECKS_SQL: Final = (_DATES, _TAKE, _GIVE_BACK, _ADDS_UP, _BAGGING_ADDS_UP)
FUNCTIONS: Final = ("date_lot", "take_from_lot", "give_back_to_lots", "lot_adds_up", "bagging_adds_up")


def _after(table: str, name: str, function: str) -> tuple[str, str]:
    return table, f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"


def _at_commit(table: str, name: str, function: str, moment: str = "INSERT") -> tuple[str, str]:
    words = "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
    return table, f"CREATE CONSTRAINT TRIGGER {name} AFTER {moment} ON {table} {words} EXECUTE FUNCTION {function}()"


TRIGGERS_SQL: Final = (
    ("lots", "CREATE TRIGGER lots_dated BEFORE INSERT ON lots FOR EACH ROW EXECUTE FUNCTION date_lot()"),
    _after("lot_parts", "lot_parts_taken", "take_from_lot"),
    _after("bagging_parts", "bagging_parts_taken", "take_from_lot"),
    _after("lot_changes", "lot_changes_taken", "take_from_lot"),
    _after("lots_taken_back", "lots_taken_back_given", "give_back_to_lots"),
    _after("baggings_taken_back", "baggings_taken_back_given", "give_back_to_lots"),
    _at_commit("lots", "lots_add_up", "lot_adds_up", "INSERT OR UPDATE"),
    _at_commit("lot_parts", "lot_parts_add_up", "lot_adds_up"),
    _at_commit("baggings", "baggings_add_up", "bagging_adds_up"),
    _at_commit("bagging_parts", "bagging_parts_add_up", "bagging_adds_up"),
)
# Of their own, since the tables came later.
SORTING_CHECKS_SQL: Final = (_SORTING_ADDS_UP,)
SORTING_TRIGGERS_SQL: Final = (
    _at_commit("sortings", "sortings_add_up", "sorting_adds_up"),
    _at_commit("lot_parts", "lot_parts_sorted", "sorting_adds_up"),
    _at_commit("lots_taken_back", "lots_taken_back_sorted", "sorting_adds_up"),
    _at_commit(
        "lots", "lots_sorted", "sorting_adds_up", "UPDATE OF kind, variant_id, received_g, loss_g, grade, best_before"
    ),
)
