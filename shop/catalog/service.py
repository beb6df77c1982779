"""Adding and changing what the shop lists. Orders keep the names and prices that they copied."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel.audit import Actor, differences, record_change
from kernel.errors import NotFound, Refused
from shop.catalog import rules
from shop.catalog.models import Product, Variant


@dataclass(frozen=True)
class ProductFacts:
    """Everything about a product that a person may change; ``label`` as GB 7718 names it."""

    title_zh: str
    title_en: str
    story_zh: str
    story_en: str
    form: str
    grade_zh: str
    photo: str
    storage_zh: str
    storage_en: str
    soaking_zh: str
    soaking_en: str
    recipe_zh: str
    recipe_en: str
    label: Mapping[str, str]
    origin: str
    shelf_life_days: int
    returnable: bool
    claim_hours: int
    listed: bool


@dataclass(frozen=True)
class VariantFacts:
    """Everything about a variant that a person may change; money in fen, weights in grams."""

    sku: str
    spec_zh: str
    spec_en: str
    price_fen: int
    net_g: int
    gross_g: int
    sellable: bool


def add_product(session: Session, facts: ProductFacts, *, now: datetime, by: Actor) -> Product:
    """List a product. Its address is made from the English name and never changes, so that links keep working."""
    product = Product(slug=_free_slug(session, facts.title_en), **_columns(facts))
    session.add(product)
    session.flush()
    _record(session, f"product:{product.id}", "product.added", now=now, by=by, before={}, after=_columns(facts))
    return product


def _free_slug(session: Session, title_en: str) -> str:
    wanted = rules.slug_from(title_en)
    names = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    return next(name for name in names if session.scalar(select(Product.id).where(Product.slug == name)) is None)


def change_product(session: Session, product_id: int, facts: ProductFacts, *, now: datetime, by: Actor) -> Product:
    """Change a product; the shop shows it at once."""
    product = session.get(Product, product_id, with_for_update=True, populate_existing=True)
    if product is None:
        raise NotFound("没有这个商品。", "There is no such product.")
    wanted = _columns(facts)
    before = {name: getattr(product, name) for name in wanted}
    _assign(product, wanted)
    session.flush()
    _record(session, f"product:{product.id}", "product.changed", now=now, by=by, before=before, after=wanted)
    return product


def add_variant(
    session: Session, product_id: int, facts: VariantFacts, *, unit: str, now: datetime, by: Actor
) -> Variant:
    """Add a variant. Its ``unit`` (piece or gram) never changes, because stock is counted in it."""
    variant = Variant(product_id=product_id, unit=unit, **asdict(facts))
    with _own_sku(session):
        session.add(variant)
    after = {**asdict(facts), "unit": unit}
    _record(session, f"variant:{variant.id}", "variant.added", now=now, by=by, before={}, after=after)
    return variant


def change_variant(session: Session, variant_id: int, facts: VariantFacts, *, now: datetime, by: Actor) -> Variant:
    """Change a variant. Live prices belong to offers and stay as they are."""
    variant = session.get(Variant, variant_id, with_for_update=True, populate_existing=True)
    if variant is None:
        raise NotFound("没有这个规格。", "There is no such variant.")
    wanted = asdict(facts)
    before = {name: getattr(variant, name) for name in wanted}
    with _own_sku(session):
        _assign(variant, wanted)
    _record(session, f"variant:{variant_id}", "variant.changed", now=now, by=by, before=before, after=wanted)
    return variant


def _columns(facts: ProductFacts) -> dict[str, Any]:
    """The columns of a product, with the whole label."""
    label = rules.label_of(
        title_zh=facts.title_zh,
        origin=facts.origin,
        grade_zh=facts.grade_zh,
        storage_zh=facts.storage_zh,
        typed=facts.label,
    )
    return {**asdict(facts), "label": label}


def _assign(row: Product | Variant, wanted: Mapping[str, Any]) -> None:
    for name, value in wanted.items():
        setattr(row, name, value)


@contextmanager
def _own_sku(session: Session) -> Iterator[None]:
    """Write a variant in a savepoint; two who take the same SKU at once are told apart by the database."""
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        if "uq_variants_sku" not in str(error.orig):
            raise
        raise Refused("这个货号已经有了，请换一个。", "That SKU exists; choose another.", code="sku_taken") from None


def _record(
    session: Session,
    subject: str,
    action: str,
    *,
    now: datetime,
    by: Actor,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    """Write down what changed, and nothing when nothing did."""
    old, new = differences(before, after)
    if new:
        record_change(
            session, actor=by, action=action, subject=subject, at=now, before=old if before else {}, after=new
        )
