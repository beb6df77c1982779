"""Past sales from a file: kept, shown by product, taken away again. They feed the forecast and nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from fulfillment.purchasing.planning.models import PastSale
from fulfillment.purchasing.planning.past_file import Key, product_names
from kernel.audit import Actor, record_change
from kernel.errors import NotFound
from shop.catalog.models import Product


@dataclass(frozen=True)
class Taken:
    """Of the days of a file: new here, with another weight than before, as before."""

    new: int
    changed: int
    same: int


@dataclass(frozen=True)
class Kept:
    """What is kept of one product: grams from the first to the last day, on how many of them."""

    product: Product
    grams: int
    first: date
    last: date
    days: int


def known_products(session: Session) -> dict[str, int]:
    """By which words a file may name which product."""
    rows = session.execute(select(Product.id, Product.slug, Product.title_zh, Product.title_en))
    return product_names([(number, slug, zh, en) for number, slug, zh, en in rows])


def titles(session: Session) -> list[str]:
    """What products are called in Chinese, for the template."""
    return list(session.scalars(select(Product.title_zh).order_by(Product.id)))


def take_past_sales(session: Session, grams: Mapping[Key, int], *, now: datetime, by: Actor) -> Taken:
    """Keep what a file tells; a day that was told before is replaced, so the same file twice changes nothing."""
    before = _told(session, grams)
    new = [key for key in grams if key not in before]
    changed = [key for key in grams if key in before and before[key] != grams[key]]
    if new or changed:
        # All of the file: another one may have changed a day since we looked that seemed the same.
        values = [
            {"product_id": product, "day": day, "way": way, "grams": grams[product, day, way], "at": now, "by": by.name}
            for product, day, way in sorted(grams)
        ]
        row = upsert(PastSale)
        fresh = {name: row.excluded[name] for name in ("grams", "at", "by")}
        is_other = PastSale.grams != row.excluded.grams
        session.execute(
            row.on_conflict_do_update(index_elements=["product_id", "day", "way"], set_=fresh, where=is_other), values
        )
        after = {"new": len(new), "changed": len(changed)}
        record_change(session, actor=by, action="past_sales.taken", subject="past_sales:file", at=now, after=after)
    return Taken(len(new), len(changed), len(grams) - len(new) - len(changed))


def _told(session: Session, grams: Mapping[Key, int]) -> dict[Key, int]:
    """What was kept before of the products and days that a file speaks of."""
    if not grams:
        return {}
    days = [day for _, day, _ in grams]
    rows = select(PastSale.product_id, PastSale.day, PastSale.way, PastSale.grams).where(
        PastSale.product_id.in_({product for product, _, _ in grams}), PastSale.day.between(min(days), max(days))
    )
    return {(product, day, way): weight for product, day, way, weight in session.execute(rows)}


def kept(session: Session) -> list[Kept]:
    """What is kept, by product."""
    figures = select(
        PastSale.product_id.label("number"),
        func.sum(PastSale.grams).label("grams"),
        func.min(PastSale.day).label("first"),
        func.max(PastSale.day).label("last"),
        func.count(PastSale.day.distinct()).label("days"),
    ).group_by(PastSale.product_id)
    part = figures.subquery()
    rows = session.execute(
        select(Product, part.c.grams, part.c.first, part.c.last, part.c.days)
        .join(part, part.c.number == Product.id)
        .order_by(Product.id)
    )
    return [Kept(product, int(grams), first, last, days) for product, grams, first, last, days in rows]


def lines(session: Session) -> Iterator[tuple[date, str, str, int]]:
    """Day, product's title, way and grams of everything that is kept, oldest first."""
    columns = select(PastSale.day, Product.title_zh, PastSale.way, PastSale.grams)
    rows = columns.join(Product, Product.id == PastSale.product_id)
    yield from session.execute(rows.order_by(PastSale.day, Product.id, PastSale.way))


def find_product(session: Session, product_id: int) -> Product:
    """A product whose past sales are meant.

    Raises:
        NotFound: there is none.
    """
    product = session.get(Product, product_id)
    if product is None:
        raise NotFound("没有这个商品。", "There is no such product.")
    return product


def forget(session: Session, product: Product, *, now: datetime, by: Actor) -> int:
    """Take away what is kept of a product (the file can be sent again); returns how many days that were."""
    gone = delete(PastSale).where(PastSale.product_id == product.id).returning(PastSale.day, PastSale.grams)
    rows = session.execute(gone).all()
    days = len({day for day, _ in rows})
    before = {"days": days, "grams": sum(grams for _, grams in rows)}
    subject = f"product:{product.id}"
    record_change(session, actor=by, action="past_sales.forgotten", subject=subject, at=now, before=before)
    return days
