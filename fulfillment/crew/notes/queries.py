"""Reading notes."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew.notes.models import CrewNote


def unseen(session: Session, person_id: int, most: int = 3) -> list[CrewNote]:
    """What somebody has not seen yet, oldest first."""
    waiting = select(CrewNote).where(CrewNote.person_id == person_id, CrewNote.seen_at.is_(None))
    return list(session.scalars(waiting.order_by(CrewNote.id).limit(most)))
