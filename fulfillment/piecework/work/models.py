"""Tables of other piece work: its kinds, what was done, and who gets which part of it."""

from datetime import datetime

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, event, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Fen, UtcTime, append_only
from kernel.people.models import Person
from shop.catalog.models import Product


class WorkKind(Base):
    """A kind of piece work, such as bagging by the bag or picking by the kilogram.

    ``unit`` is what is counted: pieces, or grams. A rate is for ``per`` of them: 1 piece, 100 pieces, 1,000 g.
    ``customer`` is the company that sends the materials in, if it is not our own goods.
    """

    __tablename__ = "work_kinds"
    __table_args__ = (
        CheckConstraint("unit IN ('piece', 'g') AND per > 0", name="known_unit"),
        CheckConstraint("code <> 'pack'", name="packing_is_its_own"),
    )

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(unique=True)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    unit: Mapped[str]
    per: Mapped[int] = mapped_column(BigInteger)
    customer: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[UtcTime]


class WorkBooking(Base):
    """Work that was done: by whom stands in its shares. The rate is frozen when it is written down.

    A packer's own note waits for the lead; what the lead writes down counts at once. Whoever decides is somebody else.
    ``quantity`` in pieces or grams; the sum is rounded half up to the fen.
    """

    __tablename__ = "work_bookings"
    __table_args__ = (
        CheckConstraint("unit IN ('piece', 'g') AND per > 0 AND quantity > 0 AND rate_fen > 0", name="counted"),
        CheckConstraint("total_fen = (2 * rate_fen * quantity + per) / (2 * per)", name="sum_adds_up"),
        CheckConstraint("split IN ('equal', 'minutes', 'parts')", name="known_split"),
        CheckConstraint("num_nulls(decided_at, decided_by_id, confirmed) IN (0, 3)", name="decided_by_somebody"),
        CheckConstraint(
            "noted_by IN ('lead', 'packer') AND (noted_by = 'lead' OR NOT confirmed OR decided_by_id <> proposed_by_id)",
            name="second_person",
        ),
        Index("ix_work_bookings_waiting", "id", postgresql_where=text("decided_at IS NULL")),
        Index("ix_work_bookings_worked_at", "worked_at"),
    )

    id: Mapped[BigId]
    kind_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("work_kinds.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("products.id"))
    quantity: Mapped[int] = mapped_column(BigInteger)
    unit: Mapped[str]
    per: Mapped[int] = mapped_column(BigInteger)
    rate_fen: Mapped[Fen]
    total_fen: Mapped[Fen]
    split: Mapped[str]
    worked_at: Mapped[UtcTime]
    note: Mapped[str] = mapped_column(default="")
    noted_by: Mapped[str]
    proposed_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    proposed_at: Mapped[UtcTime]
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    confirmed: Mapped[bool | None]

    kind: Mapped[WorkKind] = relationship(lazy="joined", innerjoin=True)
    product: Mapped[Product | None] = relationship(lazy="joined")
    shares: Mapped[list["WorkShare"]] = relationship(order_by="WorkShare.person_id", lazy="selectin")


class WorkShare(Base):
    """One person's part of a booking: ``weight`` is 1, minutes, or agreed parts."""

    __tablename__ = "work_shares"
    __table_args__ = (
        CheckConstraint("weight > 0 AND amount_fen >= 0", name="part_of_it"),
        UniqueConstraint("booking_id", "person_id"),
        UniqueConstraint("id", "person_id", "amount_fen", name="uq_work_shares_paid_as"),
    )

    id: Mapped[BigId]
    booking_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("work_bookings.id"))
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), index=True)
    weight: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[Fen]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


append_only("work_shares")

# Checked at commit: the parts of a booking are its sum, to the fen.
SHARES_ADD_UP_SQL = """
CREATE OR REPLACE FUNCTION shares_add_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  this_booking bigint;
BEGIN
  IF TG_TABLE_NAME = 'work_bookings' THEN this_booking := NEW.id; ELSE this_booking := NEW.booking_id; END IF;
  IF (SELECT total_fen FROM work_bookings WHERE id = this_booking)
     IS DISTINCT FROM (SELECT sum(amount_fen) FROM work_shares WHERE booking_id = this_booking) THEN
    RAISE EXCEPTION 'booking %: the parts are not its sum', this_booking USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
"""
SHARE_TRIGGERS_SQL = (
    """
CREATE CONSTRAINT TRIGGER work_bookings_shares_add_up AFTER INSERT OR UPDATE ON work_bookings
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shares_add_up()
""",
    """
CREATE CONSTRAINT TRIGGER work_shares_add_up AFTER INSERT ON work_shares
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION shares_add_up()
""",
)

for _sql in (SHARES_ADD_UP_SQL.replace("%", "%%"), *SHARE_TRIGGERS_SQL):
    event.listen(Base.metadata.tables["work_shares"], "after_create", DDL(_sql))  # type: ignore[no-untyped-call]
