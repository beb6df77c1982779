"""Tables of waybills: the wish and what became of it, its prints, and the couriers' own sheets."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from fulfillment.couriers.waybills.states import LIVE, PROVIDERS, STATES
from fulfillment.packing.models import Parcel
from kernel.db import Base, BigId, Grams, UtcTime, append_only, one_of


class Waybill(Base):
    """A courier's number for a parcel, from the wish on. ``key`` is what the courier knows the wish by.

    ``sent_at`` is when it was first told to the courier: before that there is nothing to cancel there. ``facts`` are the
    courier's essentials without anybody's data; ``problem`` is a word of ``REFUSALS``, ``said`` the courier's own words.
    """

    __tablename__ = "waybills"
    __table_args__ = (
        CheckConstraint(one_of("state", STATES), name="known_state"),
        CheckConstraint(one_of("provider", PROVIDERS), name="known_provider"),
        CheckConstraint(
            "state <> 'issued' OR (number IS NOT NULL AND issued_at IS NOT NULL)", name="issued_has_number"
        ),
        CheckConstraint("(state = 'failed') = (problem IS NOT NULL)", name="failed_has_problem"),
        CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled_has_time"),
        CheckConstraint("fee_fen >= 0", name="fee_not_negative"),
        CheckConstraint("weight_g > 0 AND tries >= 0", name="weight_and_tries"),
        Index("uq_waybills_live_parcel", "parcel_id", unique=True, postgresql_where=text(one_of("state", LIVE))),
        UniqueConstraint("number"),
        Index("ix_waybills_parcel", "parcel_id"),
        Index("ix_waybills_open", "state", "id", postgresql_where=text("state IN ('asked', 'cancelling', 'failed')")),
    )

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"))
    key: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str]
    provider: Mapped[str]
    carrier: Mapped[str]
    number: Mapped[str | None]
    bulkpen: Mapped[str] = mapped_column(default="")
    pkg_name: Mapped[str] = mapped_column(default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fee_fen: Mapped[int | None] = mapped_column(BigInteger)
    weight_g: Mapped[Grams]
    asked_at: Mapped[UtcTime]
    asked_by: Mapped[str]
    sent_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    issued_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")
    problem: Mapped[str | None]
    said: Mapped[str] = mapped_column(default="")

    parcel: Mapped[Parcel] = relationship(lazy="joined", innerjoin=True)


class WaybillPrint(Base):
    """A courier label that was printed: the first one, and each further one with a reason."""

    __tablename__ = "waybill_prints"
    __table_args__ = (
        UniqueConstraint("waybill_id", "copy"),
        CheckConstraint("copy = 1 OR reason <> ''", name="reprint_has_reason"),
        Index("ix_waybill_prints_at", "at"),
    )

    id: Mapped[BigId]
    waybill_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("waybills.id"))
    copy: Mapped[int]
    at: Mapped[UtcTime]
    by: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")

    waybill: Mapped[Waybill] = relationship()


append_only("waybill_prints")


class CourierSheet(Base):
    """The columns of a courier's own sheet: pairs of heading and field, in order."""

    __tablename__ = "courier_sheets"

    carrier: Mapped[str] = mapped_column(primary_key=True)
    columns: Mapped[list[list[str]]] = mapped_column(JSONB)
    changed_at: Mapped[UtcTime]
    changed_by: Mapped[str]
