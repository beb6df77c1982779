"""An invoice is issued or declined, and the buyer is told."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.workflows.telling import tell_buyer
from kernel.audit import Actor
from kernel.text import Text
from shop.invoices import service as invoices
from shop.invoices.models import Invoice


def issue_invoice(
    session: Session, invoice_id: int, number: str, amount_fen: int, *, now: datetime, by: Actor
) -> Invoice:
    """Note the number of an issued invoice, and tell the buyer.

    Raises:
        NotFound, Refused, Invalid: as ``invoices.issue``.
    """
    invoice = invoices.issue(session, invoice_id, number, amount_fen, now=now, by=by)
    _tell(session, invoice, Text(f"发票开好了，号码 {number}。", f"Your invoice is issued: number {number}."), now)
    return invoice


def decline_invoice(session: Session, invoice_id: int, reason: str, *, now: datetime, by: Actor) -> Invoice:
    """Say why there is no invoice yet, and tell the buyer.

    Raises:
        NotFound, Refused: as ``invoices.decline``.
    """
    invoice = invoices.decline(session, invoice_id, reason, now=now, by=by)
    _tell(session, invoice, Text(f"发票还没有开：{reason}", f"There is no invoice yet: {reason}"), now)
    return invoice


def _tell(session: Session, invoice: Invoice, said: Text, now: datetime) -> None:
    what = f"invoice:{invoice.id}:{invoice.state}:{invoice.decided_at:%Y%m%d%H%M%S}"
    tell_buyer(session, invoice.order, what, said, now, subject=f"invoice:{invoice.id}")
