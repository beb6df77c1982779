"""Tables of settlements: what of a farmer's account was made into one payment, whether it was handed out, and came back."""

from datetime import datetime

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

import fulfillment.purchasing.accounts.models
import fulfillment.purchasing.models  # noqa: F401 - lines refer to payables
from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.settlements.triggers import CHECKS_SQL, TRIGGERS_SQL
from kernel.db import Base, BigId, Fen, UtcTime, append_only
from kernel.people.models import Person


class SettlementRun(Base):
    """A payment of many farmers: drafted by one person, closed by another. Closed or dropped it never changes."""

    __tablename__ = "settlement_runs"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'closed', 'dropped')", name="known_state"),
        CheckConstraint("closed_by_id <> made_by_id", name="closed_by_another"),
        CheckConstraint(
            "CASE WHEN state = 'closed' THEN num_nulls(closed_by_id, closed_at, total_fen) = 0 "
            "ELSE num_nonnulls(closed_by_id, closed_at, total_fen) = 0 END",
            name="closed_by_somebody",
        ),
        CheckConstraint("set_off_cap_bps BETWEEN 0 AND 10000", name="cap_within_whole"),
    )

    id: Mapped[BigId]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    set_off_cap_bps: Mapped[int]
    made_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    made_at: Mapped[UtcTime]
    closed_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    closed_at: Mapped[datetime | None]
    total_fen: Mapped[int | None] = mapped_column(BigInteger)

    made_by: Mapped[Person] = relationship(lazy="joined", innerjoin=True, foreign_keys=[made_by_id])
    closed_by: Mapped[Person | None] = relationship(lazy="joined", foreign_keys=[closed_by_id])


class Settlement(Base):
    """Payables and entries of one farmer made into one payment, never below zero: append-only.

    At the counter it is handed out at once; in a run when the bank or the cash list says so. Of what is paid for
    goods at most ``set_off_cap_bps`` was kept for advances and agreed deductions.
    """

    __tablename__ = "settlements"
    __table_args__ = (
        CheckConstraint("method IN ('cash', 'bank')", name="known_method"),
        CheckConstraint("total_fen >= 0", name="never_negative"),
        CheckConstraint("set_off_cap_bps BETWEEN 0 AND 10000", name="cap_within_whole"),
        UniqueConstraint("id", "farmer_id"),
        UniqueConstraint("id", "farmer_id", "total_fen", name="uq_settlements_paid"),
        UniqueConstraint("run_id", "farmer_id", name="uq_settlements_once_a_run"),
    )

    id: Mapped[BigId]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"), index=True)
    run_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("settlement_runs.id"))
    total_fen: Mapped[Fen]
    set_off_cap_bps: Mapped[int] = mapped_column(default=0)
    method: Mapped[str]
    # The bank's number of the transfer, or whatever the farmer signed.
    reference: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]

    # An outer join: a statement joins settlements to payables that have none yet.
    farmer: Mapped[Farmer] = relationship(lazy="joined")
    payment: Mapped["SettlementPayment | None"] = relationship(lazy="joined", viewonly=True)
    returned: Mapped["SettlementReturn | None"] = relationship(lazy="joined", viewonly=True)


append_only("settlements")


class SettlementLine(Base):
    """How a payable ended, once: paid in a settlement, for exactly its amount, to the farmer it is owed to.

    Without a settlement its delivery was taken back, and nothing is owed for it any more. A line below its promise
    cannot be written.
    """

    __tablename__ = "settlement_lines"
    __table_args__ = (
        ForeignKeyConstraint(
            ["payable_id", "farmer_id", "amount_fen"],
            ["payables.id", "payables.farmer_id", "payables.amount_fen"],
            name="fk_settlement_lines_owed",
        ),
        ForeignKeyConstraint(
            ["settlement_id", "farmer_id"],
            ["settlements.id", "settlements.farmer_id"],
            name="fk_settlement_lines_paid_to",
        ),
    )

    payable_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    settlement_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[Fen]


append_only("settlement_lines")


class SettlementPart(Base):
    """As much of an entry as a settlement took: of a debt often a part, the rest is carried over."""

    __tablename__ = "settlement_parts"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="not_nothing"),
        ForeignKeyConstraint(
            ["settlement_id", "farmer_id"],
            ["settlements.id", "settlements.farmer_id"],
            name="fk_settlement_parts_paid_to",
        ),
        ForeignKeyConstraint(
            ["entry_id", "farmer_id"], ["farmer_entries.id", "farmer_entries.farmer_id"], name="fk_settlement_parts_of"
        ),
    )

    settlement_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, index=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger)
    amount_fen: Mapped[Fen]


append_only("settlement_parts")


class SettlementPayment(Base):
    """The farmer has the money: once a settlement, and whole. ``signature``: SVG path data, or empty."""

    __tablename__ = "settlement_payments"
    __table_args__ = (
        CheckConstraint("method IN ('cash', 'bank')", name="known_method"),
        CheckConstraint("length(signature) <= 20000", name="signature_bounded"),
        ForeignKeyConstraint(
            ["settlement_id", "farmer_id", "fen"],
            ["settlements.id", "settlements.farmer_id", "settlements.total_fen"],
            name="fk_settlement_payments_whole",
        ),
    )

    settlement_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger, index=True)
    fen: Mapped[Fen]
    method: Mapped[str]
    reference: Mapped[str] = mapped_column(default="")
    signature: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("settlement_payments")


class SettlementReturn(Base):
    """The money of a settlement did not reach the farmer or was taken back: an entry of the same sum owes it again."""

    __tablename__ = "settlement_returns"
    __table_args__ = (
        ForeignKeyConstraint(
            ["settlement_id", "farmer_id", "fen"],
            ["settlements.id", "settlements.farmer_id", "settlements.total_fen"],
            name="fk_settlement_returns_whole",
        ),
        ForeignKeyConstraint(
            ["entry_id", "farmer_id", "fen"],
            ["farmer_entries.id", "farmer_entries.farmer_id", "farmer_entries.amount_fen"],
            name="fk_settlement_returns_owed_again",
        ),
    )

    settlement_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    entry_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger)
    fen: Mapped[Fen]
    reason: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("settlement_returns")


class PayableQuestion(Base):
    """Somebody doubts what is owed for a delivery; until it is answered, who pays sees the mark."""

    __tablename__ = "payable_questions"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="says_why"),
        CheckConstraint("(answered_at IS NULL) = (answer = '')", name="answered_with_words"),
        Index("uq_payable_questions_open", "payable_id", unique=True, postgresql_where=text("answered_at IS NULL")),
    )

    id: Mapped[BigId]
    payable_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payables.id"), index=True)
    reason: Mapped[str]
    asked_at: Mapped[UtcTime]
    asked_by: Mapped[str]
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(default="")


# Functions look tables up when they run, so they may come first.
for _sql in CHECKS_SQL:
    event.listen(Base.metadata, "before_create", DDL(_sql.replace("%", "%%")))  # type: ignore[no-untyped-call]
for _table, _sql in TRIGGERS_SQL:
    event.listen(Base.metadata.tables[_table], "after_create", DDL(_sql))  # type: ignore[no-untyped-call]
