"""Putting parcels together, taking them apart, splitting one, stopping what has not left.

Orders are locked first, by id, then tasks by id, each with its parcel: as everywhere at the bench. A parcel keeps its own
lines, task, slip and piece rate wherever it goes: wages are for goods packed, and a shared carton is the workshop's gain,
not the packer's loss (docs/decisions/0025-fees-and-sending.md).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from fulfillment.bags import service as bags
from fulfillment.packing import opening_service as opening
from fulfillment.packing import rules as packing_rules
from fulfillment.packing import service as packing
from fulfillment.packing.boxes import queries
from fulfillment.packing.boxes.models import StoppedPart
from fulfillment.packing.boxes.rules import MOST_IN_A_BOX, split_off
from fulfillment.packing.models import PackingTask, Parcel
from fulfillment.packing.states import CANCELLED, HANDED_OVER, OPEN, PACKED, STOPPED, WAITING
from kernel.audit import Actor, record_change
from kernel.errors import NotFound, Refused
from kernel.money import yuan
from shop.orders import service as orders
from shop.orders.states import PAID


def combine(session: Session, parcel_ids: Sequence[int], *, heaviest_g: int, now: datetime, by: Actor) -> Parcel:
    """Let parcels of one buyer go in one box under one number; the first of them leads. A second time changes nothing.

    Raises:
        NotFound: there is no such parcel.
        Refused: not one buyer's, too heavy, too many, in somebody's hands, or not to be packed any more.
    """
    parcels = _lock_with_their_boxes(session, parcel_ids)
    if len({parcel.sent_with_id or parcel.id for parcel in parcels}) == 1 and len(parcels) > 1:
        return next(parcel for parcel in parcels if parcel.sent_with_id is None)
    _refuse_to_combine(parcels, heaviest_g)
    lead = min(parcels, key=lambda parcel: parcel.id)
    others = [parcel for parcel in parcels if parcel is not lead]
    _send_with(session, others, lead)
    for parcel in parcels:
        _note(session, parcel, "parcel.combined", now, by, {"box": lead.number, "parcels": len(parcels)})
    return lead


def _refuse_to_combine(parcels: Sequence[Parcel], heaviest_g: int) -> None:
    if not 2 <= len(parcels) <= MOST_IN_A_BOX:
        raise Refused(
            f"一箱放 2 到 {MOST_IN_A_BOX} 个包裹。", f"A box takes 2 to {MOST_IN_A_BOX} parcels.", code="how_many"
        )
    for parcel in parcels:
        if parcel.state != OPEN or parcel.task.state != WAITING or parcel.order.state != PAID:
            raise Refused(
                f"{parcel.number} 已经有人在包，或者不用包了。",
                f"{parcel.number} is in somebody's hands already, or is not to be packed.",
                code="not_waiting",
            )
    doors = {queries.door_of(parcel.order) for parcel in parcels}
    if len(doors) != 1 or not all(door.is_certain for door in doors):
        raise Refused(
            "收件人、电话和地址不完全一样，不能合。",
            "Receiver, phone and address are not exactly the same.",
            code="other_door",
        )
    weight_g = sum(parcel.weight_g for parcel in parcels)
    if weight_g > heaviest_g:
        raise Refused(
            f"合起来 {weight_g / 1000:g} 公斤，超过一箱 {heaviest_g / 1000:g} 公斤。",
            f"Together {weight_g / 1000:g} kg; a box takes {heaviest_g / 1000:g} kg.",
            code="too_heavy",
        )


def take_apart(session: Session, parcel_id: int, *, now: datetime, by: Actor) -> Sequence[Parcel]:
    """Undo a shared box before all of it is packed; every parcel goes alone again. Alone already: nothing changes.

    Raises:
        Refused: the whole box is packed, or has left.
    """
    parcels = _lock_with_their_boxes(session, [parcel_id])
    if len(parcels) == 1:
        return parcels
    if all(parcel.state in (PACKED, HANDED_OVER) for parcel in parcels):
        raise Refused("这一箱已经包好了，就这样交。", "This box is packed; it leaves as it is.", code="box_packed")
    _send_with(session, parcels, None)
    for parcel in parcels:
        _note(session, parcel, "parcel.taken_apart", now, by, {"parcels": len(parcels)})
    return parcels


def leave_boxes(session: Session, order_id: UUID, *, now: datetime, by: Actor) -> list[Parcel]:
    """An order will not be sent: its parcels leave the boxes that they share. Returns who now leads a box or goes alone.

    The order must be locked already; it may be one of several in the box, and the others need no lock: their parcels are.
    """
    mine = select(Parcel.id, Parcel.sent_with_id).where(Parcel.order_id == order_id)
    own = {row.id: row.sent_with_id for row in session.execute(mine)}
    leads = {lead or parcel_id for parcel_id, lead in own.items()}
    shared = select(PackingTask.id).join(Parcel).where(or_(Parcel.sent_with_id.in_(leads), Parcel.id.in_(leads)))
    everything = set(session.scalars(shared)) | set(
        session.scalars(select(PackingTask.id).join(Parcel).where(Parcel.order_id == order_id))
    )
    # All of them in one go by id, the order's other parcels too: whoever stops them next has them already.
    parcels = [packing.lock_task(session, task_id).parcel for task_id in sorted(everything)]
    changed = []
    # Asked again under the locks: an order that shared the box may have been cancelled in the meantime.
    for lead_id in sorted({parcel.sent_with_id or parcel.id for parcel in parcels if parcel.order_id == order_id}):
        box = [parcel for parcel in parcels if (parcel.sent_with_id or parcel.id) == lead_id]
        staying = [parcel for parcel in box if parcel.order_id != order_id]
        if len(box) < 2 or not staying or any(parcel.state == HANDED_OVER for parcel in box):
            continue
        _send_with(session, box, None)
        _send_with(session, staying[1:], staying[0])
        for parcel in box:
            _note(session, parcel, "parcel.taken_apart", now, by, {"parcels": len(staying)})
        changed.append(staying[0])
    return changed


def split(session: Session, parcel_id: int, wanted: Mapping[int, int], *, now: datetime, by: Actor) -> list[Parcel]:
    """Make two parcels of one that nobody has taken: ``wanted`` says how many of each order line go into the second.

    The old parcel is cancelled, so that its slip, wherever it lies, no longer counts; both new ones have numbers of their own.

    Raises:
        Refused: taken already, shares a box, is not to be packed; or the numbers make no two boxes (``no_two_boxes``).
    """
    (parcel,) = _lock_with_their_boxes(session, [parcel_id], most=1)
    task, order = parcel.task, parcel.order
    if parcel.state != OPEN or task.state != WAITING or order.state != PAID:
        raise Refused(
            "已经有人在包，或者不用包了，不能分。", "It is in somebody's hands already, or is not to be packed.",
            code="not_waiting",
        )  # fmt: skip
    variants = opening.variants_of(session, order)
    goods = [
        packing_rules.ToPack(
            line.order_line_id, line.variant_id, line.sku, line.quantity, variants[line.variant_id].gross_g
        )
        for line in parcel.lines
    ]
    try:
        boxes = split_off(goods, wanted)
    except ValueError:
        raise Refused(
            "两箱都要有东西，件数不能多过现有的。", "Each box needs something, and not more than there is.",
            code="no_two_boxes",
        ) from None  # fmt: skip
    packing.move_task(session, task, STOPPED, at=now, by=by, reason="split")
    packing.move_parcel(parcel, CANCELLED)
    last = session.scalars(select(func.max(Parcel.sequence)).where(Parcel.order_id == order.id)).one()
    parts = opening.open_boxes(session, order, boxes, variants, now, first=last + 1, reason="split")
    for part in parts:
        part.split_from_id = parcel.id
    session.flush()
    _note(session, parcel, "parcel.split", now, by, {"parts": [part.number for part in parts]})
    return parts


def stop_what_is_here(
    session: Session, order_id: UUID, amounts_fen: Mapping[int, int], *, reason: str, now: datetime, by: Actor
) -> list[Parcel]:
    """Some parcels of an order have left; the others stop for good. ``amounts_fen`` is what goes back for each of them.

    The order must be locked, its boxes left (:func:`leave_boxes`). Returns the parcels that were stopped.
    """
    stopped = []
    for task in open_tasks(session, order_id):
        packing.move_task(session, task, STOPPED, at=now, by=by, reason=reason)
        packing.move_parcel(task.parcel, CANCELLED)
        session.add(
            StoppedPart(
                parcel_id=task.parcel.id,
                order_id=order_id,
                amount_fen=amounts_fen[task.parcel.id],
                reason=reason,
                at=now,
                by=by.name,
            )
        )
        _note(session, task.parcel, "parcel.stopped", now, by, {"back": yuan(amounts_fen[task.parcel.id])})
        stopped.append(task.parcel)
    session.flush()
    bags.give_back(session, [parcel.id for parcel in stopped])
    return stopped


def open_tasks(session: Session, order_id: UUID) -> list[PackingTask]:
    """The work on an order's parcels that are still in the house, locked by id."""
    ids = session.scalars(
        select(PackingTask.id).join(Parcel).where(Parcel.order_id == order_id).order_by(PackingTask.id)
    ).all()
    locked = [packing.lock_task(session, task_id) for task_id in ids]
    return [task for task in locked if task.parcel.state in (OPEN, PACKED)]


def lock_box(session: Session, parcel_id: int) -> Sequence[Parcel]:
    """A parcel with all that shares its box, their orders and work locked; the one that leads the box first.

    Raises:
        NotFound: there is no such parcel.
        Refused: somebody put the box together or took it apart at this very moment.
    """
    parcels = _lock_with_their_boxes(session, [parcel_id])
    return sorted(parcels, key=lambda parcel: (parcel.sent_with_id is not None, parcel.id))


def _lock_with_their_boxes(session: Session, parcel_ids: Sequence[int], most: int = 100) -> list[Parcel]:
    """These parcels and what shares their boxes, by id, with their orders and tasks locked and read anew."""
    before = _members(session, parcel_ids)
    if not set(parcel_ids) <= set(before):
        raise NotFound("没有这个包裹。", "There is no such parcel.")
    for order_id in sorted(set(before.values())):
        orders.lock_order(session, order_id)
    task_ids = session.scalars(
        select(PackingTask.id).where(PackingTask.parcel_id.in_(before)).order_by(PackingTask.id)
    ).all()
    parcels = sorted((packing.lock_task(session, one).parcel for one in task_ids), key=lambda parcel: parcel.id)
    # Asked again under the locks: boxes change only for who holds the orders of all their parcels.
    if set(_members(session, parcel_ids)) != set(before):
        raise Refused("刚才有人合过或拆过这一箱，请再来一次。", "Somebody changed this box just now; do it again.")
    if len(parcels) > most:
        raise Refused("它和别的包裹一箱，请先拆开。", "It shares a box; take that apart first.", code="shares_box")
    return parcels


def _members(session: Session, parcel_ids: Sequence[int]) -> dict[int, UUID]:
    """The parcels of the boxes that some parcels go in, with their orders."""
    leads = select(func.coalesce(Parcel.sent_with_id, Parcel.id)).where(Parcel.id.in_(parcel_ids))
    rows = session.execute(
        select(Parcel.id, Parcel.order_id).where(or_(Parcel.id.in_(leads), Parcel.sent_with_id.in_(leads)))
    )
    return {row.id: row.order_id for row in rows}


def _send_with(session: Session, parcels: Sequence[Parcel], lead: Parcel | None) -> None:
    """Point these parcels at the one whose box they go in, or at none; those that follow one of them come along."""
    ids = [parcel.id for parcel in parcels]
    if not ids:
        return
    # Followers first: the database lets nobody lead a box and go in another.
    for whose in (Parcel.sent_with_id.in_(ids), Parcel.id.in_(ids)):
        session.execute(
            update(Parcel)
            .where(whose)
            .values(sent_with_id=lead.id if lead else None)
            .execution_options(synchronize_session=False)
        )
    session.flush()
    for parcel in parcels:
        session.refresh(parcel, ["sent_with_id", "leads_box", "rides"])


def _note(session: Session, parcel: Parcel, action: str, now: datetime, by: Actor, after: Mapping[str, object]) -> None:
    record_change(session, actor=by, action=action, subject=f"parcel:{parcel.number}", at=now, after=after)
