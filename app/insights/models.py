"""The table of counted figures: each count is kept whole, so that a page of a million orders reads one row."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

import shop.streams.models  # noqa: F401 - sums refer to streams
from kernel.db import Base, BigId, Fen, UtcTime


class Insights(Base):
    """One count of everything (``counting``): asked for, then made by the worker."""

    __tablename__ = "insights"
    __table_args__ = (CheckConstraint("(made_at IS NULL) = (figures IS NULL)", name="made_whole"),)

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    asked_at: Mapped[UtcTime]
    made_at: Mapped[datetime | None]
    figures: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class StreamSum(Base):
    """What a stream that is over had brought when everything was last counted, in fen: for putting streams in order.

    Pages show what the orders say now; only the order of a list comes from here.
    """

    __tablename__ = "stream_sums"
    __table_args__ = (CheckConstraint("orders >= 0 AND paid_fen >= 0", name="not_negative"),)

    stream_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("streams.id"), primary_key=True)
    orders: Mapped[int] = mapped_column(BigInteger)
    paid_fen: Mapped[Fen]
