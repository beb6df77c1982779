"""Reading purchasing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.models import Contract, Delivery, Farmer, Grade, Lot, MarketQuote, Payable, SettlementLine
from fulfillment.purchasing.rules import Quote


def usable_quotes(session: Session, contract: Contract, until: date, most: int = 60) -> list[Quote]:
    """Accepted quotes of a contract's product, form and grade up to a day, newest first."""
    wanted = select(MarketQuote).where(
        MarketQuote.state == "accepted",
        MarketQuote.product == contract.product,
        MarketQuote.form == contract.form,
        MarketQuote.grade == contract.grade,
        MarketQuote.day <= until,
    )
    if contract.market:
        wanted = wanted.where(MarketQuote.market == contract.market)
    rows = session.scalars(wanted.order_by(MarketQuote.day.desc(), MarketQuote.id.desc()).limit(most))
    return [Quote(row.id, row.market, row.source, row.day, row.fen_per_kg) for row in rows]


def recent_prices(session: Session, product: str, form: str, grade: str, market: str, before: date) -> list[int]:
    """Accepted prices of one kind at one market, the last ones before a day, in fen per kg."""
    return list(
        session.scalars(
            select(MarketQuote.fen_per_kg)
            .where(
                MarketQuote.state == "accepted",
                MarketQuote.product == product,
                MarketQuote.form == form,
                MarketQuote.grade == grade,
                MarketQuote.market == market,
                MarketQuote.day < before,
            )
            .order_by(MarketQuote.day.desc())
            .limit(21)
        )
    )


def delivered_g(session: Session, contract_id: int) -> int:
    """Net grams delivered under a contract."""
    return int(
        session.scalar(select(func.coalesce(func.sum(Delivery.net_g), 0)).where(Delivery.contract_id == contract_id))
        or 0
    )


@dataclass(frozen=True)
class Progress:
    """A contract and how far it is; weights in grams."""

    contract: Contract
    delivered_g: int

    @property
    def left_g(self) -> int:
        """What is still to come."""
        return max(0, self.contract.agreed_g - self.delivered_g)


def contract_progress(session: Session, *, on: date | None = None) -> list[Progress]:
    """Contracts with what was delivered under each; ``on`` keeps those that run on that day."""
    delivered = (
        select(Delivery.contract_id, func.sum(Delivery.net_g).label("net_g")).group_by(Delivery.contract_id).subquery()
    )
    wanted = (
        select(Contract, func.coalesce(delivered.c.net_g, 0))
        .outerjoin(delivered, delivered.c.contract_id == Contract.id)
        .where(Contract.active)
        .order_by(Contract.season_end, Contract.id)
    )
    if on:
        wanted = wanted.where(Contract.season_start <= on, Contract.season_end >= on)
    return [Progress(contract, int(net_g)) for contract, net_g in session.execute(wanted)]


def kilograms_under_contract_g(session: Session, on: date) -> int:
    """Grams still to come under contracts that run on a day."""
    return sum(progress.left_g for progress in contract_progress(session, on=on))


def open_payables(session: Session, farmer_id: int | None = None) -> Sequence[Payable]:
    """What is owed and not settled, earliest due first."""
    wanted = (
        select(Payable)
        .outerjoin(SettlementLine, SettlementLine.payable_id == Payable.id)
        .where(SettlementLine.payable_id.is_(None))
        .order_by(Payable.due_on, Payable.id)
    )
    if farmer_id is not None:
        wanted = wanted.where(Payable.farmer_id == farmer_id)
    return session.scalars(wanted).all()


def farmers(session: Session, search: str = "") -> Sequence[Farmer]:
    """Farmers by name, village or pinyin initials."""
    wanted = select(Farmer).where(Farmer.active).order_by(Farmer.name)
    if search:
        like = f"%{search.lower()}%"
        wanted = wanted.where(Farmer.name.ilike(like) | Farmer.village.ilike(like) | Farmer.initials.ilike(like))
    return session.scalars(wanted.limit(200)).all()


def grades_of(session: Session, product: str, form: str) -> Sequence[Grade]:
    """The grades of a product, best first."""
    return session.scalars(
        select(Grade).where(Grade.product == product, Grade.form == form).order_by(Grade.deduction_bps, Grade.id)
    ).all()


def lot_by_number(session: Session, number: str) -> Lot | None:
    """A lot with its delivery."""
    return session.scalar(select(Lot).where(Lot.number == number))


def lots_in_stock(session: Session) -> Sequence[Lot]:
    """Lots that still have raw goods, oldest first."""
    return session.scalars(select(Lot).where(Lot.used_g < Lot.received_g).order_by(Lot.id)).all()


def recent_deliveries(session: Session, *, before: int | None = None, most: int = 30) -> Sequence[Delivery]:
    """Deliveries, newest first."""
    wanted = select(Delivery).order_by(Delivery.id.desc()).limit(most)
    return session.scalars(wanted.where(Delivery.id < before) if before else wanted).all()


def recent_quotes(session: Session, *, state: str | None = None, most: int = 100) -> Sequence[MarketQuote]:
    """Quotes, newest day first."""
    wanted = select(MarketQuote).order_by(MarketQuote.day.desc(), MarketQuote.id.desc()).limit(most)
    return session.scalars(wanted.where(MarketQuote.state == state) if state else wanted).all()
