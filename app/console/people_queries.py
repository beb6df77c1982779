"""Finding people, and reading one of them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from app.console.paging import Sorting, Sortings
from fulfillment.crew.households.service import kind_of
from fulfillment.packing.models import Packer, PackingTask
from fulfillment.packing.states import TAKEN
from kernel.people.models import Person, PersonRole, SignIn
from kernel.people.rules import DESK_ROLES
from kernel.text import Text


@dataclass(frozen=True)
class PeopleSearch:
    """Whom to look for; everything empty finds all who work here now."""

    words: str = ""
    role: str = ""
    gone: bool = False
    order: str = ""

    def as_query(self) -> dict[str, str]:
        """The search as the query of an address."""
        asked = {"q": self.words, "role": self.role, "gone": "1" if self.gone else "", "order": self.order}
        return {name: value for name, value in asked.items() if value}


ORDERS: Sortings = {
    "": Sorting(Text("按姓名", "By name"), Person.name, is_down=False),
    "name-down": Sorting(Text("按姓名倒着", "By name, backwards"), Person.name),
    "newest": Sorting(Text("新来的在前", "Newest first"), Person.created_at),
    "oldest": Sorting(Text("来得早的在前", "Longest here first"), Person.created_at, is_down=False),
}


def find_people(search: PeopleSearch) -> Select[Person]:
    """People that match, for ``paging``."""
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
