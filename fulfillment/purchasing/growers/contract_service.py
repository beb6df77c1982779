"""Promises to growers: signing, amending, renewing, taking more than was agreed, ending.

A contract is one row with the terms of today. The database numbers its terms and keeps every version, so what was
delivered goes on referring to the promise it was brought under (docs/decisions/0029-contract-versions.md).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Contract, ContractExtra, ContractVersion, Farmer, Grade
from fulfillment.purchasing.growers.refusals import fault, refusal_of
from fulfillment.purchasing.growers.rules import REFUSE, SAME_TERMS, WHOLE, next_season
from kernel.audit import Actor, AuditEntry, differences, record_change
from kernel.db import lock_row
from kernel.errors import Invalid, NotFound, Refused
from kernel.text import Text


@dataclass(frozen=True, kw_only=True)
class Promise:
    """What is promised and can be amended: weights in grams, rates in basis points, the floor in fen per kg.

    ``market`` none: the best of the day's markets; ``reject_above_bps`` none: any moisture is taken; ``median_days``:
    the middle of so many days' prices, 1 for the newest alone; ``deductions``: what each grade takes off, by name,
    none for the grade table as it is now.
    """

    season_start: date
    season_end: date
    agreed_g: int
    tolerance_bps: int
    premium_bps: int
    floor_fen_per_kg: int
    quote_days: int
    median_days: int = 1
    market: str | None
    standard_moisture_bps: int
    reject_above_bps: int | None
    deductions: dict[str, int] | None = None
    payment_days: int
    over_rule: str = REFUSE


@dataclass(frozen=True, kw_only=True)
class ContractTerms(Promise):
    """A promise with whom and what it is for; ``renews_id`` is the contract of the season before, if it renews one."""

    farmer_id: int
    variant_id: int
    product: str
    form: str
    grade: str
    renews_id: int | None = None


@dataclass(frozen=True)
class Amendment:
    """Other terms from a day on, and why; ``seen_version`` is what the writer had before the eyes."""

    seen_version: int
    from_day: date
    promise: Promise
    reason: str


def promise_of(terms: Contract | ContractVersion) -> Promise:
    """What a contract, or one version of it, promises."""
    return Promise(**{each.name: getattr(terms, each.name) for each in fields(Promise)})


def create_contract(session: Session, terms: ContractTerms, *, now: datetime, by: Actor) -> Contract:
    """Sign a contract, with a copy of the grade table; the same form sent twice signs one.

    Raises:
        Invalid: the farmer has one for the same product and form in that time, or its grade takes something off.
    """
    facts = asdict(terms) | {"deductions": _own_table(session, terms)}
    contract = Contract(created_at=now, terms_at=now, terms_by=by.name)
    try:
        _write(session, contract, facts)
    except Invalid:
        known = _signed_already(session, facts)
        if known is None:
            raise
        return known
    after = _as_noted(promise_of(contract)) | ({"renews": terms.renews_id} if terms.renews_id else {})
    record_change(session, actor=by, action="contract.signed", subject=f"contract:{contract.id}", at=now, after=after)
    return contract


def _signed_already(session: Session, facts: Mapping[str, object]) -> Contract | None:
    """The running contract that says just this."""
    same = select(Contract).where(
        Contract.active,
        Contract.farmer_id == facts["farmer_id"],
        Contract.variant_id == facts["variant_id"],
        Contract.season_start == facts["season_start"],
    )
    return next((c for c in session.scalars(same) if all(getattr(c, name) == facts[name] for name in facts)), None)


def _own_table(session: Session, terms: ContractTerms) -> dict[str, int]:
    """The grade table that is signed, by name."""
    table = select(Grade.name, Grade.deduction_bps).where(Grade.product == terms.product, Grade.form == terms.form)
    deductions = terms.deductions or {grade.name: grade.deduction_bps for grade in session.execute(table)}
    # The grade that is quoted takes nothing off: else whoever brings just that would get less than the promise.
    if deductions.get(terms.grade) != 0:
        raise Invalid(
            "合同要按不减价的等级报价。",
            "A contract is quoted for a grade with nothing off.",
            fields={"goods": Text("请选不减价的等级。", "Choose a grade with nothing off.")},
        )
    return deductions


def _write(session: Session, contract: Contract, facts: Mapping[str, object]) -> None:
    """Send a contract to the database, which decides what fits, and read back how it numbered the terms.

    The farmer's row is locked first: two contracts that overlap, written at one instant, would else each wait for the
    other inside the overlap constraint until the database gives one of them up.
    """
    whose = select(Farmer.id).where(Farmer.id == facts.get("farmer_id", contract.farmer_id))
    session.execute(whose.with_for_update(key_share=True))
    try:
        with session.begin_nested():
            for name, value in facts.items():
                setattr(contract, name, value)
            session.add(contract)
            session.flush()
    except IntegrityError as error:
        raise refusal_of(error) from None
    session.refresh(contract)


def amend_contract(
    session: Session, contract_id: int, amendment: Amendment, *, today: date, now: datetime, by: Actor
) -> Contract:
    """Agree on other terms from a day on; what was delivered keeps the ones it was brought under.

    The contract is locked, so that of two who amend at once the second sees what the first wrote, and so that a
    weigh-in that is being written is waited for. The same form sent twice is carried out once.

    Raises:
        Invalid: less than was delivered, a day in the past or one on which goods came, a season that leaves out what
            came or overlaps. Refused: somebody else amended it meanwhile, nothing is different, or it has ended.
    """
    contract = running_contract(session, contract_id)
    before = promise_of(contract)
    after = amendment.promise
    if contract.version == amendment.seen_version + 1 and before == after:
        return contract
    _check_seen(contract, amendment)
    _check_quantity(contract, after)
    _check_first_day(contract, amendment.from_day, today)
    if (after.deductions or {}).get(contract.grade) != 0:
        raise fault("deductions", "报价的那一级不能减。", "Nothing can be taken off the grade that is quoted.")
    noted = {"terms_from": amendment.from_day, "terms_reason": amendment.reason, "terms_by": by.name, "terms_at": now}
    _write(session, contract, asdict(after) | noted)
    _note_amendment(session, contract, before, now, by)
    return contract


def _check_seen(contract: Contract, amendment: Amendment) -> None:
    if contract.version != amendment.seen_version:
        raise Refused(
            "刚才有人改过这份合同。请看过现在的条款再改。",
            "Somebody amended this contract just now. Look at its terms as they are, then amend.",
            code="amended_meanwhile",
        )
    if promise_of(contract) == amendment.promise:
        raise Refused(
            "和现在的条款一样，没有要改的。", "Nothing is different from the terms as they are.", code="same_terms"
        )


def _check_quantity(contract: Contract, promise: Promise) -> None:
    kg = f"{contract.delivered_g / 1000:g}"
    if promise.agreed_g < min(contract.delivered_g, contract.agreed_g):
        raise fault("agreed", f"已经交了 {kg} 公斤，不能比这少。", f"{kg} kg were delivered; it cannot be less.")
    most_g = promise.agreed_g + promise.agreed_g * promise.tolerance_bps // WHOLE + contract.extra_g
    if most_g < contract.delivered_g:
        raise fault("tolerance", f"已经交了 {kg} 公斤，放不下。", f"{kg} kg were delivered, which would not fit.")


def _check_first_day(contract: Contract, from_day: date, today: date) -> None:
    if from_day < today:
        raise fault("from_day", "不能从过去的日子算起。", "It cannot begin in the past.")
    if from_day < contract.terms_from and contract.version > 1:
        day = contract.terms_from
        raise fault(
            "from_day", f"上次改的条款从 {day} 起，不能更早。", f"The last amendment begins on {day}; not before."
        )


def _note_amendment(session: Session, contract: Contract, before: Promise, now: datetime, by: Actor) -> None:
    was, is_now = differences(_as_noted(before), _as_noted(promise_of(contract)))
    is_now |= {"version": contract.version, "from": f"{contract.terms_from}", "reason": contract.terms_reason}
    subject = f"contract:{contract.id}"
    record_change(session, actor=by, action="contract.amended", subject=subject, at=now, before=was, after=is_now)


def _as_noted(promise: Promise) -> dict[str, object]:
    """A promise for the audit log: days as text."""
    return {name: f"{value}" if isinstance(value, date) else value for name, value in asdict(promise).items()}


def renew_contract(session: Session, contract_id: int, *, now: datetime, by: Actor) -> Contract:
    """Sign the same terms for the next season; pressed twice, the first renewal is the answer.

    Raises:
        Invalid: that time is taken by another contract. Refused: the contract was ended early.
    """
    contract = running_contract(session, contract_id)
    known = renewal_of(session, contract.id)
    return known or create_contract(session, renewal_terms(contract), now=now, by=by)


def renewal_of(session: Session, contract_id: int) -> Contract | None:
    """The contract of the season after, if there is one that was not ended."""
    return session.scalars(select(Contract).where(Contract.renews_id == contract_id, Contract.active)).one_or_none()


def renewal_terms(contract: Contract) -> ContractTerms:
    """The terms of a contract for the season after it."""
    start, end = next_season(contract.season_start, contract.season_end)
    same = {name: getattr(contract, name) for name in ("farmer_id", "variant_id", "product", "form", "grade")}
    promise = asdict(promise_of(contract)) | {"season_start": start, "season_end": end}
    return ContractTerms(**promise, **same, renews_id=contract.id)


def allow_more(
    session: Session, contract_id: int, grams: int, *, reason: str, asked_by: Actor, agreed_by: Actor, now: datetime
) -> Contract:
    """Let a contract take so many grams beyond its tolerance, at its own terms; two people decide it.

    Raises:
        Refused: the contract takes no more than was agreed, it has ended, or one person would agree with themselves.
    """
    contract = running_contract(session, contract_id)
    if contract.over_rule != SAME_TERMS:
        raise Refused(
            "这份合同约定多的不收。要多收，请先和农户改合同。",
            "This contract takes no more than was agreed. To take more, amend it with the farmer first.",
            code="over_refused",
        )
    if asked_by.person_id is None or agreed_by.person_id is None or asked_by.person_id == agreed_by.person_id:
        raise Refused("要另一个人同意。", "Another person must agree.", code="second_person")
    people = {"asked_by_id": asked_by.person_id, "agreed_by_id": agreed_by.person_id}
    session.add(ContractExtra(contract_id=contract.id, grams=grams, reason=reason, at=now, **people))
    session.flush()
    session.refresh(contract)
    subject, after = f"contract:{contract.id}", {"grams": grams, "reason": reason}
    record_change(session, actor=agreed_by, action="contract.more_allowed", subject=subject, at=now, after=after)
    return contract


def end_contract(session: Session, contract_id: int, *, reason: str, now: datetime, by: Actor) -> Contract:
    """End a contract before its season is over; deliveries and what is owed for them stay.

    The same form sent twice ends it once.
    """
    contract = lock_row(session, Contract, contract_id)
    if contract is not None and not contract.active and _was_ended_so(session, contract.id, reason, by):
        return contract
    contract = running_contract(session, contract_id)
    contract.active = False
    session.flush()
    record_change(
        session, actor=by, action="contract.ended", subject=f"contract:{contract.id}", at=now, after={"reason": reason}
    )
    return contract


def _was_ended_so(session: Session, contract_id: int, reason: str, by: Actor) -> bool:
    """Whether this person ended it with these words."""
    noted = select(AuditEntry.after).where(
        AuditEntry.subject == f"contract:{contract_id}",
        AuditEntry.action == "contract.ended",
        AuditEntry.person_id == by.person_id,
    )
    return any(after == {"reason": reason} for after in session.scalars(noted))


def running_contract(session: Session, contract_id: int) -> Contract:
    """The contract, locked and read anew.

    Raises:
        NotFound, or Refused when it was ended.
    """
    contract = lock_row(session, Contract, contract_id)
    if contract is None:
        raise NotFound("没有这份合同。", "There is no such contract.")
    if not contract.active:
        raise Refused("这份合同已经结束了。", "This contract has ended already.", code="contract_ended")
    return contract
