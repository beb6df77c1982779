"""Searching the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.console.paging import Sorting, Sortings
from kernel.audit import AuditEntry
from kernel.people.models import Person
from kernel.text import Text
from shop.catalog.models import Product, Variant


@dataclass(frozen=True)
class AuditSearch:
    """What to look for; everything empty finds all. ``area`` is the first word of an action, such as ``order``."""

    words: str = ""
    area: str = ""
    person_id: int | None = None
    order: str = ""

    def as_query(self) -> dict[str, str]:
        """The search as the query of an address."""
        asked = {"q": self.words, "area": self.area, "person": self.person_id, "order": self.order}
        return {name: str(value) for name, value in asked.items() if value}


ORDERS: Sortings = {
    "": Sorting(Text("新的在前", "Newest first"), AuditEntry.id),
    "oldest": Sorting(Text("旧的在前", "Oldest first"), AuditEntry.id, is_down=False),
}


def find_entries(search: AuditSearch) -> Select[AuditEntry]:
    """Entries that match, for ``paging``."""
    wanted = select(AuditEntry)
    if search.words:
        columns = (AuditEntry.actor, AuditEntry.subject, AuditEntry.action)
        by_actor, by_subject, by_action = (column.icontains(search.words, autoescape=True) for column in columns)
        wanted = wanted.where(by_actor | by_subject | by_action)
    if search.area:
        wanted = wanted.where(AuditEntry.action.startswith(f"{search.area}."))
    if search.person_id is not None:
        wanted = wanted.where(AuditEntry.person_id == search.person_id)
    return wanted


def names_of(session: Session, subjects: Sequence[str]) -> dict[str, str]:
    """What the people, products and variants among these subjects are called."""
    found: dict[str, str] = {}
    ids = {kind: _ids(kind, subjects) for kind in ("person", "product", "variant")}
    for person in session.scalars(select(Person).where(Person.id.in_(ids["person"]))):
        found[f"person:{person.id}"] = person.name
    for product in session.scalars(select(Product).where(Product.id.in_(ids["product"]))):
        found[f"product:{product.id}"] = str(product.title)
    for variant in session.scalars(select(Variant).where(Variant.id.in_(ids["variant"] | _ids("stock", subjects)))):
        found[f"variant:{variant.id}"] = found[f"stock:{variant.id}"] = f"{variant.product.title} {variant.spec}"
    return found


def _ids(kind: str, subjects: Sequence[str]) -> set[int]:
    numbers = (subject.partition(":")[2] for subject in subjects if subject.startswith(f"{kind}:"))
    return {int(number) for number in numbers if number.isascii() and number.isdigit() and len(number) < 19}
