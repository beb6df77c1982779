"""Tables of shifts and breaks: who was here, from when to when."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fulfillment.crew.rules import HOWS, Span
from kernel.db import Base, BigId, UtcTime

_HOW_LIST = ", ".join(f"'{how}'" for how in HOWS)
_SPAN = (func.tstzrange(text("began_at"), text("ended_at")), "&&")


class Shift(Base):
    """One person's time here, open until ``ended_at``. It may be corrected; what it was is in the audit.

    ``ended_how`` is ``night`` when somebody forgot to go home in the program; ``looked_at`` says that the lead has
    seen to it since. ``planned_until`` is when the person means to go.
    """

    __tablename__ = "shifts"
    __table_args__ = (
        CheckConstraint("ended_at >= began_at", name="ends_after_it_began"),
        CheckConstraint("(ended_at IS NULL) = (ended_how IS NULL)", name="ended_has_how"),
        CheckConstraint(f"began_how IN ({_HOW_LIST})", name="began_in_a_known_way"),
        CheckConstraint(f"ended_how IN ({_HOW_LIST})", name="ended_in_a_known_way"),
        ExcludeConstraint(("person_id", "="), _SPAN, name="ex_shifts_one_at_a_time", using="gist"),
        Index("uq_shifts_open", "person_id", unique=True, postgresql_where=text("ended_at IS NULL")),
        Index("ix_shifts_person_began", "person_id", "began_at"),
        Index("ix_shifts_began", "began_at"),
        Index("ix_shifts_to_look_at", "ended_at", postgresql_where=text("ended_how = 'night' AND looked_at IS NULL")),
    )

    id: Mapped[BigId]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    began_at: Mapped[UtcTime]
    began_how: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_how: Mapped[str | None]
    planned_until: Mapped[datetime | None]
    looked_at: Mapped[datetime | None]

    breaks: Mapped[list["ShiftBreak"]] = relationship(order_by="ShiftBreak.began_at", cascade="all, delete-orphan")

    @property
    def span(self) -> Span:
        """From when to when."""
        return Span(self.began_at, self.ended_at)

    @property
    def open_break(self) -> "ShiftBreak | None":
        """The break that goes on now, if any."""
        return next((each for each in self.breaks if each.ended_at is None), None)


class ShiftBreak(Base):
    """A rest within a shift, open until ``ended_at``; it ends with its shift at the latest."""

    __tablename__ = "shift_breaks"
    __table_args__ = (
        CheckConstraint("ended_at >= began_at", name="ends_after_it_began"),
        ExcludeConstraint(("shift_id", "="), _SPAN, name="ex_shift_breaks_one_at_a_time", using="gist"),
        Index("uq_shift_breaks_open", "shift_id", unique=True, postgresql_where=text("ended_at IS NULL")),
    )

    id: Mapped[BigId]
    shift_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("shifts.id"))
    began_at: Mapped[UtcTime]
    ended_at: Mapped[datetime | None]

    @property
    def span(self) -> Span:
        """From when to when."""
        return Span(self.began_at, self.ended_at)
