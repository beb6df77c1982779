"""Finding people, and reading one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, select, tuple_
from sqlalchemy.orm import Session

from fulfillment.crew.households.service import kind_of
from fulfillment.packing.models import Packer, PackingTask
from fulfillment.packing.states import TAKEN
from kernel.people.models import Person, PersonRole, SignIn
from kernel.people.rules import DESK_ROLES


@dataclass(frozen=True)
class PeopleSearch:
    """Whom to look for; everything empty finds all who work here now."""

    words: str = ""
    role: str = ""
    gone: bool = False

    def as_query(self) -> dict[str, str]:
        """The search as the query of an address."""
        asked = {"q": self.words, "role": self.role, "gone": "1" if self.gone else ""}
        return {name: value for name, value in asked.items() if value}


def find_people(session: Session, search: PeopleSearch, *, after: int | None, most: int) -> Sequence[Person]:
    """People by name; ``after`` is the last person of the page before."""
    wanted = _matching(search).order_by(Person.name, Person.id).limit(most)
    if after is not None:
        last = select(Person.name, Person.id).where(Person.id == after).subquery()
        wanted = wanted.where(tuple_(Person.name, Person.id) > select(last.c.name, last.c.id).scalar_subquery())
    return session.scalars(wanted).all()


def _matching(search: PeopleSearch) -> Select[Person]:
    wanted = select(Person).where(Person.active.is_not(search.gone))
    if search.words:
        columns = (Person.name, Person.shown_name, Person.login)
        by_name, by_shown, by_login = (column.icontains(search.words, autoescape=True) for column in columns)
        wanted = wanted.where(by_name | by_shown | by_login)
    if search.role:
        wanted = wanted.where(exists().where(PersonRole.person_id == Person.id, PersonRole.role == search.role))
    return wanted


@dataclass(frozen=True)
class PersonFile:
    """One person, the wishes about work, and what is open."""

    person: Person
    packer: Packer | None
    household: str
    devices: int
    in_hand: int

    @property
    def lacks_password(self) -> bool:
        """Whether the person works at a desk and cannot sign in there."""
        return bool(self.person.roles & DESK_ROLES) and not self.person.password_hash


def person_file(session: Session, person_id: int, now: datetime) -> PersonFile | None:
    """One person for the owner, or ``None``."""
    person = session.get(Person, person_id)
    if person is None:
        return None
    devices = select(func.count()).where(
        SignIn.person_id == person_id, SignIn.ended_at.is_(None), SignIn.expires_at > now
    )
    in_hand = select(func.count()).where(PackingTask.packer_id == person_id, PackingTask.state == TAKEN)
    return PersonFile(
        person,
        session.get(Packer, person_id),
        kind_of(session, person_id),
        session.scalar(devices) or 0,
        session.scalar(in_hand) or 0,
    )
