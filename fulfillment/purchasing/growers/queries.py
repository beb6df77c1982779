"""Reading growers and contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from fulfillment.purchasing.growers.models import Contract, ContractVersion, Farmer, Grade
from shop.catalog.models import Product, Variant


def farmers(session: Session, search: str = "", most: int = 200) -> Sequence[Farmer]:
    """Farmers who deliver, by name, village or pinyin."""
    wanted = select(Farmer).where(Farmer.active).order_by(Farmer.initials, Farmer.name)
    for word in search.lower().split():
        wanted = wanted.where(is_found_by(word))
    return session.scalars(wanted.limit(most)).all()


def is_found_by(word: str) -> ColumnElement[bool]:
    """Farmers whom a typed word means: part of the name or the village, pinyin in whole or in part, or initials."""
    return (
        Farmer.name.icontains(word, autoescape=True)
        | Farmer.village.icontains(word, autoescape=True)
        | Farmer.initials.startswith(word, autoescape=True)
        | Farmer.readings.contains(word, autoescape=True)
    )


def contracts(
    session: Session, *, on: date | None = None, farmer_id: int | None = None, with_ended: bool = False
) -> Sequence[Contract]:
    """Contracts, those that end first first; ``on`` keeps those that run on that day."""
    wanted = select(Contract).order_by(Contract.season_end, Contract.id)
    if not with_ended:
        wanted = wanted.where(Contract.active)
    if on:
        wanted = wanted.where(Contract.season_start <= on, Contract.season_end >= on)
    if farmer_id is not None:
        wanted = wanted.where(Contract.farmer_id == farmer_id)
    return session.scalars(wanted).all()


def terms_on(session: Session, contract_id: int, day: date) -> ContractVersion:
    """The terms that are in force for what is brought on a day; before its first day the first ones."""
    in_force = (
        select(ContractVersion)
        .where(
            ContractVersion.contract_id == contract_id,
            (ContractVersion.version == 1) | (ContractVersion.terms_from <= day),
        )
        .order_by(ContractVersion.version.desc())
        .limit(1)
    )
    return session.scalars(in_force).one()


def version_of(session: Session, contract_id: int, version: int) -> ContractVersion:
    """One set of terms, such as those that a delivery was weighed under."""
    return session.get_one(ContractVersion, (contract_id, version))


def versions(session: Session, contract_id: int) -> Sequence[ContractVersion]:
    """Every set of terms a contract has had, newest first."""
    wanted = select(ContractVersion).where(ContractVersion.contract_id == contract_id)
    return session.scalars(wanted.order_by(ContractVersion.version.desc())).all()


@dataclass(frozen=True)
class AgreedGrade:
    """A grade in a contract's own table, and what it takes off in basis points."""

    name: str
    deduction_bps: int


def agreed_grades(terms: Contract | ContractVersion) -> list[AgreedGrade]:
    """The grades that a contract takes, best first."""
    agreed = [AgreedGrade(name, bps) for name, bps in terms.deductions.items()]
    return sorted(agreed, key=lambda grade: (grade.deduction_bps, grade.name))


def grades(session: Session, product: str | None = None, form: str | None = None) -> Sequence[Grade]:
    """The grades of a product (or of all), best first."""
    wanted = select(Grade).order_by(Grade.product, Grade.form, Grade.deduction_bps, Grade.id)
    if product is not None:
        wanted = wanted.where(Grade.product == product, Grade.form == form)
    return session.scalars(wanted).all()


def raw_variants(session: Session) -> Sequence[Variant]:
    """What farmers bring: variants counted in grams."""
    return session.scalars(select(Variant).where(Variant.unit == "gram").order_by(Variant.id)).all()


def raw_products(session: Session) -> dict[str, Product]:
    """Products that farmers bring, by slug."""
    return {variant.product.slug: variant.product for variant in raw_variants(session)}


def bag_variants(session: Session, product_id: int) -> Sequence[Variant]:
    """The bags that a product is sold in."""
    return session.scalars(
        select(Variant)
        .where(Variant.product_id == product_id, Variant.sellable, Variant.unit == "piece")
        .order_by(Variant.net_g, Variant.id)
    ).all()


def product_titles(session: Session) -> dict[str, Product]:
    """Products by slug, for naming grades and quotes in words."""
    return {product.slug: product for product in session.scalars(select(Product))}
