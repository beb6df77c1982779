"""The table of counted figures: each count is kept whole, so that a page of a million orders reads one row."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, UtcTime


class Insights(Base):
    """One count of everything (``counting``): asked for, then made by the worker."""

    __tablename__ = "insights"
    __table_args__ = (CheckConstraint("(made_at IS NULL) = (figures IS NULL)", name="made_whole"),)

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    asked_at: Mapped[UtcTime]
    made_at: Mapped[datetime | None]
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
