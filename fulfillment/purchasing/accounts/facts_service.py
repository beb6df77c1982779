"""How a farmer is paid and what an invoice must say: changed by a person, noted in the log without any number."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts.models import FarmerPayFacts
from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.sealing import seal


@dataclass(frozen=True)
class TypedFacts:
    """What somebody typed; ``account_number`` and ``identity`` empty keep what is known."""

    method: str
    bank: str
    account_holder: str
    account_number: str
    identity: str
    address: str
    own_growth_proof: str


def save_facts(
    session: Session, farmer_id: int, typed: TypedFacts, *, secret: str, now: datetime, by: Actor
) -> FarmerPayFacts:
    """Keep how a farmer is paid. Another account is marked in the next run; the resident's number is kept sealed."""
    session.execute(
        insert(FarmerPayFacts)
        .values(
            farmer_id=farmer_id,
            method="cash",
            bank="",
            account_holder="",
            account_number="",
            account_changed_at=now,
            identity_tail="",
            address="",
            own_growth_proof="",
            changed_at=now,
            changed_by=by.name,
        )
        .on_conflict_do_nothing()
    )
    facts = lock_row(session, FarmerPayFacts, farmer_id)
    if facts is None:
        raise LookupError("the row was written above")
    changed = _change(facts, typed, secret, now)
    if not changed:
        return facts
    facts.changed_at, facts.changed_by = now, by.name
    session.flush()
    after = dict.fromkeys(sorted(changed), "changed")
    record_change(session, actor=by, action="farmer.pay_facts", subject=f"farmer:{farmer_id}", at=now, after=after)
    return facts


def _change(facts: FarmerPayFacts, typed: TypedFacts, secret: str, now: datetime) -> set[str]:
    """Set what differs; returns the names of what did."""
    number = typed.account_number or facts.account_number
    wanted = {
        "method": typed.method,
        "bank": typed.bank,
        "account_holder": typed.account_holder if number else "",
        "account_number": number,
        "address": typed.address,
        "own_growth_proof": typed.own_growth_proof,
    }
    changed = {name for name, value in wanted.items() if getattr(facts, name) != value}
    for name in changed:
        setattr(facts, name, wanted[name])
    if changed & {"account_number", "account_holder", "bank", "method"}:
        facts.account_changed_at = now
    if typed.identity:
        facts.identity_sealed, facts.identity_tail = seal(typed.identity, secret), typed.identity[-4:]
        changed.add("identity")
    return changed


def forget_facts(session: Session, farmer_id: int, *, now: datetime, by: Actor) -> None:
    """Delete the account, the resident's number and the address of a farmer. Deleted already: nothing changes."""
    facts = lock_row(session, FarmerPayFacts, farmer_id)
    if facts is None:
        return
    session.delete(facts)
    session.flush()
    record_change(session, actor=by, action="farmer.pay_facts_deleted", subject=f"farmer:{farmer_id}", at=now, after={})
