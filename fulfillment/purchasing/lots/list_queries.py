"""Reading many lots: the list with its filters, and the family of one lot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlalchemy import Select, or_, select, text
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Contract, Farmer
from fulfillment.purchasing.lots.queries import is_soon
from fulfillment.purchasing.models import Delivery, Lot
from shop.catalog.models import Product, Variant

PAGE: Final = 50
STATES: Final = ("open", "soon", "expired", "blocked", "used", "all")

# Up to the oldest and down to the youngest; what was taken back made nothing.
_FAMILY = text("""
WITH RECURSIVE alive AS (SELECT x.* FROM lot_parts x WHERE x.child_lot_id NOT IN (SELECT lot_id FROM lots_taken_back)),
up AS (SELECT a.* FROM alive a WHERE a.child_lot_id = :lot
       UNION SELECT a.* FROM alive a JOIN up u ON a.child_lot_id = u.parent_lot_id),
down AS (SELECT a.* FROM alive a WHERE a.parent_lot_id = :lot
         UNION SELECT a.* FROM alive a JOIN down d ON a.parent_lot_id = d.child_lot_id)
SELECT child_lot_id, parent_lot_id, grams FROM up UNION SELECT child_lot_id, parent_lot_id, grams FROM down
ORDER BY child_lot_id, parent_lot_id
""")


@dataclass(frozen=True)
class Wanted:
    """What somebody looks for: words of a number or a farmer, a product, a state of ``STATES``, a page from 1."""

    words: str = ""
    product_id: int | None = None
    state: str = "open"
    page: int = 1


@dataclass(frozen=True)
class Family:
    """The lots around one: who came from whom with how many grams, both ways."""

    lots: dict[int, Lot]
    parents: dict[int, list[tuple[Lot, int]]]
    children: dict[int, list[tuple[Lot, int]]]


def lots_wanted(session: Session, wanted: Wanted, today: date, most: int = PAGE) -> Sequence[Lot]:
    """A page of lots and one more to tell whether others follow: what goes bad first comes first."""
    rows = _filtered(wanted, today).order_by(Lot.best_before, Lot.id)
    return session.scalars(rows.offset((wanted.page - 1) * most).limit(most + 1)).all()


def _filtered(wanted: Wanted, today: date) -> Select[Lot]:
    rows = select(Lot).outerjoin(Delivery, Delivery.id == Lot.delivery_id)
    is_open = Lot.used_g < Lot.received_g
    conditions = {
        "open": (is_open,),
        "soon": (is_open, is_soon(today)),
        "expired": (is_open, Lot.best_before < today),
        "blocked": (Lot.blocked,),
        "used": (~is_open,),
        "all": (),
    }
    rows = rows.where(*conditions[wanted.state])
    if wanted.product_id is not None:
        rows = rows.join(Variant, Variant.id == Lot.variant_id).where(Variant.product_id == wanted.product_id)
    if wanted.words:
        farmers = select(Contract.id).join(Farmer, Farmer.id == Contract.farmer_id)
        by_name = Delivery.contract_id.in_(farmers.where(Farmer.name.contains(wanted.words, autoescape=True)))
        rows = rows.where(or_(Lot.number.icontains(wanted.words, autoescape=True), by_name))
    return rows


def products_with_lots(session: Session) -> Sequence[Product]:
    """Products that there ever was a lot of."""
    known = select(Variant.product_id).join(Lot, Lot.variant_id == Variant.id)
    return session.scalars(select(Product).where(Product.id.in_(known)).order_by(Product.id)).all()


def family_of(session: Session, lot_id: int) -> Family:
    """All that a lot came from and all that came of it."""
    edges = session.execute(_FAMILY, {"lot": lot_id}).all()
    ids = {lot_id, *(edge.child_lot_id for edge in edges), *(edge.parent_lot_id for edge in edges)}
    lots = {lot.id: lot for lot in session.scalars(select(Lot).where(Lot.id.in_(ids)))}
    family = Family(lots, {}, {})
    for edge in edges:
        child, parent = lots[edge.child_lot_id], lots[edge.parent_lot_id]
        family.parents.setdefault(child.id, []).append((parent, edge.grams))
        family.children.setdefault(parent.id, []).append((child, edge.grams))
    return family
