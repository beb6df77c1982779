"""Tables of settlements: which payables were paid, when and how."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

import fulfillment.purchasing.models  # noqa: F401 - lines refer to payables
from fulfillment.purchasing.growers.models import Farmer
from kernel.db import Base, BigId, Fen, UtcTime, append_only


class Settlement(Base):
    """A payment of many payables to one farmer: append-only."""

    __tablename__ = "settlements"
    __table_args__ = (
        CheckConstraint("method IN ('cash', 'bank')", name="known_method"),
        CheckConstraint("total_fen > 0", name="total_positive"),
        UniqueConstraint("id", "farmer_id"),
    )

    id: Mapped[BigId]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"), index=True)
    total_fen: Mapped[Fen]
    method: Mapped[str]
    # The bank's number of the transfer, or whatever the farmer signed.
    reference: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]

    # An outer join: a statement joins settlements to payables that have none yet.
    farmer: Mapped[Farmer] = relationship(lazy="joined")


append_only("settlements")


class SettlementLine(Base):
    """How a payable ended, once: paid in a settlement, for exactly its amount, to the farmer it is owed to.

    Without a settlement its delivery was taken back, and nothing is owed for it any more.
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
