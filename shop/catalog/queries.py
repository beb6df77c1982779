"""Reading the catalogue as its keepers see it: listed or not, for sale or raw."""

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, selectinload

from shop.catalog.models import Product, Variant


def product_by_id(session: Session, product_id: int) -> Product | None:
    """A product with its variants, or ``None``."""
    return session.scalar(select(Product).where(Product.id == product_id).options(selectinload(Product.variants)))


def variant_by_id(session: Session, variant_id: int) -> Variant | None:
    """A variant with its product, or ``None``."""
    return session.get(Variant, variant_id)


def all_products(session: Session, search: str = "") -> Sequence[Product]:
    """Every product with its variants, listed ones first; ``search`` looks into names and SKUs."""
    wanted = select(Product).options(selectinload(Product.variants))
    if search:
        has_sku = exists().where(Variant.product_id == Product.id, Variant.sku.icontains(search, autoescape=True))
        in_name = Product.title_zh.icontains(search, autoescape=True) | Product.title_en.icontains(
            search, autoescape=True
        )
        wanted = wanted.where(in_name | has_sku)
    return session.scalars(wanted.order_by(Product.listed.desc(), Product.form, Product.id)).all()
