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
FUNCTIONS = ("count_parcel_bags", "keep_parcel_bags_whole")
