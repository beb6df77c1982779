"""Making and mending the standing plan: read, think outside of any transaction, write what came of it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from fulfillment.packing.plans.models import PlannedTask, StandingPlan
from fulfillment.packing.plans.reading import read_bench
from fulfillment.packing.plans.terms import HandOutTerms
from fulfillment.routing.day import Day, Plan
from fulfillment.routing.measures import gini
from fulfillment.routing.planning import plan_day
from kernel import outbox
from kernel.db import Database

JOB = "plan_work"
# Changes of so many seconds are planned for together.
_TOGETHER_S = 3
# While people work, the plan is mended again and again: somebody may have fallen behind, goods may have rested enough.
_AGAIN_AFTER = timedelta(minutes=1)
_TRY_TO_ASK = text("SELECT pg_try_advisory_xact_lock(hashtext('gongfang: ask for a plan'))")
_TRY_TO_WRITE = text("SELECT pg_try_advisory_xact_lock(hashtext('gongfang: write the plan'))")


def ask_for_plan(session: Session, now: datetime) -> None:
    """Somebody came or went, or there is work to plan: leave one job for all changes of a few seconds. Never waits.

    Two open transactions must not wait for each other because both ask: the second leaves it to the first. Should that one
    be rolled back, the next minute's plan mends it.
    """
    if session.scalar(_TRY_TO_ASK):
        slot = int(now.timestamp()) // _TOGETHER_S + 1
        run_at = datetime.fromtimestamp(slot * _TOGETHER_S, UTC)
        outbox.enqueue(session, JOB, {}, now=now, run_at=run_at, key=f"{JOB}:{slot}")


def renew_plan(database: Database, terms: HandOutTerms, zone: ZoneInfo, now: datetime) -> None:
    """Job: plan what waits for those who are here, and plan to do so again while there is any of both."""
    with database.transaction() as session:
        day = read_bench(session, terms, zone, now)
    plan = plan_day(day)
    with database.transaction() as session:
        if session.scalar(_TRY_TO_WRITE):
            write_plan(session, day, plan, now)
        if day.tasks and day.people:
            minute = int((now + _AGAIN_AFTER).timestamp()) // 60
            outbox.enqueue(session, JOB, {}, now=now, run_at=now + _AGAIN_AFTER, key=f"{JOB}:again:{minute}")


def write_plan(session: Session, day: Day, plan: Plan, now: datetime) -> None:
    """The plan takes the place of the one before."""
    session.execute(delete(PlannedTask))
    rows = []
    positions = dict.fromkeys((person.id for person in day.people), 0)
    for batch in plan.batches:
        for task in batch.tasks:
            starts_at = now + timedelta(seconds=batch.start_s)
            rows.append((int(task.id), int(batch.person), positions[batch.person], starts_at))
            positions[batch.person] += 1
    if rows:
        names = ("task_id", "person_id", "position", "starts_at")
        session.execute(insert(PlannedTask), [dict(zip(names, row, strict=True)) for row in rows])
    facts = {
        "made_at": now,
        "tasks": len(rows),
        "late": plan.not_in_time,
        "least_late": plan.least_late,
        "unassigned": len(plan.unassigned),
        "gini_bps": round(gini(plan.rates_fen) * 10_000),
    }
    session.execute(
        upsert(StandingPlan).values(id=1, **facts).on_conflict_do_update(index_elements=[StandingPlan.id], set_=facts)
    )
