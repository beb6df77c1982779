"""Tables of tracking: where each parcel that left is, and the lines of its way."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.couriers.providers import TRACK_STATES
from fulfillment.couriers.tracking.rules import ENDS
from kernel.db import Base, BigId, UtcTime, one_of


class Tracking(Base):
    """Where a parcel is. ``state`` is empty until the courier knows of it; without ``next_look_at`` nobody asks any more."""

    __tablename__ = "trackings"
    __table_args__ = (
        CheckConstraint(one_of("state", ("", *TRACK_STATES)), name="known_state"),
        CheckConstraint(one_of("how_ended", ENDS), name="known_end"),
        CheckConstraint("(next_look_at IS NULL) = (how_ended IS NOT NULL)", name="ended_or_asked_again"),
        CheckConstraint("(how_ended IS NULL) = (ended_at IS NULL)", name="ended_has_time"),
        Index("ix_trackings_due", "next_look_at", postgresql_where=text("next_look_at IS NOT NULL")),
    )

    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"), primary_key=True)
    carrier: Mapped[str]
    number: Mapped[str]
    state: Mapped[str] = mapped_column(default="")
    begun_at: Mapped[UtcTime]
    news_at: Mapped[UtcTime]
    looked_at: Mapped[datetime | None]
    next_look_at: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    how_ended: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class TrackStep(Base):
    """One line of a parcel's way, stored once however often the courier tells it; phones and names taken out."""

    __tablename__ = "track_steps"
    __table_args__ = (UniqueConstraint("parcel_id", "number", "at", "words"),)

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"))
    number: Mapped[str]
    at: Mapped[UtcTime]
    state: Mapped[str]
    words: Mapped[str]
