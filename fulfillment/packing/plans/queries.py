"""Reading the standing plan."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.packing.models import PackingTask
from fulfillment.packing.plans.models import PlannedTask, StandingPlan
from fulfillment.packing.states import WAITING

# An older plan is none: the worker stands still, and whoever asks for work gets what is due first.
STALE_AFTER = timedelta(minutes=10)


def fresh_plan(session: Session, now: datetime) -> StandingPlan | None:
    """The standing plan, unless there is none or it is too old."""
    plan = session.get(StandingPlan, 1, populate_existing=True)
    return plan if plan is not None and now - plan.made_at < STALE_AFTER else None


def planned_ids(session: Session) -> Mapping[int, list[int]]:
    """What is planned for whom, as task ids in order; also what has been taken since."""
    planned: dict[int, list[int]] = {}
    rows = session.execute(select(PlannedTask.person_id, PlannedTask.task_id).order_by(PlannedTask.position))
    for person_id, task_id in rows:
        planned.setdefault(person_id, []).append(task_id)
    return planned


def planned_minutes(session: Session) -> dict[int, tuple[int, int]]:
    """How many waiting parcels, and minutes of work, are planned for each person."""
    rows = session.execute(
        select(PlannedTask.person_id, func.count(), func.sum(PackingTask.minutes))
        .join(PackingTask, PackingTask.id == PlannedTask.task_id)
        .where(PackingTask.state == WAITING)
        .group_by(PlannedTask.person_id)
    )
    return {person_id: (count, int(minutes)) for person_id, count, minutes in rows}
