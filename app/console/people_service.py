"""People and their packing work together: what a role, a wish about work or a farewell means for the tasks in hand."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.console.people_forms import PersonFacts
from app.console.words import PREFERENCES
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer
from kernel.audit import Actor, record_change
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import PACKER


def add_person(
    session: Session,
    facts: PersonFacts,
    *,
    password: str | None,
    pin: str | None,
    preferences: frozenset[str],
    now: datetime,
    by: Actor,
) -> Person:
    """Add somebody; whoever packs is registered for work that suits them."""
    person = people.add_person(
        session,
        name=facts.name,
        shown_name=facts.shown_name,
        roles=facts.roles,
        login=facts.login,
        password=password,
        pin=pin,
        language=facts.language,
        now=now,
        by=by,
    )
    if PACKER in facts.roles:
        set_preferences(session, person, preferences, now=now, by=by)
    return person


def change_person(session: Session, person: Person, facts: PersonFacts, *, now: datetime, by: Actor) -> None:
    """Change a person and what they do here; work in hand goes back when the person packs no longer."""
    people.change_person(
        session,
        person,
        name=facts.name,
        shown_name=facts.shown_name,
        login=facts.login,
        language=facts.language,
        now=now,
        by=by,
    )
    people.set_roles(session, person, facts.roles, now=now, by=by)
    if PACKER not in facts.roles:
        give_work_back(session, person, now=now, by=by)
    elif session.get(Packer, person.id) is None:
        session.add(Packer(person_id=person.id))
        session.flush()


def set_preferences(session: Session, person: Person, preferences: frozenset[str], *, now: datetime, by: Actor) -> None:
    """Note the work that suits a person, as the person said it."""
    packer = session.get(Packer, person.id, with_for_update={"of": Packer})
    if packer is None:
        packer = Packer(person_id=person.id, **dict.fromkeys(PREFERENCES, False))
        session.add(packer)
    before = sorted(name for name in PREFERENCES if getattr(packer, name))
    for name in PREFERENCES:
        setattr(packer, name, name in preferences)
    session.flush()
    if before != sorted(preferences):
        record_change(
            session,
            actor=by,
            action="packer.preferences",
            subject=f"person:{person.id}",
            at=now,
            before={"work": before},
            after={"work": sorted(preferences)},
        )


def deactivate(session: Session, person: Person, *, now: datetime, by: Actor) -> None:
    """The person leaves: signed out everywhere, and the work in hand goes to somebody else. What was earned stays owed."""
    people.deactivate(session, person, now=now, by=by)
    give_work_back(session, person, now=now, by=by)


def give_work_back(session: Session, person: Person, *, now: datetime, by: Actor) -> None:
    """Whoever has packed stops: every task in hand goes back to the pile, for others to take at once."""
    if session.get(Packer, person.id) is not None:
        packing.leave_bench(session, person.id, reason="break", now=now, by=by)
