"""Tables of farmers, grades and contracts."""

from datetime import date
from typing import Annotated

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    event,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column, relationship

from fulfillment.purchasing.growers.rules import MOST_PAGES, OVER_RULES
from fulfillment.purchasing.growers.triggers import CONTRACT_TRIGGERS
from kernel.db import Base, BigId, Fen, Grams, UtcTime, append_only
from kernel.photos import LARGEST_PHOTO_BYTES, LARGEST_SIDE_PX
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
    # How the name may be spelt in pinyin (readings.py), for finding it.
    readings: Mapped[str] = mapped_column(default="", server_default="")
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


# What each grade takes off, in basis points, by its name: the contract's own copy of the grade table.
Deductions = Annotated[dict[str, int], mapped_column(JSONB)]


class Contract(Base):
    """A promise to buy: so many kilograms, at market plus a premium, never below a floor.

    The row holds the terms of today. When they are amended the database itself writes the next row of
    ``contract_versions``; what was delivered goes on referring to the version that it was brought under. ``market``
    is where its price is read; without one, the best of the day's markets counts. ``extra_g`` is the sum of
    ``contract_extras``; ``terms_from`` is the first day of the present version.
    """

    __tablename__ = "contracts"
    __table_args__ = (
        CheckConstraint("premium_bps BETWEEN 1000 AND 1500", name="premium_10_to_15_percent"),
        CheckConstraint("season_end >= season_start", name="season_in_order"),
        CheckConstraint("agreed_g > 0 AND floor_fen_per_kg >= 0", name="amounts_positive"),
        CheckConstraint("quote_days BETWEEN 0 AND 60", name="quote_days_within_60"),
        CheckConstraint("median_days BETWEEN 1 AND quote_days + 1", name="median_within_quote_days"),
        CheckConstraint("tolerance_bps BETWEEN 0 AND 5000", name="tolerance_within_half"),
        CheckConstraint("standard_moisture_bps BETWEEN 0 AND 9999", name="moisture_below_whole"),
        CheckConstraint("reject_above_bps BETWEEN standard_moisture_bps AND 9999", name="reject_above_standard"),
        CheckConstraint("payment_days BETWEEN 0 AND 90", name="payment_days_within_90"),
        CheckConstraint(f"over_rule IN ({', '.join(repr(rule) for rule in OVER_RULES)})", name="known_over_rule"),
        CheckConstraint(
            "delivered_g >= 0 AND extra_g >= 0 "
            "AND delivered_g * 10000 <= agreed_g * (10000 + tolerance_bps) + extra_g * 10000",
            name="delivered_within_agreed",
        ),
        CheckConstraint("renews_id <> id", name="renews_another"),
        ExcludeConstraint(
            ("farmer_id", "="),
            ("product", "="),
            ("form", "="),
            (func.daterange(text("season_start"), text("season_end"), text("'[]'")), "&&"),
            name="no_two_overlap",
            using="gist",
            where=text("active"),
        ),
        # Pressed twice, a contract is renewed once; a renewal that was ended may be made again.
        Index("uq_contracts_renewal", "renews_id", unique=True, postgresql_where=text("active")),
        Index("ix_contracts_season_end", "season_end", "id"),
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
    extra_g: Mapped[Grams] = mapped_column(default=0, server_default=text("0"))
    tolerance_bps: Mapped[int]
    premium_bps: Mapped[int]
    floor_fen_per_kg: Mapped[Fen]
    quote_days: Mapped[int]
    median_days: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    market: Mapped[str | None]
    standard_moisture_bps: Mapped[int]
    reject_above_bps: Mapped[int | None]
    deductions: Mapped[Deductions]
    payment_days: Mapped[int]
    over_rule: Mapped[str] = mapped_column(default="refuse", server_default=text("'refuse'"))
    version: Mapped[int] = mapped_column(server_default=text("1"), server_onupdate=FetchedValue())
    terms_from: Mapped[date] = mapped_column(server_default=FetchedValue())
    terms_reason: Mapped[str] = mapped_column(default="", server_default=text("''"))
    terms_by: Mapped[str] = mapped_column(default="", server_default=text("''"))
    terms_at: Mapped[UtcTime] = mapped_column(server_default=FetchedValue())
    renews_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("contracts.id"))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[UtcTime]

    farmer: Mapped[Farmer] = relationship(lazy="joined", innerjoin=True)
    variant: Mapped[Variant] = relationship(lazy="joined", innerjoin=True)


class ContractVersion(Base):
    """The terms of a contract from one day on, as they were signed: written by the database, append-only.

    Version 1 counts from the beginning. ``reason``, ``by`` and ``at``: why it was amended, who wrote it, when.
    """

    __tablename__ = "contract_versions"
    __table_args__ = (
        UniqueConstraint(
            "contract_id",
            "version",
            "farmer_id",
            "variant_id",
            "premium_bps",
            "floor_fen_per_kg",
            "standard_moisture_bps",
            name="uq_contract_versions_promise",
        ),
    )

    contract_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contracts.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    farmer_id: Mapped[int] = mapped_column(BigInteger)
    variant_id: Mapped[int] = mapped_column(BigInteger)
    terms_from: Mapped[date]
    season_start: Mapped[date]
    season_end: Mapped[date]
    agreed_g: Mapped[Grams]
    tolerance_bps: Mapped[int]
    premium_bps: Mapped[int]
    floor_fen_per_kg: Mapped[Fen]
    quote_days: Mapped[int]
    median_days: Mapped[int]
    market: Mapped[str | None]
    standard_moisture_bps: Mapped[int]
    reject_above_bps: Mapped[int | None]
    deductions: Mapped[Deductions]
    payment_days: Mapped[int]
    over_rule: Mapped[str]
    reason: Mapped[str]
    by: Mapped[str]
    at: Mapped[UtcTime]


append_only("contract_versions")


class ContractExtra(Base):
    """Grams that a contract takes at its own terms beyond its tolerance: asked by one, agreed by another. Append-only.

    The database adds them to ``contracts.extra_g``, and refuses them where the contract says ``refuse``.
    """

    __tablename__ = "contract_extras"
    __table_args__ = (
        CheckConstraint("grams > 0", name="grams_positive"),
        CheckConstraint("asked_by_id <> agreed_by_id", name="two_people"),
    )

    id: Mapped[BigId]
    contract_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("contracts.id"), index=True)
    grams: Mapped[Grams]
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    agreed_by_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("people.id"))
    at: Mapped[UtcTime]


append_only("contract_extras")


class ContractPage(Base):
    """A page of the signed paper of one version, as a picture that we drew anew. Size in bytes and pixels bounded."""

    __tablename__ = "contract_pages"
    __table_args__ = (
        ForeignKeyConstraint(
            ["contract_id", "version"],
            ["contract_versions.contract_id", "contract_versions.version"],
            name="fk_contract_pages_version",
        ),
        UniqueConstraint("contract_id", "version", "page", name="uq_contract_pages_page"),
        CheckConstraint(f"page BETWEEN 1 AND {MOST_PAGES}", name="pages_bounded"),
        CheckConstraint(f"octet_length(jpeg) BETWEEN 1 AND {LARGEST_PHOTO_BYTES}", name="size_bounded"),
        CheckConstraint(
            f"width BETWEEN 1 AND {LARGEST_SIDE_PX} AND height BETWEEN 1 AND {LARGEST_SIDE_PX}", name="pixels_bounded"
        ),
    )

    id: Mapped[BigId]
    contract_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    page: Mapped[int]
    jpeg: Mapped[bytes] = deferred(mapped_column(LargeBinary, nullable=False))
    width: Mapped[int]
    height: Mapped[int]
    at: Mapped[UtcTime]
    by: Mapped[str]


for _table in ("contracts", "contract_versions", "contract_extras"):
    for _statement in CONTRACT_TRIGGERS[_table]:
        event.listen(Base.metadata.tables[_table], "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
