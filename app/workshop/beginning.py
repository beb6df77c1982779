"""How a workshop begins: the first owner of an empty installation, and the demo's data removed for good."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.workshop.models import THE_ONLY, Workshop
from app.workshop.service import WorkshopFacts, workshop_of
from kernel.audit import Actor, record_change
from kernel.db import Base
from kernel.errors import Refused
from kernel.links import is_link_key, link_key
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import OWNER

PATH = "/begin"
_PURPOSE = "begin"
# Things of the house that are not the demo's: what prints, and counts of what the program did.
_STAYS = frozenset({"printers", "tallies"})
# What keeps ledgers from being emptied (bit 5 of a trigger's type: TRUNCATE).
_GUARDS = text("""
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgtype & 32 <> 0 ORDER BY c.relname, t.tgname
""")
# Two who begin at once wait for each other here.
_TURN = text("SELECT pg_advisory_xact_lock(7402117)")


@dataclass(frozen=True)
class FirstOwner:
    """Who begins: the name, the login and the password of the first owner."""

    name: str
    login: str
    password: str
    language: str


def link_to_begin(public_url: str, secret: str) -> str:
    """The page where an empty installation is begun; whoever runs the program sees it, nobody else can guess it."""
    return f"{public_url}{PATH}?key={link_key(secret, _PURPOSE, '')}"


def is_key(secret: str, offered: str) -> bool:
    """Whether this is the key of that page."""
    return len(offered) <= 100 and is_link_key(secret, _PURPOSE, "", offered)


def is_empty(session: Session) -> bool:
    """Whether nobody works here yet."""
    return session.scalar(select(Person.id).limit(1)) is None


def begin(session: Session, owner: FirstOwner, facts: WorkshopFacts, *, now: datetime) -> Person:
    """Add the first owner and write the workshop's name.

    Raises:
        Refused: somebody began already. Invalid: the login or the password breaks a rule.
    """
    session.execute(_TURN)
    if not is_empty(session):
        raise Refused("已经有人开张了，请登录。", "Somebody has begun already: please sign in.", code="begun_already")
    return _first(session, owner, facts, version=1, now=now)


def demo_counts(session: Session) -> dict[str, int]:
    """How much there is of what removing the demo throws away: rows by table, for saying it before."""
    tables = Base.metadata.tables
    names = ("orders", "people", "products", "streams")
    return {name: session.scalar(select(func.count()).select_from(tables[name])) or 0 for name in names}


def is_demo(session: Session) -> bool:
    """Whether this database holds the demo, which may be removed."""
    workshop = workshop_of(session)
    return workshop is not None and workshop.is_demo


def remove_demo(session: Session, owner: FirstOwner, facts: WorkshopFacts, *, now: datetime, by: Actor) -> Person:
    """Empty every table and begin anew with this owner, all in one transaction.

    Raises:
        Refused: the database does not hold the demo (any more). Invalid: the login or the password breaks a rule.
    """
    session.execute(_TURN)
    workshop = workshop_of(session)
    if workshop is None or not workshop.is_demo:
        raise Refused("这里没有演示数据，不能清空。", "There is no demo data here: nothing is removed.", code="no_demo")
    version = workshop.version + 1
    session.expunge_all()
    _empty(session)
    person = _first(session, owner, facts, version=version, now=now)
    record_change(session, actor=by, action="workshop.demo_removed", subject="workshop:1", at=now)
    return person


def _empty(session: Session) -> None:
    """Numbers go on where they were, so that nothing kept by a running process is taken for something new."""
    guards = session.execute(_GUARDS).all()
    for table, guard in guards:
        session.execute(text(f'ALTER TABLE "{table}" DISABLE TRIGGER "{guard}"'))
    names = [name for name in Base.metadata.tables if name not in _STAYS]
    session.execute(text(f"TRUNCATE {', '.join(names)}"))
    for table, guard in guards:
        session.execute(text(f'ALTER TABLE "{table}" ENABLE TRIGGER "{guard}"'))


def _first(session: Session, owner: FirstOwner, facts: WorkshopFacts, *, version: int, now: datetime) -> Person:
    by = Actor(None, owner.name)
    person = people.add_person(
        session,
        name=owner.name,
        shown_name=owner.name,
        roles={OWNER},
        login=owner.login,
        password=owner.password,
        pin=None,
        language=owner.language,
        now=now,
        by=by,
    )
    session.add(Workshop(**asdict(facts), id=THE_ONLY, is_demo=False, version=version, at=now, by=owner.name))
    session.flush()
    record_change(session, actor=by, action="workshop.begun", subject="workshop:1", at=now, after=asdict(facts))
    return person
