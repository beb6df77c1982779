"""Tables of contests, who joined, and what came out."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fulfillment.packing.contests.rules import MEASURES
from kernel.db import Base, BigId, UtcTime, append_only
from kernel.people.models import Person


class Contest(Base):
    """A friendly contest from one day to another, by one measure. Whoever wants to joins."""

    __tablename__ = "contests"
    __table_args__ = (
        CheckConstraint(f"measure IN ({', '.join(repr(measure) for measure in MEASURES)})", name="known_measure"),
        CheckConstraint("ends_on >= begins_on AND ends_on - begins_on <= 92", name="days_in_order"),
    )

    id: Mapped[BigId]
    title: Mapped[str]
    measure: Mapped[str]
    begins_on: Mapped[date]
    ends_on: Mapped[date]
    prize: Mapped[str]
    created_at: Mapped[UtcTime]
    created_by: Mapped[str]
    settled_at: Mapped[datetime | None]

    entries: Mapped[list["ContestEntry"]] = relationship(order_by="ContestEntry.joined_at")
    results: Mapped[list["ContestResult"]] = relationship(order_by="ContestResult.id")


class ContestEntry(Base):
    """Somebody takes part, because they said so; ``left_at`` when they would rather not any more."""

    __tablename__ = "contest_entries"

    contest_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contests.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), primary_key=True)
    joined_at: Mapped[UtcTime]
    left_at: Mapped[datetime | None]

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True)


class ContestResult(Base):
    """An honour in a contest that is over, with the figures it rests on; whoever has none is not listed."""

    __tablename__ = "contest_results"
    __table_args__ = (
        CheckConstraint("place BETWEEN 1 AND 3", name="place_1_to_3"),
        UniqueConstraint("contest_id", "person_id"),
    )

    id: Mapped[BigId]
    contest_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contests.id"))
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    place: Mapped[int]
    shown_name: Mapped[str]
    figures: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[UtcTime]


append_only("contest_results")
