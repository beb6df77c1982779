"""Reading what is owed and what was paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from fulfillment.purchasing.accounts import rules as accounts
from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.growers.models import Farmer
from fulfillment.purchasing.models import Payable
from fulfillment.purchasing.settlements.models import SettlementLine, SettlementPart


def open_payables(session: Session, farmer_id: int | None = None) -> Sequence[Payable]:
    """What is owed and not settled, earliest due first."""
    wanted = select(Payable).where(~_is_settled()).order_by(Payable.due_on, Payable.id)
    if farmer_id is not None:
        wanted = wanted.where(Payable.farmer_id == farmer_id)
    return session.scalars(wanted).all()


def _is_settled() -> ColumnElement[bool]:
    return select(SettlementLine.payable_id).where(SettlementLine.payable_id == Payable.id).exists()


@dataclass(frozen=True)
class EntryLeft:
    """An entry and what of it no settlement has taken yet, in fen."""

    entry: FarmerEntry
    left_fen: int


def open_entries(session: Session, farmer_id: int | None = None) -> list[EntryLeft]:
    """Advances, deductions, supplements and what came back, as far as they are open, oldest first."""
    taken = (
        select(func.coalesce(func.sum(SettlementPart.amount_fen), 0))
        .where(SettlementPart.entry_id == FarmerEntry.id)
        .correlate(FarmerEntry)
        .scalar_subquery()
    )
    undone = aliased(FarmerEntry)
    wanted = (
        select(FarmerEntry, FarmerEntry.amount_fen - taken)
        .where(
            FarmerEntry.kind != accounts.REVERSAL,
            ~select(undone.id).where(undone.reverses_id == FarmerEntry.id).exists(),
            FarmerEntry.amount_fen != taken,
        )
        .order_by(FarmerEntry.id)
    )
    if farmer_id is not None:
        wanted = wanted.where(FarmerEntry.farmer_id == farmer_id)
    return [EntryLeft(entry, int(left)) for entry, left in session.execute(wanted)]


@dataclass(frozen=True)
class EntryTaken:
    """What a settlement took of an entry, in fen."""

    entry: FarmerEntry
    fen: int


def parts_of(session: Session, settlement_id: int) -> list[EntryTaken]:
    """What a settlement took of entries, oldest first."""
    rows = session.execute(
        select(FarmerEntry, SettlementPart.amount_fen)
        .join(SettlementPart, SettlementPart.entry_id == FarmerEntry.id)
        .where(SettlementPart.settlement_id == settlement_id)
        .order_by(FarmerEntry.id)
    )
    return [EntryTaken(entry, fen) for entry, fen in rows]


@dataclass(frozen=True)
class Owed:
    """What one farmer is owed and when the first of it is due."""

    farmer: Farmer
    count: int
    total_fen: int
    due_on: date


def owed_by_farmer(session: Session) -> list[Owed]:
    """Farmers with open payables, supplements or money that came back (due since its day), earliest due first."""
    lines: dict[Farmer, list[tuple[date, int]]] = {}
    owed = select(Farmer, Payable.due_on, Payable.amount_fen).join(Payable, Payable.farmer_id == Farmer.id)
    for farmer, due_on, fen in session.execute(owed.where(~_is_settled())):
        lines.setdefault(farmer, []).append((due_on, fen))
    given = [each for each in open_entries(session) if each.left_fen > 0]
    farmers = {farmer.id: farmer for farmer in lines} | _farmers(session, {each.entry.farmer_id for each in given})
    for each in given:
        lines.setdefault(farmers[each.entry.farmer_id], []).append((each.entry.day, each.left_fen))
    found = [
        Owed(farmer, len(parts), sum(fen for _, fen in parts), min(day for day, _ in parts))
        for farmer, parts in lines.items()
    ]
    return sorted(found, key=lambda each: (each.due_on, each.farmer.id))


def _farmers(session: Session, ids: set[int]) -> dict[int, Farmer]:
    return {farmer.id: farmer for farmer in session.scalars(select(Farmer).where(Farmer.id.in_(ids)))}


def owed_to(session: Session, farmer_id: int) -> int:
    """What one farmer is owed, in fen: the same sum as in :func:`owed_by_farmer`."""
    given_fen = sum(each.left_fen for each in open_entries(session, farmer_id) if each.left_fen > 0)
    return given_fen + sum(payable.amount_fen for payable in open_payables(session, farmer_id))


@dataclass(frozen=True)
class OwedInAll:
    """What the workshop owes its farmers and what of it is due, in fen; advances do not lower it by themselves."""

    total_fen: int
    due_fen: int


def owed_in_all(session: Session, on: date) -> OwedInAll:
    """The sum of :func:`owed_by_farmer` and what of it is due on a day."""
    total = func.sum(Payable.amount_fen)
    sums = select(total, total.filter(Payable.due_on <= on)).where(~_is_settled())
    open_fen, due_fen = session.execute(sums).one()
    given_fen = sum(each.left_fen for each in open_entries(session) if each.left_fen > 0)
    return OwedInAll(int(open_fen or 0) + given_fen, int(due_fen or 0) + given_fen)


def settlement_lines(session: Session, settlement_id: int) -> Sequence[Payable]:
    """The payables that a settlement paid."""
    return session.scalars(
        select(Payable)
        .join(SettlementLine, SettlementLine.payable_id == Payable.id)
        .where(SettlementLine.settlement_id == settlement_id)
        .order_by(Payable.id)
    ).all()
