"""The table of the fund's lines."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, Fen, UtcTime, append_only, one_of

PAID_IN, SPENT = "paid_in", "spent"
KINDS = (PAID_IN, SPENT)


class FundLine(Base):
    """Money that came into the fund or left it: append-only. A line that takes another back has its kind, sum and day."""

    __tablename__ = "fund_lines"
    __table_args__ = (
        CheckConstraint(one_of("kind", KINDS), name="known_kind"),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("what <> '' AND length(what) <= 200", name="says_what"),
        UniqueConstraint("id", "kind", "amount_fen", "day", name="uq_fund_lines_same"),
        UniqueConstraint("takes_back_id"),
        ForeignKeyConstraint(
            ["takes_back_id", "kind", "amount_fen", "day"],
            ["fund_lines.id", "fund_lines.kind", "fund_lines.amount_fen", "fund_lines.day"],
            name="fk_fund_lines_takes_back",
        ),
    )

    id: Mapped[BigId]
    kind: Mapped[str]
    amount_fen: Mapped[Fen]
    day: Mapped[date]
    what: Mapped[str]
    takes_back_id: Mapped[int | None] = mapped_column(BigInteger)
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("fund_lines")
