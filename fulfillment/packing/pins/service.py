"""Keeping waiting work for one person. Whoever does so has locked the task."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.packing.models import PackingTask
from fulfillment.packing.pins.models import TaskPin
from kernel.audit import Actor


def keep(session: Session, task: PackingTask, person_id: int | None, *, now: datetime, by: Actor) -> int | None:
    """Keep a task for one person, or for nobody (empty). Returns for whom it was kept before."""
    before = session.scalar(delete(TaskPin).where(TaskPin.task_id == task.id).returning(TaskPin.person_id))
    if person_id is not None:
        session.execute(insert(TaskPin).values(task_id=task.id, person_id=person_id, at=now, by=by.name))
    return before


def forget_task(session: Session, task_id: int) -> None:
    """The task is in somebody's hands: it is kept for nobody any more."""
    session.execute(delete(TaskPin).where(TaskPin.task_id == task_id))


def forget_person(session: Session, person_id: int) -> None:
    """The person has gone home: what was kept for them is everybody's again."""
    session.execute(delete(TaskPin).where(TaskPin.person_id == person_id))
