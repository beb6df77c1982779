"""The table of waiting work that is kept for one person."""

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, UtcTime


class TaskPin(Base):
    """The lead keeps this task for one person; it counts while the task waits and the person is here."""

    __tablename__ = "task_pins"

    task_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("packing_tasks.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"), index=True)
    at: Mapped[UtcTime]
    by: Mapped[str]
