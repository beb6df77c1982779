"""Opening, noting and settling what went wrong with couriers. Whoever opens a case holds the parcel's lock already."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.couriers.cases.models import CaseNote, CourierCase
from fulfillment.couriers.cases.rules import KINDS
from kernel.audit import SYSTEM, Actor, record_change
from kernel.db import lock_row
from kernel.errors import NotFound, Refused

PASSED = "passed"


def open_case(session: Session, parcel_id: int, kind: str, *, detail: str = "", said: str = "", now: datetime) -> None:
    """Make it work for the lead; while it is open, the same trouble again only changes its words."""
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind}")
    row = {"parcel_id": parcel_id, "kind": kind, "detail": detail, "said": said, "opened_at": now}
    session.execute(
        insert(CourierCase)
        .values(row)
        .on_conflict_do_update(
            index_elements=["parcel_id", "kind"],
            index_where=text("settled_at IS NULL"),
            set_={"detail": detail, "said": said},
        )
    )


def pass_cases(session: Session, parcel_id: int, kinds: Collection[str], *, now: datetime) -> None:
    """Some trouble is over by itself: its cases are settled by the program."""
    cases = session.scalars(
        select(CourierCase)
        .where(CourierCase.parcel_id == parcel_id, CourierCase.kind.in_(kinds), CourierCase.settled_at.is_(None))
        .with_for_update(of=CourierCase)
    )
    for case in cases:
        case.settled_at, case.settled_by, case.outcome = now, SYSTEM.name, PASSED
    session.flush()


def add_note(session: Session, case_id: int, words: str, *, now: datetime, by: Actor) -> CourierCase:
    """Write down what was done or learned.

    Raises:
        NotFound: no such case.
    """
    case = _lock(session, case_id)
    session.add(CaseNote(case_id=case.id, at=now, by=by.name, words=words))
    session.flush()
    return case


def settle(session: Session, case_id: int, outcome: str, *, words: str = "", now: datetime, by: Actor) -> CourierCase:
    """A person has seen to it; settled again in the same way it changes nothing.

    Raises:
        NotFound: no such case. Refused: it was settled in another way.
    """
    case = _lock(session, case_id)
    if case.settled_at is not None:
        if case.outcome == outcome:
            return case
        raise Refused("这件事已经办完了。", "This was settled already.", code="settled_already")
    case.settled_at, case.settled_by, case.outcome = now, by.name, outcome
    if words:
        session.add(CaseNote(case_id=case.id, at=now, by=by.name, words=words))
    session.flush()
    record_change(
        session,
        actor=by,
        action="courier_case.settled",
        subject=f"parcel:{case.parcel.number}",
        at=now,
        before={"kind": case.kind},
        after={"outcome": outcome},
    )
    return case


def _lock(session: Session, case_id: int) -> CourierCase:
    case = lock_row(session, CourierCase, case_id)
    if case is None:
        raise NotFound("没有这件事。", "There is no such case.")
    return case
