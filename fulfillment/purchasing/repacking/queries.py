"""Reading bag labels and certificates."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from fulfillment.purchasing.models import Lot
from fulfillment.purchasing.repacking.models import BagLabelPrint, Certificate, CertificateLot, CertificatePrint

PAGE = 50


def bag_label_print(session: Session, print_id: int) -> BagLabelPrint | None:
    """One print of bag labels, or ``None``."""
    return session.get(BagLabelPrint, print_id) if print_id < 2**62 else None


def label_print_by_key(session: Session, key: str) -> BagLabelPrint | None:
    """The print that a form made."""
    return session.scalar(select(BagLabelPrint).where(BagLabelPrint.key == key))


def label_prints_of(session: Session, lot_id: int) -> Sequence[BagLabelPrint]:
    """The bag labels printed for a lot, newest first."""
    rows = select(BagLabelPrint).where(BagLabelPrint.lot_id == lot_id)
    return session.scalars(rows.order_by(BagLabelPrint.id.desc())).all()


def labels_printed_g(session: Session, lot_id: int) -> int:
    """How many grams of a lot have labels for bags, each bag counted once: reprints stand for bags that have one."""
    total = func.coalesce(func.sum(BagLabelPrint.labels * BagLabelPrint.net_g), 0)
    printed = select(total).where(BagLabelPrint.lot_id == lot_id, BagLabelPrint.again_of_id.is_(None))
    return int(session.scalar(printed) or 0)


def label_log(session: Session, *, before: int | None = None, most: int = PAGE) -> Sequence[BagLabelPrint]:
    """Bag labels that were printed, newest first; ``before`` is the id to go on from."""
    rows = select(BagLabelPrint)
    if before is not None:
        rows = rows.where(BagLabelPrint.id < before)
    return session.scalars(rows.order_by(BagLabelPrint.id.desc()).limit(most)).all()


def certificate_of(session: Session, certificate_id: int) -> Certificate | None:
    """A certificate with its lots and prints, or ``None``."""
    if certificate_id >= 2**62:
        return None
    return session.scalar(
        select(Certificate)
        .where(Certificate.id == certificate_id)
        .options(selectinload(Certificate.lots), selectinload(Certificate.prints))
        .execution_options(populate_existing=True)
    )


def certificates_of_lots(session: Session, lot_ids: Sequence[int]) -> Sequence[Certificate]:
    """The certificates that speak of any of these lots, oldest first."""
    wanted = select(CertificateLot.certificate_id).where(CertificateLot.lot_id.in_(lot_ids))
    return session.scalars(select(Certificate).where(Certificate.id.in_(wanted)).order_by(Certificate.id)).all()


def certificate_by_key(session: Session, key: str) -> Certificate | None:
    """The certificate that a form made."""
    return session.scalar(select(Certificate).where(Certificate.key == key))


def certificates(session: Session, *, before: int | None = None, most: int = PAGE) -> Sequence[Certificate]:
    """Certificates, newest first."""
    rows = select(Certificate).options(selectinload(Certificate.lots), selectinload(Certificate.prints))
    if before is not None:
        rows = rows.where(Certificate.id < before)
    return session.scalars(rows.order_by(Certificate.id.desc()).limit(most)).all()


def certificates_of(session: Session, lot_id: int) -> Sequence[Certificate]:
    """The certificates that speak of a lot, newest first."""
    rows = select(Certificate).join(CertificateLot, CertificateLot.certificate_id == Certificate.id)
    return session.scalars(rows.where(CertificateLot.lot_id == lot_id).order_by(Certificate.id.desc())).all()


def certified_g(session: Session, lot_ids: Sequence[int]) -> int:
    """For how many grams there are certificates that speak of any of these lots."""
    speaks = select(CertificateLot.certificate_id).where(CertificateLot.lot_id.in_(lot_ids))
    total = select(func.coalesce(func.sum(Certificate.quantity_g), 0)).where(Certificate.id.in_(speaks))
    return int(session.scalar(total) or 0)


def last_print(session: Session, certificate_id: int) -> CertificatePrint | None:
    """The newest print of a certificate."""
    rows = select(CertificatePrint).where(CertificatePrint.certificate_id == certificate_id)
    return session.scalar(rows.order_by(CertificatePrint.round.desc()).limit(1))


def lots_of_product(session: Session, lot: Lot, most: int = 30) -> Sequence[Lot]:
    """Other lots of the same raw goods, newest first: what may be mixed with this one."""
    rows = select(Lot).where(Lot.variant_id == lot.variant_id, Lot.id != lot.id)
    return session.scalars(rows.order_by(Lot.id.desc()).limit(most)).all()
