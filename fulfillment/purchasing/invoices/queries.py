"""Reading what was paid for, line by line, for purchase invoices."""

from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from fulfillment.purchasing.accounts.models import FarmerPayFacts
from fulfillment.purchasing.accounts.queries import facts_of
from fulfillment.purchasing.growers import queries as growers
from fulfillment.purchasing.invoices.rules import InvoiceLine, goods_name
from fulfillment.purchasing.models import Payable
from fulfillment.purchasing.settlements.models import Settlement, SettlementLine, SettlementPayment, SettlementReturn
from fulfillment.purchasing.settlements.rules import BANK
from kernel.clock import day_bounds, local_day
from kernel.sealing import unseal
from shop.catalog.models import Product


def invoice_lines(session: Session, first: date, last: date, zone: ZoneInfo) -> list[InvoiceLine]:
    """Every delivery whose payment was handed out between two days and did not come back, by farmer and day."""
    rows = session.execute(
        select(Payable, SettlementPayment)
        .join(SettlementLine, SettlementLine.payable_id == Payable.id)
        .join(Settlement, Settlement.id == SettlementLine.settlement_id)
        .join(SettlementPayment, SettlementPayment.settlement_id == Settlement.id)
        .where(
            SettlementPayment.at >= day_bounds(first, zone)[0],
            SettlementPayment.at < day_bounds(last, zone)[1],
            ~select(SettlementReturn.settlement_id).where(SettlementReturn.settlement_id == Settlement.id).exists(),
        )
        .order_by(Payable.farmer_id, Payable.id)
    ).all()
    facts = facts_of(session, {payable.farmer_id for payable, _ in rows})
    titles = growers.product_titles(session)
    return [_line(payable, payment, facts.get(payable.farmer_id), titles, zone) for payable, payment in rows]


def _line(
    payable: Payable,
    payment: SettlementPayment,
    facts: FarmerPayFacts | None,
    titles: dict[str, Product],
    zone: ZoneInfo,
) -> InvoiceLine:
    delivery, farmer = payable.delivery, payable.delivery.contract.farmer
    found = titles.get(delivery.contract.product)
    return InvoiceLine(
        farmer_id=farmer.id,
        seller=farmer.name,
        identity_tail=facts.identity_tail if facts else "",
        address=facts.address if facts else "",
        phone=farmer.phone,
        by_bank=payment.method == BANK,
        bank=facts.bank if facts else "",
        account_number=facts.account_number if facts else "",
        goods=goods_name(found.title.zh) if found else "",
        grade=delivery.grade,
        settle_g=delivery.settle_g,
        unit_fen_per_kg=delivery.unit_fen_per_kg,
        amount_fen=payable.amount_fen,
        paid_on=local_day(payment.at, zone),
        payment_reference=payment.reference,
        own_growth_proof=facts.own_growth_proof if facts else "",
        lot=delivery.lot.number,
    )


def identities(session: Session, farmer_ids: set[int], secret: str) -> dict[int, str]:
    """Residents' numbers whole, for the invoice file only; one that cannot be opened is left out."""
    found = session.scalars(
        select(FarmerPayFacts)
        .where(FarmerPayFacts.farmer_id.in_(farmer_ids), FarmerPayFacts.identity_sealed.is_not(None))
        .options(undefer(FarmerPayFacts.identity_sealed))
    )
    opened = {facts.farmer_id: unseal(facts.identity_sealed or b"", secret) for facts in found}
    return {farmer_id: number for farmer_id, number in opened.items() if number}
