"""Tables of farmers' accounts: append-only entries beside the payables, and how each farmer is paid."""

from datetime import date

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

import fulfillment.purchasing.models  # noqa: F401 - entries may name a delivery
from fulfillment.purchasing.growers.models import Farmer
from kernel.db import Base, BigId, Fen, UtcTime, append_only


class FarmerEntry(Base):
    """One line of what is owed to a farmer beside the deliveries; ``amount_fen`` below zero is kept from a payment.

    An advance needs a paper or a photo, a deduction the number of the paper that the farmer signed. What was written
    by mistake is undone by a line of its own.
    """

    __tablename__ = "farmer_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('advance', 'deduction', 'supplement', 'came_back', 'reversal')", name="known_kind"),
        CheckConstraint(
            "CASE WHEN kind IN ('advance', 'deduction') THEN amount_fen < 0 "
            "WHEN kind IN ('supplement', 'came_back') THEN amount_fen > 0 ELSE amount_fen <> 0 END",
            name="amount_has_its_sign",
        ),
        CheckConstraint("kind <> 'deduction' OR paper_ref <> ''", name="deduction_is_signed"),
        CheckConstraint("kind <> 'advance' OR paper_ref <> '' OR photo IS NOT NULL", name="advance_has_proof"),
        CheckConstraint("kind NOT IN ('supplement', 'came_back', 'reversal') OR reason <> ''", name="says_why"),
        CheckConstraint(
            "(kind = 'advance') = (what <> '') AND what IN ('', 'spawn', 'bags', 'fuel', 'money', 'other')",
            name="known_input",
        ),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="names_what_it_undoes"),
        CheckConstraint("photo IS NULL OR length(photo) <= 600000", name="photo_bounded"),
        UniqueConstraint("id", "farmer_id", name="uq_farmer_entries_of"),
        UniqueConstraint("id", "farmer_id", "amount_fen", name="uq_farmer_entries_owed"),
        ForeignKeyConstraint(
            ["reverses_id", "farmer_id"],
            ["farmer_entries.id", "farmer_entries.farmer_id"],
            name="fk_farmer_entries_reverses_id",
        ),
        Index("uq_farmer_entries_reverses_id", "reverses_id", unique=True),
        Index("ix_farmer_entries_farmer", "farmer_id", "day", "id"),
    )

    id: Mapped[BigId]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"))
    kind: Mapped[str]
    amount_fen: Mapped[Fen]
    day: Mapped[date]
    what: Mapped[str] = mapped_column(default="")
    delivery_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("deliveries.id"), index=True)
    paper_ref: Mapped[str] = mapped_column(default="")
    photo: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    reason: Mapped[str] = mapped_column(default="")
    reverses_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[UtcTime]
    by: Mapped[str]

    farmer: Mapped[Farmer] = relationship(lazy="joined", innerjoin=True, viewonly=True)


append_only("farmer_entries")

# A line speaks of a delivery of its own farmer, and undoes a whole line of which nothing is in a settlement.
ENTRY_CHECK_SQL = """
CREATE OR REPLACE FUNCTION farmer_entry_fits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.delivery_id IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = NEW.delivery_id AND d.farmer_id = NEW.farmer_id) THEN
    RAISE EXCEPTION 'delivery % is of another farmer', NEW.delivery_id USING ERRCODE = 'check_violation';
  END IF;
  IF NEW.reverses_id IS NOT NULL THEN
    -- Whoever settles this line at the same time goes first or finds it undone.
    PERFORM 1 FROM farmer_entries e WHERE e.id = NEW.reverses_id AND e.amount_fen = -NEW.amount_fen
      AND e.kind IN ('advance', 'deduction', 'supplement') FOR NO KEY UPDATE;
    IF NOT FOUND THEN
      RAISE EXCEPTION 'entry % is not undone by this', NEW.reverses_id USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT 1 FROM settlement_parts p WHERE p.entry_id = NEW.reverses_id) THEN
      RAISE EXCEPTION 'entry_is_used: % is in a settlement', NEW.reverses_id USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$
"""
ENTRY_TRIGGER_SQL = (
    "CREATE TRIGGER farmer_entries_fit BEFORE INSERT ON farmer_entries "
    "FOR EACH ROW EXECUTE FUNCTION farmer_entry_fits()"
)
for _sql in (ENTRY_CHECK_SQL.replace("%", "%%"), ENTRY_TRIGGER_SQL):
    event.listen(Base.metadata.tables["farmer_entries"], "after_create", DDL(_sql))  # type: ignore[no-untyped-call]


class FarmerPayFacts(Base):
    """How a farmer is paid, and what a purchase invoice must say about the farmer.

    The account number is shown whole in the bank's file only; the resident's number is kept sealed
    (``kernel.sealing``), and whole in the invoice file only.
    """

    __tablename__ = "farmer_pay_facts"
    __table_args__ = (
        CheckConstraint("method IN ('cash', 'bank')", name="known_method"),
        CheckConstraint("account_number ~ '^[0-9]{0,30}$'", name="number_is_digits"),
        CheckConstraint("(account_number = '') = (account_holder = '')", name="holder_and_number"),
        CheckConstraint("(identity_sealed IS NULL) = (identity_tail = '')", name="sealed_with_tail"),
        CheckConstraint("length(identity_tail) <= 4", name="tail_is_short"),
    )

    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"), primary_key=True)
    method: Mapped[str] = mapped_column(default="cash")
    bank: Mapped[str] = mapped_column(default="")
    account_holder: Mapped[str] = mapped_column(default="")
    account_number: Mapped[str] = mapped_column(default="")
    account_changed_at: Mapped[UtcTime]
    identity_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    identity_tail: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    # The village's certificate or the land paper that says the goods are the farmer's own.
    own_growth_proof: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[UtcTime]
    changed_by: Mapped[str]
