"""Settling: payables of one farmer paid together, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing import rules
from fulfillment.purchasing import service as purchasing
from fulfillment.purchasing.lots import service as lots
from fulfillment.purchasing.models import Delivery, DeliveryTakenBack, Payable
from fulfillment.purchasing.queries import payable_of
from fulfillment.purchasing.service import KeyReused, slip_of
from fulfillment.purchasing.settlements import queries
from fulfillment.purchasing.settlements.models import Settlement, SettlementLine
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused

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
    known = _paid_with(session, key, payment)
    if known is not None:
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
    try:
        _pay(session, settlement, payables)
    except KeyReused:
        # Pressed twice at one moment: the other one has been written since it was looked for.
        known = _paid_with(session, key, payment)
        if known is None:
            raise
        return known
    after = {"total_fen": settlement.total_fen, "method": settlement.method, "payables": sorted(payment.payable_ids)}
    record_change(
        session, actor=by, action="settlement.paid", subject=f"settlement:{settlement.id}", at=now, after=after
    )
    return settlement


def _paid_with(session: Session, key: str, payment: Payment) -> Settlement | None:
    """The settlement that this key has written, if any; it must have paid the same."""
    known = session.scalar(select(Settlement).where(Settlement.idempotency_key == key))
    if known is not None:
        paid = {payable.id for payable in queries.settlement_lines(session, known.id)}
        if known.farmer_id != payment.farmer_id or paid != payment.payable_ids:
            raise KeyReused
    return known


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


def take_back(session: Session, delivery_id: int, *, reason: str, now: datetime, by: Actor) -> Delivery:
    """A delivery was written by mistake: nothing is owed for it, its goods leave the stock, the contract has room again.

    What is written stays; a line beside it says that it was taken back, by whom and why. A second time changes nothing.

    Raises:
        Refused: it was paid, or some of it is in bags already.
    """
    delivery = session.get(Delivery, delivery_id)
    if delivery is None:
        raise NotFound("没有这次交货。", "There is no such delivery.")
    purchasing.lock_contract(session, delivery.contract_id)
    if session.get(DeliveryTakenBack, delivery_id, populate_existing=True):
        return delivery
    lot = lots.lock_lot(session, delivery.lot.id)
    if lot is None or lot.used_g:
        raise Refused(
            "这批货已经动用了，不能作废。",
            "Some of that lot is used already; it cannot be taken back.",
            code="lot_in_use",
        )
    _end_payable(session, delivery)
    session.add(DeliveryTakenBack(delivery_id=delivery_id, reason=reason, at=now, by=by.name))
    lots.write_off_rest(session, lot.id, reason=reason, now=now, by=by)
    purchasing.give_room(session, delivery)
    session.flush()
    session.refresh(delivery, ["taken_back"])
    after = {"reason": reason, "net_g": delivery.net_g, "pay_fen": delivery.pay_fen}
    record_change(
        session, actor=by, action="delivery.taken_back", subject=f"delivery:{delivery_id}", at=now, after=after
    )
    return delivery


def _end_payable(session: Session, delivery: Delivery) -> None:
    """End what is owed without paying it; the key of the lines lets a payable be paid or ended, never both."""
    payable = payable_of(session, delivery.id)
    line = SettlementLine(payable_id=payable.id, farmer_id=payable.farmer_id, amount_fen=payable.amount_fen)
    try:
        with session.begin_nested():
            session.add(line)
            session.flush()
    except IntegrityError as error:
        if "pk_settlement_lines" not in str(error.orig):
            raise
        raise Refused(
            "这一笔已经付给农户了，不能作废。请和农户当面说清。",
            "It was paid to the farmer already and cannot be taken back. Settle it in person.",
            code="settled_already",
        ) from None
