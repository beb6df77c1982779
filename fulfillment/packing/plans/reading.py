"""The bench as a day to plan: who is here until when, and what waits."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Row, and_, func, select, text
from sqlalchemy.orm import Session

from fulfillment.crew import queries as crew
from fulfillment.crew.models import Shift
from fulfillment.crew.queries import Presence, is_at_work
from fulfillment.packing import queries
from fulfillment.packing.models import Packer, PackingTask, Parcel, ParcelLine
from fulfillment.packing.pins.models import TaskPin
from fulfillment.packing.plans.queries import planned_ids
from fulfillment.packing.plans.terms import HandOutTerms
from fulfillment.piecework.queries import rates_in_force
from fulfillment.piecework.rules import Rate, rate_for
from fulfillment.routing.day import Day, Person, Task, in_order
from kernel.clock import day_bounds, local_day
from kernel.people.models import PersonRole
from kernel.people.rules import PACKER
from shop.catalog.models import Variant

_PACK: Final = "pack"
# What is due first is planned; the rest has time until the next plan.
_MOST_TASKS = 5_000
# Who has stayed longer than they said, or than is usual, is taken to stay for so long yet.
_STAYS_AT_LEAST = timedelta(minutes=30)
_BREAK = timedelta(minutes=15)
_LEAST_A_PARCEL_S = 60


def read_bench(session: Session, terms: HandOutTerms, zone: ZoneInfo, now: datetime) -> Day:
    """The day from ``now`` on, and what was planned for whom until now. Ids are those of the rows, as text."""
    people = _people(session, terms, zone, now)
    tasks = in_order(_tasks(session, zone, now))
    before = {
        str(person_id): [str(task_id) for task_id in task_ids] for person_id, task_ids in planned_ids(session).items()
    }
    return Day(tasks, people, terms.weights, before)


def _people(session: Session, terms: HandOutTerms, zone: ZoneInfo, now: datetime) -> list[Person]:
    here = crew.here_now(session, now)
    today, _ = day_bounds(local_day(now, zone), zone)
    packers = {packer.person_id: packer for packer in session.scalars(select(Packer).where(Packer.person_id.in_(here)))}
    pack = set(session.scalars(select(PersonRole.person_id).where(PersonRole.role == PACKER)))
    earned = queries.earned_today(session, now, zone)
    worked = crew.worked_seconds_by_person(session, today, now)
    in_hand = _in_hand(session, now)
    return [
        _person(
            presence, packers.get(person_id), earned.get(person_id, 0), worked.get(person_id, 0), in_hand, terms, now
        )
        for person_id, presence in sorted(here.items())
        if person_id in pack
    ]


def _person(
    presence: Presence,
    packer: Packer | None,
    earned_fen: int,
    worked_s: int,
    in_hand: dict[int, tuple[int, int]],
    terms: HandOutTerms,
    now: datetime,
) -> Person:
    """Somebody here: free once what is in hand is done, which counts as earned; there until they mean to go."""
    hand_s, hand_fen = in_hand.get(presence.person_id, (0, 0))
    rests = max(timedelta(), presence.break_since + _BREAK - now) if presence.break_since else timedelta()
    until = presence.planned_until or presence.here_since + terms.usual_shift
    start_s = hand_s + round(rests.total_seconds())
    abilities = queries.hands_of(packer).abilities if packer else queries.ALL_ABILITIES
    return Person(
        id=str(presence.person_id),
        start_s=start_s,
        end_s=round(max(until - now, _STAYS_AT_LEAST).total_seconds()),
        abilities=abilities | {_kept_for(presence.person_id)},
        earned_fen=max(0, earned_fen) + hand_fen,
        worked_s=worked_s + start_s,
        priority=packer.priority if packer else 0,
        most_tasks=terms.largest_batch,
        most_g=terms.heaviest_batch_g,
    )


def _in_hand(session: Session, now: datetime) -> dict[int, tuple[int, int]]:
    """For everybody the seconds until what is in hand should be done, and the fen that it brings."""
    rows = session.execute(_IN_HAND)
    return {
        row.packer_id: (
            max(row.parcels * _LEAST_A_PARCEL_S, row.work_s - round((now - row.since).total_seconds())),
            row.fen,
        )
        for row in rows
    }


_IN_HAND = text("""
    SELECT packer_id, count(*) AS parcels, sum(minutes) * 60 AS work_s, min(taken_at) AS since, sum(rate_fen)::bigint AS fen
    FROM packing_tasks WHERE state = 'taken' GROUP BY packer_id
""")


def _tasks(session: Session, zone: ZoneInfo, now: datetime) -> list[Task]:
    rates = [
        Rate(row.up_to_g, row.rate_fen, row.product_id) for row in rates_in_force(session, _PACK, local_day(now, zone))
    ]
    at_work = select(Shift.person_id).where(is_at_work(now))
    rows = session.execute(
        select(
            PackingTask.id,
            PackingTask.due_at,
            PackingTask.minutes,
            PackingTask.needs,
            PackingTask.mix,
            Parcel.weight_g,
            TaskPin.person_id,
            select(func.array_agg(Variant.product_id.distinct()))
            .join(ParcelLine, ParcelLine.variant_id == Variant.id)
            .where(ParcelLine.parcel_id == Parcel.id)
            .scalar_subquery(),
        )
        .join(Parcel, Parcel.id == PackingTask.parcel_id)
        .outerjoin(TaskPin, and_(TaskPin.task_id == PackingTask.id, TaskPin.person_id.in_(at_work)))
        .where(*queries.is_on_the_pile(now))
        .order_by(PackingTask.due_at, PackingTask.id)
        .limit(_MOST_TASKS)
    ).all()
    return [_task(row, rates, now) for row in rows]


def _task(row: Row[*tuple[Any, ...]], rates: Sequence[Rate], now: datetime) -> Task:
    task_id, due_at, minutes, needs, mix, weight_g, kept_for, products = row
    rate = rate_for(rates, weight_g, products or ())
    return Task(
        id=str(task_id),
        place=0,
        due_s=(due_at - now) // timedelta(seconds=1),
        work_s=minutes * 60,
        rate_fen=rate.rate_fen if rate else 0,
        needs=_needs(needs.split(), kept_for),
        mix=mix,
        weight_g=weight_g,
    )


def _needs(words: Sequence[str], kept_for: int | None) -> frozenset[str]:
    """The abilities asked for; what the lead keeps for one person asks to be that person."""
    return frozenset(words if kept_for is None else (*words, _kept_for(kept_for)))


def _kept_for(person_id: int) -> str:
    return f"person:{person_id}"
