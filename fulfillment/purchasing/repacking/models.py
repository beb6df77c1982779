"""Tables of bag labels that were printed and of conformity certificates that were issued."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fulfillment.purchasing.models import Lot
from kernel.db import Base, BigId, Grams, UtcTime, append_only


class BagLabelPrint(Base):
    """Bag labels printed for a lot: how many, what stood on them, for which day. A reprint names the first and a reason.

    ``words`` is what was printed, heading and value in order; the printer is copied like that of a slip.
    """

    __tablename__ = "bag_label_prints"
    __table_args__ = (
        CheckConstraint("labels > 0 AND net_g > 0", name="labels_positive"),
        CheckConstraint("best_before > packed_on", name="best_before_is_later"),
        CheckConstraint("(again_of_id IS NULL) = (reason = '')", name="again_has_reason"),
        CheckConstraint("first_place > 0", name="first_place_positive"),
        Index("ix_bag_label_prints_at", "at"),
    )

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"), index=True)
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"))
    labels: Mapped[int]
    net_g: Mapped[Grams]
    packed_on: Mapped[date]
    best_before: Mapped[date]
    words: Mapped[list[list[str]]] = mapped_column(JSONB)
    printer: Mapped[str]
    paper: Mapped[str]
    offset_x_um: Mapped[int]
    offset_y_um: Mapped[int]
    first_place: Mapped[int]
    again_of_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("bag_label_prints.id"))
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]

    lot: Mapped[Lot] = relationship(lazy="joined", innerjoin=True)


append_only("bag_label_prints")


class Certificate(Base):
    """A conformity certificate (承诺达标合格证): issued once, never changed, never deleted. It copies what it says."""

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint("quantity_g > 0", name="quantity_positive"),
        CheckConstraint("basis IN ('tested', 'self_tested', 'controlled', 'promised')", name="known_basis"),
        CheckConstraint("promiser <> '' AND contact <> '' AND origin <> ''", name="says_who_and_whence"),
        Index("ix_certificates_at", "at"),
    )

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    number: Mapped[str] = mapped_column(unique=True)
    product: Mapped[str]
    quantity_g: Mapped[Grams]
    origin: Mapped[str]
    promiser: Mapped[str]
    contact: Mapped[str]
    basis: Mapped[str]
    issued_on: Mapped[date]
    at: Mapped[UtcTime]
    by: Mapped[str]

    lots: Mapped[list[Lot]] = relationship(secondary="certificate_lots", order_by="Lot.id", viewonly=True)
    prints: Mapped[list["CertificatePrint"]] = relationship(order_by="CertificatePrint.id", viewonly=True)


append_only("certificates")


class CertificateLot(Base):
    """A lot that a certificate speaks of; mixed goods have several. Append-only."""

    __tablename__ = "certificate_lots"

    certificate_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("certificates.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"), primary_key=True, index=True)


append_only("certificate_lots")


class CertificatePrint(Base):
    """Copies of a certificate that were printed at once; after the first time with a reason."""

    __tablename__ = "certificate_prints"
    __table_args__ = (
        UniqueConstraint("certificate_id", "round"),
        CheckConstraint("copies > 0 AND first_place > 0", name="counts_positive"),
        CheckConstraint("(round = 1) = (reason = '')", name="again_has_reason"),
    )

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    certificate_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("certificates.id"))
    round: Mapped[int]
    copies: Mapped[int]
    printer: Mapped[str]
    paper: Mapped[str]
    offset_x_um: Mapped[int]
    offset_y_um: Mapped[int]
    first_place: Mapped[int]
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("certificate_prints")
