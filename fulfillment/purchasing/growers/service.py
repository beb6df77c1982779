"""Changing who grows for us and which grades there are; contracts are in contract_service."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Farmer, Grade
from fulfillment.purchasing.growers.rules import pinyin_initials
from kernel.audit import Actor, record_change
from kernel.errors import Invalid, NotFound
from kernel.readings import pinyin_readings
from kernel.text import Text


@dataclass(frozen=True)
class FarmerFacts:
    """Who a grower is. ``shown_name`` is for buyers, if ``consent_shown``; no initials: worked out from the name."""

    name: str
    shown_name: str
    phone: str
    village: str
    initials: str = ""
    consent_shown: bool = False
    active: bool = True


def add_farmer(session: Session, facts: FarmerFacts, *, now: datetime, by: Actor) -> Farmer:
    """Register a grower.

    Raises:
        Invalid: somebody of that name and phone is on the list already.
    """
    farmer = Farmer(created_at=now)
    _write(session, farmer, facts)
    record_change(session, actor=by, action="farmer.added", subject=f"farmer:{farmer.id}", at=now)
    return farmer


def change_farmer(session: Session, farmer_id: int, facts: FarmerFacts, *, now: datetime, by: Actor) -> Farmer:
    """Correct what is known of a grower, or what buyers may see."""
    farmer = session.scalar(select(Farmer).where(Farmer.id == farmer_id).with_for_update())
    if farmer is None:
        raise NotFound("没有这位农户。", "There is no such farmer.")
    before = {"consent_shown": farmer.consent_shown, "active": farmer.active}
    _write(session, farmer, facts)
    after = {"consent_shown": farmer.consent_shown, "active": farmer.active}
    record_change(
        session, actor=by, action="farmer.changed", subject=f"farmer:{farmer.id}", at=now, before=before, after=after
    )
    return farmer


def _write(session: Session, farmer: Farmer, facts: FarmerFacts) -> None:
    for name, value in asdict(facts).items():
        setattr(farmer, name, value)
    farmer.initials = facts.initials or pinyin_initials(facts.name)
    farmer.readings = pinyin_readings(facts.name)
    try:
        with session.begin_nested():
            session.add(farmer)
            session.flush()
    except IntegrityError as error:
        if "uq_farmers_name_phone" not in str(error.orig):
            raise
        raise Invalid(
            "这位农户已经在名单上了。",
            "This farmer is on the list already.",
            code="farmer_known",
            fields={
                "name": Text(
                    "同名同电话的农户已经在名单上了。", "A farmer with this name and phone is on the list already."
                )
            },
        ) from None


@dataclass(frozen=True)
class GradeTerms:
    """A grade of a product in one form (dry or fresh), and what it takes off the promised price, in basis points."""

    product: str
    form: str
    name: str
    deduction_bps: int


def set_grade(session: Session, terms: GradeTerms, *, now: datetime, by: Actor) -> Grade:
    """Add a grade, or change what one takes off; the same again changes nothing.

    Contracts that are signed have a copy of their own, so this is for those that come.
    """
    is_new = session.execute(insert(Grade).values(asdict(terms)).on_conflict_do_nothing().returning(Grade.id)).first()
    known = select(Grade).where(Grade.product == terms.product, Grade.form == terms.form, Grade.name == terms.name)
    grade = session.scalars(known.with_for_update().execution_options(populate_existing=True)).one()
    before = {} if is_new else {"deduction_bps": grade.deduction_bps}
    if before.get("deduction_bps") == terms.deduction_bps:
        return grade
    grade.deduction_bps = terms.deduction_bps
    session.flush()
    after = {"name": grade.name, "deduction_bps": grade.deduction_bps}
    record_change(
        session, actor=by, action="grade.set", subject=f"grade:{grade.id}", at=now, before=before, after=after
    )
    return grade
