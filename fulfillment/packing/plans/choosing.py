"""The next batch out of the standing plan. Called with the hand-out lock held, so nobody else chooses meanwhile."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session, lazyload

from fulfillment.crew import queries as crew
from fulfillment.crew.models import Shift
from fulfillment.crew.queries import is_at_work
from fulfillment.packing import queries
from fulfillment.packing.models import Packer, PackingTask, Parcel
from fulfillment.packing.pins.queries import is_kept_for_another
from fulfillment.packing.plans.models import PlannedTask
from fulfillment.packing.plans.queries import fresh_plan
from fulfillment.packing.plans.terms import HandOutTerms
from fulfillment.routing.reasons import Circumstances, why
from fulfillment.routing.rules import Hands, WaitingTask, fair_share, may_do
from kernel.clock import day_bounds, local_day

# Id, due time, needs, grams.
_Row = Row[int, datetime, str, int]
# More than any batch: what somebody else has locked just now is passed over.
_LOOK_AHEAD = 60


@dataclass(frozen=True)
class Chosen:
    """Work to hand out; whether it was planned for this person or for somebody else, or kept for them by the lead."""

    tasks: Sequence[WaitingTask]
    from_plan: bool = False
    from_another: bool = False
    is_kept: bool = False


def next_planned(
    session: Session, packer: Packer, now: datetime, terms: HandOutTerms, *, leave_out: Collection[int], most: int
) -> Chosen | None:
    """What the plan gives this person next, without ``leave_out``; ``None`` when there is no plan to go by.

    First what is planned for the person, in its order. Then what is planned for nobody who is at work: it came after the
    plan was made, or its person has gone. And rather than stand idle the person helps whoever has most left, from the end.
    """
    if fresh_plan(session, now) is None:
        return None
    others = PackingTask.id.not_in(leave_out)
    own = _lock(session, packer, now, others, PlannedTask.person_id == packer.person_id)
    if own:
        return Chosen(_batch(own, most, terms), from_plan=True)
    at_work = select(Shift.id).where(Shift.person_id == PlannedTask.person_id, is_at_work(now)).exists()
    free = _lock(session, packer, now, others, ~at_work)
    if free:
        share = fair_share(len(free), queries.idle_people(session, now))
        return Chosen(_batch(free, min(most, share), terms))
    busiest = _busiest(session, packer, now)
    if busiest is None:
        return Chosen([])
    theirs = _lock(session, packer, now, others, PlannedTask.person_id == busiest, last_first=True)
    # Half of what is left at most, so that they are not the next to stand idle.
    return Chosen(_batch(theirs, min(most, (len(theirs) + 1) // 2), terms)[::-1], from_another=True)


def _lock(
    session: Session, packer: Packer, now: datetime, *which: ColumnElement[bool], last_first: bool = False
) -> Sequence[_Row]:
    """Suitable work, locked, in the order of the plan or from its end; what somebody else has locked is left out."""
    order = PlannedTask.position.desc() if last_first else PlannedTask.position
    return session.execute(
        select(PackingTask.id, PackingTask.due_at, PackingTask.needs, Parcel.weight_g)
        .join(Parcel, Parcel.id == PackingTask.parcel_id)
        .outerjoin(PlannedTask, PlannedTask.task_id == PackingTask.id)
        .where(*_is_for(packer, now), *which)
        .order_by(order.nulls_last(), PackingTask.due_at, PackingTask.id)
        .limit(_LOOK_AHEAD)
        .with_for_update(of=PackingTask, skip_locked=True)
    ).all()


def _batch(rows: Iterable[_Row], most: int, terms: HandOutTerms) -> list[WaitingTask]:
    """The first of them, as many and as heavy as one batch may be; a single one may be heavier."""
    batch: list[WaitingTask] = []
    weight_g = 0
    for row in rows:
        weight_g += row.weight_g
        if len(batch) == most or (batch and weight_g > terms.heaviest_batch_g):
            break
        batch.append(WaitingTask(row.id, row.due_at, frozenset(row.needs.split())))
    return batch


def _is_for(packer: Packer, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Work that this packer may be handed now."""
    return (*queries.is_on_the_pile(now), queries.suits(packer), ~is_kept_for_another(packer.person_id, now))


def _busiest(session: Session, packer: Packer, now: datetime) -> int | None:
    """Who has most planned minutes left of what this packer could do."""
    return session.scalar(
        select(PlannedTask.person_id)
        .join(PackingTask, PackingTask.id == PlannedTask.task_id)
        .where(*_is_for(packer, now))
        .group_by(PlannedTask.person_id)
        .order_by(func.sum(PackingTask.minutes).desc(), PlannedTask.person_id)
        .limit(1)
    )


@dataclass(frozen=True)
class Around:
    """Who is at work and what they can do, and whether the person who asks has earned least of all an hour."""

    hands: Mapping[int, Hands]
    has_earned_least: bool


def look_around(session: Session, person_id: int, now: datetime, zone: ZoneInfo) -> Around:
    """What reasons speak of; looked at before anything is locked, because others wait meanwhile."""
    hands = hands_at_work(session, now)
    return Around(hands, person_id in earned_least(session, {*hands, person_id}, now, zone))


def hands_at_work(session: Session, now: datetime) -> dict[int, Hands]:
    """Who is at work, and what they can do."""
    rows = session.execute(
        select(Shift.person_id, Packer)
        .outerjoin(Packer, Packer.person_id == Shift.person_id)
        .where(is_at_work(now))
        .options(lazyload(Packer.person))
    )
    return {one: queries.hands_of(packer) if packer else Hands(queries.ALL_ABILITIES) for one, packer in rows}


def earned_least(session: Session, here: Collection[int], now: datetime, zone: ZoneInfo) -> set[int]:
    """Who of these has earned least an hour today; nobody when all have earned the same."""
    start, _ = day_bounds(local_day(now, zone), zone)
    fen = queries.earned_today(session, now, zone)
    worked_s = crew.worked_seconds_by_person(session, start, now)
    rates = {one: Fraction(fen.get(one, 0), max(1, worked_s.get(one, 0))) for one in here}
    least, most = min(rates.values(), default=0), max(rates.values(), default=0)
    return {one for one, rate in rates.items() if rate == least < most}


def reason_for(session: Session, packer: Packer, chosen: Chosen, around: Around, now: datetime) -> str | None:
    """Why this person is given this batch, in one word; empty for no batch."""
    if not chosen.tasks:
        return None
    first = chosen.tasks[0]
    here = {**around.hands, packer.person_id: queries.hands_of(packer)}
    return why(
        Circumstances(
            is_kept=chosen.is_kept,
            is_late=first.due_at < now,
            from_plan=chosen.from_plan,
            from_another=chosen.from_another,
            asks_for_ability=bool(first.needs),
            able=sum(may_do(hands, first) for hands in here.values()),
            here=len(here),
            has_earned_least=around.has_earned_least,
            has_same_goods=_has_same_goods(session, packer.person_id, first.id),
        )
    )


def _has_same_goods(session: Session, person_id: int, task_id: int) -> bool:
    """Whether the person packed the same goods last."""
    last = (
        select(PackingTask.mix)
        .where(PackingTask.packer_id == person_id, PackingTask.packed_at.is_not(None))
        .order_by(PackingTask.packed_at.desc())
        .limit(1)
    )
    return session.scalar(last) == session.scalar(select(PackingTask.mix).where(PackingTask.id == task_id))
