"""Tables of deliveries, the lots they become, and what is owed for them."""

from datetime import date

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Date,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

import fulfillment.purchasing.quotes.models  # noqa: F401 - deliveries refer to its tables
from fulfillment.purchasing.growers.models import Contract
from fulfillment.purchasing.growers.triggers import CONTRACT_TRIGGERS
from kernel.db import Base, BigId, Fen, Grams, UtcTime, append_only
from shop.catalog.models import Variant


class Delivery(Base):
    """A weigh-in with everything its price was worked out from, copied. The database refuses one below the promise."""

    __tablename__ = "deliveries"
    __table_args__ = (
        CheckConstraint(
            "gross_g > tare_g AND tare_g >= 0 AND net_g = gross_g - tare_g - refused_g AND net_g > 0 AND refused_g >= 0",
            name="net_is_gross_less_tare",
        ),
        CheckConstraint("(refused_g > 0) = (refused_reason <> '')", name="refused_says_why"),
        CheckConstraint("NOT has_certificate OR certificate_reason = ''", name="reason_is_for_no_certificate"),
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
        # Integers throughout: a quotient kept to some decimals would lose the exact halves that must be rounded up.
        CheckConstraint(
            "settle_g = 10 * ((2 * net_g * (10000 - foreign_bps) * (10000 - GREATEST(moisture_bps, standard_moisture_bps))"
            " + 100000 * (10000 - standard_moisture_bps)) / (200000 * (10000 - standard_moisture_bps)))",
            name="weight_adds_up",
        ),
        CheckConstraint("pay_fen = (unit_fen_per_kg * settle_g + 500) / 1000", name="pay_adds_up"),
        CheckConstraint(
            "market_pay_fen = ((quote_fen_per_kg * (10000 - grade_deduction_bps) + 5000) / 10000 * settle_g + 500) / 1000",
            name="market_pay_adds_up",
        ),
        CheckConstraint(
            "moisture_bps BETWEEN 0 AND 9999 AND foreign_bps BETWEEN 0 AND 9999 "
            "AND standard_moisture_bps BETWEEN 0 AND 9999 AND grade_deduction_bps BETWEEN 0 AND 9999",
            name="rates_below_whole",
        ),
        CheckConstraint("quote_day <= day AND quote_fen_per_kg > 0", name="quote_not_later"),
        # The promise and the quote are copied, and the copies must be true.
        ForeignKeyConstraint(
            [
                "contract_id",
                "contract_version",
                "farmer_id",
                "variant_id",
                "premium_bps",
                "floor_fen_per_kg",
                "standard_moisture_bps",
            ],
            [
                "contract_versions.contract_id",
                "contract_versions.version",
                "contract_versions.farmer_id",
                "contract_versions.variant_id",
                "contract_versions.premium_bps",
                "contract_versions.floor_fen_per_kg",
                "contract_versions.standard_moisture_bps",
            ],
            name="fk_deliveries_promise",
        ),
        ForeignKeyConstraint(
            ["quote_id", "quote_fen_per_kg", "quote_market", "quote_source", "quote_day"],
            [
                "market_quotes.id",
                "market_quotes.fen_per_kg",
                "market_quotes.market",
                "market_quotes.source",
                "market_quotes.day",
            ],
            name="fk_deliveries_quote",
        ),
        UniqueConstraint("id", "farmer_id", "pay_fen", name="uq_deliveries_owed"),
        UniqueConstraint("id", "variant_id", "net_g", name="uq_deliveries_received"),
        Index("ix_deliveries_day", "day", "id"),
    )

    id: Mapped[BigId]
    idempotency_key: Mapped[str] = mapped_column(unique=True)
    contract_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contracts.id"), index=True)
    contract_version: Mapped[int] = mapped_column(server_default=text("1"))
    farmer_id: Mapped[int] = mapped_column(BigInteger, index=True)
    variant_id: Mapped[int] = mapped_column(BigInteger)
    day: Mapped[date] = mapped_column(Date)
    gross_g: Mapped[Grams]
    tare_g: Mapped[Grams]
    net_g: Mapped[Grams]
    refused_g: Mapped[Grams] = mapped_column(default=0, server_default=text("0"))
    refused_reason: Mapped[str] = mapped_column(default="", server_default=text("''"))
    moisture_bps: Mapped[int]
    foreign_bps: Mapped[int]
    grade: Mapped[str]
    grade_deduction_bps: Mapped[int]
    quote_id: Mapped[int] = mapped_column(BigInteger)
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
    certificate_reason: Mapped[str] = mapped_column(default="", server_default=text("''"))
    note: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime]
    by: Mapped[str]

    contract: Mapped[Contract] = relationship(lazy="joined", innerjoin=True)
    lot: Mapped["Lot"] = relationship(back_populates="delivery")
    taken_back: Mapped["DeliveryTakenBack | None"] = relationship(lazy="joined")


append_only("deliveries")
for _statement in CONTRACT_TRIGGERS["deliveries"]:
    event.listen(Base.metadata.tables["deliveries"], "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]


class DeliveryQuote(Base):
    """A quote that was looked at when a delivery's price was worked out, 1 the newest: append-only."""

    __tablename__ = "delivery_quotes"

    delivery_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("deliveries.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    quote_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("market_quotes.id"))


append_only("delivery_quotes")


class DeliveryTakenBack(Base):
    """A delivery that was written by mistake: a line beside it, since what is written is never changed. Append-only."""

    __tablename__ = "deliveries_taken_back"

    delivery_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("deliveries.id"), primary_key=True)
    reason: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("deliveries_taken_back")


class Lot(Base):
    """Traceable raw goods: what a delivery became, or what was mixed, dried or sorted from other lots.

    ``used_g`` is counted by the database from the lines of ``purchasing/lots/models.py``; ``loss_g`` dried away, or is its share
    of what fell off in sorting.
    The day, grade and best-before of a delivery's lot are written by the database too.
    """

    __tablename__ = "lots"
    __table_args__ = (
        CheckConstraint("used_g BETWEEN 0 AND received_g", name="used_within_received"),
        CheckConstraint("kind IN ('delivery', 'mixed', 'dried', 'sorted')", name="known_kind"),
        CheckConstraint("(kind = 'delivery') = (delivery_id IS NOT NULL)", name="only_deliveries_are_weighed_in"),
        CheckConstraint(
            "received_g > 0 AND loss_g >= 0 AND (loss_g = 0 OR kind IN ('dried', 'sorted'))", name="only_drying_loses"
        ),
        ForeignKeyConstraint(
            ["delivery_id", "variant_id", "received_g"],
            ["deliveries.id", "deliveries.variant_id", "deliveries.net_g"],
            name="fk_lots_received",
        ),
        # First expired, first out.
        Index("ix_lots_open", "best_before", "id", postgresql_where=text("used_g < received_g")),
    )

    id: Mapped[BigId]
    key: Mapped[str | None] = mapped_column(unique=True)
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(default="delivery", server_default=text("'delivery'"))
    delivery_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"), index=True)
    received_g: Mapped[Grams]
    used_g: Mapped[Grams] = mapped_column(default=0)
    loss_g: Mapped[Grams] = mapped_column(default=0, server_default=text("0"))
    day: Mapped[date] = mapped_column(server_default=FetchedValue())
    grade: Mapped[str] = mapped_column(server_default=FetchedValue())
    best_before: Mapped[date] = mapped_column(server_default=FetchedValue())
    blocked: Mapped[bool] = mapped_column(default=False, server_default=text("false"))

    delivery: Mapped[Delivery | None] = relationship(back_populates="lot", lazy="joined")
    variant: Mapped[Variant] = relationship(lazy="joined", innerjoin=True, viewonly=True)

    @property
    def left_g(self) -> int:
        """Grams that are still in it, as the book says."""
        return self.received_g - self.used_g


class Bagging(Base):
    """Raw goods of one lot or several put into bags for sale: append-only. ``lot_id`` is the lot that the bags name."""

    __tablename__ = "baggings"
    __table_args__ = (
        CheckConstraint("bags > 0 AND used_g > 0", name="amounts_positive"),
        Index("ix_baggings_variant_id_id", "variant_id", "id"),
    )

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
    __table_args__ = (
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        ForeignKeyConstraint(
            ["delivery_id", "farmer_id", "amount_fen"],
            ["deliveries.id", "deliveries.farmer_id", "deliveries.pay_fen"],
            name="fk_payables_owed",
        ),
        UniqueConstraint("id", "farmer_id", "amount_fen", name="uq_payables_owed"),
    )

    id: Mapped[BigId]
    farmer_id: Mapped[int] = mapped_column(BigInteger, index=True)
    delivery_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    amount_fen: Mapped[Fen]
    due_on: Mapped[date]
    at: Mapped[UtcTime]

    delivery: Mapped[Delivery] = relationship(lazy="joined", innerjoin=True)


append_only("payables")
