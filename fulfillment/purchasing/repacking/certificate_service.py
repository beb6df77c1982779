"""Issuing conformity certificates and printing them: one number each, never more than came, again only with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from fulfillment.labels.printers.models import Printer
from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.repacking import queries
from fulfillment.purchasing.repacking.models import Certificate, CertificateLot, CertificatePrint
from fulfillment.purchasing.repacking.service import how_printed
from kernel.audit import Actor
from kernel.errors import NotFound, Refused
from kernel.text import Text
from shop.catalog.models import Product

MOST_COPIES = 500
_NUMBERS_ONE_BY_ONE = text("SELECT pg_advisory_xact_lock(hashtext('gongfang: certificate numbers'))")


@dataclass(frozen=True)
class CertificateFacts:
    """What a certificate says besides its product and lots; the quantity in grams."""

    quantity_g: int
    origin: str
    promiser: str
    contact: str
    basis: str


def issue_certificate(
    session: Session,
    lot_ids: Sequence[int],
    facts: CertificateFacts,
    *,
    key: str,
    now: datetime,
    today: date,
    by: Actor,
) -> Certificate:
    """Issue a certificate for goods of one lot, or of several that were mixed; it gets the next number of its day.

    Raises:
        Refused: lots of different products, or more than these lots brought.
    """
    session.execute(_NUMBERS_ONE_BY_ONE)
    lots = session.scalars(select(Lot).where(Lot.id.in_(lot_ids)).order_by(Lot.id)).all()
    if not lots or len(lots) != len(set(lot_ids)):
        raise NotFound("没有这个批号。", "There is no such lot.")
    products = {lot.variant.product_id for lot in lots}
    if len(products) > 1:
        raise Refused("一张合格证只能写一种产品。", "A certificate is for one product.", code="other_product")
    _refuse_more_than_came(session, lots, facts.quantity_g)
    product = session.get_one(Product, products.pop())
    count = session.scalar(select(func.count()).where(Certificate.issued_on == today)) or 0
    certificate = Certificate(
        key=key,
        number=f"HGZ{today:%y%m%d}-{count + 1:03d}",
        product=product.title_zh,
        quantity_g=facts.quantity_g,
        origin=facts.origin,
        promiser=facts.promiser,
        contact=facts.contact,
        basis=facts.basis,
        issued_on=today,
        at=now,
        by=by.name,
    )
    session.add(certificate)
    session.flush()
    session.add_all(CertificateLot(certificate_id=certificate.id, lot_id=lot.id) for lot in lots)
    session.flush()
    return certificate


def _refuse_more_than_came(session: Session, lots: Sequence[Lot], quantity_g: int) -> None:
    came, certified = sum(lot.received_g for lot in lots), queries.certified_g(session, [lot.id for lot in lots])
    if quantity_g > came - certified:
        left = max(0, came - certified) / 1000
        said = Text(
            f"这些批号一共收了 {came / 1000:g} 公斤，还能开 {left:g} 公斤的合格证。",
            f"These lots brought {came / 1000:g} kg; certificates for {left:g} kg are left.",
        )
        raise Refused(said.zh, said.en, code="lot_too_small", fields={"quantity": said})


def print_certificate(
    session: Session,
    certificate_id: int,
    copies: int,
    *,
    reason: str,
    printer: Printer,
    first_place: int,
    key: str,
    now: datetime,
    by: Actor,
) -> CertificatePrint:
    """Note copies of a certificate; after the first time with a reason.

    Raises:
        Refused: it was printed before and no reason is given.
    """
    certificate = session.scalar(select(Certificate).where(Certificate.id == certificate_id).with_for_update())
    if certificate is None:
        raise NotFound("没有这张合格证。", "There is no such certificate.")
    last = queries.last_print(session, certificate_id)
    if last is not None and not reason:
        raise Refused(
            "这张合格证打印过了。要再打，请选原因。",
            "This certificate was printed before. Choose a reason to print it again.",
            code="printed_already",
        )
    printed = CertificatePrint(
        key=key,
        certificate_id=certificate_id,
        round=last.round + 1 if last else 1,
        copies=copies,
        **how_printed(printer, first_place),
        reason=reason if last else "",
        at=now,
        by=by.name,
    )
    session.add(printed)
    session.flush()
    return printed
