"""Reading purchasing: the prices that may be used, what came in, what lies in stock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import extract, func, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.growers.models import Contract, ContractVersion
from fulfillment.purchasing.models import Delivery, DeliveryQuote, Lot, Payable
from fulfillment.purchasing.quotes import queries as quotes
from fulfillment.purchasing.quotes.models import MarketQuote
from fulfillment.purchasing.quotes.rules import Kind
from fulfillment.purchasing.rules import Quote, QuoteRule, choose_quote


def kind_of(contract: Contract) -> Kind:
    """What a contract's market price must be for."""
    return Kind(contract.product, contract.form, contract.grade)


def quote_rule(terms: Contract | ContractVersion) -> QuoteRule:
    """How these terms read the market."""
    return QuoteRule(terms.quote_days, terms.median_days)


def usable_quotes(
    session: Session, kind: Kind, terms: Contract | ContractVersion, day: date, *, within_days: int | None = None
) -> list[Quote]:
    """Accepted quotes of a product, form and grade in the market of these terms, no older on a day than they allow.

    ``within_days``: how old they may be where a person decided about it.
    """
    first = day - timedelta(days=terms.quote_days if within_days is None else within_days)
    found = quotes.accepted(session, kind, market=terms.market, first=first, last=day)
    return [Quote(row.id, row.market, row.source, row.day, row.fen_per_kg) for row in found]


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
    return [Progress(contract, contract.delivered_g) for contract in growers.contracts(session, on=on)]


def kilograms_under_contract_g(session: Session, on: date) -> int:
    """Grams still to come under contracts that run on a day."""
    return sum(progress.left_g for progress in contract_progress(session, on=on))


@dataclass(frozen=True)
class Needed:
    """A market price that running contracts need on a day, and what there is of it."""

    kind: Kind
    market: str | None
    contracts: int
    quote: Quote | None
    day: date

    @property
    def is_of_today(self) -> bool:
        """Whether the price is of the day itself."""
        return self.quote is not None and self.quote.day == self.day


def needed_quotes(session: Session, on: date) -> list[Needed]:
    """The prices that running contracts need today: those that are missing first."""
    by_price: dict[tuple[Kind, str | None], list[Contract]] = {}
    for contract in growers.contracts(session, on=on):
        by_price.setdefault((kind_of(contract), contract.market), []).append(contract)
    needed = [
        Needed(kind, market, len(contracts), _usable(session, contracts, on), on)
        for (kind, market), contracts in by_price.items()
    ]
    return sorted(
        needed, key=lambda need: (need.is_of_today, need.quote is not None, need.kind.product, need.kind.grade)
    )


def _usable(session: Session, contracts: Sequence[Contract], on: date) -> Quote | None:
    strictest = min(contracts, key=lambda contract: contract.quote_days)
    # The newest price, whatever a median makes of it: the page asks whether today's is there.
    newest = QuoteRule(strictest.quote_days)
    chosen = choose_quote(usable_quotes(session, kind_of(strictest), strictest, on), on, newest)
    return chosen.quote if chosen else None


def delivery_by_key(session: Session, key: str) -> Delivery | None:
    """The delivery that a form's key has written already."""
    return session.scalar(select(Delivery).where(Delivery.idempotency_key == key))


def deliveries(
    session: Session,
    *,
    day: date | None = None,
    contract_id: int | None = None,
    farmer_id: int | None = None,
    before: int | None = None,
    most: int = 40,
) -> Sequence[Delivery]:
    """Deliveries, newest first."""
    wanted = select(Delivery).order_by(Delivery.id.desc()).limit(most)
    if day is not None:
        wanted = wanted.where(Delivery.day == day)
    if contract_id is not None:
        wanted = wanted.where(Delivery.contract_id == contract_id)
    if farmer_id is not None:
        wanted = wanted.where(Delivery.farmer_id == farmer_id)
    return session.scalars(wanted.where(Delivery.id < before) if before else wanted).all()


def years_of(session: Session, farmer_id: int) -> list[int]:
    """The calendar years in which a farmer brought something, newest first."""
    year = extract("year", Delivery.day)
    rows = session.scalars(select(year).where(Delivery.farmer_id == farmer_id).distinct().order_by(year.desc()))
    return [int(each) for each in rows]


def quotes_looked_at(session: Session, delivery_id: int) -> list[Quote]:
    """The quotes that were looked at for a delivery's price, newest first; none for one from before they were kept."""
    wanted = select(MarketQuote).join(DeliveryQuote, DeliveryQuote.quote_id == MarketQuote.id)
    rows = session.scalars(wanted.where(DeliveryQuote.delivery_id == delivery_id).order_by(DeliveryQuote.place))
    return [Quote(row.id, row.market, row.source, row.day, row.fen_per_kg) for row in rows]


def payable_of(session: Session, delivery_id: int) -> Payable:
    """What is owed for a delivery."""
    return session.scalars(select(Payable).where(Payable.delivery_id == delivery_id)).one()


@dataclass(frozen=True)
class DayTotals:
    """What a day brought: deliveries, net grams, fen owed, and fen above what the market would have paid."""

    deliveries: int
    net_g: int
    pay_fen: int
    above_market_fen: int


def day_totals(session: Session, day: date) -> DayTotals:
    """The sums of one day's deliveries."""
    row = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(Delivery.net_g), 0),
            func.coalesce(func.sum(Delivery.pay_fen), 0),
            func.coalesce(func.sum(Delivery.pay_fen - Delivery.market_pay_fen), 0),
        ).where(Delivery.day == day, ~Delivery.taken_back.has())
    ).one()
    return DayTotals(*(int(value) for value in row))


@dataclass(frozen=True)
class PaidPrice:
    """What farmers were paid a kilogram on a day for a grade: the promised price before deductions, fen per kg."""

    day: date
    promised_fen_per_kg: int


def paid_prices(session: Session, kind: Kind, market: str, first: date, last: date) -> list[PaidPrice]:
    """The highest promised price of each day that a market's quotes led to, oldest first."""
    rows = session.execute(
        select(Delivery.day, func.max(Delivery.promised_fen_per_kg))
        .join(Delivery.contract)
        .where(
            Contract.product == kind.product,
            Contract.form == kind.form,
            Contract.grade == kind.grade,
            Delivery.quote_market == market,
            Delivery.day.between(first, last),
            ~Delivery.taken_back.has(),
        )
        .group_by(Delivery.day)
        .order_by(Delivery.day)
    )
    return [PaidPrice(*row) for row in rows]


def lot_by_number(session: Session, number: str) -> Lot | None:
    """A lot with its delivery; one that was taken back has no story to tell."""
    return session.scalar(select(Lot).where(Lot.number == number, ~Lot.delivery.has(Delivery.taken_back.has())))


def lots_in_stock(session: Session, most: int = 200) -> Sequence[Lot]:
    """Lots that still have raw goods, oldest first."""
    return session.scalars(select(Lot).where(Lot.used_g < Lot.received_g).order_by(Lot.id).limit(most)).all()
