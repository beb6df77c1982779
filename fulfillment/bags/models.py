"""Tables of bags in stock by bagging, and of the bags that went into parcels."""

from datetime import date

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    event,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from fulfillment.bags.triggers import FOLLOWING, STATEMENTS
from kernel.db import Base, BigId, UtcTime

OPEN = "taken + gone < bags AND NOT blocked"


class BagStock(Base):
    """The bags that one bagging filled: how many went into parcels, how many are gone otherwise.

    ``taken`` is counted by the database from ``parcel_bags``. ``gone`` are bags that are there no longer and of which
    nobody knows where they went; ``blocked`` bags stay in the house until somebody has looked at their lot.
    """

    __tablename__ = "bag_stocks"
    __table_args__ = (
        CheckConstraint("taken >= 0 AND gone >= 0 AND taken + gone <= bags", name="no_more_than_filled"),
        UniqueConstraint("bagging_id", "variant_id"),
        # First expired, first out.
        Index("ix_bag_stocks_open", "variant_id", "best_before", "bagging_id", postgresql_where=text(OPEN)),
    )

    bagging_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("baggings.id"), primary_key=True)
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"))
    best_before: Mapped[date]
    bags: Mapped[int]
    taken: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    gone: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    blocked: Mapped[bool] = mapped_column(default=False, server_default=text("false"))

    @property
    def left(self) -> int:
        """Bags that are still on the shelf, as far as is known."""
        return self.bags - self.taken - self.gone


class ParcelBags(Base):
    """Bags of one bagging in a parcel that is packed; without a bagging nobody knows which lot they came from.

    Written when the parcel is packed, struck out when that is taken back; ``by`` is who packed or corrected it.
    """

    __tablename__ = "parcel_bags"
    __table_args__ = (
        CheckConstraint("bags > 0", name="bags_positive"),
        UniqueConstraint("parcel_id", "variant_id", "bagging_id"),
        # A bag is of the goods that its bagging filled.
        ForeignKeyConstraint(
            ["bagging_id", "variant_id"],
            ["bag_stocks.bagging_id", "bag_stocks.variant_id"],
            name="fk_parcel_bags_bag_stock",
        ),
        Index(
            "uq_parcel_bags_unknown",
            "parcel_id",
            "variant_id",
            unique=True,
            postgresql_where=text("bagging_id IS NULL"),
        ),
        Index("ix_parcel_bags_bagging", "bagging_id", "parcel_id", postgresql_where=text("bagging_id IS NOT NULL")),
        Index("ix_parcel_bags_unknown", "variant_id", "parcel_id", postgresql_where=text("bagging_id IS NULL")),
    )

    id: Mapped[BigId]
    parcel_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("parcels.id"))
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"))
    bagging_id: Mapped[int | None] = mapped_column(BigInteger)
    bags: Mapped[int]
    at: Mapped[UtcTime]
    by: Mapped[str]


for _statement in STATEMENTS:
    event.listen(ParcelBags.__table__, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
for _statement in FOLLOWING:
    event.listen(Base.metadata, "after_create", DDL(_statement.replace("%", "%%")))  # type: ignore[no-untyped-call]
