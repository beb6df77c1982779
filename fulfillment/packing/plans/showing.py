"""The standing plan as the lead looks at it: who gets what next, and why. It only reads."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, joinedload

from fulfillment.packing import queries
from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.packing.pins.models import TaskPin
from fulfillment.packing.pins.queries import kept_by_person
from fulfillment.packing.plans.choosing import earned_least, hands_at_work
from fulfillment.packing.plans.models import PlannedTask
from fulfillment.routing.reasons import KEPT, Circumstances, why
from fulfillment.routing.rules import Hands, WaitingTask, may_do

# What can be taken in at a glance; the rest is counted.
_SHOWN = 12
# A task, when it would begin, and how many tasks and minutes are planned for its person in all.
_Planned = Row[PackingTask, int, datetime, int, int]


@dataclass(frozen=True)
class NextBatch:
    """Tasks that are planned together, when they would begin (not known for what is kept), and in one word why."""

    starts_at: datetime | None
    because: str
    tasks: Sequence[PackingTask]


@dataclass(frozen=True)
class Share:
    """What waits for one person: the first batches, how many parcels more, and the minutes of all that is planned."""

    batches: Sequence[NextBatch] = ()
    more: int = 0
    minutes: int = 0


def shares(session: Session, people: Collection[int], now: datetime, zone: ZoneInfo) -> dict[int, Share]:
    """For each of these people at work what they get next: what the lead keeps for them, then what the plan says."""
    hands, kept = hands_at_work(session, now), kept_by_person(session)
    least, goods = earned_least(session, people, now, zone), _last_goods(session, people)
    planned: dict[int, list[_Planned]] = {}
    for row in _first_planned(session, people, now):
        planned.setdefault(row.person_id, []).append(row)
    found = {}
    for person in people:
        rows = planned.get(person, [])
        batches = _batches(rows, hands, now, has_earned_least=person in least, goods=goods.get(person))
        if person in kept:
            batches.insert(0, NextBatch(None, KEPT, kept[person]))
        in_all, minutes = (rows[0].in_all, rows[0].minutes) if rows else (0, 0)
        found[person] = Share(batches, in_all - len(rows), minutes)
    return found


def _first_planned(session: Session, people: Collection[int], now: datetime) -> Sequence[_Planned]:
    """The first of each person's plan that still lie on the pile, in its order."""
    person = PlannedTask.person_id
    is_kept = select(TaskPin.task_id).where(TaskPin.task_id == PlannedTask.task_id).exists()
    numbered = (
        select(
            PlannedTask.task_id,
            func.row_number().over(partition_by=person, order_by=PlannedTask.position).label("place"),
            func.count().over(partition_by=person).label("in_all"),
            func.sum(PackingTask.minutes).over(partition_by=person).label("minutes"),
        )
        .join(PackingTask, PackingTask.id == PlannedTask.task_id)
        .where(person.in_(people), *queries.is_on_the_pile(now), ~is_kept)
        .subquery()
    )
    return session.execute(
        select(PackingTask, person, PlannedTask.starts_at, numbered.c.in_all, numbered.c.minutes)
        .join(PlannedTask, PlannedTask.task_id == PackingTask.id)
        .join(numbered, numbered.c.task_id == PackingTask.id)
        .options(joinedload(PackingTask.parcel).selectinload(Parcel.lines))
        .where(numbered.c.place <= _SHOWN)
        .order_by(person, PlannedTask.position)
    ).all()


def _batches(
    rows: Iterable[_Planned], hands: Mapping[int, Hands], now: datetime, *, has_earned_least: bool, goods: str | None
) -> list[NextBatch]:
    """One person's rows by the moment they begin; ``goods`` is the mix packed last, ``has_earned_least`` speaks of the first."""
    batches: list[NextBatch] = []
    for starts_at, together in groupby(rows, key=attrgetter("starts_at")):
        tasks = [row.PackingTask for row in together]
        first = tasks[0]
        task = WaitingTask(first.id, first.due_at, first.needs_set)
        facts = Circumstances(
            is_kept=False,
            is_late=first.due_at < now,
            from_plan=True,
            from_another=False,
            asks_for_ability=bool(first.needs),
            able=sum(may_do(one, task) for one in hands.values()),
            here=len(hands),
            has_earned_least=has_earned_least and not batches,
            has_same_goods=goods == first.mix,
        )
        batches.append(NextBatch(starts_at, why(facts), tasks))
        goods = tasks[-1].mix
    return batches


def _last_goods(session: Session, people: Collection[int]) -> dict[int, str]:
    """The goods that each of them packed last."""
    rows = session.execute(
        select(PackingTask.packer_id, PackingTask.mix)
        .ext(distinct_on(PackingTask.packer_id))
        .where(PackingTask.packer_id.in_(people), PackingTask.packed_at.is_not(None))
        .order_by(PackingTask.packer_id, PackingTask.packed_at.desc())
    )
    return {person: mix for person, mix in rows if person is not None}
