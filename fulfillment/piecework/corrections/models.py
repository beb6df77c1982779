"""Tables of corrections and of what a packer says is not right."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Fen, UtcTime
from kernel.people.models import Person


class WageCorrection(Base):
    """More or less for a person, with a reason: one proposes, another decides, and neither decides about oneself.

    Who proposed it may take it back, which pays nothing.

    ``granted_fen`` is empty while it waits; then the proposed sum, or 0 when it was refused. The wage line refers to
    the granted sum, so that neither can change afterwards.
    """

    __tablename__ = "wage_corrections"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0 AND btrim(reason) <> ''", name="has_reason"),
        CheckConstraint("granted_fen IN (0, amount_fen)", name="as_proposed_or_not"),
        CheckConstraint("num_nulls(granted_fen, decided_by_id, decided_at) IN (0, 3)", name="decided_by_somebody"),
        CheckConstraint("decided_by_id <> proposed_by_id OR granted_fen = 0", name="second_person"),
        CheckConstraint(
            "decided_by_id <> person_id OR (granted_fen = 0 AND decided_by_id = proposed_by_id)",
            name="nobody_decides_for_oneself",
        ),
        UniqueConstraint("id", "person_id", "granted_fen", name="uq_wage_corrections_granted"),
        Index("ix_wage_corrections_waiting", "id", postgresql_where=text("decided_at IS NULL")),
    )

    id: Mapped[BigId]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), index=True)
    amount_fen: Mapped[Fen]
    reason: Mapped[str]
    proposed_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    proposed_at: Mapped[UtcTime]
    granted_fen: Mapped[int | None] = mapped_column(BigInteger)
    decided_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(default="")

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True, foreign_keys=[person_id])
    proposed_by: Mapped[Person] = relationship(lazy="joined", innerjoin=True, foreign_keys=[proposed_by_id])
    decided_by: Mapped[Person | None] = relationship(lazy="joined", foreign_keys=[decided_by_id])


class WageComplaint(Base):
    """A packer says that a line is not right, or that one is missing; a person answers, and the answer is shown."""

    __tablename__ = "wage_complaints"
    __table_args__ = (
        CheckConstraint("kind IN ('too_little', 'not_mine', 'missing', 'other')", name="known_kind"),
        CheckConstraint("num_nulls(answered_at, answered_by_id, answer) IN (0, 3)", name="answered_by_somebody"),
        CheckConstraint("answered_by_id <> person_id", name="nobody_answers_oneself"),
        CheckConstraint("btrim(answer) <> ''", name="answer_in_words"),
        ForeignKeyConstraint(
            ["entry_id", "person_id"],
            ["wage_entries.id", "wage_entries.packer_id"],
            name="fk_wage_complaints_own_entry",
        ),
        Index("uq_wage_complaints_open", "entry_id", unique=True, postgresql_where=text("answered_at IS NULL")),
        Index("ix_wage_complaints_waiting", "id", postgresql_where=text("answered_at IS NULL")),
    )

    id: Mapped[BigId]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), index=True)
    entry_id: Mapped[int | None] = mapped_column(BigInteger)
    kind: Mapped[str]
    words: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    answered_by_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("people.id"))
    answered_at: Mapped[datetime | None]
    answer: Mapped[str | None]
    correction_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("wage_corrections.id"))

    person: Mapped[Person] = relationship(lazy="joined", innerjoin=True, foreign_keys=[person_id])
    answered_by: Mapped[Person | None] = relationship(lazy="joined", foreign_keys=[answered_by_id])
