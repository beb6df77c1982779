"""The database counts the uses of a voucher; the migration and the models use the same words."""

# At the end of the transaction, so that a voucher's row is always the last to be locked: after offers and stock.
COUNT_SQL = """
CREATE FUNCTION count_voucher() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE vouchers SET used = used + 1 WHERE id = NEW.voucher_id;
  ELSE
    UPDATE vouchers SET used = used - 1 WHERE id = OLD.voucher_id;
  END IF;
  RETURN NULL;
END $$
"""
TRIGGERS_SQL = (
    (
        "CREATE CONSTRAINT TRIGGER orders_use_voucher AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (NEW.voucher_id IS NOT NULL) EXECUTE FUNCTION count_voucher()"
    ),
    # A late payment that brings an order back does not count again: nobody who paid is turned away for it.
    (
        "CREATE CONSTRAINT TRIGGER orders_give_voucher_back AFTER UPDATE OF state ON orders DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW WHEN (OLD.voucher_id IS NOT NULL AND OLD.state = 'held' AND NEW.state IN ('cancelled', 'expired'))"
        " EXECUTE FUNCTION count_voucher()"
    ),
)
