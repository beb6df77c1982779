"""The table of days that were closed."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, UtcTime, append_only


class DayClose(Base):
    """A day as it stood when the lead closed it: counts by name. Closed again, it is another round of the same day."""

    __tablename__ = "day_closes"
    __table_args__ = (
        UniqueConstraint("day", "round"),
        CheckConstraint("round >= 1", name="round_counts_from_1"),
    )

    id: Mapped[BigId]
    day: Mapped[date]
    round: Mapped[int]
    at: Mapped[UtcTime]
    by: Mapped[str]
    by_id: Mapped[int | None] = mapped_column(BigInteger)
    # What was done and what was not, by name; no person's data.
    done: Mapped[dict[str, Any]] = mapped_column(JSONB)
    left: Mapped[dict[str, Any]] = mapped_column(JSONB)
    note: Mapped[str]


append_only("day_closes")
