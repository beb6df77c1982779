"""People and their packing work together: what a role, a wish about work or a farewell means for the tasks in hand."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.console.people_forms import PersonFacts
from fulfillment.packing import lead_service
from fulfillment.packing import service as packing
from fulfillment.packing.models import Packer
from kernel.audit import Actor
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
        lead_service.set_preferences(session, person.id, preferences, now=now, by=by)
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


def deactivate(session: Session, person: Person, *, now: datetime, by: Actor) -> None:
    """The person leaves: signed out everywhere, and the work in hand goes to somebody else. What was earned stays owed."""
    people.deactivate(session, person, now=now, by=by)
    give_work_back(session, person, now=now, by=by)


def give_work_back(session: Session, person: Person, *, now: datetime, by: Actor) -> None:
    """Whoever has packed stops: every task in hand goes back to the pile, for others to take at once."""
    if session.get(Packer, person.id) is not None:
        packing.leave_bench(session, person.id, reason="break", now=now, by=by)
