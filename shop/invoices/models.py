"""The table of invoices that buyers asked for."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, Index, event, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, UtcTime, one_of
from shop.invoices.rules import KINDS, LONGEST_TITLE, STATES
from shop.orders.models import Order


class Invoice(Base):
    """What is to stand on an order's invoice; with number and amount once a person has issued it at the tax office's site."""

    __tablename__ = "invoices"
    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="known_kind"),
        CheckConstraint(one_of("state", STATES), name="known_state"),
        CheckConstraint(f"length(title) BETWEEN 1 AND {LONGEST_TITLE}", name="title_bounded"),
        CheckConstraint("(kind = 'company') = (tax_number <> '')", name="company_has_tax_number"),
        CheckConstraint("(state = 'issued') = (num_nulls(number, amount_fen) = 0)", name="issued_has_number"),
        CheckConstraint("number ~ '^([0-9]{8}|[0-9]{20})$'", name="number_has_its_form"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("(state = 'asked') = (decided_at IS NULL)", name="decided_or_asked"),
        CheckConstraint("(state = 'declined') = (reason <> '')", name="declined_says_why"),
        Index("ix_invoices_asked", "id", postgresql_where=text("state = 'asked'")),
    )

    id: Mapped[BigId]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"), unique=True)
    kind: Mapped[str]
    title: Mapped[str]
    tax_number: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    state: Mapped[str]
    at: Mapped[UtcTime]
    number: Mapped[str | None] = mapped_column(unique=True)
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")

    order: Mapped[Order] = relationship(lazy="joined", innerjoin=True)


# What is issued is an account's voucher: it stays, but for the address it was sent to. Its amount is what the buyer has paid.
KEPT_SQL = """
CREATE FUNCTION keep_issued_invoices() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  paid bigint;
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.state = 'issued' AND (TG_OP = 'DELETE' OR
      (NEW.order_id, NEW.kind, NEW.title, NEW.tax_number, NEW.state, NEW.at, NEW.number, NEW.amount_fen, NEW.decided_at)
      IS DISTINCT FROM
      (OLD.order_id, OLD.kind, OLD.title, OLD.tax_number, OLD.state, OLD.at, OLD.number, OLD.amount_fen, OLD.decided_at)) THEN
    RAISE EXCEPTION 'invoice % is issued and stays', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'invoices_issued_stay';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  IF NEW.state = 'issued' AND (TG_OP = 'INSERT' OR OLD.state <> 'issued') THEN
    SELECT total_fen - refunded_fen INTO paid FROM orders WHERE id = NEW.order_id FOR SHARE;
    IF NEW.amount_fen <> paid THEN
      RAISE EXCEPTION 'order % has paid % fen', NEW.order_id, paid USING ERRCODE = 'check_violation', CONSTRAINT = 'invoices_of_what_is_paid';
    END IF;
  END IF;
  RETURN NEW;
END $$
"""
TRIGGER_SQL = "CREATE TRIGGER invoices_kept BEFORE INSERT OR UPDATE OR DELETE ON invoices FOR EACH ROW EXECUTE FUNCTION keep_issued_invoices()"
for _statement in (KEPT_SQL, TRIGGER_SQL):
    event.listen(Invoice.__table__, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
