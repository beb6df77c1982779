"""Noting what somebody was shown, and naming topics."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.crew.training.models import Training, TrainingTopic
from fulfillment.crew.training.rules import due_on
from kernel.audit import Actor, record_change
from kernel.errors import Invalid, NotFound
from kernel.text import Text


def add_topic(
    session: Session, *, title_zh: str, title_en: str, repeat_months: int | None, now: datetime, by: Actor
) -> TrainingTopic:
    """Name a topic, or change how long one of this name holds from now on."""
    values = {"title_zh": title_zh, "title_en": title_en, "repeat_months": repeat_months, "listed": True}
    session.execute(
        insert(TrainingTopic).values(values).on_conflict_do_update(index_elements=["title_zh"], set_=values)
    )
    topic = session.scalars(
        select(TrainingTopic).where(TrainingTopic.title_zh == title_zh).execution_options(populate_existing=True)
    ).one()
    record_change(
        session,
        actor=by,
        action="training.topic",
        subject=f"training_topic:{topic.id}",
        at=now,
        after={"title": title_zh},
    )
    return topic


def note_training(
    session: Session,
    person_id: int,
    topic_id: int,
    *,
    trained_on: date,
    today: date,
    note: str,
    now: datetime,
    by: Actor,
) -> Training:
    """Somebody was shown a topic; the same topic on the same day is noted once.

    Raises:
        NotFound: there is no such topic. Invalid: the day has not come yet.
    """
    topic = session.get(TrainingTopic, topic_id)
    if topic is None:
        raise NotFound("没有这个培训内容。", "There is no such topic.")
    if trained_on > today:
        words = Text("这一天还没到。", "That day has not come yet.")
        raise Invalid(words.zh, words.en, fields={"trained_on": words})
    session.execute(
        insert(Training)
        .values(
            person_id=person_id,
            topic_id=topic.id,
            trained_on=trained_on,
            due_on=due_on(trained_on, topic.repeat_months),
            by=by.name,
            note=note,
            at=now,
        )
        .on_conflict_do_nothing()
    )
    noted = session.scalars(
        select(Training).where(
            Training.person_id == person_id,
            Training.topic_id == topic.id,
            Training.trained_on == trained_on,
            Training.taken_back_at.is_(None),
        )
    ).one()
    if noted.at == now:
        record_change(
            session,
            actor=by,
            action="training.noted",
            subject=f"person:{person_id}",
            at=now,
            after={"title": topic.title_zh, "day": trained_on.isoformat()},
        )
    return noted


def take_back(session: Session, training_id: int, person_id: int, *, now: datetime, by: Actor) -> None:
    """A training was noted by mistake; the line stays, struck out. A second time changes nothing.

    Raises:
        NotFound: this person has no such training.
    """
    noted = session.get(Training, training_id, with_for_update={"of": Training})
    if noted is None or noted.person_id != person_id:
        raise NotFound("没有这条培训记录。", "There is no such training.")
    if noted.taken_back_at is None:
        noted.taken_back_at = now
        session.flush()
        record_change(
            session,
            actor=by,
            action="training.taken_back",
            subject=f"person:{person_id}",
            at=now,
            before={"title": noted.topic.title_zh, "day": noted.trained_on.isoformat()},
        )
