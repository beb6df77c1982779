"""Tables of training topics and of who was shown what."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, UtcTime


class TrainingTopic(Base):
    """Something that people are shown; ``repeat_months`` says how long it holds, empty for once and for all."""

    __tablename__ = "training_topics"
    __table_args__ = (CheckConstraint("repeat_months BETWEEN 1 AND 60", name="repeats_within_five_years"),)

    id: Mapped[BigId]
    title_zh: Mapped[str] = mapped_column(unique=True)
    title_en: Mapped[str]
    repeat_months: Mapped[int | None]
    listed: Mapped[bool] = mapped_column(default=True)


class Training(Base):
    """One person was shown one topic; the day it is due again is copied, so that a changed topic changes no past."""

    __tablename__ = "trainings"
    __table_args__ = (
        CheckConstraint("due_on > trained_on", name="due_after_training"),
        Index(
            "uq_trainings_day",
            "person_id",
            "topic_id",
            "trained_on",
            unique=True,
            postgresql_where=text("taken_back_at IS NULL"),
        ),
    )

    id: Mapped[BigId]
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    topic_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("training_topics.id"))
    trained_on: Mapped[date]
    due_on: Mapped[date | None]
    by: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    taken_back_at: Mapped[datetime | None]

    topic: Mapped[TrainingTopic] = relationship(lazy="joined", innerjoin=True)
