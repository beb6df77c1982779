"""Tables of the legal minimum: its dated sums, the calendar, what the owner chose, and top-ups with their working."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, Fen, UtcTime, append_only


class MinWage(Base):
    """The monthly minimum of a tier from a day on. A sum that nobody has confirmed is shown and not used."""

    __tablename__ = "min_wages"
    __table_args__ = (
        UniqueConstraint("valid_from", "tier"),
        CheckConstraint("tier BETWEEN 1 AND 4 AND month_fen > 0", name="known_tier"),
    )

    id: Mapped[BigId]
    valid_from: Mapped[date]
    tier: Mapped[int]
    month_fen: Mapped[Fen]
    source: Mapped[str]
    confirmed_at: Mapped[datetime | None]


class CalendarDay(Base):
    """A day that is not what its weekday says: a statutory holiday, a day off, or a weekend day that is worked."""

    __tablename__ = "calendar_days"
    __table_args__ = (CheckConstraint("kind IN ('holiday', 'rest', 'work')", name="known_kind"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    source: Mapped[str] = mapped_column(default="")


class PayTerms(Base):
    """What the owner chose, from a day on: by which period the floor is tested, which tier, which weekdays are off."""

    __tablename__ = "pay_terms"
    __table_args__ = (
        CheckConstraint("period IN ('none', 'day', 'week', 'month')", name="known_period"),
        CheckConstraint("tier BETWEEN 1 AND 4 AND rest_weekdays ~ '^[1-7]*$'", name="known_tier"),
    )

    id: Mapped[BigId]
    valid_from: Mapped[date]
    period: Mapped[str]
    tier: Mapped[int]
    # ISO weekdays, such as "67" for Saturday and Sunday.
    rest_weekdays: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("pay_terms")


class TopUp(Base):
    """What the law adds to the pieces of a person in a period, with its working; ``round`` counts later additions."""

    __tablename__ = "top_ups"
    __table_args__ = (
        CheckConstraint("what IN ('minimum', 'factors')", name="known_reason"),
        CheckConstraint("amount_fen > 0 AND first_day <= last_day AND round > 0", name="adds"),
        UniqueConstraint("person_id", "what", "first_day", "last_day", "round", name="uq_top_ups_once"),
        UniqueConstraint("id", "person_id", "amount_fen", name="uq_top_ups_paid_as"),
    )

    id: Mapped[BigId]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    what: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    round: Mapped[int]
    amount_fen: Mapped[Fen]
    working: Mapped[dict[str, Any]] = mapped_column(JSONB)
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("top_ups")


class PayFacts(Base):
    """How a person is paid and whether the labour law's minimum applies: a person decides both, never the program.

    The account number is shown whole in the bank file only.
    """

    __tablename__ = "pay_facts"
    __table_args__ = (
        CheckConstraint("method IN ('cash', 'bank')", name="known_method"),
        CheckConstraint("account_number ~ '^[0-9]{0,30}$'", name="number_is_digits"),
        CheckConstraint("(account_number = '') = (account_holder = '')", name="holder_and_number"),
    )

    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), primary_key=True)
    is_employee: Mapped[bool] = mapped_column(default=False)
    method: Mapped[str] = mapped_column(default="cash")
    bank: Mapped[str] = mapped_column(default="")
    account_holder: Mapped[str] = mapped_column(default="")
    account_number: Mapped[str] = mapped_column(default="")
