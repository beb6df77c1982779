"""Settling: payables and entries of one farmer made into one payment, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fulfillment.purchasing import rules as prices
from fulfillment.purchasing import service as purchasing
from fulfillment.purchasing.lots import changes_service
from fulfillment.purchasing.lots import service as lots
from fulfillment.purchasing.models import Delivery, DeliveryTakenBack, Payable
from fulfillment.purchasing.queries import payable_of
from fulfillment.purchasing.service import KeyReused, slip_of
from fulfillment.purchasing.settlements import queries, rules
from fulfillment.purchasing.settlements.models import Settlement, SettlementLine, SettlementPart, SettlementPayment
from fulfillment.purchasing.settlements.rules import Plan
from kernel.audit import Actor, record_change
from kernel.errors import Invalid, NotFound, Refused
from kernel.money import yuan
from kernel.text import Text


@dataclass(frozen=True)
class Payment:
    """What a farmer is paid at the counter: payables and credits whole, less ``set_off_fen`` for open debts.

    ``cap_bps``: at most so much of the payment is kept. ``reference``: the bank's number, or a note.
    """

    farmer_id: int
    payable_ids: frozenset[int]
    method: str
    reference: str = ""
    credit_ids: frozenset[int] = frozenset()
    set_off_fen: int = 0
    cap_bps: int = 0


@dataclass(frozen=True)
class Writing:
    """A settlement about to be written, at the counter or in a run."""

    key: str
    farmer_id: int
    payables: Sequence[Payable]
    plan: Plan
    method: str
    cap_bps: int
    reference: str = ""
    run_id: int | None = None


def settle(session: Session, payment: Payment, *, key: str, now: datetime, by: Actor) -> Settlement:
    """Pay one farmer at the counter, each payable once; the same key again gives the same settlement.

    Raises:
        Refused: nothing to pay, one is paid already, or one is below its promise. Invalid: too much is set off.
        KeyReused: the key paid others.
    """
    known = _paid_with(session, key, payment)
    if known is not None:
        return known
    payables = _payables(session, payment)
    plan = plan_of(session, payables, payment)
    writing = Writing(
        key, payment.farmer_id, payables, plan, payment.method, payment.cap_bps, reference=payment.reference
    )
    try:
        settlement = write(session, writing, now=now, by=by)
    except KeyReused:
        # Pressed twice at one moment: the other one has been written since it was looked for.
        known = _paid_with(session, key, payment)
        if known is None:
            raise
        return known
    session.add(
        SettlementPayment(
            settlement_id=settlement.id,
            farmer_id=settlement.farmer_id,
            fen=settlement.total_fen,
            method=settlement.method,
            reference=settlement.reference,
            at=now,
            by=by.name,
        )
    )
    session.flush()
    session.refresh(settlement, ["payment"])
    return settlement


def _paid_with(session: Session, key: str, payment: Payment) -> Settlement | None:
    """The settlement that this key has written, if any; it must have paid the same."""
    known = session.scalar(select(Settlement).where(Settlement.idempotency_key == key))
    if known is not None:
        paid = frozenset(payable.id for payable in queries.settlement_lines(session, known.id))
        parts = queries.parts_of(session, known.id)
        taken = frozenset(part.entry.id for part in parts if part.fen > 0)
        kept = -sum(part.fen for part in parts if part.fen < 0)
        asked = (payment.farmer_id, payment.payable_ids, payment.credit_ids, payment.set_off_fen)
        if (known.farmer_id, paid, taken, kept) != asked:
            raise KeyReused
    return known


def _payables(session: Session, payment: Payment) -> Sequence[Payable]:
    payables = session.scalars(
        select(Payable)
        .where(Payable.id.in_(payment.payable_ids), Payable.farmer_id == payment.farmer_id)
        .order_by(Payable.id)
    ).all()
    if len(payables) != len(payment.payable_ids) or not (payables or payment.credit_ids):
        raise Refused("请选要付的款。", "Choose what to pay.", code="nothing_to_pay")
    return payables


def plan_of(session: Session, payables: Sequence[Payable], payment: Payment) -> Plan:
    """What this payment would hand out and keep, with the entries as they are now.

    Raises:
        Refused: a chosen credit is paid already. Invalid: more is set off than is open or the cap allows.
    """
    entries = [
        rules.OpenEntry(each.entry.id, each.left_fen)
        for each in queries.open_entries(session, payment.farmer_id)
        if each.left_fen < 0 or each.entry.id in payment.credit_ids
    ]
    if {entry.entry_id for entry in entries if entry.left_fen > 0} != payment.credit_ids:
        raise _paid_already()
    amounts = [payable.amount_fen for payable in payables]
    try:
        return rules.plan_payment(amounts, entries, payment.set_off_fen, payment.cap_bps)
    except rules.TooMuchSetOff as error:
        most = Text(
            f"这次最多抵扣 ¥{yuan(error.most_fen)}。", f"At most ¥{yuan(error.most_fen)} may be set off this time."
        )
        raise Invalid(most.zh, most.en, fields={"set_off": most}) from None


def _check_promise(delivery: Delivery) -> None:
    """The last look before money moves: worked out again from the copied facts, never less than promised."""
    slip = slip_of(delivery)
    promised = prices.price_to_farmer(slip.quote.fen_per_kg, slip.terms, slip.weighed)
    if delivery.pay_fen < promised.pay_fen:
        raise _below_promise()


def _below_promise() -> Refused:
    return Refused(
        "有一笔低于合同承诺的价格，不能付款，请负责人查看。",
        "A line is below the promised price and cannot be settled.",
        code="below_promise",
    )


def write(session: Session, writing: Writing, *, now: datetime, by: Actor) -> Settlement:
    """Write a settlement with its lines and parts; the tables let nobody pay anything twice, however many try at once.

    Raises:
        Refused: one of it is paid already or below its promise. KeyReused: the key is taken.
    """
    for payable in writing.payables:
        _check_promise(payable.delivery)
    settlement = Settlement(
        idempotency_key=writing.key,
        farmer_id=writing.farmer_id,
        run_id=writing.run_id,
        total_fen=writing.plan.total_fen,
        set_off_cap_bps=writing.cap_bps,
        method=writing.method,
        reference=writing.reference,
        at=now,
        by=by.name,
    )
    try:
        with session.begin_nested():
            session.add(settlement)
            session.flush()
            _add_lines(session, settlement, writing)
    except IntegrityError as error:
        raise _said(error) from None
    after = {
        "total_fen": settlement.total_fen,
        "kept_fen": writing.plan.kept_fen,
        "method": settlement.method,
        "payables": sorted(payable.id for payable in writing.payables),
    }
    record_change(
        session, actor=by, action="settlement.paid", subject=f"settlement:{settlement.id}", at=now, after=after
    )
    return settlement


def _add_lines(session: Session, settlement: Settlement, writing: Writing) -> None:
    """In the order of their ids, so that two who pay the same wait for each other and never in a circle."""
    both = {"settlement_id": settlement.id, "farmer_id": settlement.farmer_id}
    lines = [
        {"payable_id": payable.id, "amount_fen": payable.amount_fen, **both}
        for payable in sorted(writing.payables, key=lambda payable: payable.id)
    ]
    parts = [
        {"entry_id": part.entry_id, "amount_fen": part.left_fen, **both}
        for part in sorted(writing.plan.parts, key=lambda part: part.entry_id)
    ]
    if lines:
        session.execute(insert(SettlementLine), lines)
    if parts:
        session.execute(insert(SettlementPart), parts)


def _said(error: IntegrityError) -> Exception:
    said = str(error.orig)
    if "pk_settlement_lines" in said or "entry_is_used" in said:
        return _paid_already()
    if "below_promise" in said:
        return _below_promise()
    return KeyReused() if "idempotency_key" in said else error


def _paid_already() -> Refused:
    return Refused(
        "其中有一笔已经付过了。单子已经更新，请重新选。",
        "One of these was paid already. The list is fresh now; choose again.",
        code="settled_already",
    )


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
    changes_service.write_off_rest(session, lot.id, reason=reason, now=now, by=by)
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
