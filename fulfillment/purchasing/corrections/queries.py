"""Reading corrections: deliveries that were priced by a quote that was replaced, and what they would have got."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select, union
from sqlalchemy.orm import Session, aliased

from fulfillment.purchasing.corrections.models import QuoteCorrection
from fulfillment.purchasing.corrections.rules import corrected_quote
from fulfillment.purchasing.growers.models import ContractVersion
from fulfillment.purchasing.models import Delivery, DeliveryQuote
from fulfillment.purchasing.quotes.models import MarketQuote
from fulfillment.purchasing.quotes.rules import ACCEPTED, REPLACED
from fulfillment.purchasing.rules import Quote, Terms, Weighed, price_to_farmer

PAID, LEFT = DECISIONS = ("paid", "left")


@dataclass(frozen=True)
class Difference:
    """A delivery, the price it would have had, and what is missing; money in fen.

    ``before_fen`` is what earlier corrections added. Below zero the farmer got more than the corrected price gives;
    nothing is taken back for that.
    """

    delivery: Delivery
    quote: Quote
    would_fen: int
    before_fen: int

    @property
    def fen(self) -> int:
        """What is missing."""
        return self.would_fen - self.delivery.pay_fen - self.before_fen


def open_differences(session: Session, delivery_id: int | None = None) -> list[Difference]:
    """Every delivery whose price was corrected afterwards and that nobody has decided yet, newest first."""
    old, new = aliased(MarketQuote), aliased(MarketQuote)
    wrong = session.execute(select(old.id, new).join(new, _same_day_as(old, new)).where(old.state == REPLACED)).all()
    if not wrong:
        return []
    right = {old_id: _as_quote(row) for old_id, row in wrong}
    used = union(
        select(DeliveryQuote.delivery_id).where(DeliveryQuote.quote_id.in_(right)),
        select(Delivery.id).where(Delivery.quote_id.in_(right)),
    ).subquery()
    wanted = select(Delivery).where(Delivery.id.in_(select(used.c[0])), ~Delivery.taken_back.has())
    if delivery_id is not None:
        wanted = wanted.where(Delivery.id == delivery_id)
    deliveries = session.scalars(wanted.order_by(Delivery.day.desc(), Delivery.id.desc())).all()
    return list(_differences(session, deliveries, right))


def _same_day_as(old: type[MarketQuote], new: type[MarketQuote]) -> ColumnElement[bool]:
    """The accepted quote of the same market, kind and day, at another price."""
    return and_(
        new.state == ACCEPTED,
        new.market == old.market,
        new.product == old.product,
        new.form == old.form,
        new.grade == old.grade,
        new.day == old.day,
        new.fen_per_kg != old.fen_per_kg,
    )


def _as_quote(row: MarketQuote) -> Quote:
    return Quote(row.id, row.market, row.source, row.day, row.fen_per_kg)


def _differences(session: Session, deliveries: Sequence[Delivery], right: dict[int, Quote]) -> Iterator[Difference]:
    ids = [delivery.id for delivery in deliveries]
    looked_at, decided = _looked_at(session, ids), _decided(session, ids)
    for delivery in deliveries:
        seen = looked_at.get(delivery.id) or [_own_quote(delivery)]
        version = session.get_one(ContractVersion, (delivery.contract_id, delivery.contract_version))
        quote = corrected_quote(seen, right, delivery.day, version.median_days)
        before = decided[delivery.id]
        if quote is None or any(line.quote_id == quote.id for line in before):
            continue
        paid = sum(line.difference_fen for line in before if line.decision == PAID)
        found = Difference(delivery, quote, would_pay(delivery, quote.fen_per_kg), paid)
        if found.fen:
            yield found


def _own_quote(delivery: Delivery) -> Quote:
    return Quote(
        delivery.quote_id, delivery.quote_market, delivery.quote_source, delivery.quote_day, delivery.quote_fen_per_kg
    )


def _looked_at(session: Session, ids: Collection[int]) -> dict[int, list[Quote]]:
    found: dict[int, list[Quote]] = defaultdict(list)
    rows = session.execute(
        select(DeliveryQuote.delivery_id, MarketQuote)
        .join(MarketQuote, MarketQuote.id == DeliveryQuote.quote_id)
        .where(DeliveryQuote.delivery_id.in_(ids))
    )
    for delivery_id, row in rows:
        found[delivery_id].append(_as_quote(row))
    return found


def _decided(session: Session, ids: Collection[int]) -> dict[int, list[QuoteCorrection]]:
    found: dict[int, list[QuoteCorrection]] = defaultdict(list)
    for line in session.scalars(select(QuoteCorrection).where(QuoteCorrection.delivery_id.in_(ids))):
        found[line.delivery_id].append(line)
    return found


def would_pay(delivery: Delivery, fen_per_kg: int) -> int:
    """What a delivery brings at another market price, everything else as it was weighed and promised, in fen."""
    terms = Terms(delivery.premium_bps, delivery.floor_fen_per_kg, delivery.standard_moisture_bps)
    weighed = Weighed(delivery.net_g, delivery.moisture_bps, delivery.foreign_bps, delivery.grade_deduction_bps)
    return price_to_farmer(fen_per_kg, terms, weighed).pay_fen


def decision_about(session: Session, delivery_id: int, quote_id: int) -> QuoteCorrection | None:
    """What was decided about a delivery and a corrected price."""
    return session.get(QuoteCorrection, (delivery_id, quote_id))


def decisions(session: Session, most: int = 30) -> Sequence[tuple[QuoteCorrection, Delivery]]:
    """The last decisions with their deliveries, newest first."""
    rows = session.execute(
        select(QuoteCorrection, Delivery)
        .join(Delivery, Delivery.id == QuoteCorrection.delivery_id)
        .order_by(QuoteCorrection.at.desc(), QuoteCorrection.delivery_id)
        .limit(most)
    )
    return [(correction, delivery) for correction, delivery in rows]


def count_decisions(session: Session) -> int:
    """How many were made."""
    return session.scalar(select(func.count()).select_from(QuoteCorrection)) or 0
