"""Reading farmers' accounts: their entries, and how they are paid."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from fulfillment.purchasing.accounts.models import FarmerEntry, FarmerPayFacts


def entries_of(session: Session, farmer_id: int) -> Sequence[FarmerEntry]:
    """Every line of a farmer's account, newest first."""
    return session.scalars(
        select(FarmerEntry)
        .where(FarmerEntry.farmer_id == farmer_id)
        .order_by(FarmerEntry.day.desc(), FarmerEntry.id.desc())
    ).all()


def photo_of(session: Session, entry_id: int) -> bytes | None:
    """The photo beside an advance, a JPEG."""
    entry = session.scalar(select(FarmerEntry).where(FarmerEntry.id == entry_id).options(undefer(FarmerEntry.photo)))
    return entry.photo if entry else None


def entries_with_photo(session: Session, farmer_id: int) -> frozenset[int]:
    """Which lines have one."""
    found = session.scalars(
        select(FarmerEntry.id).where(FarmerEntry.farmer_id == farmer_id, FarmerEntry.photo.is_not(None))
    )
    return frozenset(found.all())


def facts_of(session: Session, farmer_ids: Collection[int]) -> dict[int, FarmerPayFacts]:
    """How farmers are paid, by farmer; who is not there is paid in cash."""
    found = session.scalars(select(FarmerPayFacts).where(FarmerPayFacts.farmer_id.in_(farmer_ids)))
    return {facts.farmer_id: facts for facts in found}
