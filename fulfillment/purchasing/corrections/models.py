"""The table of what was decided about deliveries whose market price was corrected afterwards."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import fulfillment.purchasing.accounts.models  # noqa: F401 - a supplement is a line of the farmer's account
from kernel.db import Base, Fen, UtcTime, append_only


class QuoteCorrection(Base):
    """One decision about one delivery and the price it would have had; once for each, and only in the farmer's favour.

    ``was_fen`` is what the delivery was paid, ``before_fen`` what earlier corrections added, ``would_fen`` what the
    corrected price would have given. A paid difference is a supplement of exactly that amount. Append-only.
    """

    __tablename__ = "quote_corrections"
    __table_args__ = (
        CheckConstraint("decision IN ('paid', 'left')", name="known_decision"),
        CheckConstraint("(decision = 'paid') = (entry_id IS NOT NULL)", name="paid_has_its_line"),
        CheckConstraint("decision <> 'left' OR reason <> ''", name="left_says_why"),
        CheckConstraint("difference_fen = would_fen - was_fen - before_fen", name="difference_adds_up"),
        CheckConstraint("difference_fen > 0 AND before_fen >= 0", name="in_the_farmers_favour"),
        ForeignKeyConstraint(
            ["delivery_id", "farmer_id", "was_fen"],
            ["deliveries.id", "deliveries.farmer_id", "deliveries.pay_fen"],
            name="fk_quote_corrections_delivery",
        ),
        ForeignKeyConstraint(
            ["entry_id", "farmer_id", "difference_fen"],
            ["farmer_entries.id", "farmer_entries.farmer_id", "farmer_entries.amount_fen"],
            name="fk_quote_corrections_entry",
        ),
        UniqueConstraint("entry_id"),
    )

    delivery_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    quote_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("market_quotes.id"), primary_key=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger)
    was_fen: Mapped[Fen]
    before_fen: Mapped[Fen]
    would_fen: Mapped[Fen]
    difference_fen: Mapped[Fen]
    decision: Mapped[str]
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("quote_corrections")
