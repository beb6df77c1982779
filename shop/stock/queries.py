"""Reading stock: levels, and the ledger that explains each of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from shop.catalog.models import Product, Variant
from shop.stock.models import StockLevel

# Past every id: the newest page begins here.
LAST = 2**63 - 1


@dataclass(frozen=True)
class Level:
    """How much there is of a variant, in its unit."""

    variant: Variant
    on_hand: int
    held: int

    @property
    def free(self) -> int:
        """What may still be sold."""
        return self.on_hand - self.held


def levels(session: Session, search: str = "") -> Sequence[Level]:
    """Every variant with its level, goods for sale before raw goods; one that was never counted stands at zero."""
    wanted = (
        select(Variant, func.coalesce(StockLevel.on_hand, 0), func.coalesce(StockLevel.held, 0))
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(StockLevel, StockLevel.variant_id == Variant.id)
        .order_by(Variant.unit.desc(), Product.form, Product.id, Variant.id)
    )
    if search:
        found = [
            column.icontains(search, autoescape=True) for column in (Variant.sku, Product.title_zh, Product.title_en)
        ]
        wanted = wanted.where(found[0] | found[1] | found[2])
    return [Level(*row) for row in session.execute(wanted)]


def level_of(session: Session, variant_id: int) -> Level | None:
    """A variant with its level, or ``None`` when there is no such variant."""
    variant = session.get(Variant, variant_id)
    if variant is None:
        return None
    found = session.get(StockLevel, variant_id)
    return Level(variant, found.on_hand if found else 0, found.held if found else 0)


@dataclass(frozen=True)
class LedgerLine:
    """One movement and what it left behind, in the variant's unit."""

    id: int
    at: datetime
    kind: str
    on_hand_change: int
    held_change: int
    on_hand_after: int
    held_after: int
    source: str
    reason: str
    by: str


_LEDGER = text("""
    SELECT id, at, kind, on_hand_change, held_change, source, reason, by,
           sum(on_hand_change) OVER so_far AS on_hand_after, sum(held_change) OVER so_far AS held_after
    FROM stock_movements WHERE variant_id = :variant AND id < :before
    WINDOW so_far AS (ORDER BY id) ORDER BY id DESC LIMIT :most
""")


def ledger(session: Session, variant_id: int, *, before: int = LAST, most: int = 50) -> Sequence[LedgerLine]:
    """A variant's movements, newest first, each with the balance after it; ``before`` is the id to go on from.

    The balance is worked out from the movements alone, so that it can be held against the level.
    """
    rows = session.execute(_LEDGER, {"variant": variant_id, "before": before, "most": most})
    return [
        LedgerLine(**{**row, "on_hand_after": int(row["on_hand_after"]), "held_after": int(row["held_after"])})
        for row in rows.mappings()
    ]
