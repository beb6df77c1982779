"""The table of reviews."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, UtcTime, one_of
from shop.catalog.models import Product
from shop.orders.models import Order
from shop.reviews.rules import FEWEST_STARS, LONGEST_WORDS, MOST_STARS, REASONS, STATES


class Review(Base):
    """What the buyer of one order says of one product. The buyer may delete it; the workshop may only keep it back."""

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("order_id", "product_id"),
        CheckConstraint(f"stars BETWEEN {FEWEST_STARS} AND {MOST_STARS}", name="stars_bounded"),
        CheckConstraint(f"length(words) <= {LONGEST_WORDS}", name="words_bounded"),
        CheckConstraint(one_of("state", STATES), name="known_state"),
        CheckConstraint("(state = 'waiting') = (decided_at IS NULL)", name="decided_or_waiting"),
        CheckConstraint(
            f"(state = 'hidden') = (reason <> '') AND {one_of('reason', ('', *REASONS))}", name="hidden_says_why"
        ),
        Index("ix_reviews_shown", "product_id", "id", postgresql_where=text("state = 'shown'")),
        Index("ix_reviews_waiting", "id", postgresql_where=text("state = 'waiting'")),
    )

    id: Mapped[BigId]
    order_id: Mapped[UUID] = mapped_column(ForeignKey("orders.id"))
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("products.id"))
    stars: Mapped[int]
    words: Mapped[str]
    locale: Mapped[str]
    # The first character of the buyer's name, or nothing where the buyer wants no name.
    shown_name: Mapped[str]
    state: Mapped[str]
    at: Mapped[UtcTime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="")

    order: Mapped[Order] = relationship(lazy="joined", innerjoin=True)
    product: Mapped[Product] = relationship(lazy="joined", innerjoin=True)


# A review is of goods that were bought and have left, and its stars and words are the buyer's alone.
BOUGHT_SQL = """
CREATE FUNCTION review_what_was_bought() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NOT EXISTS (
      SELECT FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN variants v ON v.id = l.variant_id
      WHERE o.id = NEW.order_id AND v.product_id = NEW.product_id AND o.state IN ('shipped', 'delivered')) THEN
    RAISE EXCEPTION 'order % has not brought product %', NEW.order_id, NEW.product_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'reviews_bought_first';
  END IF;
  IF TG_OP = 'UPDATE' AND (NEW.order_id, NEW.product_id, NEW.stars, NEW.words, NEW.locale, NEW.shown_name, NEW.at)
      IS DISTINCT FROM (OLD.order_id, OLD.product_id, OLD.stars, OLD.words, OLD.locale, OLD.shown_name, OLD.at) THEN
    RAISE EXCEPTION 'review % is the words of its buyer', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'reviews_words_stay';
  END IF;
  RETURN NEW;
END $$
"""
TRIGGER_SQL = "CREATE TRIGGER reviews_of_buyers BEFORE INSERT OR UPDATE ON reviews FOR EACH ROW EXECUTE FUNCTION review_what_was_bought()"
for _statement in (BOUGHT_SQL, TRIGGER_SQL):
    event.listen(Review.__table__, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
