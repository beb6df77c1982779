"""Adding people and signing them in."""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.errors import NotSignedIn, Refused
from kernel.ids import readable_code
from kernel.people.models import Person, PersonRole, SignIn
from kernel.people.rules import ROLES, check_password, check_pin

# OWASP's small profile (19 MiB, 2 passes): a shared tablet's server has little memory to lend.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_hashing = BoundedSemaphore(4)
_NOBODY = _hasher.hash("nobody has this password")

SIGN_IN_LASTS = {"console": timedelta(hours=12), "bench": timedelta(hours=4)}


def hash_secret(secret: str) -> str:
    """An Argon2id hash; at most four are worked out at once, since each takes memory."""
    with _hashing:
        return _hasher.hash(secret)


def is_secret(stored: str | None, offered: str) -> bool:
    """Whether ``offered`` matches; takes as long for a person who does not exist."""
    with _hashing:
        try:
            return _hasher.verify(stored or _NOBODY, offered) and stored is not None
        except (Argon2Error, InvalidHashError):
            return False


def token_hash(token: str) -> str:
    """The form in which a random token is stored; it is long enough to need no salt."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()


def add_person(
    session: Session,
    *,
    name: str,
    shown_name: str,
    roles: Iterable[str],
    now: datetime,
    by: Actor,
    login: str | None = None,
    password: str | None = None,
    pin: str | None = None,
) -> Person:
    """Add somebody; passwords and PINs are checked and kept as hashes only."""
    if login and session.scalar(select(Person.id).where(Person.login == login)):
        raise Refused("这个登录名已经有人用了，请换一个。", "That login is taken; choose another.", code="login_taken")
    person = Person(
        name=name,
        shown_name=shown_name,
        login=login or None,
        password_hash=hash_secret(check_password(password)) if password else None,
        pin_hash=hash_secret(check_pin(pin)) if pin else None,
        created_at=now,
    )
    session.add(person)
    session.flush()
    set_roles(session, person, roles, now=now, by=by)
    return person


def set_roles(session: Session, person: Person, roles: Iterable[str], *, now: datetime, by: Actor) -> None:
    """Give a person exactly these roles; takes effect at the person's next request."""
    wanted = set(roles)
    if not wanted <= set(ROLES):
        raise ValueError(f"unknown roles: {wanted - set(ROLES)}")
    before = sorted(person.roles)
    person.role_rows[:] = [row for row in person.role_rows if row.role in wanted]
    person.role_rows.extend(PersonRole(person_id=person.id, role=role) for role in wanted - set(before))
    session.flush()
    record_change(
        session,
        actor=by,
        action="person.roles",
        subject=f"person:{person.id}",
        at=now,
        before={"roles": before},
        after={"roles": sorted(wanted)},
    )


def set_pin(session: Session, person: Person, pin: str, *, now: datetime, by: Actor) -> None:
    """Give a person a new PIN."""
    person.pin_hash = hash_secret(check_pin(pin))
    record_change(session, actor=by, action="person.pin", subject=f"person:{person.id}", at=now)


def new_badge(session: Session, person: Person, *, now: datetime, by: Actor, code: str | None = None) -> str:
    """Make a new badge; the old one stops working. Returns the code for the QR, which is not kept."""
    code = code or f"GF-{readable_code(20)}"
    person.badge_hash = token_hash(code)
    record_change(session, actor=by, action="person.badge", subject=f"person:{person.id}", at=now)
    return code


def deactivate(session: Session, person: Person, *, now: datetime, by: Actor) -> None:
    """The person may not sign in any more, and every device is signed out now."""
    person.active = False
    session.execute(update(SignIn).where(SignIn.person_id == person.id, SignIn.ended_at.is_(None)).values(ended_at=now))
    record_change(session, actor=by, action="person.deactivated", subject=f"person:{person.id}", at=now)


def _wrong() -> NotSignedIn:
    return NotSignedIn("登录信息不对，请再试一次。", "That does not match. Please try again.", code="wrong_sign_in")


def person_by_password(session: Session, login: str, password: str) -> Person:
    """The active person with this login and password."""
    person = session.scalar(select(Person).where(Person.login == login, Person.active))
    if not is_secret(person.password_hash if person else None, password) or person is None:
        raise _wrong()
    return person


def person_by_pin(session: Session, person_id: int, pin: str) -> Person:
    """The active person who chose their name on the tablet and typed their PIN."""
    person = session.scalar(select(Person).where(Person.id == person_id, Person.active))
    if not is_secret(person.pin_hash if person else None, pin) or person is None:
        raise _wrong()
    return person


def person_by_badge(session: Session, code: str) -> Person:
    """The active person whose badge was scanned."""
    person = session.scalar(select(Person).where(Person.badge_hash == token_hash(code.strip()), Person.active))
    if person is None:
        raise _wrong()
    return person


def start_sign_in(session: Session, person: Person, *, face: str, now: datetime) -> str:
    """Sign a device in; returns the token for its cookie (256 bits), of which only the hash is stored."""
    token = secrets.token_urlsafe(32)
    lasts = SIGN_IN_LASTS[face]
    session.add(SignIn(token_hash=token_hash(token), person_id=person.id, created_at=now, expires_at=now + lasts))
    return token


def end_sign_in(session: Session, token: str, now: datetime) -> None:
    """Sign the device out."""
    session.execute(update(SignIn).where(SignIn.token_hash == token_hash(token)).values(ended_at=now))


def person_of_token(session: Session, token: str, now: datetime) -> Person | None:
    """Who is signed in with this token; roles are read anew, so one that was taken away bites at once."""
    return session.scalar(
        select(Person)
        .join(SignIn, SignIn.person_id == Person.id)
        .where(
            SignIn.token_hash == token_hash(token),
            SignIn.ended_at.is_(None),
            SignIn.expires_at > now,
            Person.active,
        )
    )
