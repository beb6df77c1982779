"""Tables of pay runs: which wage lines they took, what each person gets, and what was handed out or came back."""

from datetime import date, datetime

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Fen, UtcTime, append_only
from kernel.people.models import Person


class PayRun(Base):
    """A payment of everything that is owed up to a day. Open: looked at. Closed: lines taken. Reversed: given back."""

    __tablename__ = "pay_runs"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="days_in_order"),
        CheckConstraint("state IN ('open', 'closed', 'reversed')", name="known_state"),
        CheckConstraint("num_nulls(proposed_by_id, proposed_at) IN (0, 2)", name="proposed_by_somebody"),
        CheckConstraint(
            "CASE WHEN state = 'open' THEN num_nonnulls(closed_by_id, closed_at, total_fen) = 0 "
            "ELSE num_nulls(closed_by_id, closed_at, total_fen) = 0 END",
            name="closed_by_somebody",
        ),
        CheckConstraint(
            "(state = 'reversed') = (reversed_at IS NOT NULL AND reversed_by_id IS NOT NULL AND reverse_reason <> '')",
            name="reversed_with_reason",
        ),
        Index("uq_pay_runs_open", "state", unique=True, postgresql_where=text("state = 'open'")),
    )

    id: Mapped[BigId]
    first_day: Mapped[date]
    last_day: Mapped[date]
    state: Mapped[str]
    opened_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    opened_at: Mapped[UtcTime]
    proposed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    proposed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    closed_at: Mapped[datetime | None]
    total_fen: Mapped[int | None] = mapped_column(BigInteger)
    reversed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    reversed_at: Mapped[datetime | None]
    reverse_reason: Mapped[str] = mapped_column(default="")

    proposed_by: Mapped[Person | None] = relationship(lazy="joined", foreign_keys=[proposed_by_id])
    closed_by: Mapped[Person | None] = relationship(lazy="joined", foreign_keys=[closed_by_id])


class PayRunPerson(Base):
    """What one person gets in a closed run, and how the person wanted it then."""

    __tablename__ = "pay_run_people"
    __table_args__ = (
        CheckConstraint("amount_fen >= 0", name="nobody_owes"),
        CheckConstraint("method IN ('cash', 'bank')", name="known_method"),
    )

    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("pay_runs.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), primary_key=True, index=True)
    amount_fen: Mapped[Fen]
    method: Mapped[str]

    run: Mapped[PayRun] = relationship(lazy="joined", innerjoin=True)
    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


append_only("pay_run_people")


class PayRunEntry(Base):
    """A wage line that a run took, or gave back when it was reversed. A line is in one run at a time."""

    __tablename__ = "pay_run_entries"
    __table_args__ = (
        CheckConstraint("kind IN ('taken', 'given_back')", name="known_kind"),
        CheckConstraint(
            "(kind = 'given_back') = (gives_back_id IS NOT NULL) AND round > 0", name="names_what_it_gives"
        ),
        UniqueConstraint("id", "run_id", "entry_id", "round", name="uq_pay_run_entries_same"),
        ForeignKeyConstraint(
            ["gives_back_id", "run_id", "entry_id", "round"],
            [f"pay_run_entries.{name}" for name in ("id", "run_id", "entry_id", "round")],
            name="fk_pay_run_entries_gives_back_id",
        ),
        ForeignKeyConstraint(
            ["entry_id", "person_id", "amount_fen"],
            ["wage_entries.id", "wage_entries.packer_id", "wage_entries.amount_fen"],
            name="fk_pay_run_entries_entry_id",
        ),
        ForeignKeyConstraint(
            ["run_id", "person_id"],
            ["pay_run_people.run_id", "pay_run_people.person_id"],
            name="fk_pay_run_entries_run_id",
        ),
        Index("uq_pay_run_entries_taken", "entry_id", "round", unique=True, postgresql_where=text("kind = 'taken'")),
        Index("uq_pay_run_entries_gives_back", "gives_back_id", unique=True),
        Index("ix_pay_run_entries_run", "run_id", "person_id"),
    )

    id: Mapped[BigId]
    run_id: Mapped[int] = mapped_column(BigInteger)
    entry_id: Mapped[int] = mapped_column(BigInteger)
    person_id: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[Fen]
    round: Mapped[int]
    kind: Mapped[str]
    gives_back_id: Mapped[int | None] = mapped_column(BigInteger)


append_only("pay_run_entries")


class Payout(Base):
    """Money that a person was given for a run, whole or in part, or that the bank sent back. ``fen`` is always positive."""

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint("kind IN ('paid', 'came_back') AND method IN ('cash', 'bank')", name="known_kind"),
        CheckConstraint("(kind = 'came_back') = (reverses_id IS NOT NULL) AND fen > 0", name="names_what_came_back"),
        UniqueConstraint("id", "run_id", "person_id", "method", "fen", name="uq_payouts_same"),
        ForeignKeyConstraint(
            ["reverses_id", "run_id", "person_id", "method", "fen"],
            [f"payouts.{name}" for name in ("id", "run_id", "person_id", "method", "fen")],
            name="fk_payouts_reverses_id",
        ),
        ForeignKeyConstraint(
            ["run_id", "person_id"], ["pay_run_people.run_id", "pay_run_people.person_id"], name="fk_payouts_run_id"
        ),
        Index("uq_payouts_reverses", "reverses_id", unique=True),
        Index("ix_payouts_run", "run_id", "person_id"),
    )

    id: Mapped[BigId]
    run_id: Mapped[int] = mapped_column(BigInteger)
    person_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    method: Mapped[str]
    fen: Mapped[Fen]
    reverses_id: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("payouts")

# Checked at commit: a line is in one run at a time, and nobody is handed more than the run owes them.
PAY_CHECKS_SQL = (
    """
CREATE OR REPLACE FUNCTION entry_in_one_run() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT sum(CASE kind WHEN 'taken' THEN 1 ELSE -1 END) FROM pay_run_entries WHERE entry_id = NEW.entry_id) > 1 THEN
    RAISE EXCEPTION 'wage entry % is in two pay runs', NEW.entry_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
""",
    """
CREATE OR REPLACE FUNCTION paid_within_run() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  due bigint;
BEGIN
  -- Two who pay out at once come one after the other.
  SELECT amount_fen INTO due FROM pay_run_people
  WHERE run_id = NEW.run_id AND person_id = NEW.person_id FOR NO KEY UPDATE;
  IF (SELECT sum(CASE kind WHEN 'paid' THEN fen ELSE -fen END) FROM payouts
      WHERE run_id = NEW.run_id AND person_id = NEW.person_id) > due THEN
    RAISE EXCEPTION 'run %: more was paid out than is owed', NEW.run_id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$
""",
)
PAY_TRIGGERS_SQL = (
    """
CREATE CONSTRAINT TRIGGER pay_run_entries_in_one_run AFTER INSERT ON pay_run_entries
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.round > 1) EXECUTE FUNCTION entry_in_one_run()
""",
    """
CREATE CONSTRAINT TRIGGER payouts_within_run AFTER INSERT ON payouts
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION paid_within_run()
""",
)

for _table, _check, _trigger in zip(("pay_run_entries", "payouts"), PAY_CHECKS_SQL, PAY_TRIGGERS_SQL, strict=True):
    for _sql in (_check.replace("%", "%%"), _trigger):
        event.listen(Base.metadata.tables[_table], "after_create", DDL(_sql))  # type: ignore[no-untyped-call]
