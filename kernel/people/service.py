"""Adding and changing people, and signing them in."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from threading import BoundedSemaphore
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import Actor, differences, record_change
from kernel.errors import NotFound, NotSignedIn, Refused
from kernel.ids import readable_code
from kernel.people.models import Person, PersonRole, SignIn
from kernel.people.rules import OWNER, ROLES, check_login, check_password, check_pin

# OWASP's small profile (19 MiB, 2 passes): a shared tablet's server has little memory to lend.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_hashing = BoundedSemaphore(4)
_NOBODY = _hasher.hash("nobody has this password")

_ONE_OWNER_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('gongfang: owners'))")

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


def lock_person(session: Session, person_id: int) -> Person:
    """The person, locked until the transaction ends and read anew.

    The lock lets others write rows that refer to the person: whoever is being handed work must not wait for it.
    """
    person = session.scalar(
        select(Person)
        .where(Person.id == person_id)
        .with_for_update(of=Person, key_share=True)
        .execution_options(populate_existing=True)
    )
    if person is None:
        raise NotFound("没有这个人。", "There is no such person.")
    return person


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
    language: str = "zh",
) -> Person:
    """Add somebody; passwords and PINs are checked and kept as hashes only."""
    person = Person(
        name=name,
        shown_name=shown_name,
        login=check_login(login) if login else None,
        password_hash=hash_secret(check_password(password)) if password else None,
        pin_hash=hash_secret(check_pin(pin)) if pin else None,
        language=language,
        created_at=now,
    )
    with _own_login(session):
        session.add(person)
    _record(session, person, "added", now=now, by=by, after=_facts(person))
    set_roles(session, person, roles, now=now, by=by)
    return person


def change_person(
    session: Session,
    person: Person,
    *,
    name: str,
    shown_name: str,
    login: str | None,
    language: str,
    now: datetime,
    by: Actor,
) -> None:
    """Change how a person is called and signs in; what stays the same leaves no trace."""
    facts = _facts(person)
    with _own_login(session):
        person.name, person.shown_name, person.language = name, shown_name, language
        person.login = check_login(login) if login else None
    before, after = differences(facts, _facts(person))
    if after:
        _record(session, person, "changed", now=now, by=by, before=before, after=after)


def _facts(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in ("name", "shown_name", "login", "language")}


@contextmanager
def _own_login(session: Session) -> Iterator[None]:
    """Write a person in a savepoint; two who take the same login at once are told apart by the database."""
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        if "uq_people_login" not in str(error.orig):
            raise
        raise Refused(
            "这个登录名已经有人用了，请换一个。", "That login is taken; choose another.", code="login_taken"
        ) from None


def _record(
    session: Session,
    person: Person,
    what: str,
    *,
    now: datetime,
    by: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    record_change(
        session, actor=by, action=f"person.{what}", subject=f"person:{person.id}", at=now, before=before, after=after
    )


def set_roles(session: Session, person: Person, roles: Iterable[str], *, now: datetime, by: Actor) -> None:
    """Give a person exactly these roles; takes effect at the person's next request.

    Raises:
        Refused: the last owner would be gone.
    """
    wanted = set(roles)
    if not wanted <= set(ROLES):
        raise ValueError(f"unknown roles: {wanted - set(ROLES)}")
    before = sorted(person.roles)
    if set(before) == wanted:
        return
    if OWNER in before and OWNER not in wanted and person.active:
        _require_another_owner(session, person)
    person.role_rows[:] = [row for row in person.role_rows if row.role in wanted]
    person.role_rows.extend(PersonRole(person_id=person.id, role=role) for role in sorted(wanted - set(before)))
    session.flush()
    _record(session, person, "roles", now=now, by=by, before={"roles": before}, after={"roles": sorted(wanted)})


def _require_another_owner(session: Session, person: Person) -> None:
    """Somebody must stay who can open every door. One at a time, so that two owners who go at once see each other."""
    session.execute(_ONE_OWNER_AT_A_TIME)
    others = select(Person.id).join(PersonRole).where(PersonRole.role == OWNER, Person.active, Person.id != person.id)
    if session.scalar(others.limit(1)) is None:
        raise Refused(
            "这是最后一位负责人，不能停用，也不能去掉负责人的分工。请先让另一个人做负责人。",
            "This is the last owner, who can neither be deactivated nor lose that role. Make somebody else an owner first.",
            code="last_owner",
        )


def set_pin(session: Session, person: Person, pin: str, *, now: datetime, by: Actor) -> None:
    """Give a person a new PIN; devices that were signed in must sign in again."""
    person.pin_hash = hash_secret(check_pin(pin))
    end_all_sign_ins(session, person, now=now)
    _record(session, person, "pin", now=now, by=by)


def set_password(session: Session, person: Person, password: str, *, now: datetime, by: Actor) -> None:
    """Give a person a new password; devices that were signed in must sign in again."""
    person.password_hash = hash_secret(check_password(password))
    end_all_sign_ins(session, person, now=now)
    _record(session, person, "password", now=now, by=by)


def new_badge(session: Session, person: Person, *, now: datetime, by: Actor, code: str | None = None) -> str:
    """Make a new badge; the old one stops working. Returns the code for the QR, which is not kept."""
    code = code or f"GF-{readable_code(20)}"
    person.badge_hash = token_hash(code)
    end_all_sign_ins(session, person, now=now)
    _record(session, person, "badge", now=now, by=by)
    return code


def deactivate(session: Session, person: Person, *, now: datetime, by: Actor) -> None:
    """The person may not sign in any more, and every device is signed out now.

    Raises:
        Refused: it is the last owner.
    """
    if not person.active:
        return
    if OWNER in person.roles:
        _require_another_owner(session, person)
    person.active = False
    end_all_sign_ins(session, person, now=now)
    _record(session, person, "deactivated", now=now, by=by)


def reactivate(session: Session, person: Person, *, now: datetime, by: Actor) -> None:
    """The person may sign in again, with the same badge, PIN and password."""
    if not person.active:
        person.active = True
        _record(session, person, "reactivated", now=now, by=by)


def sign_out_everywhere(session: Session, person: Person, *, now: datetime, by: Actor) -> None:
    """Sign the person out on every device, as after a lost phone."""
    end_all_sign_ins(session, person, now=now)
    _record(session, person, "signed_out", now=now, by=by)


def end_all_sign_ins(session: Session, person: Person, *, now: datetime) -> None:
    """Sign the person out on every device."""
    session.execute(update(SignIn).where(SignIn.person_id == person.id, SignIn.ended_at.is_(None)).values(ended_at=now))
    person.sign_ins_ended_at = now
    session.flush()


def _wrong() -> NotSignedIn:
    return NotSignedIn("登录信息不对，请再试一次。", "That does not match. Please try again.", code="wrong_sign_in")


def person_by_password(session: Session, login: str, password: str) -> Person:
    """The active person with this login and password."""
    person = session.scalar(select(Person).where(Person.login == login.lower(), Person.active))
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


def later_sign_in(session: Session, token: str, now: datetime) -> datetime | None:
    """When the same person signed in on another device after this one, if that device is still signed in."""
    this = session.get(SignIn, token_hash(token))
    if this is None:
        return None
    return session.scalar(
        select(func.max(SignIn.created_at)).where(
            SignIn.person_id == this.person_id,
            SignIn.created_at > this.created_at,
            SignIn.ended_at.is_(None),
            SignIn.expires_at > now,
        )
    )


def end_sign_in(session: Session, token: str, now: datetime) -> None:
    """Sign the device out."""
    session.execute(update(SignIn).where(SignIn.token_hash == token_hash(token)).values(ended_at=now))
