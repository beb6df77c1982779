"""Tables of what went wrong with couriers: the case, and what people wrote about it."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fulfillment.couriers.cases.rules import KINDS, OUTCOMES
from fulfillment.packing.models import Parcel
from kernel.db import Base, BigId, UtcTime, append_only, one_of


class CourierCase(Base):
    """Something about a parcel and its courier that a person has to see to.

    ``detail`` is a finer word (of ``REFUSALS``) or empty; ``said`` is what the courier wrote, without phones and names.
    """

    __tablename__ = "courier_cases"
    __table_args__ = (
        CheckConstraint(one_of("kind", tuple(KINDS)), name="known_kind"),
        CheckConstraint(f"outcome IS NULL OR {one_of('outcome', tuple(OUTCOMES))}", name="known_outcome"),
        CheckConstraint(
            "(settled_at IS NULL) = (outcome IS NULL) AND (settled_at IS NULL) = (settled_by IS NULL)",
            name="settled_has_outcome",
        ),
        # The same trouble is one piece of work, however often the courier tells of it.
        Index("uq_courier_cases_open", "parcel_id", "kind", unique=True, postgresql_where=text("settled_at IS NULL")),
        Index("ix_courier_cases_waiting", "opened_at", "id", postgresql_where=text("settled_at IS NULL")),
        Index("ix_courier_cases_parcel", "parcel_id"),
    )

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"))
    kind: Mapped[str]
    detail: Mapped[str] = mapped_column(default="")
    said: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[UtcTime]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]
    outcome: Mapped[str | None]

    parcel: Mapped[Parcel] = relationship(lazy="joined", innerjoin=True)
    notes: Mapped[list["CaseNote"]] = relationship(order_by="CaseNote.id")


class CaseNote(Base):
    """What somebody did or learned about a case."""

    __tablename__ = "courier_case_notes"

    id: Mapped[BigId]
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("courier_cases.id"), index=True)
    at: Mapped[UtcTime]
    by: Mapped[str]
    words: Mapped[str]


append_only("courier_case_notes")
