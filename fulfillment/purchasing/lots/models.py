"""Tables of what happens to lots: mixed, dried, sorted, put into bags, wasted, counted, blocked, and taken back.

Every table but the ratios and photos is append-only; the grams that a line takes leave ``lots`` in the same statement.
"""

from sqlalchemy import DDL, BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, event
from sqlalchemy.orm import Mapped, mapped_column

import fulfillment.bags.models
import fulfillment.purchasing.models  # noqa: F401 - these tables refer to lots and baggings
from fulfillment.purchasing.lots.triggers import (
    CHECKS_SQL,
    SORTING_CHECKS_SQL,
    SORTING_TRIGGERS_SQL,
    TRIGGERS_SQL,
)
from kernel.db import Base, BigId, Grams, UtcTime, append_only


class Sorting(Base):
    """Grams of one lot were sorted into grades, each a lot of its own; what fell off says why. Append-only."""

    __tablename__ = "sortings"
    __table_args__ = (
        CheckConstraint("loss_g >= 0 AND loss_g < taken_g", name="loss_within_taken"),
        CheckConstraint("(loss_g > 0) = (reason <> '')", name="loss_says_why"),
    )

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"), index=True)
    taken_g: Mapped[Grams]
    loss_g: Mapped[Grams]
    reason: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


class LotPart(Base):
    """So many grams of one lot went into another that was mixed, dried or sorted from it."""

    __tablename__ = "lot_parts"
    __table_args__ = (
        CheckConstraint("grams > 0", name="grams_positive"),
        # A lot is made after those it is made from, so no family turns in a circle.
        CheckConstraint("child_lot_id > parent_lot_id", name="child_is_later"),
    )

    child_lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"), primary_key=True)
    parent_lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"), primary_key=True, index=True)
    grams: Mapped[Grams]
    sorting_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("sortings.id"), index=True)


class BaggingPart(Base):
    """So many grams of a lot went into the bags of a bagging."""

    __tablename__ = "bagging_parts"
    __table_args__ = (CheckConstraint("grams > 0", name="grams_positive"),)

    bagging_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("baggings.id"), primary_key=True)
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"), primary_key=True, index=True)
    grams: Mapped[Grams]


class LotChange(Base):
    """Grams that left a lot as waste, or by which a count differed from the book (then fewer than none were too many)."""

    __tablename__ = "lot_changes"
    __table_args__ = (
        CheckConstraint("kind IN ('wasted', 'counted')", name="known_kind"),
        CheckConstraint("grams > 0 OR kind = 'counted' AND grams <> 0", name="grams_go_their_way"),
        CheckConstraint("(kind = 'counted') = (counted_g IS NOT NULL) AND counted_g >= 0", name="count_is_kept"),
        CheckConstraint("reason <> ''", name="says_why"),
    )

    id: Mapped[BigId]
    key: Mapped[str] = mapped_column(unique=True)
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"), index=True)
    kind: Mapped[str]
    grams: Mapped[Grams]
    counted_g: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


class LotChangePhoto(Base):
    """A picture of what was wasted or counted, re-encoded without its metadata."""

    __tablename__ = "lot_change_photos"
    __table_args__ = (
        CheckConstraint("octet_length(jpeg) BETWEEN 1 AND 600000", name="size_bounded"),
        CheckConstraint("width BETWEEN 1 AND 1600 AND height BETWEEN 1 AND 1600", name="pixels_bounded"),
    )

    change_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lot_changes.id"), primary_key=True)
    jpeg: Mapped[bytes] = mapped_column(LargeBinary)
    width: Mapped[int]
    height: Mapped[int]


class LotBlock(Base):
    """A lot was blocked because of a suspicion, or set free again; each with its reason."""

    __tablename__ = "lot_blocks"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="says_why"),
        Index("ix_lot_blocks_lot_id_id", "lot_id", "id"),
    )

    id: Mapped[BigId]
    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"))
    blocked: Mapped[bool]
    reason: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


class LotTakenBack(Base):
    """A mixing, drying or sorting that was written by mistake, before anything left the new lot: its parts have it back."""

    __tablename__ = "lots_taken_back"
    __table_args__ = (CheckConstraint("reason <> ''", name="says_why"),)

    lot_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("lots.id"), primary_key=True)
    reason: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


class BaggingTakenBack(Base):
    """A bagging that was written by mistake, before a bag of it went anywhere: its lots have it back."""

    __tablename__ = "baggings_taken_back"
    __table_args__ = (CheckConstraint("reason <> ''", name="says_why"),)

    bagging_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("baggings.id"), primary_key=True)
    reason: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


class BagsGone(Base):
    """Bags of a bagging that are there no longer and that no parcel holds, with why. Append-only."""

    __tablename__ = "bags_gone"
    __table_args__ = (
        CheckConstraint("bags > 0", name="bags_positive"),
        CheckConstraint("reason <> ''", name="says_why"),
        UniqueConstraint("key"),
    )

    id: Mapped[BigId]
    key: Mapped[str]
    bagging_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("bag_stocks.bagging_id"), index=True)
    bags: Mapped[int]
    reason: Mapped[str]
    at: Mapped[UtcTime]
    by: Mapped[str]


class DryingRatio(Base):
    """What usually is left of a kind of goods when it is dried to another: basis points of the weight before."""

    __tablename__ = "drying_ratios"
    __table_args__ = (CheckConstraint("low_bps > 0 AND low_bps <= high_bps AND high_bps <= 10000", name="a_range"),)

    from_variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"), primary_key=True)
    to_variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"), primary_key=True)
    low_bps: Mapped[int]
    high_bps: Mapped[int]


for _table in (
    "sortings",
    "lot_parts",
    "bagging_parts",
    "lot_changes",
    "lot_blocks",
    "lots_taken_back",
    "baggings_taken_back",
    "bags_gone",
):
    append_only(_table)
for _statement in (*CHECKS_SQL, *SORTING_CHECKS_SQL):
    event.listen(Base.metadata, "before_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
for _table, _statement in (*TRIGGERS_SQL, *SORTING_TRIGGERS_SQL):
    event.listen(Base.metadata.tables[_table], "after_create", DDL(_statement))  # type: ignore[no-untyped-call]
