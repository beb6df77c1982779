"""Tables of market quotes, the names that sources use, and looks at a feed."""

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, Fen, UtcTime, append_only
from kernel.photos import LARGEST_PHOTO_BYTES


class MarketQuote(Base):
    """A price per kg with market, product, form, grade, day and source. A used one is never edited, only replaced.

    ``source_key`` is what the source itself calls the row, so that reading it twice adds nothing; another price
    under the same key is its next ``revision``. ``why`` says why a row is held or refused (``rules.WHY``).
    """

    __tablename__ = "market_quotes"
    __table_args__ = (
        CheckConstraint("state IN ('accepted', 'held', 'refused', 'replaced')", name="known_state"),
        CheckConstraint("low_fen <= fen_per_kg AND fen_per_kg <= high_fen AND low_fen > 0", name="low_mid_high"),
        CheckConstraint(
            "state <> 'accepted' OR (comparable AND product IS NOT NULL AND form IS NOT NULL AND grade IS NOT NULL)",
            name="accepted_is_comparable",
        ),
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
        Index("ix_market_quotes_held", "source", "name", postgresql_where=text("state = 'held'")),
        Index("ix_market_quotes_day", "day", "id"),
        UniqueConstraint("source", "source_key", "revision"),
        UniqueConstraint("id", "fen_per_kg", "market", "source", "day", name="uq_market_quotes_used_facts"),
    )

    id: Mapped[BigId]
    source: Mapped[str]
    source_key: Mapped[str]
    revision: Mapped[int] = mapped_column(default=1)
    market: Mapped[str]
    # As the source has them: its name, form and grade ("" when it gives none).
    name: Mapped[str]
    source_form: Mapped[str] = mapped_column(default="")
    source_grade: Mapped[str] = mapped_column(default="")
    # As we call them, once the name is known to be ours.
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


class QuotePhoto(Base):
    """The photo of the board that a typed price was read off, a JPEG without metadata. Append-only."""

    __tablename__ = "quote_photos"
    __table_args__ = (CheckConstraint(f"length(jpeg) BETWEEN 1 AND {LARGEST_PHOTO_BYTES}", name="photo_bounded"),)

    quote_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("market_quotes.id"), primary_key=True)
    jpeg: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[UtcTime]
    by: Mapped[str]


append_only("quote_photos")


class QuoteName(Base):
    """What a source calls a product of ours, matched exactly, never by part of a word; no product: not ours."""

    __tablename__ = "quote_names"
    __table_args__ = (
        CheckConstraint(
            "(product IS NULL) = (form IS NULL) AND (product IS NULL) = (grade IS NULL)", name="whole_or_none"
        ),
    )

    source: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    source_form: Mapped[str] = mapped_column(primary_key=True, default="")
    source_grade: Mapped[str] = mapped_column(primary_key=True, default="")
    product: Mapped[str | None]
    form: Mapped[str | None]
    grade: Mapped[str | None]


class QuoteFetch(Base):
    """One look at a price feed and what became of its rows; ``error`` is empty when it went well. Append-only."""

    __tablename__ = "quote_fetches"

    id: Mapped[BigId]
    source: Mapped[str]
    first_day: Mapped[date]
    last_day: Mapped[date]
    rows_read: Mapped[int] = mapped_column(default=0)
    created: Mapped[int] = mapped_column(default=0)
    updated: Mapped[int] = mapped_column(default=0)
    flagged: Mapped[int] = mapped_column(default=0)
    refused: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(default="")
    at: Mapped[UtcTime] = mapped_column(index=True)
    by: Mapped[str]


append_only("quote_fetches")
