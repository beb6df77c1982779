"""Reading and writing what the workshop calls itself."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.workshop.models import THE_ONLY, Workshop
from kernel.audit import Actor, differences, record_change
from kernel.db import lock_row
from kernel.errors import Refused


@dataclass(frozen=True)
class WorkshopFacts:
    """The name on every page and slip, a sentence about the workshop, and the sender of its parcels."""

    name: str
    about_zh: str = ""
    about_en: str = ""
    phone: str = ""
    province: str = ""
    city: str = ""
    county: str = ""
    address: str = ""
    tax_code: str = ""


def workshop_of(session: Session) -> Workshop | None:
    """What was written, or ``None`` while the settings alone say it."""
    return session.get(Workshop, THE_ONLY)


def facts_of(workshop: Workshop) -> WorkshopFacts:
    """The facts in a row."""
    return WorkshopFacts(**{name: getattr(workshop, name) for name in WorkshopFacts.__dataclass_fields__})


def describe(session: Session, facts: WorkshopFacts, *, version: int, now: datetime, by: Actor) -> None:
    """Write the facts over what stands there as ``version`` (0: nothing). Facts that stand already change nothing.

    Raises:
        Refused: somebody else wrote meanwhile.
    """
    before = lock_row(session, Workshop, THE_ONLY)
    if before is not None and facts_of(before) == facts:
        return
    was = asdict(facts_of(before)) if before else {}
    if (before.version if before else 0) != version or not _write(session, facts, before, now=now, by=by):
        raise Refused(
            "刚才有别人改过这一页。请看一眼现在写着什么，再改。",
            "Somebody else changed this page meanwhile. Look at what it says now, then change it.",
            code="changed_meanwhile",
        )
    old, new = differences(was, asdict(facts))
    record_change(session, actor=by, action="workshop.described", subject="workshop:1", at=now, before=old, after=new)


def _write(session: Session, facts: WorkshopFacts, before: Workshop | None, *, now: datetime, by: Actor) -> bool:
    """Whether it could be written: two who describe a new workshop at once meet at the key."""
    if before is None:
        row = {**asdict(facts), "id": THE_ONLY, "is_demo": False, "version": 1, "at": now, "by": by.name}
        wanted = insert(Workshop).values(row).on_conflict_do_nothing().returning(Workshop.id)
        return session.scalar(wanted) is not None
    for name, value in asdict(facts).items():
        setattr(before, name, value)
    before.version, before.at, before.by = before.version + 1, now, by.name
    session.flush()
    return True
