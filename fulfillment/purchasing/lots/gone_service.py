"""Bags that are there no longer although no parcel holds them: broken, eaten by mice, given away, not found."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from fulfillment.bags import service as shelf
from fulfillment.purchasing.lots.models import BagsGone
from fulfillment.purchasing.service import KeyReused
from kernel.audit import Actor, record_change
from shop.stock import service as stock


def bags_gone(
    session: Session, bagging_id: int, bags: int, *, reason: str, key: str, now: datetime, by: Actor
) -> BagsGone:
    """So many bags of a bagging leave the shelf and the stock. The same key again changes nothing.

    Raises:
        Refused: fewer are left of the bagging, or orders hold the bags.
        NotFound: there is no such bagging.
    """
    facts = {"bagging_id": bagging_id, "bags": bags, "reason": reason}
    # Before the line that refers to it: a reference alone would let two in, who then wait for each other.
    shelf.lock_stock(session, bagging_id)
    row = insert(BagsGone).values(**facts, key=key, at=now, by=by.name)
    is_new = session.execute(row.on_conflict_do_nothing(index_elements=["key"]).returning(BagsGone.id)).first()
    line = session.scalars(select(BagsGone).where(BagsGone.key == key)).one()
    if is_new is None:
        if (line.bagging_id, line.bags) != (bagging_id, bags):
            raise KeyReused
        return line
    held = shelf.note_gone(session, bagging_id, bags)
    stock.adjust(session, held.variant_id, -bags, reason=reason, source=f"bags-gone:{line.id}", by=by, at=now)
    subject, after = f"bagging:{bagging_id}", {"bags": bags, "reason": reason}
    record_change(session, actor=by, action="bagging.bags_gone", subject=subject, at=now, after=after)
    return line


def gone_of(session: Session, bagging_ids: Iterable[int]) -> dict[int, list[BagsGone]]:
    """What was noted as gone, by bagging, oldest first."""
    found: dict[int, list[BagsGone]] = {}
    rows = select(BagsGone).where(BagsGone.bagging_id.in_(set(bagging_ids))).order_by(BagsGone.id)
    for line in session.scalars(rows):
        found.setdefault(line.bagging_id, []).append(line)
    return found
