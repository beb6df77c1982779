"""What the database itself keeps about bags: no bagging gives more than it filled, a traced parcel is traced whole."""

# Whoever writes down that bags went into a parcel takes them from their bagging in the same statement; the check on
# bag_stocks refuses the bag that is not there. Lines are written and struck out, never changed.
COUNT_SQL = """
CREATE OR REPLACE FUNCTION count_parcel_bags() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    RAISE EXCEPTION 'bags of a parcel are written and struck out, not changed' USING ERRCODE = 'restrict_violation';
  ELSIF TG_OP = 'INSERT' THEN
    UPDATE bag_stocks SET taken = taken + NEW.bags WHERE bagging_id = NEW.bagging_id;
  ELSE
    UPDATE bag_stocks SET taken = taken - OLD.bags WHERE bagging_id = OLD.bagging_id;
  END IF;
  RETURN NULL;
END $$
"""
COUNT_TRIGGER_SQL = (
    "CREATE TRIGGER parcel_bags_counted AFTER INSERT OR UPDATE OR DELETE ON parcel_bags "
    "FOR EACH ROW EXECUTE FUNCTION count_parcel_bags()"
)

# Looked at when the transaction ends: a correction strikes out one line and writes another.
WHOLE_SQL = """
CREATE OR REPLACE FUNCTION keep_parcel_bags_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  this_parcel bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.parcel_id ELSE NEW.parcel_id END;
BEGIN
  IF EXISTS (SELECT FROM parcel_bags WHERE parcel_id = this_parcel) AND EXISTS (
      SELECT FROM (SELECT variant_id, quantity AS bags FROM parcel_lines WHERE parcel_id = this_parcel
                   UNION ALL SELECT variant_id, -bags FROM parcel_bags WHERE parcel_id = this_parcel) b
      GROUP BY variant_id HAVING sum(bags) <> 0) THEN
    RAISE EXCEPTION 'the bags of parcel % are not its goods', this_parcel USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""
WHOLE_TRIGGER_SQL = (
    "CREATE CONSTRAINT TRIGGER parcel_bags_whole AFTER INSERT OR DELETE ON parcel_bags "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_parcel_bags_whole()"
)

STATEMENTS = (COUNT_SQL, COUNT_TRIGGER_SQL, WHOLE_SQL, WHOLE_TRIGGER_SQL)

# Whichever page blocks a lot or sets it free: the bags of everything that was made of it stay, or may go out again
# unless another lot in them is blocked. The lots are locked, with what was made of them, by whoever does that.
_FOLLOW_SQL = """
CREATE OR REPLACE FUNCTION bags_follow_lots() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH RECURSIVE family (lot_id) AS (
    SELECT NEW.id UNION SELECT x.child_lot_id FROM family f JOIN lot_parts x ON x.parent_lot_id = f.lot_id
  ), filled AS (
    SELECT s.bagging_id FROM bag_stocks s
    WHERE s.bagging_id IN (SELECT x.bagging_id FROM family f JOIN bagging_parts x ON x.lot_id = f.lot_id)
    ORDER BY s.variant_id, s.best_before, s.bagging_id FOR UPDATE
  )
  UPDATE bag_stocks SET blocked = EXISTS (
    WITH RECURSIVE origin (lot_id) AS (
      SELECT x.lot_id FROM bagging_parts x WHERE x.bagging_id = bag_stocks.bagging_id
      UNION SELECT x.parent_lot_id FROM origin o JOIN lot_parts x ON x.child_lot_id = o.lot_id)
    SELECT FROM origin o JOIN lots l ON l.id = o.lot_id WHERE l.blocked)
  WHERE bagging_id IN (SELECT bagging_id FROM filled);
  RETURN NULL;
END $$
"""
_FOLLOW_TRIGGER_SQL = (
    "CREATE TRIGGER lots_block_their_bags AFTER UPDATE OF blocked ON lots FOR EACH ROW "
    "WHEN (NEW.blocked <> OLD.blocked) EXECUTE FUNCTION bags_follow_lots()"
)

# A bagging that was a mistake has no bags, and none of them may be anywhere.
_EMPTY_SQL = """
CREATE OR REPLACE FUNCTION empty_bag_stock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE bag_stocks SET gone = bags WHERE bagging_id = NEW.bagging_id AND taken = 0;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'bagging_is_used: bags of % are in parcels', NEW.bagging_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""
_EMPTY_TRIGGER_SQL = (
    "CREATE TRIGGER baggings_taken_back_empty AFTER INSERT ON baggings_taken_back "
    "FOR EACH ROW EXECUTE FUNCTION empty_bag_stock()"
)
FUNCTIONS = ("count_parcel_bags", "keep_parcel_bags_whole", "bags_follow_lots", "empty_bag_stock")
# On tables of rooms above; made when all tables are there.
FOLLOWING = (_FOLLOW_SQL, _FOLLOW_TRIGGER_SQL, _EMPTY_SQL, _EMPTY_TRIGGER_SQL)
