"""Tables of a run in draft: which farmers, which of their payables, how much is set off. No money moves by them."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

import fulfillment.purchasing.settlements.models  # noqa: F401 - drafts belong to runs
from kernel.db import Base, Fen


class SettlementRunFarmer(Base):
    """A farmer in a run, and how much a person wants set off against advances and deductions."""

    __tablename__ = "settlement_run_farmers"
    __table_args__ = (CheckConstraint("set_off_fen >= 0", name="set_off_not_negative"),)

    run_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("settlement_runs.id"), primary_key=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"), primary_key=True)
    set_off_fen: Mapped[Fen] = mapped_column(default=0)


class SettlementRunPayable(Base):
    """A payable that a run means to pay: in one run at a time."""

    __tablename__ = "settlement_run_payables"
    __table_args__ = (
        ForeignKeyConstraint(
            ["run_id", "farmer_id"],
            ["settlement_run_farmers.run_id", "settlement_run_farmers.farmer_id"],
            ondelete="CASCADE",
        ),
    )

    payable_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("payables.id"), primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, index=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger)
