"""Who is at a device: read at the start of every request, so in one statement."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.people.models import Person, PersonChoice, PersonRole, SignIn
from kernel.people.rules import TEXT_SIZES_PX
from kernel.people.service import token_hash


@dataclass(frozen=True)
class SignedIn:
    """The person at the device: roles as they are now, letters in pixels; ``reads_aloud`` is ``None`` until chosen."""

    id: int
    name: str
    shown_name: str
    roles: frozenset[str]
    language: str
    text_px: int
    reads_aloud: bool | None


_ROLES = select(func.array_agg(PersonRole.role)).where(PersonRole.person_id == Person.id).scalar_subquery()
_PERSON = (
    select(
        *(Person.id, Person.name, Person.shown_name, _ROLES.label("roles"), Person.language),
        func.coalesce(PersonChoice.text_px, TEXT_SIZES_PX[0]).label("text_px"),
        PersonChoice.reads_aloud,
    )
    .join(SignIn, SignIn.person_id == Person.id)
    .outerjoin(PersonChoice, PersonChoice.person_id == Person.id)
    .where(SignIn.ended_at.is_(None), Person.active)
)


def signed_in(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Who is signed in with this token; roles are read anew, so one that was taken away bites at once."""
    mine = _PERSON.where(SignIn.token_hash == token_hash(token), SignIn.expires_at > now)
    row = session.execute(mine).one_or_none()
    if row is None:
        return None
    return SignedIn(
        row.id, row.name, row.shown_name, frozenset(row.roles or ()), row.language, row.text_px, row.reads_aloud
    )
