"""Tables of farmers, contracts, market quotes, deliveries and what is owed for them."""

from datetime import date

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from kernel.db import Base, BigId, Fen, Grams, UtcTime, append_only
from shop.catalog.models import Variant


class Farmer(Base):
    """A grower. ``shown_name`` is what buyers may see, if ``consent_shown``."""

    __tablename__ = "farmers"

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
    """A promise to buy: so many kilograms, at market plus a premium, never below a floor."""

    __tablename__ = "contracts"
    __table_args__ = (
        CheckConstraint("premium_bps BETWEEN 1000 AND 1500", name="premium_10_to_15_percent"),
        CheckConstraint("season_end >= season_start", name="season_in_order"),
        CheckConstraint("agreed_g > 0 AND floor_fen_per_kg >= 0", name="amounts_positive"),
        CheckConstraint("quote_days BETWEEN 0 AND 60", name="quote_days_within_60"),
        CheckConstraint("tolerance_bps BETWEEN 0 AND 5000", name="tolerance_within_half"),
        CheckConstraint("standard_moisture_bps BETWEEN 0 AND 9999", name="moisture_below_whole"),
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


class MarketQuote(Base):
    """A price per kg with market, product, form, grade, day and source. A used one is never edited, only replaced."""

    __tablename__ = "market_quotes"
    __table_args__ = (
        CheckConstraint("state IN ('accepted', 'held', 'refused', 'replaced')", name="known_state"),
        CheckConstraint("low_fen <= fen_per_kg AND fen_per_kg <= high_fen AND low_fen > 0", name="low_mid_high"),
        CheckConstraint("comparable OR state <> 'accepted'", name="only_comparable_accepted"),
        Index(
            "uq_market_quotes_accepted",
            "market",
            "product",
            "form",
            "grade",
            "day",
            unique=True,
            postgresql_where=text("state = 'accepted'"),
        ),
        UniqueConstraint("source", "source_key"),
    )

    id: Mapped[BigId]
    source: Mapped[str]
    # What the source itself calls the row, so that reading it twice adds nothing.
    source_key: Mapped[str]
    market: Mapped[str]
    name: Mapped[str]
    product: Mapped[str | None]
    form: Mapped[str | None]
    grade: Mapped[str | None]
    day: Mapped[date]
    low_fen: Mapped[Fen]
    high_fen: Mapped[Fen]
    fen_per_kg: Mapped[Fen]
    unit: Mapped[str]
    comparable: Mapped[bool]
    state: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
    entered_at: Mapped[UtcTime]
    entered_by: Mapped[str]


class QuoteName(Base):
    """What a source calls a product of ours: matched exactly, never by part of a word."""

    __tablename__ = "quote_names"

    source: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    product: Mapped[str]
    form: Mapped[str]
    grade: Mapped[str]


class Delivery(Base):
    """A weigh-in with everything its price was worked out from, copied. The database refuses one below the promise."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint("gross_g > tare_g AND tare_g >= 0 AND net_g = gross_g - tare_g", name="net_is_gross_less_tare"),
        CheckConstraint("premium_bps BETWEEN 1000 AND 1500", name="premium_10_to_15_percent"),
        CheckConstraint(
            "promised_fen_per_kg >= floor_fen_per_kg AND "
            "promised_fen_per_kg >= (quote_fen_per_kg * (10000 + premium_bps) + 5000) / 10000",
            name="promise_kept",
        ),
        CheckConstraint(
            "unit_fen_per_kg = (promised_fen_per_kg * (10000 - grade_deduction_bps) + 5000) / 10000",
            name="unit_adds_up",
        ),
        CheckConstraint(
            "settle_g = 10 * round(net_g::numeric * (10000 - foreign_bps) / 10000 * CASE WHEN moisture_bps > "
            "standard_moisture_bps THEN (10000 - moisture_bps)::numeric / (10000 - standard_moisture_bps) ELSE 1 END / 10)",
            name="weight_adds_up",
        ),
        CheckConstraint("pay_fen = (unit_fen_per_kg * settle_g + 500) / 1000", name="pay_adds_up"),
        CheckConstraint("moisture_bps BETWEEN 0 AND 9999 AND foreign_bps BETWEEN 0 AND 9999", name="rates_below_whole"),
    )

    id: Mapped[BigId]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    contract_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contracts.id"), index=True)
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"), index=True)
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"))
    day: Mapped[date] = mapped_column(Date)
    gross_g: Mapped[Grams]
    tare_g: Mapped[Grams]
    net_g: Mapped[Grams]
    moisture_bps: Mapped[int]
    foreign_bps: Mapped[int]
    grade: Mapped[str]
    grade_deduction_bps: Mapped[int]
    quote_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("market_quotes.id"))
    quote_fen_per_kg: Mapped[Fen]
    quote_market: Mapped[str]
    quote_source: Mapped[str]
    quote_day: Mapped[date]
    premium_bps: Mapped[int]
    floor_fen_per_kg: Mapped[Fen]
    standard_moisture_bps: Mapped[int]
    promised_fen_per_kg: Mapped[Fen]
    unit_fen_per_kg: Mapped[Fen]
    settle_g: Mapped[Grams]
    pay_fen: Mapped[Fen]
    market_pay_fen: Mapped[Fen]
    has_certificate: Mapped[bool]
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]

    contract: Mapped[Contract] = relationship(lazy="joined", innerjoin=True)
    lot: Mapped["Lot"] = relationship(back_populates="delivery")


append_only("deliveries")


class Lot(Base):
    """The traceable stock that a delivery became."""

    __tablename__ = "lots"
    __table_args__ = (CheckConstraint("used_g BETWEEN 0 AND received_g", name="used_within_received"),)

    id: Mapped[BigId]
    number: Mapped[str] = mapped_column(unique=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("deliveries.id"), unique=True)
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"), index=True)
    received_g: Mapped[Grams]
    used_g: Mapped[Grams] = mapped_column(default=0)

    delivery: Mapped[Delivery] = relationship(back_populates="lot", lazy="joined", innerjoin=True)


class Bagging(Base):
    """Raw goods of a lot put into bags for sale: append-only."""

    __tablename__ = "baggings"
    __table_args__ = (CheckConstraint("bags > 0 AND used_g > 0", name="amounts_positive"),)

    id: Mapped[BigId]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"), index=True)
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"))
    bags: Mapped[int]
    used_g: Mapped[Grams]
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("baggings")


class Payable(Base):
    """What is owed to a farmer for one delivery: append-only."""

    __tablename__ = "payables"
    __table_args__ = (CheckConstraint("amount_fen > 0", name="amount_positive"), UniqueConstraint("id", "amount_fen"))

    id: Mapped[BigId]
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"), index=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("deliveries.id"), unique=True)
    amount_fen: Mapped[Fen]
    due_on: Mapped[date]
    at: Mapped[UtcTime]

    delivery: Mapped[Delivery] = relationship(lazy="joined", innerjoin=True)


append_only("payables")


class Settlement(Base):
    """A payment of many payables to one farmer: append-only."""

    __tablename__ = "settlements"
    __table_args__ = (
        CheckConstraint("method IN ('cash', 'bank')", name="known_method"),
        CheckConstraint("total_fen > 0", name="total_positive"),
    )

    id: Mapped[BigId]
    farmer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("farmers.id"), index=True)
    total_fen: Mapped[Fen]
    method: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]

    farmer: Mapped[Farmer] = relationship(lazy="joined", innerjoin=True)


append_only("settlements")


class SettlementLine(Base):
    """A payable paid in a settlement: each at most once, for exactly its amount."""

    __tablename__ = "settlement_lines"
    __table_args__ = (ForeignKeyConstraint(["payable_id", "amount_fen"], ["payables.id", "payables.amount_fen"]),)

    payable_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    settlement_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("settlements.id"), index=True)
    amount_fen: Mapped[Fen]


append_only("settlement_lines")
