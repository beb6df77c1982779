"""Settling: payables of one farmer paid together, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing import rules
from fulfillment.purchasing.models import Delivery, Payable
from fulfillment.purchasing.service import KeyReused, slip_of
from fulfillment.purchasing.settlements import queries
from fulfillment.purchasing.settlements.models import Settlement, SettlementLine
from kernel.audit import Actor, record_change
from kernel.errors import Refused

CASH, BANK = METHODS = ("cash", "bank")


@dataclass(frozen=True)
class Payment:
    """Which payables of a farmer are paid, how, and the bank's number or note of it."""

    farmer_id: int
    payable_ids: frozenset[int]
    method: str
    reference: str = ""


def settle(session: Session, payment: Payment, *, key: str, now: datetime, by: Actor) -> Settlement:
    """Pay payables of one farmer, each once; the same key again gives the same settlement.

    Raises:
        Refused: nothing to pay, one is paid already, or one is below its promise. KeyReused: the key paid others.
    """
    known = session.scalar(select(Settlement).where(Settlement.idempotency_key == key))
    if known is not None:
        paid = {payable.id for payable in queries.settlement_lines(session, known.id)}
        if known.farmer_id != payment.farmer_id or paid != payment.payable_ids:
            raise KeyReused
        return known
    payables = _payables(session, payment)
    settlement = Settlement(
        idempotency_key=key,
        farmer_id=payment.farmer_id,
        total_fen=sum(payable.amount_fen for payable in payables),
        method=payment.method,
        reference=payment.reference,
        at=now,
        by=by.name,
    )
    _pay(session, settlement, payables)
    after = {"total_fen": settlement.total_fen, "method": settlement.method, "payables": sorted(payment.payable_ids)}
    record_change(
        session, actor=by, action="settlement.paid", subject=f"settlement:{settlement.id}", at=now, after=after
    )
    return settlement


def _payables(session: Session, payment: Payment) -> Sequence[Payable]:
    payables = session.scalars(
        select(Payable)
        .where(Payable.id.in_(payment.payable_ids), Payable.farmer_id == payment.farmer_id)
        .order_by(Payable.id)
    ).all()
    if not payables or len(payables) != len(payment.payable_ids):
        raise Refused("请选要付的款。", "Choose what to pay.", code="nothing_to_pay")
    for payable in payables:
        _check_promise(payable.delivery)
    return payables


def _check_promise(delivery: Delivery) -> None:
    """The last look before money moves: worked out again from the copied facts, never less than promised."""
    slip = slip_of(delivery)
    promised = rules.price_to_farmer(slip.quote.fen_per_kg, slip.terms, slip.weighed)
    if delivery.pay_fen < promised.pay_fen:
        raise Refused(
            "有一笔低于合同承诺的价格，不能付款，请负责人查看。",
            "A line is below the promised price and cannot be settled.",
            code="below_promise",
        )


def _pay(session: Session, settlement: Settlement, payables: Sequence[Payable]) -> None:
    """Write the settlement; the keys of the tables let nobody pay a payable twice, however many try at once."""
    try:
        with session.begin_nested():
            session.add(settlement)
            session.flush()
            session.add_all(
                SettlementLine(
                    payable_id=payable.id,
                    settlement_id=settlement.id,
                    farmer_id=settlement.farmer_id,
                    amount_fen=payable.amount_fen,
                )
                for payable in payables
            )
            session.flush()
    except IntegrityError as error:
        raise _said(error) from None


def _said(error: IntegrityError) -> Exception:
    if "pk_settlement_lines" in str(error.orig):
        return Refused(
            "其中有一笔已经付过了。单子已经更新，请重新选。",
            "One of these was paid already. The list is fresh now; choose again.",
            code="settled_already",
        )
    return KeyReused() if "idempotency_key" in str(error.orig) else error
