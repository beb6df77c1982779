"""The table of those who wait, and the trigger that counts them at the offer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, event, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, UtcTime
from shop.orders.models import Order
from shop.streams.models import Offer
from shop.waitlist.states import STATES


class Wait(Base):
    """One buyer's place in the line for an offer.

    ``wish`` holds what the order needs (name, address, note) while she waits; it is emptied, and the phone with it, in the
    change that ends the wait: from then on the order has it, or nobody needs it.
    """

    __tablename__ = "waits"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(state) for state in STATES)})", name="known_state"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("(state = 'waiting') = (ended_at IS NULL)", name="ended_or_waiting"),
        CheckConstraint("(state = 'served') = (order_id IS NOT NULL)", name="served_has_order"),
        CheckConstraint("state = 'waiting' OR (phone = '' AND wish = '{}'::jsonb)", name="forgets_when_over"),
        ForeignKeyConstraint(["stream_id", "offer_id"], ["offers.stream_id", "offers.id"], name="fk_waits_offer"),
        # Once in the line for a thing.
        Index(
            "uq_waits_once_in_line",
            "offer_id",
            "phone",
            unique=True,
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_waits_line", "offer_id", "id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[BigId]
    number: Mapped[str] = mapped_column(unique=True)
    stream_id: Mapped[int] = mapped_column(BigInteger)
    offer_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int]
    phone: Mapped[str]
    wish: Mapped[dict[str, Any]] = mapped_column(JSONB)
    key: Mapped[str] = mapped_column(unique=True)
    request_hash: Mapped[str]
    state: Mapped[str]
    # Why it ended without an order: the code of what stood against it.
    why: Mapped[str] = mapped_column(default="")
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("orders.id"), unique=True)
    created_at: Mapped[UtcTime]
    ended_at: Mapped[datetime | None]

    offer: Mapped[Offer] = relationship(lazy="joined", innerjoin=True)
    order: Mapped[Order | None] = relationship()


# The offer counts the pieces that are waited for, so that the counter and the snapshot know them without looking here.
# Whoever writes here has locked the offer first, as every writer of stock does.
COUNT_SQL = """
CREATE FUNCTION count_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    UPDATE offers SET waiting = waiting + NEW.quantity, revision = revision + 1 WHERE id = NEW.offer_id;
  ELSIF TG_OP = 'DELETE' OR OLD.state <> 'waiting' OR (NEW.offer_id, NEW.quantity, NEW.id) <> (OLD.offer_id, OLD.quantity, OLD.id) THEN
    RAISE EXCEPTION 'wait % only ends, once', OLD.id USING ERRCODE = 'check_violation', CONSTRAINT = 'waits_only_end';
  ELSIF NEW.state <> 'waiting' THEN
    UPDATE offers SET waiting = waiting - OLD.quantity, revision = revision + 1 WHERE id = OLD.offer_id;
  END IF;
  RETURN NULL;
END $$
"""
TRIGGER_SQL = (
    "CREATE TRIGGER waits_counted AFTER INSERT OR UPDATE OR DELETE ON waits FOR EACH ROW EXECUTE FUNCTION count_waits()"
)
for _statement in (COUNT_SQL, TRIGGER_SQL):
    event.listen(Wait.__table__, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
