"""Reading boxes: what goes together, what could."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, selectinload

from fulfillment.packing.boxes.rules import Door, boxes_that_fit, door
from fulfillment.packing.models import PackingTask, Parcel, SlipPrint
from fulfillment.packing.states import CANCELLED, OPEN, WAITING
from kernel.text import t
from shop.orders.models import Order
from shop.orders.states import PAID

# Far above an evening's backlog; a list longer than this is read another day.
_MOST_LOOKED_AT = 5_000


def box_of(session: Session, parcel: Parcel) -> Sequence[Parcel]:
    """The parcels of the box that a parcel goes in, the one whose number is on the box first; alone it is its own box."""
    lead_id = parcel.sent_with_id or parcel.id
    return session.scalars(
        select(Parcel)
        .where(or_(Parcel.id == lead_id, Parcel.sent_with_id == lead_id))
        .options(selectinload(Parcel.lines), selectinload(Parcel.task))
        .order_by(Parcel.leads_box.desc(), Parcel.id)
    ).all()


def shared_with(session: Session, parcels: Sequence[Parcel]) -> dict[int, list[str]]:
    """For each parcel that shares a box, the numbers of the others in it that are still to be sent."""
    leads = {parcel.sent_with_id or parcel.id for parcel in parcels}
    boxes: dict[int, list[Parcel]] = defaultdict(list)
    found = select(Parcel).where(or_(Parcel.id.in_(leads), Parcel.sent_with_id.in_(leads)), Parcel.state != CANCELLED)
    for each in session.scalars(found.order_by(Parcel.leads_box.desc(), Parcel.id)):
        boxes[each.sent_with_id or each.id].append(each)
    others = {
        parcel.id: [each.number for each in boxes[parcel.sent_with_id or parcel.id] if each.id != parcel.id]
        for parcel in parcels
    }
    return {parcel_id: numbers for parcel_id, numbers in others.items() if numbers}


def together_words(session: Session, parcel: Parcel) -> str:
    """What a parcel's slip says about sharing a box; empty when it goes alone."""
    if parcel.sent_with_id is not None:
        lead = session.get_one(Parcel, parcel.sent_with_id)
        return t("和 {number} 放一箱", "Same box as {number}", number=lead.number)
    riders = session.scalar(select(func.count()).select_from(Parcel).where(Parcel.sent_with_id == parcel.id)) or 0
    return t("同箱还有 {n} 个包裹，等齐再封", "Wait for {n} more in this box", n=riders) if riders else ""


def box_weights(session: Session, lead_ids: Sequence[int]) -> dict[int, int]:
    """Grams of the goods in each box, by the parcel that leads it."""
    lead = func.coalesce(Parcel.sent_with_id, Parcel.id)
    rows = session.execute(
        select(lead, func.sum(Parcel.weight_g))
        .where(or_(Parcel.id.in_(lead_ids), Parcel.sent_with_id.in_(lead_ids)))
        .group_by(lead)
    )
    return {lead_id: int(grams) for lead_id, grams in rows}


def door_of(order: Order) -> Door:
    """The door that an order goes to."""
    place = (order.province, order.city, order.district, order.street, order.detail)
    return door(order.buyer_name, order.phone, order.phone_ext, *place)


@dataclass(frozen=True)
class Together:
    """Parcels of one buyer that could share a box; ``printed`` are those whose slip was printed already."""

    parcels: tuple[Parcel, ...]
    printed: frozenset[int]

    @property
    def weight_g(self) -> int:
        """What they weigh together."""
        return sum(parcel.weight_g for parcel in self.parcels)


def could_go_together(session: Session, heaviest_g: int, most: int = 50) -> list[Together]:
    """Waiting parcels of different orders for one door that fit into one box, earliest due first."""
    by_door: dict[Door, list[Parcel]] = defaultdict(list)
    for parcel in _of_doors_with_several(session):
        where = door_of(parcel.order)
        if where.is_certain:
            by_door[where].append(parcel)
    groups = []
    for parcels in by_door.values():
        known = {parcel.id: parcel for parcel in parcels}
        fitting = boxes_that_fit({parcel.id: parcel.weight_g for parcel in parcels}, heaviest_g)
        boxes = [[known[one] for one in ids] for ids in fitting]
        groups += [box for box in boxes if len({parcel.order_id for parcel in box}) > 1]
    groups.sort(key=lambda group: (min(parcel.due_at for parcel in group), group[0].id))
    shown = groups[:most]
    ids = [parcel.id for group in shown for parcel in group]
    printed = frozenset(session.scalars(select(SlipPrint.parcel_id).where(SlipPrint.parcel_id.in_(ids))))
    return [Together(tuple(group), printed & {parcel.id for parcel in group}) for group in shown]


def _of_doors_with_several(session: Session) -> Sequence[Parcel]:
    """Parcels that nobody has in hand and that share phone and street address with one of another order."""
    other, their_task, their_order = aliased(Parcel), aliased(PackingTask), aliased(Order)
    shares = (
        select(other.id)
        .join(their_task, their_task.parcel_id == other.id)
        .join(their_order, their_order.id == other.order_id)
        .where(
            their_task.state == WAITING,
            other.state == OPEN,
            their_order.phone == Order.phone,
            their_order.id != Order.id,
        )
    )
    lead = aliased(Parcel)
    return session.scalars(
        select(Parcel)
        .join(Parcel.task)
        .join(Parcel.order)
        .options(contains_eager(Parcel.task), contains_eager(Parcel.order), selectinload(Parcel.lines))
        .where(
            PackingTask.state == WAITING,
            Parcel.state == OPEN,
            Parcel.sent_with_id.is_(None),
            ~exists(select(lead.id).where(lead.sent_with_id == Parcel.id)),
            Order.state == PAID,
            exists(shares),
        )
        .order_by(Parcel.due_at, Parcel.id)
        .limit(_MOST_LOOKED_AT)
    ).all()


def parts_of(session: Session, parcel: Parcel) -> Sequence[str]:
    """The numbers of the parcels that a parcel was split into."""
    return session.scalars(select(Parcel.number).where(Parcel.split_from_id == parcel.id).order_by(Parcel.id)).all()
