"""What an owner types about a person, to checked facts."""

from dataclasses import dataclass

from fulfillment.packing.lead_rules import PREFERENCES
from fulfillment.packing.models import Packer
from kernel.forms import Form
from kernel.parse import clean_text
from kernel.people.models import Person
from kernel.people.rules import DESK_ROLES, ROLES, check_login, check_password, check_pin
from kernel.text import LOCALES

_LONGEST_NAME = 30


@dataclass(frozen=True)
class PersonFacts:
    """How a person is called, signs in, and what the person does here."""

    name: str
    shown_name: str
    login: str | None
    language: str
    roles: frozenset[str]

    @property
    def sits_at_a_desk(self) -> bool:
        """Whether the person signs in with a login and a password."""
        return bool(self.roles & DESK_ROLES)


def read_person(form: Form) -> PersonFacts:
    """The person in a form; whoever works at a desk needs a login. The caller checks the form."""
    roles = frozenset(role for role in ROLES if form.ticked(f"role_{role}"))
    if not roles:
        form.refuse("roles", "请至少选一个分工。", "Choose at least one role.")
    login = form.text("login", longest=40, required=bool(roles & DESK_ROLES))
    return PersonFacts(
        name=form.text("name", longest=_LONGEST_NAME),
        shown_name=form.text("shown_name", longest=_LONGEST_NAME),
        login=form.read("login", lambda raw: check_login(clean_text(raw, 40))) if login else None,
        language=form.choice("language", LOCALES),
        roles=roles,
    )


def read_password(form: Form, *, required: bool) -> str | None:
    """A new password, or ``None`` when none is given and none is needed."""
    if not form.text("password", longest=200, required=required):
        return None
    return form.read("password", lambda raw: check_password(clean_text(raw, 200)))


def read_pin(form: Form, *, required: bool) -> str | None:
    """A new PIN, or ``None`` when none is given and none is needed."""
    if not form.text("pin", longest=20, required=required):
        return None
    return form.read("pin", lambda raw: check_pin(clean_text(raw, 20)))


def read_preferences(form: Form) -> frozenset[str]:
    """The work that suits the person, as the person said it."""
    return frozenset(name for name in PREFERENCES if form.ticked(f"work_{name}"))


def person_form(person: Person, packer: Packer | None) -> Form:
    """A form that shows the person as they are; secrets are never shown."""
    typed: dict[str, object] = {
        "name": person.name,
        "shown_name": person.shown_name,
        "login": person.login or "",
        "language": person.language,
    }
    typed |= {f"role_{role}": "1" for role in person.roles}
    typed |= {f"work_{name}": "1" for name in PREFERENCES if packer and getattr(packer, name)}
    return Form(typed)
