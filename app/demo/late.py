"""Demo of work that was done without a network and did not count: two pieces of news wait for the lead."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.bench import queue_service
from fulfillment.bench.queue_forms import Action
from fulfillment.bench.queue_models import DONE
from fulfillment.bench.queue_rules import Pass
from fulfillment.packing import hand_out_service as hand_out
from fulfillment.packing import queries
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer, PackingTask
from fulfillment.packing.plans.terms import HandOutTerms
from fulfillment.packing.reassign_service import reassign
from kernel.audit import Actor

_ZONE = ZoneInfo("Asia/Shanghai")
# Two who can do any work and have nothing in hand, by the place in packing.VILLAGERS.
_FIRST, _SECOND = 5, 7
_ONE = HandOutTerms(largest_batch=1)


def load(session: Session, actors: Mapping[str, Actor], now: datetime) -> None:
    """Add the news. After the demo of the working day, whose people are here and whose pile has work."""
    first, second = _packers(session)
    one, another = _due_last(session, now)
    _give(session, one, second, now - timedelta(minutes=80), actors["lead"])
    _give(session, one, first, now - timedelta(minutes=70), actors["lead"])
    packing.finish_task(session, one.id, first.person_id or 0, now=now - timedelta(minutes=62), by=first)
    _give(session, another, first, now - timedelta(minutes=55), actors["lead"])
    _give(session, another, second, now - timedelta(minutes=45), actors["lead"])
    heard = now - timedelta(minutes=8)
    _hear(session, one, second, done_at=now - timedelta(minutes=65), now=heard)
    _hear(session, another, first, done_at=now - timedelta(minutes=40), now=heard)


def _packers(session: Session) -> tuple[Actor, Actor]:
    found = session.scalars(select(Packer).order_by(Packer.person_id)).all()
    first, second = (Actor(found[place].person_id, found[place].person.name) for place in (_FIRST, _SECOND))
    return first, second


def _due_last(session: Session, now: datetime) -> Sequence[PackingTask]:
    pile = select(PackingTask).where(*queries.is_on_the_pile(now))
    return session.scalars(pile.order_by(PackingTask.due_at.desc(), PackingTask.id.desc()).limit(2)).all()


def _give(session: Session, task: PackingTask, to: Actor, at: datetime, lead: Actor) -> None:
    """The lead gives the work to somebody, who takes it."""
    reassign(session, task.id, seen_with=task.packer_id, to=to.person_id, now=at, by=lead)
    hand_out.take_work(session, to.person_id or 0, now=at, zone=_ZONE, by=to, terms=_ONE)


def _hear(session: Session, task: PackingTask, by: Actor, *, done_at: datetime, now: datetime) -> None:
    """The device of somebody whose hands the work has left says that it was packed."""
    age_ms = int((now - done_at).total_seconds() * 1000)
    action = Action(f"demo-late-work-{task.id}", task.id, DONE, task.id, None, "", age_ms, done_at)
    queue_service.receive(session, action, Pass(by.person_id or 0, "demo", now), by, now=now)
