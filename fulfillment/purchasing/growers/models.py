"""Tables of farmers, grades and contracts."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Fen, Grams, UtcTime
from shop.catalog.models import Variant


class Farmer(Base):
    """A grower. ``shown_name`` is what buyers may see, if ``consent_shown``."""

    __tablename__ = "farmers"
    __table_args__ = (UniqueConstraint("name", "phone"),)

    id: Mapped[BigId]
    name: Mapped[str]
    shown_name: Mapped[str]
    phone: Mapped[str]
    village: Mapped[str]
    initials: Mapped[str] = mapped_column(default="")
    consent_shown: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[UtcTime]


class Grade(Base):
    """A grade of a product and what it takes off the contract's price, in basis points."""

    __tablename__ = "grades"
    __table_args__ = (
        UniqueConstraint("product", "form", "name"),
        CheckConstraint("deduction_bps BETWEEN 0 AND 9999", name="deduction_below_whole"),
    )

    id: Mapped[BigId]
    product: Mapped[str]
    form: Mapped[str]
    name: Mapped[str]
    deduction_bps: Mapped[int]


class Contract(Base):
    """A promise to buy: so many kilograms, at market plus a premium, never below a floor.

    What was promised is not edited once goods have come (``deliveries`` refer to it); another promise is another
    contract. ``market`` is where its price is read; without one, the best of the day's markets counts.
    """

    __tablename__ = "contracts"
    __table_args__ = (
        CheckConstraint("premium_bps BETWEEN 1000 AND 1500", name="premium_10_to_15_percent"),
        CheckConstraint("season_end >= season_start", name="season_in_order"),
        CheckConstraint("agreed_g > 0 AND floor_fen_per_kg >= 0", name="amounts_positive"),
        CheckConstraint("quote_days BETWEEN 0 AND 60", name="quote_days_within_60"),
        CheckConstraint("tolerance_bps BETWEEN 0 AND 5000", name="tolerance_within_half"),
        CheckConstraint("standard_moisture_bps BETWEEN 0 AND 9999", name="moisture_below_whole"),
        CheckConstraint("reject_above_bps BETWEEN standard_moisture_bps AND 9999", name="reject_above_standard"),
        CheckConstraint("payment_days BETWEEN 0 AND 90", name="payment_days_within_90"),
        CheckConstraint(
            "delivered_g >= 0 AND delivered_g * 10000 <= agreed_g * (10000 + tolerance_bps)",
            name="delivered_within_agreed",
        ),
        UniqueConstraint(
            "id",
            "farmer_id",
            "variant_id",
            "premium_bps",
            "floor_fen_per_kg",
            "standard_moisture_bps",
            name="uq_contracts_promise",
        ),
        ExcludeConstraint(
            ("farmer_id", "="),
            ("product", "="),
            ("form", "="),
            (func.daterange(text("season_start"), text("season_end"), text("'[]'")), "&&"),
            name="no_two_overlap",
            using="gist",
            where=text("active"),
        ),
    )

    id: Mapped[BigId]
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"), index=True)
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"))
    product: Mapped[str]
    form: Mapped[str]
    grade: Mapped[str]
    season_start: Mapped[date]
    season_end: Mapped[date]
    agreed_g: Mapped[Grams]
    delivered_g: Mapped[Grams] = mapped_column(default=0)
    tolerance_bps: Mapped[int]
    premium_bps: Mapped[int]
    floor_fen_per_kg: Mapped[Fen]
    quote_days: Mapped[int]
    market: Mapped[str | None]
    standard_moisture_bps: Mapped[int]
    reject_above_bps: Mapped[int | None]
    payment_days: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[UtcTime]

    farmer: Mapped[Farmer] = relationship(lazy="joined", innerjoin=True)
    variant: Mapped[Variant] = relationship(lazy="joined", innerjoin=True)
