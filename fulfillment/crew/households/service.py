"""Writing down what somebody said of their household."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.crew.households.models import Household
from fulfillment.crew.households.rules import KINDS
from kernel.audit import Actor, record_change


def kind_of(session: Session, person_id: int) -> str:
    """What a person said, or nothing."""
    return session.scalar(select(Household.kind).where(Household.person_id == person_id)) or ""


def say_kind(session: Session, person_id: int, kind: str, *, now: datetime, by: Actor) -> None:
    """Write down what the person said and agreed to, or with ``""`` take it out. The person must be locked.

    The record of changes says that it was changed, never to what: it outlives an agreement that is taken back.
    """
    if kind not in ("", *KINDS):
        raise ValueError(kind)
    known = session.get(Household, person_id)
    if (known.kind if known else "") == kind:
        return
    if known is not None:
        session.delete(known)
        session.flush()
    if kind:
        session.add(Household(person_id=person_id, kind=kind, agreed_at=now, by=by.name))
    session.flush()
    after = {"said": bool(kind)}
    record_change(session, actor=by, action="person.household", subject=f"person:{person_id}", at=now, after=after)
