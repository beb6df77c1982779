"""Asking for an invoice, changing what is to stand on it, and the answer of a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import Actor, record_change
from kernel.db import lock_row
from kernel.errors import Invalid, NotFound, Refused
from kernel.text import Text
from shop.invoices import queries, rules
from shop.invoices.models import Invoice
from shop.orders import service as orders
from shop.orders.models import Order


@dataclass(frozen=True)
class InvoiceFacts:
    """What a buyer wants to stand on the invoice; ``tax_number`` for firms only."""

    kind: str
    title: str
    tax_number: str
    email: str


def ask_invoice(session: Session, order: Order, facts: InvoiceFacts, *, now: datetime) -> Invoice:
    """Ask for an order's invoice, or change what was asked; a second time the same is nothing new.

    Raises:
        Refused: the order has no money here, or its invoice is issued already.
    """
    order = orders.lock_order(session, order.id)
    if not rules.may_ask(order.state, order.channel, order.total_fen, order.refunded_fen):
        raise Refused(
            "付款以后、没有全部退款的订单才能开发票。",
            "An invoice is for an order that is paid and not refunded.",
            code="not_now",
        )
    invoice = queries.invoice_of(session, order.id)
    if invoice is None:
        invoice = Invoice(order_id=order.id, at=now, state=rules.ASKED, reason="")
        session.add(invoice)
    elif invoice.state == rules.ISSUED:
        raise _issued_already()
    invoice.kind, invoice.title = facts.kind, facts.title
    invoice.tax_number, invoice.email = facts.tax_number, facts.email
    invoice.state, invoice.decided_at, invoice.reason = rules.ASKED, None, ""
    session.flush()
    return invoice


def _issued_already() -> Refused:
    return Refused(
        "发票已经开了，要改请联系工坊。",
        "The invoice is issued; to change it, ask the workshop.",
        code="issued_already",
    )


def take_back(session: Session, order: Order) -> None:
    """The buyer needs none after all; a second time there is nothing to do.

    Raises:
        Refused: it is issued already.
    """
    order = orders.lock_order(session, order.id)
    invoice = queries.invoice_of(session, order.id)
    if invoice is None:
        return
    if invoice.state == rules.ISSUED:
        raise _issued_already()
    session.delete(invoice)
    session.flush()


def issue(session: Session, invoice_id: int, number: str, amount_fen: int, *, now: datetime, by: Actor) -> Invoice:
    """Note the number of an invoice that was issued over ``amount_fen``; with the same number again it is the same.

    Raises:
        NotFound: the buyer took it back. Refused: it has another number, or money went back meanwhile. Invalid: the number
        belongs to another invoice.
    """
    invoice = _lock(session, invoice_id)
    if invoice.state == rules.ISSUED and invoice.number == number:
        return invoice
    if invoice.state != rules.ASKED:
        raise _decided_already()
    order = invoice.order
    if order.total_fen - order.refunded_fen != amount_fen:
        raise Refused(
            "这一单刚退了钱，金额变了。请按新的金额开。",
            "Money of this order went back meanwhile; issue it over the new amount.",
            code="amount_changed",
        )
    try:
        with session.begin_nested():
            invoice.number, invoice.amount_fen = number, amount_fen
            _decide(session, invoice, rules.ISSUED, "", now=now, by=by)
    except IntegrityError as error:
        if "uq_invoices_number" not in str(error.orig):
            raise
        said = Text("这个号码已经是别的发票的。", "Another invoice has this number.")
        raise Invalid(said.zh, said.en, fields={"number": said}) from None
    return invoice


def decline(session: Session, invoice_id: int, reason: str, *, now: datetime, by: Actor) -> Invoice:
    """Say why there is none yet, such as a wrong tax number; the buyer may ask again.

    Raises:
        NotFound: the buyer took it back. Refused: somebody decided already.
    """
    invoice = _lock(session, invoice_id)
    if invoice.state != rules.ASKED:
        raise _decided_already()
    _decide(session, invoice, rules.DECLINED, reason, now=now, by=by)
    return invoice


def _lock(session: Session, invoice_id: int) -> Invoice:
    """The invoice, locked after its order as everybody does, so that money and number are of one moment."""
    known = session.get(Invoice, invoice_id)
    if known is not None:
        orders.lock_order(session, known.order_id)
        known = lock_row(session, Invoice, invoice_id)
    if known is None:
        raise NotFound("没有这张发票，可能买家撤回了。", "There is no such invoice; its buyer may have taken it back.")
    return known


def _decided_already() -> Refused:
    return Refused("这一张已经有人办了。", "Somebody has dealt with it already.", code="decided_already")


def _decide(session: Session, invoice: Invoice, state: str, reason: str, *, now: datetime, by: Actor) -> None:
    invoice.state, invoice.reason, invoice.decided_at, invoice.decided_by = state, reason, now, by.name
    session.flush()
    after = {"state": state, "number": invoice.number, "amount_fen": invoice.amount_fen, "reason": reason}
    subject = f"invoice:{invoice.id}"
    record_change(session, actor=by, action=f"invoice.{state}", subject=subject, at=now, after=after)


def forget(session: Session, order_ids: Sequence[UUID]) -> None:
    """What was not issued is gone; of what was, only the e-mail address: the rest is an account's voucher and stays."""
    mine = Invoice.order_id.in_(order_ids)
    session.execute(delete(Invoice).where(mine, Invoice.state != rules.ISSUED))
    session.execute(update(Invoice).where(mine).values(email=""))
