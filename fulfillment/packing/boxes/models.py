"""What the database itself keeps about boxes, and the table of parcels that were stopped out of an order."""

from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, event
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.packing.models import ParcelLine
from kernel.db import Base, Fen, UtcTime, append_only


class StoppedPart(Base):
    """A parcel of an order that was stopped while another one had left already; its share of the money goes back.

    ``amount_fen`` is what was asked to be sent back here: nothing for another platform's order.
    """

    __tablename__ = "stopped_parts"
    __table_args__ = (CheckConstraint("amount_fen >= 0", name="not_negative"),)

    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"), primary_key=True)
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), index=True)
    amount_fen: Mapped[Fen]
    reason: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("stopped_parts")

# No piece of an order is in two boxes, also while one parcel is split into two: looked at when the transaction ends.
WITHIN_ORDER_SQL = """
CREATE OR REPLACE FUNCTION keep_parcels_within_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(l.quantity) FROM parcel_lines l JOIN parcels p ON p.id = l.parcel_id
      WHERE l.order_line_id = NEW.order_line_id AND p.state <> 'cancelled')
     > (SELECT quantity FROM order_lines WHERE id = NEW.order_line_id) THEN
    RAISE EXCEPTION 'order line % is packed more often than it was ordered', NEW.order_line_id
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""
WITHIN_ORDER_TRIGGER_SQL = (
    "CREATE CONSTRAINT TRIGGER parcel_lines_within_order AFTER INSERT ON parcel_lines "
    "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION keep_parcels_within_order()"
)
event.listen(ParcelLine.__table__, "after_create", DDL(WITHIN_ORDER_SQL.replace("%", "%%")))  # type: ignore[no-untyped-call]
event.listen(ParcelLine.__table__, "after_create", DDL(WITHIN_ORDER_TRIGGER_SQL))  # type: ignore[no-untyped-call]
