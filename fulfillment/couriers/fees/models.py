"""Tables of courier fees: price lists with dates, the courier chosen for a box, what was charged in the end."""

from datetime import date
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, Fen, Grams, UtcTime, append_only


class CourierTariff(Base):
    """What a courier charges to a province from a day on; ``serves`` false ends it. A new version never changes an old one.

    Of several versions for one day the last one written holds: a slip of the hand is put right by another line.
    ``steps`` is a list of ``[grams, fen]``, lightest first.
    """

    __tablename__ = "courier_tariffs"
    __table_args__ = (
        Index("ix_courier_tariffs_province", "province", "carrier", "valid_from", "id"),
        CheckConstraint("jsonb_typeof(steps) = 'array'", name="steps_are_a_list"),
        CheckConstraint(
            "NOT serves OR jsonb_array_length(steps) > 0 OR further_fen_per_kg IS NOT NULL", name="has_a_price"
        ),
        CheckConstraint(
            "COALESCE(further_fen_per_kg, 0) >= 0 AND surcharge_fen >= 0 AND minimum_fen >= 0", name="not_negative"
        ),
        CheckConstraint("round_up_g > 0 AND volume_divisor > 0 AND COALESCE(days, 1) > 0", name="makes_sense"),
    )

    id: Mapped[BigId]
    carrier: Mapped[str]
    province: Mapped[str]
    zone: Mapped[str]
    valid_from: Mapped[date]
    serves: Mapped[bool]
    steps: Mapped[list[Any]] = mapped_column(JSONB)
    further_fen_per_kg: Mapped[int | None] = mapped_column(BigInteger)
    round_up_g: Mapped[Grams]
    surcharge_fen: Mapped[Fen]
    minimum_fen: Mapped[Fen]
    volume_divisor: Mapped[int]
    days: Mapped[int | None]
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("courier_tariffs")


class CourierChoice(Base):
    """Which courier a box is to go with, and its fee as it was then; the newest line of a parcel holds."""

    __tablename__ = "courier_choices"
    __table_args__ = (
        CheckConstraint("fee_fen >= 0 AND weight_g > 0", name="makes_sense"),
        CheckConstraint("why <> 'lead' OR reason <> ''", name="lead_says_why"),
        Index("ix_courier_choices_parcel", "parcel_id", "id"),
    )

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"))
    carrier: Mapped[str]
    # Empty when the courier has no price for this box.
    fee_fen: Mapped[int | None] = mapped_column(BigInteger)
    days: Mapped[int | None]
    weight_g: Mapped[Grams]
    tariff_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("courier_tariffs.id"))
    why: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("courier_choices")


class CourierBill(Base):
    """What the courier charged for a box: from its bill, typed or sent; the newest line of a parcel holds."""

    __tablename__ = "courier_bills"
    __table_args__ = (
        CheckConstraint("fee_fen >= 0", name="not_negative"),
        Index("ix_courier_bills_parcel", "parcel_id", "id"),
    )

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"))
    carrier: Mapped[str]
    fee_fen: Mapped[Fen]
    source: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("courier_bills")
