"""Changing who grows for us: farmers and contracts."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Contract, Farmer, Grade
from fulfillment.purchasing.growers.rules import pinyin_initials
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import Invalid, NotFound, Refused
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

    Raises:
        Refused: more would be taken off while farmers hold contracts that were signed with less.
    """
    is_new = session.execute(insert(Grade).values(asdict(terms)).on_conflict_do_nothing().returning(Grade.id)).first()
    # All grades of the product: signing a contract holds one of them, and waits or is waited for.
    table = select(Grade).where(Grade.product == terms.product, Grade.form == terms.form).order_by(Grade.id)
    locked = session.scalars(table.with_for_update().execution_options(populate_existing=True)).all()
    grade = next(each for each in locked if each.name == terms.name)
    before = {} if is_new else {"deduction_bps": grade.deduction_bps}
    if before.get("deduction_bps") == terms.deduction_bps:
        return grade
    if terms.deduction_bps > grade.deduction_bps:
        _refuse_promised(session, grade)
    grade.deduction_bps = terms.deduction_bps
    session.flush()
    after = {"name": grade.name, "deduction_bps": grade.deduction_bps}
    record_change(
        session, actor=by, action="grade.set", subject=f"grade:{grade.id}", at=now, before=before, after=after
    )
    return grade


def _refuse_promised(session: Session, grade: Grade) -> None:
    """What a running contract's farmer was told is not made worse."""
    promised = select(Contract.id).where(
        Contract.active, Contract.product == grade.product, Contract.form == grade.form
    )
    if session.scalar(promised.limit(1)) is not None:
        said = Text(
            "有合同还在执行，农户是照原来的等级表签的，不能多减。可以少减，或者先结束合同。",
            "Contracts were signed with the table as it is, so no more can be taken off. Take less, or end them first.",
        )
        raise Refused(said.zh, said.en, code="grade_promised", fields={"deduction": said})


@dataclass(frozen=True)
class ContractTerms:
    """What is promised: weights in grams, rates in basis points, the floor in fen per kg.

    ``market`` none: the best of the day's markets; ``reject_above_bps`` none: any moisture is taken.
    """

    farmer_id: int
    variant_id: int
    product: str
    form: str
    grade: str
    season_start: date
    season_end: date
    agreed_g: int
    tolerance_bps: int
    premium_bps: int
    floor_fen_per_kg: int
    quote_days: int
    market: str | None
    standard_moisture_bps: int
    reject_above_bps: int | None
    payment_days: int


def create_contract(session: Session, terms: ContractTerms, *, now: datetime, by: Actor) -> Contract:
    """Sign a contract.

    Raises:
        Invalid: the farmer has one for the same product and form in that time, or its grade takes something off.
    """
    _check_grade(session, terms)
    contract = Contract(created_at=now, **asdict(terms))
    try:
        with session.begin_nested():
            session.add(contract)
            session.flush()
    except IntegrityError as error:
        if "no_two_overlap" not in str(error.orig):
            raise
        raise Invalid(
            "这位农户这段时间已经有同样产品的合同了。",
            "This farmer has a contract for that product and time already.",
            code="contract_overlaps",
            fields={
                "season_start": Text(
                    "和已有的合同时间重叠。改日期，或先结束那份合同。",
                    "It overlaps with a contract that runs. Change the dates, or end that contract first.",
                )
            },
        ) from None
    after = {
        "premium_bps": contract.premium_bps,
        "floor_fen_per_kg": contract.floor_fen_per_kg,
        "agreed_g": contract.agreed_g,
    }
    record_change(session, actor=by, action="contract.signed", subject=f"contract:{contract.id}", at=now, after=after)
    return contract


def _check_grade(session: Session, terms: ContractTerms) -> None:
    """The grade that is quoted takes nothing off: else whoever brings just that would get less than the promise."""
    quoted = select(Grade).where(Grade.product == terms.product, Grade.form == terms.form, Grade.name == terms.grade)
    grade = session.scalar(quoted.with_for_update(read=True))
    if grade is None or grade.deduction_bps:
        raise Invalid(
            "合同要按不减价的等级报价。",
            "A contract is quoted for a grade with nothing off.",
            fields={"goods": Text("请选不减价的等级。", "Choose a grade with nothing off.")},
        )


def change_agreed(session: Session, contract_id: int, agreed_g: int, *, now: datetime, by: Actor) -> Contract:
    """Agree on another quantity; what was delivered already must fit in.

    Raises:
        Invalid: less than was delivered. Refused: the contract has ended.
    """
    contract = _running(session, contract_id)
    if agreed_g < contract.delivered_g:
        kg = f"{contract.delivered_g / 1000:g}"
        raise Invalid(
            "不能少于已经交的数量。",
            "It cannot be less than was delivered.",
            fields={"agreed": Text(f"已经交了 {kg} 公斤，不能比这少。", f"{kg} kg were delivered; it cannot be less.")},
        )
    before, contract.agreed_g = {"agreed_g": contract.agreed_g}, agreed_g
    session.flush()
    record_change(
        session,
        actor=by,
        action="contract.quantity",
        subject=f"contract:{contract.id}",
        at=now,
        before=before,
        after={"agreed_g": agreed_g},
    )
    return contract


def end_contract(session: Session, contract_id: int, *, reason: str, now: datetime, by: Actor) -> Contract:
    """End a contract before its season is over; deliveries and what is owed for them stay."""
    contract = _running(session, contract_id)
    contract.active = False
    session.flush()
    record_change(
        session, actor=by, action="contract.ended", subject=f"contract:{contract.id}", at=now, after={"reason": reason}
    )
    return contract


def _running(session: Session, contract_id: int) -> Contract:
    contract = lock_row(session, Contract, contract_id)
    if contract is None:
        raise NotFound("没有这份合同。", "There is no such contract.")
    if not contract.active:
        raise Refused("这份合同已经结束了。", "This contract has ended already.", code="contract_ended")
    return contract
