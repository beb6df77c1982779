"""The table of notes to people at the bench."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.crew.notes.rules import KINDS
from kernel.db import Base, BigId, UtcTime


class CrewNote(Base):
    """A sentence that waits on somebody's screen until they have seen it. ``subject`` is a parcel's number, if any."""

    __tablename__ = "crew_notes"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="known_kind"),
        Index("ix_crew_notes_unseen", "person_id", "id", postgresql_where=text("seen_at IS NULL")),
    )

    id: Mapped[BigId]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    kind: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")
    words: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]
    seen_at: Mapped[datetime | None]
