"""Tables of stock: the level of each variant and the ledger that explains it."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Base, BigId, UtcTime, append_only


class StockLevel(Base):
    """How many are in the house and how many of them are held for orders.

    ``revision`` rises with every change, so that readers can tell whether anything moved.
    """

    __tablename__ = "stock_levels"
    __table_args__ = (CheckConstraint("held BETWEEN 0 AND on_hand", name="held_within_on_hand"),)

    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"), primary_key=True)
    on_hand: Mapped[int] = mapped_column(BigInteger, default=0)
    held: Mapped[int] = mapped_column(BigInteger, default=0)
    revision: Mapped[int] = mapped_column(BigInteger, default=0)


# Each kind moves in its own direction: what comes in, goes out, is set aside, given back.
KINDS = {
    "received": "on_hand_change > 0 AND held_change = 0",
    "consumed": "on_hand_change < 0 AND held_change = 0",
    "adjusted": "on_hand_change <> 0 AND held_change = 0",
    "held": "on_hand_change = 0 AND held_change > 0",
    "released": "on_hand_change = 0 AND held_change < 0",
    "shipped": "on_hand_change < 0 AND held_change = on_hand_change",
}
_KIND_MOVES = " OR ".join(f"kind = '{kind}' AND {rule}" for kind, rule in KINDS.items())


class StockMovement(Base):
    """One change of a level: append-only, at most one of a kind for one source and variant."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        UniqueConstraint("source", "kind", "variant_id"),
        CheckConstraint(_KIND_MOVES, name="kind_moves_its_way"),
        CheckConstraint("kind <> 'adjusted' OR reason <> ''", name="adjusted_has_reason"),
        Index("ix_stock_movements_variant_id_id", "variant_id", "id"),
    )

    id: Mapped[BigId]
    variant_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("variants.id"))
    kind: Mapped[str]
    on_hand_change: Mapped[int] = mapped_column(BigInteger)
    held_change: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str]
    by: Mapped[str]
    at: Mapped[UtcTime]
    reason: Mapped[str] = mapped_column(server_default="")


append_only("stock_movements")
