"""From a paid order to parcels, each with its packing task."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from fulfillment.packing import rules
from fulfillment.packing.models import PackingTask, Parcel, ParcelLine, TaskLog
from fulfillment.packing.plans.service import ask_for_plan
from fulfillment.packing.states import OPEN, WAITING
from fulfillment.routing.rules import needs_in_words
from shop.catalog.models import Variant
from shop.orders.models import Order


def open_parcels(session: Session, order: Order, now: datetime, *, heaviest_g: int, reason: str = "") -> list[Parcel]:
    """Turn a paid order into parcels and packing tasks; called again it opens nothing. ``order`` must be locked."""
    existing = session.scalars(select(Parcel).where(Parcel.order_id == order.id)).all()
    if existing:
        return []
    variants = variants_of(session, order)
    to_pack = [rules.ToPack(x.id, x.variant_id, x.sku, x.quantity, variants[x.variant_id].gross_g) for x in order.lines]
    return open_boxes(session, order, rules.split(to_pack, heaviest_g), variants, now, reason=reason)


def variants_of(session: Session, order: Order) -> dict[int, Variant]:
    """What an order asks for, by id."""
    found = session.scalars(select(Variant).where(Variant.id.in_([line.variant_id for line in order.lines])))
    return {variant.id: variant for variant in found}


def open_boxes(
    session: Session,
    order: Order,
    boxes: Sequence[Sequence[rules.ToPack]],
    variants: Mapping[int, Variant],
    now: datetime,
    *,
    first: int = 1,
    reason: str = "",
) -> list[Parcel]:
    """A parcel and its task for each box of an order, numbered from ``first`` on. ``order`` must be locked."""
    photos = {variant.id: variant.product.photo for variant in variants.values()}
    parcels = []
    for sequence, box in enumerate(boxes, first):
        parcel = _open_parcel(session, order, sequence, box, photos, now)
        _open_task(session, parcel, box, now, reason)
        parcels.append(parcel)
    ask_for_plan(session, now)
    return parcels


def _open_parcel(
    session: Session,
    order: Order,
    sequence: int,
    box: Sequence[rules.ToPack],
    photos: Mapping[int, str],
    now: datetime,
) -> Parcel:
    """One box of an order; its lines copy what the order says, so that a slip never changes afterwards."""
    assert order.ship_by is not None
    parcel = Parcel(
        number=f"{order.number.replace('-', '')}{sequence:02d}",
        order_id=order.id,
        sequence=sequence,
        weight_g=rules.weight_g(box),
        due_at=order.ship_by,
        state=OPEN,
        created_at=now,
    )
    session.add(parcel)
    session.flush()
    ordered = {line.id: line for line in order.lines}
    session.add_all(
        ParcelLine(
            parcel_id=parcel.id,
            order_line_id=line.order_line_id,
            variant_id=line.variant_id,
            quantity=line.quantity,
            sku=line.sku,
            title=ordered[line.order_line_id].title,
            spec=ordered[line.order_line_id].spec,
            photo=photos[line.variant_id],
        )
        for line in box
    )
    return parcel


def _open_task(session: Session, parcel: Parcel, box: Sequence[rules.ToPack], now: datetime, reason: str) -> None:
    task = PackingTask(
        parcel_id=parcel.id,
        state=WAITING,
        due_at=parcel.due_at,
        needs=needs_in_words(rules.needs(box)),
        mix=rules.mix(box),
        minutes=rules.minutes(box),
    )
    session.add(task)
    session.flush()
    session.add(TaskLog(task_id=task.id, from_state=None, to_state=WAITING, at=now, by="system", reason=reason))
    session.flush()
