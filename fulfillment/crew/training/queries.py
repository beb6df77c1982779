"""Reading trainings."""

from collections.abc import Collection, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew.training.models import Training, TrainingTopic
from fulfillment.crew.training.rules import standing


def topics(session: Session) -> Sequence[TrainingTopic]:
    """Everything that people are shown here, by name."""
    return session.scalars(select(TrainingTopic).where(TrainingTopic.listed).order_by(TrainingTopic.title_zh)).all()


def trainings_of(session: Session, person_id: int) -> Sequence[Training]:
    """What somebody was shown, newest first."""
    return session.scalars(
        select(Training)
        .where(Training.person_id == person_id, Training.taken_back_at.is_(None))
        .order_by(Training.trained_on.desc(), Training.id.desc())
    ).all()


def newest(session: Session, person_ids: Collection[int] | None = None) -> dict[int, list[Training]]:
    """The newest training of each topic, by person: what they can do today."""
    found = (
        select(Training)
        .where(Training.taken_back_at.is_(None))
        .order_by(Training.trained_on.desc(), Training.id.desc())
    )
    if person_ids is not None:
        found = found.where(Training.person_id.in_(person_ids))
    by_person: dict[int, dict[int, Training]] = {}
    for training in session.scalars(found):
        by_person.setdefault(training.person_id, {}).setdefault(training.topic_id, training)
    return {person_id: list(by_topic.values()) for person_id, by_topic in by_person.items()}


def due_again(session: Session, today: date) -> list[Training]:
    """Trainings that are due again soon or overdue, earliest first."""
    every = (training for trainings in newest(session).values() for training in trainings)
    pressing = [training for training in every if standing(training.due_on, today) != "holds"]
    return sorted(pressing, key=lambda training: (training.due_on or date.max, training.id))
