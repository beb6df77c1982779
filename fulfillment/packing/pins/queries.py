"""Reading kept work."""

from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from fulfillment.crew.models import Shift
from fulfillment.crew.queries import is_at_work
from fulfillment.packing.models import PackingTask
from fulfillment.packing.pins.models import TaskPin
from fulfillment.packing.states import WAITING


def is_kept_for_another(person_id: int, now: datetime) -> ColumnElement[bool]:
    """Whether a task is kept for somebody else who is at work; who has gone or rests keeps nobody waiting."""
    at_work = select(Shift.id).where(Shift.person_id == TaskPin.person_id, is_at_work(now)).exists()
    return (
        select(TaskPin.task_id)
        .where(TaskPin.task_id == PackingTask.id, TaskPin.person_id != person_id, at_work)
        .correlate(PackingTask)
        .exists()
    )


def kept_for(person_id: int) -> ColumnElement[bool]:
    """Whether a task is kept for this person."""
    return (
        select(TaskPin.task_id)
        .where(TaskPin.task_id == PackingTask.id, TaskPin.person_id == person_id)
        .correlate(PackingTask)
        .exists()
    )


def kept_by_person(session: Session) -> dict[int, list[PackingTask]]:
    """Waiting work that is kept, by person, earliest due first."""
    rows = session.execute(
        select(TaskPin.person_id, PackingTask)
        .join(PackingTask, PackingTask.id == TaskPin.task_id)
        .where(PackingTask.state == WAITING)
        .order_by(PackingTask.due_at, PackingTask.id)
    )
    kept: dict[int, list[PackingTask]] = {}
    for person_id, task in rows:
        kept.setdefault(person_id, []).append(task)
    return kept
