"""Tables of planning: past sales, forecasts with what they were made from, and calls to farmers."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

import fulfillment.purchasing.growers.models  # noqa: F401 - calls refer to farmers
from fulfillment.purchasing.planning.rules import METHODS, OUTCOMES, WAYS
from kernel.db import Base, BigId, Grams, UtcTime, append_only, one_of


class PastSale(Base):
    """Grams of a product that were sold on a day before the workshop used this program, from a file; read by the forecast only."""

    __tablename__ = "past_sales"
    __table_args__ = (
        CheckConstraint("grams > 0", name="something_sold"),
        CheckConstraint(one_of("way", WAYS), name="known_way"),
    )

    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("products.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    way: Mapped[str] = mapped_column(primary_key=True)
    grams: Mapped[Grams]
    at: Mapped[UtcTime]
    by: Mapped[str]


class Forecast(Base):
    """One forecast of everything: asked for, then made product by product. ``made_at`` is empty while it is being made."""

    __tablename__ = "forecasts"
    __table_args__ = (
        CheckConstraint("done BETWEEN 0 AND total", name="done_within_total"),
        CheckConstraint("made_at IS NULL OR done = total", name="made_when_done"),
        Index("ix_forecasts_made_at", "made_at"),
    )

    id: Mapped[BigId]
    # One a night and one a form: asked twice, it is made once.
    key: Mapped[str] = mapped_column(unique=True)
    asked_at: Mapped[UtcTime]
    asked_by: Mapped[str]
    first_week: Mapped[date]
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    made_at: Mapped[datetime | None]


class ProductForecast(Base):
    """What one product will sell; ``method`` says how that was worked out, ``sold_g`` from which weeks (oldest first)."""

    __tablename__ = "product_forecasts"
    __table_args__ = (CheckConstraint(one_of("method", METHODS), name="known_method"),)

    forecast_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("forecasts.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("products.id"), primary_key=True)
    method: Mapped[str]
    first_sold: Mapped[date | None]
    sold_g: Mapped[list[Any]] = mapped_column(JSONB)
    # Grams of the last quarter by how they were sold: in streams, in the shop, on platforms.
    ways_g: Mapped[dict[str, Any]] = mapped_column(JSONB)


class ForecastWeek(Base):
    """Grams that a product will sell in the week from ``week`` (a Monday): in nine weeks of ten more than low, and fewer than high."""

    __tablename__ = "forecast_weeks"
    __table_args__ = (CheckConstraint("0 <= low_g AND low_g <= mid_g AND mid_g <= high_g", name="range_in_order"),)

    forecast_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("forecasts.id"), primary_key=True)
    product_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("products.id"), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    low_g: Mapped[Grams]
    mid_g: Mapped[Grams]
    high_g: Mapped[Grams]


class FarmerCall(Base):
    """A farmer was called: what came of it, and until when nobody need call again. Append-only."""

    __tablename__ = "farmer_calls"
    __table_args__ = (
        CheckConstraint(one_of("outcome", OUTCOMES), name="known_outcome"),
        CheckConstraint("rest_until >= day", name="rests_from_the_day"),
        UniqueConstraint("key"),
        Index("ix_farmer_calls_farmer_id_id", "farmer_id", "id"),
    )

    id: Mapped[BigId]
    key: Mapped[str]
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"))
    day: Mapped[date]
    outcome: Mapped[str]
    words: Mapped[str]
    rest_until: Mapped[date]
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("farmer_calls")
