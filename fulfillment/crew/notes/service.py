"""Leaving a note for somebody, and having seen it."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from fulfillment.crew.notes.models import CrewNote
from kernel.audit import Actor


def leave_note(
    session: Session, person_id: int, kind: str, *, subject: str = "", words: str = "", now: datetime, by: Actor
) -> CrewNote:
    """Put a note on somebody's screen; it stays until they have seen it."""
    note = CrewNote(person_id=person_id, kind=kind, subject=subject, words=words, at=now, by=by.name)
    session.add(note)
    session.flush()
    return note


def note_seen(session: Session, note_id: int, person_id: int, now: datetime) -> None:
    """The person has seen a note of theirs; somebody else's is not touched, and a second time changes nothing."""
    session.execute(
        update(CrewNote)
        .where(CrewNote.id == note_id, CrewNote.person_id == person_id, CrewNote.seen_at.is_(None))
        .values(seen_at=now)
    )


def withdraw(session: Session, person_id: int, subject: str, now: datetime) -> None:
    """Take back notes about a subject that the person has not seen: what they would say is true no longer."""
    session.execute(
        update(CrewNote)
        .where(CrewNote.person_id == person_id, CrewNote.subject == subject, CrewNote.seen_at.is_(None))
        .values(seen_at=now)
    )
