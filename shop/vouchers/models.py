"""The table of vouchers."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, Fen, UtcTime
from shop.vouchers.rules import HIGHEST_BPS, KINDS


class Voucher(Base):
    """So much (``amount``) or such a part (``percent``) off the goods. ``used`` counts orders held or paid with it."""

    __tablename__ = "vouchers"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="known_kind"),
        CheckConstraint("code ~ '^[A-Z0-9]{4,20}$'", name="code_has_its_form"),
        CheckConstraint("(kind = 'amount') = (off_fen > 0) AND off_fen >= 0", name="amount_says_how_much"),
        CheckConstraint(
            f"(kind = 'percent') = (off_bps > 0) AND off_bps BETWEEN 0 AND {HIGHEST_BPS}", name="percent_says_how_much"
        ),
        CheckConstraint("most_off_fen > 0 AND from_fen >= 0", name="bounds_make_sense"),
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        CheckConstraint("per_buyer > 0", name="per_buyer_positive"),
        CheckConstraint("used >= 0 AND (most_uses IS NULL OR used <= most_uses)", name="used_within_bounds"),
    )

    id: Mapped[BigId]
    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    off_fen: Mapped[Fen] = mapped_column(default=0)
    off_bps: Mapped[int] = mapped_column(default=0)
    most_off_fen: Mapped[int | None] = mapped_column(BigInteger)
    from_fen: Mapped[Fen] = mapped_column(default=0)
    starts_at: Mapped[UtcTime]
    ends_at: Mapped[UtcTime]
    most_uses: Mapped[int | None] = mapped_column(BigInteger)
    per_buyer: Mapped[int] = mapped_column(default=1)
    used: Mapped[int] = mapped_column(BigInteger, default=0)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[UtcTime]
    created_by: Mapped[str]
    stopped_at: Mapped[datetime | None]
