"""Reading a farmer's season: every movement with the balance after it, and the premium in fen and basis points."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.purchasing.accounts import rules as accounts
from fulfillment.purchasing.accounts.models import FarmerEntry
from fulfillment.purchasing.models import Delivery
from fulfillment.purchasing.settlements.models import Settlement, SettlementPayment, SettlementReturn
from kernel.clock import local_day
from kernel.money import round_half_up

DELIVERY, VOID, PAID, CAME_BACK = "delivery", "void", "paid", "came_back"
_WHOLE: Final = 10_000


@dataclass(frozen=True)
class Movement:
    """One thing that changed what a farmer is owed, in fen, with the balance after it.

    ``note``: a payment's reference, why money came back, or the kind of the line that a reversal undoes.
    """

    day: date
    kind: str
    fen: int
    balance_fen: int
    delivery: Delivery | None = None
    entry: FarmerEntry | None = None
    settlement: Settlement | None = None
    note: str = ""


@dataclass(frozen=True)
class Season:
    """A farmer's movements between two days; sums in fen. The balance is what the farmer is still to get."""

    movements: Sequence[Movement]
    before_fen: int
    delivered_fen: int
    market_fen: int
    advances_fen: int
    deductions_fen: int
    added_fen: int
    paid_fen: int
    balance_fen: int

    @property
    def premium_fen(self) -> int:
        """How much more the deliveries brought than the market would have paid for them."""
        return self.delivered_fen - self.market_fen

    @property
    def premium_bps(self) -> int | None:
        """The same in basis points of the market; nothing was delivered: ``None``."""
        return round_half_up(Decimal(self.premium_fen) * _WHOLE / self.market_fen) if self.market_fen else None


def season(session: Session, farmer_id: int, first: date, last: date, zone: ZoneInfo) -> Season:
    """Everything that happened between two days, oldest first, with what stood open before."""
    found = sorted(_movements(session, farmer_id, zone), key=lambda each: each.day)
    before = sum(each.fen for each in found if each.day < first)
    balance, within = before, []
    for each in found:
        if first <= each.day <= last:
            balance += each.fen
            within.append(
                Movement(each.day, each.kind, each.fen, balance, each.delivery, each.entry, each.settlement, each.note)
            )
    deliveries = [each.delivery for each in within if each.delivery is not None and each.kind == DELIVERY]

    def total(*kinds: str) -> int:
        return sum(each.fen for each in within if _kind_of(each) in kinds)

    return Season(
        movements=within,
        before_fen=before,
        delivered_fen=sum(delivery.pay_fen for delivery in deliveries),
        market_fen=sum(delivery.market_pay_fen for delivery in deliveries),
        advances_fen=-total(accounts.ADVANCE),
        deductions_fen=-total(accounts.DEDUCTION),
        added_fen=total(accounts.SUPPLEMENT),
        paid_fen=-total(PAID, CAME_BACK),
        balance_fen=balance,
    )


def _kind_of(movement: Movement) -> str:
    """A line that undoes another counts with that one, so that the sums are what is left of each kind."""
    return movement.note if movement.kind == accounts.REVERSAL else movement.kind


def _movements(session: Session, farmer_id: int, zone: ZoneInfo) -> Iterator[Movement]:
    """In no particular order of days; of one day deliveries come first, then entries, then money."""
    for delivery in session.scalars(select(Delivery).where(Delivery.farmer_id == farmer_id).order_by(Delivery.id)):
        kind, fen = (VOID, 0) if delivery.taken_back else (DELIVERY, delivery.pay_fen)
        yield Movement(delivery.day, kind, fen, 0, delivery=delivery)
    # What came back stands with its payment; what was never handed out moved nothing.
    entries = session.scalars(
        select(FarmerEntry)
        .where(FarmerEntry.farmer_id == farmer_id, FarmerEntry.kind != accounts.CAME_BACK)
        .order_by(FarmerEntry.id)
    ).all()
    kinds = {entry.id: entry.kind for entry in entries}
    for entry in entries:
        undoes = kinds.get(entry.reverses_id, "") if entry.reverses_id else ""
        yield Movement(entry.day, entry.kind, entry.amount_fen, 0, entry=entry, note=undoes)
    paid = session.execute(
        select(Settlement, SettlementPayment, SettlementReturn)
        .join(SettlementPayment, SettlementPayment.settlement_id == Settlement.id)
        .outerjoin(SettlementReturn, SettlementReturn.settlement_id == Settlement.id)
        .where(Settlement.farmer_id == farmer_id)
        .order_by(Settlement.id)
    )
    for settlement, payment, returned in paid:
        day = local_day(payment.at, zone)
        yield Movement(day, PAID, -payment.fen, 0, settlement=settlement, note=payment.reference)
        if returned is not None:
            back = local_day(returned.at, zone)
            yield Movement(back, CAME_BACK, returned.fen, 0, settlement=settlement, note=returned.reason)
