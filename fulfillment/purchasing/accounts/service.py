"""Writing entries of farmers' accounts: each once under its key, none changed afterwards."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts import rules
from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.service import KeyReused
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused


@dataclass(frozen=True)
class Entry:
    """What somebody wrote down: ``fen`` is positive, the kind says which way it goes."""

    farmer_id: int
    kind: str
    fen: int
    day: date
    what: str = ""
    delivery_id: int | None = None
    paper_ref: str = ""
    photo: bytes | None = None
    reason: str = ""


def add_entry(session: Session, entry: Entry, *, key: str, now: datetime, by: Actor) -> FarmerEntry:
    """Write an advance, a deduction or a supplement; the same key again gives the same line.

    Nothing of it is kept from a payment by itself: who settles chooses how much.

    Raises:
        KeyReused: the key has written something else. NotFound: the delivery is not this farmer's.
    """
    if entry.delivery_id is not None:
        delivery = session.get(Delivery, entry.delivery_id)
        if delivery is None or delivery.farmer_id != entry.farmer_id:
            raise NotFound("这位农户没有这次交货。", "This farmer has no such delivery.")
    line = FarmerEntry(
        idempotency_key=key,
        farmer_id=entry.farmer_id,
        kind=entry.kind,
        amount_fen=rules.signed(entry.kind, entry.fen),
        day=entry.day,
        what=entry.what,
        delivery_id=entry.delivery_id,
        paper_ref=entry.paper_ref,
        photo=entry.photo,
        reason=entry.reason,
        at=now,
        by=by.name,
    )
    return _write(session, line, by)


def add_supplement(
    session: Session,
    *,
    farmer_id: int,
    delivery_id: int,
    amount_fen: int,
    reason: str,
    key: str,
    now: datetime,
    by: Actor,
) -> FarmerEntry:
    """Owe a farmer more for a delivery, such as after its quote was corrected; ``amount_fen`` above zero.

    A person decided it. It is paid with the farmer's next settlement; the same key again gives the same line.

    Raises:
        ValueError: an amount that is no supplement. KeyReused, NotFound: as :func:`add_entry`.
    """
    if not 0 < amount_fen <= rules.MOST_FEN:
        raise ValueError("a supplement is above zero")
    entry = Entry(farmer_id, rules.SUPPLEMENT, amount_fen, now.date(), delivery_id=delivery_id, reason=reason)
    return add_entry(session, entry, key=key, now=now, by=by)


def undo_entry(session: Session, entry_id: int, *, reason: str, now: datetime, by: Actor) -> FarmerEntry:
    """A line was written by mistake: a second line takes it back whole. A second time changes nothing.

    Raises:
        Refused: it is such a line itself, money that came back, or some of it is in a settlement.
    """
    entry = session.scalar(
        select(FarmerEntry).where(FarmerEntry.id == entry_id).with_for_update(of=FarmerEntry, key_share=True)
    )
    if entry is None:
        raise NotFound("没有这一笔。", "There is no such line.")
    known = session.scalar(select(FarmerEntry).where(FarmerEntry.reverses_id == entry_id))
    if known is not None:
        return known
    if entry.kind not in rules.TYPED_KINDS:
        raise Refused("这一笔不能撤。", "This line cannot be undone.", code="not_undone")
    line = FarmerEntry(
        idempotency_key=f"undo:{entry.id}",
        farmer_id=entry.farmer_id,
        kind=rules.REVERSAL,
        amount_fen=-entry.amount_fen,
        day=now.date(),
        delivery_id=entry.delivery_id,
        paper_ref=entry.paper_ref,
        reason=reason,
        reverses_id=entry.id,
        at=now,
        by=by.name,
    )
    return _write(session, line, by)


def _write(session: Session, line: FarmerEntry, by: Actor) -> FarmerEntry:
    """Write a line, or find the one that its key has written."""
    try:
        with session.begin_nested():
            session.add(line)
            session.flush()
    except IntegrityError as error:
        if "entry_is_used" in str(error.orig):
            raise Refused(
                "这一笔已经在结算里用过了，不能撤。请写一笔补付。",
                "Some of this is in a settlement already. Write a supplement instead.",
                code="entry_used",
            ) from None
        known = session.scalar(select(FarmerEntry).where(FarmerEntry.idempotency_key == line.idempotency_key))
        if known is None:
            raise
        if _content(known) != _content(line):
            raise KeyReused from None
        return known
    facts = {"kind": line.kind, "fen": line.amount_fen, "paper": line.paper_ref, "reason": line.reason}
    after = {name: fact for name, fact in facts.items() if fact}
    record_change(
        session,
        actor=by,
        action=f"farmer_entry.{line.kind}",
        subject=f"farmer:{line.farmer_id}",
        at=line.at,
        after=after,
    )
    return line


def _content(line: FarmerEntry) -> tuple[object, ...]:
    return (line.farmer_id, line.kind, line.amount_fen, line.what, line.delivery_id, line.paper_ref, line.reason)
