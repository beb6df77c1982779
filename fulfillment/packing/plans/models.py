"""Tables of the standing plan."""

from sqlalchemy import BigInteger, CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, UtcTime


class PlannedTask(Base):
    """Waiting work, planned for one person in one order. A hint, worth nothing without a look at the task.

    No foreign keys on purpose: to check them the plan would lock the very rows that people take at that moment.
    """

    __tablename__ = "planned_tasks"
    __table_args__ = (
        CheckConstraint("position >= 0", name="position_not_negative"),
        Index("ix_planned_tasks_person", "person_id", "position"),
    )

    task_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    person_id: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int]
    starts_at: Mapped[UtcTime]


class StandingPlan(Base):
    """When the plan was made and how good it is; one row. ``late`` counts unassigned work too, ``least_late`` is the bound."""

    __tablename__ = "standing_plan"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_plan"),
        CheckConstraint("least_late <= late AND unassigned <= late", name="bound_below"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_at: Mapped[UtcTime]
    tasks: Mapped[int]
    late: Mapped[int]
    least_late: Mapped[int]
    unassigned: Mapped[int]
    gini_bps: Mapped[int]
