"""People and kinds of work to book, beside the bench of tests/packing/world.py."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.piecework import service as piecework
from fulfillment.piecework.models import WageEntry
from fulfillment.piecework.work import service as work
from fulfillment.piecework.work.models import WorkBooking, WorkKind
from kernel.audit import SYSTEM, Actor
from kernel.people import service as people
from kernel.people.models import Person
from kernel.people.rules import LEAD, OWNER
from tests.packing.world import ZONE, id_of, make_packer
from tests.world import NOW


def make_desk(session: Session, name: str, role: str) -> Actor:
    """Somebody who decides."""
    person = Person(name=name, shown_name=name, created_at=NOW)
    session.add(person)
    session.flush()
    people.set_roles(session, person, [role], now=NOW, by=SYSTEM)
    return Actor(person.id, person.name)


def make_lead(session: Session) -> Actor:
    return make_desk(session, "范组长", LEAD)


def make_owner(session: Session) -> Actor:
    return make_desk(session, "吴老板", OWNER)


def make_kind(
    session: Session, code: str = "sort", *, unit: str = "piece", per: int = 1, rate_fen: int = 30
) -> WorkKind:
    """A kind of work with a rate."""
    kind = work.add_kind(
        session, code=code, name_zh="分拣", name_en="Sorting", unit=unit, per=per, customer="", now=NOW, by=SYSTEM
    )
    piecework.set_rate(
        session, operation=code, up_to_g=50_000, rate_fen=rate_fen, valid_from=date(2026, 1, 1), now=NOW, by=SYSTEM
    )
    return kind


def note(
    kind: WorkKind,
    team: Mapping[int, int],
    quantity: int,
    *,
    split: str = "equal",
    at: datetime = NOW,
    product_id: int | None = None,
) -> work.Note:
    """Work to write down."""
    return work.Note(kind.id, product_id, quantity, at, split, team)


def book(
    session: Session, lead: Actor, kind: WorkKind, quantity: int, *packers: Actor, at: datetime = NOW
) -> WorkBooking:
    """The lead writes down what some people did together, in equal parts."""
    return work.book(
        session, note(kind, dict.fromkeys(map(id_of, packers), 1), quantity, at=at), zone=ZONE, now=at, by=lead
    )


def owed(session: Session, person: Actor) -> int:
    """What stands on the ledger for a person."""
    lines = select(WageEntry.amount_fen).where(WageEntry.packer_id == person.person_id)
    return sum(session.scalars(lines))


__all__ = ["ZONE", "book", "id_of", "make_desk", "make_kind", "make_lead", "make_owner", "make_packer", "note", "owed"]
