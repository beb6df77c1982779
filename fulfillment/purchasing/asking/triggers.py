"""What the database holds of requests: what was typed stays, one decision by another person, no old price without one."""

_KEEP_REQUESTS = """
CREATE OR REPLACE FUNCTION keep_weigh_in_request() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'UPDATE' THEN
    RAISE EXCEPTION 'a request stays, also when it was decided' USING ERRCODE = 'restrict_violation';
  END IF;
  IF OLD.state <> 'waiting' THEN
    RAISE EXCEPTION 'request % was decided', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  IF (to_jsonb(NEW) - ARRAY['state', 'decided_by_id', 'decided_by', 'decided_at', 'words', 'delivery_id'])
     <> (to_jsonb(OLD) - ARRAY['state', 'decided_by_id', 'decided_by', 'decided_at', 'words', 'delivery_id']) THEN
    RAISE EXCEPTION 'what was typed for request % stays as it is', OLD.id USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
"""

# Asked when the transaction ends: the delivery is written before the request learns its number.
_OLD_QUOTES = """
CREATE OR REPLACE FUNCTION old_quote_was_agreed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.day - NEW.quote_day > (
    SELECT v.quote_days FROM contract_versions v
    WHERE v.contract_id = NEW.contract_id AND v.version = NEW.contract_version
  ) AND NOT EXISTS (
    SELECT 1 FROM weigh_in_requests r WHERE r.delivery_id = NEW.id AND r.state = 'approved' AND r.reasons ? 'quote'
  ) THEN
    RAISE EXCEPTION 'delivery % uses a price that is older than its contract allows', NEW.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'old_quote_was_agreed';
  END IF;
  RETURN NULL;
END $$
"""

FUNCTIONS = ("keep_weigh_in_request", "old_quote_was_agreed")
TRIGGERS_SQL = (
    _KEEP_REQUESTS,
    (
        "CREATE TRIGGER weigh_in_requests_stay BEFORE UPDATE OR DELETE ON weigh_in_requests "
        "FOR EACH ROW EXECUTE FUNCTION keep_weigh_in_request()"
    ),
    (
        "CREATE TRIGGER weigh_in_requests_are_kept BEFORE TRUNCATE ON weigh_in_requests "
        "FOR EACH STATEMENT EXECUTE FUNCTION keep_weigh_in_request()"
    ),
    _OLD_QUOTES,
    (
        "CREATE CONSTRAINT TRIGGER deliveries_old_quote AFTER INSERT ON deliveries DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION old_quote_was_agreed()"
    ),
)
